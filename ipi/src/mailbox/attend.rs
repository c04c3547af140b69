//! Looking into the lines of peers: their letters and their acknowledgements.

use scc::id::CoreId;

use super::link::Freshness;
use super::receiver::Received;
use super::{Mailbox, Notice};
use crate::layout::{self, HALF_LINE, LINE};
use crate::mesh::{CoreSet, Invalidate, Mesh, Push};
use crate::wire::{Ack, AckView, Channel, Channels, Envelope, LetterView, Mail, Reply, Verdict, WireError};

impl<M: Mesh> Mailbox<'_, M> {
    /// Looks into the lines of `peers` now, rung or not. Task only; per peer one line read, two if an
    /// acknowledgement is due, and one half-line write for each new letter.
    pub fn attend(&self, peers: CoreSet) {
        for peer in peers.iter() {
            self.attend_one(peer);
        }
    }

    pub(super) fn attend_one(&self, peer: CoreId) {
        let me = self.mesh.core();
        let is_curious = self.outgoing.borrow()[peer.index()].is_curious();
        let (mut ack, mut line) = ([0; HALF_LINE], [0; LINE]);
        self.mesh.invalidate(Invalidate::Attend);
        if is_curious {
            self.mesh.read(layout::ack(me, peer), &mut ack);
        }
        self.mesh.read(layout::mail(me, peer), &mut line);
        if let Ok(ack) = Ack::parse(AckView::new(&ack)) {
            self.take_answer(peer, ack);
        }
        let letter = LetterView::new(&line);
        if let Ok(envelope) = letter.envelope() {
            self.take_letter(peer, envelope, letter.reply(), letter.mail());
        }
    }

    fn take_answer(&self, peer: CoreId, ack: Ack) {
        let (changed, unparked) = {
            let link = &mut self.outgoing.borrow_mut()[peer.index()];
            (link.take(ack, self.epoch), link.unpark())
        };
        if let Some(mail) = unparked {
            self.post(peer, mail, Notice::Doorbell);
        }
        if changed {
            self.senders[peer.index()].wake_all();
        }
    }

    fn take_letter(&self, peer: CoreId, envelope: Envelope, reply: Reply, mail: Result<Mail, WireError>) {
        match self.incoming.borrow_mut()[peer.index()].is_news(envelope) {
            Freshness::Seen => return,
            Freshness::Stale => return self.count(|statistics| statistics.stale += 1),
            Freshness::News => {}
        }
        let verdict = match mail {
            _ if envelope.to != self.epoch => {
                self.count(|statistics| statistics.stale += 1);
                Verdict::WrongLife
            }
            Err(_) => {
                self.count(|statistics| statistics.malformed += 1);
                Verdict::Malformed
            }
            Ok(mail) => self.deliver(Received { from: peer, life: envelope.from, mail }),
        };
        let ack = Ack {
            closed: self.incoming.borrow()[peer.index()].closed,
            polled: self.polled(),
            receiver: self.epoch,
            sender: envelope.from,
            sequence: envelope.sequence,
            verdict,
        };
        self.acknowledge(peer, ack, reply);
    }

    fn deliver(&self, letter: Received) -> Verdict {
        let channel = letter.mail.channel;
        let verdict = {
            let queue = &mut self.queues.borrow_mut()[channel.index()];
            if queue.mode().is_none() {
                Verdict::NotListening
            } else if queue.push(letter) {
                Verdict::Accepted
            } else {
                Verdict::Refused
            }
        };
        match verdict {
            Verdict::Accepted => {
                self.count(|statistics| statistics.accepted += 1);
                self.receivers[channel.index()].wake_all();
            }
            Verdict::Refused => {
                self.count(|statistics| statistics.refused += 1);
                let closed = &mut self.incoming.borrow_mut()[letter.from.index()].closed;
                *closed = closed.with(channel);
            }
            _ => {}
        }
        verdict
    }

    fn acknowledge(&self, peer: CoreId, ack: Ack, reply: Reply) {
        self.incoming.borrow_mut()[peer.index()].answer = Some(ack);
        self.mesh.invalidate(Invalidate::AckWrite);
        self.mesh.write(layout::ack(peer, self.mesh.core()), &ack.emit());
        self.mesh.push(Push::Ack);
        if reply == Reply::Ring {
            self.mesh.ring(peer);
        }
    }

    /// Takes a letter from a queue, and tells refused senders if that made room.
    pub(super) fn pop(&self, channel: Channel, from: Option<CoreId>) -> Option<Received> {
        let (letter, welcome) = {
            let queue = &mut self.queues.borrow_mut()[channel.index()];
            (queue.pop(from)?, queue.welcome())
        };
        self.reopen(channel, welcome);
        Some(letter)
    }

    /// Tells senders that were refused on `channel` to try again.
    pub(super) fn reopen(&self, channel: Channel, refused: CoreSet) {
        for peer in refused.iter() {
            let repeated = {
                let link = &mut self.incoming.borrow_mut()[peer.index()];
                let was_closed = link.closed.contains(channel);
                link.closed = link.closed.without(channel);
                link.answer.filter(|_| was_closed).map(|answer| Ack { closed: link.closed, ..answer })
            };
            if let Some(ack) = repeated {
                self.acknowledge(peer, ack, Reply::Ring);
            }
        }
    }

    /// Tells everybody who was ever answered which channels are polled now; others learn it when answered.
    pub(super) fn announce_modes(&self) {
        let polled = self.polled();
        for peer in CoreSet::ALL.iter() {
            let repeated = self.incoming.borrow()[peer.index()].answer.filter(|ack| ack.polled != polled);
            if let Some(answer) = repeated {
                self.acknowledge(peer, Ack { polled, ..answer }, Reply::Silent);
            }
        }
    }

    /// Channels on which `peer` is refused for want of room.
    pub fn closed_to(&self, peer: CoreId) -> Channels {
        self.incoming.borrow()[peer.index()].closed
    }
}
