//! Looking into the lines of peers: their letters and their acknowledgements.

use scc::id::CoreId;

use super::link::{Curiosity, Freshness};
use super::receiver::Received;
use super::{Mailbox, Notice};
use crate::layout;
use crate::mesh::{CoreSet, Invalidate, Mesh, Push};
use crate::wire::{Ack, AckView, Channel, Channels, LetterView, LineWords, Reply, Verdict};

impl<M: Mesh> Mailbox<'_, M> {
    /// Looks into the lines of `peers` now, rung or not. Task only; per peer one line read, two if an
    /// acknowledgement is due, and one line write for each new letter.
    pub fn attend(&self, peers: CoreSet) {
        for peer in peers.iter() {
            self.attend_one(peer);
        }
    }

    pub(super) fn attend_one(&self, peer: CoreId) {
        self.mesh.invalidate(Invalidate::Attend);
        self.look_at_letter(peer);
        self.look_at_answer(peer);
    }

    /// One of many looks for a letter of `peer` on `channel`, which is not queued but returned: the caller knows that
    /// none of `peer` waits in the queue. Letters on other channels are delivered.
    #[inline]
    pub(super) fn poll_for(&self, channel: Channel, peer: CoreId) -> Option<Received> {
        self.mesh.invalidate(Invalidate::Poll);
        if self.is_letter_seen(peer) {
            return None;
        }
        let me = self.mesh.core();
        self.read_letter(peer, self.mesh.read_line(layout::mail(me, peer)), Some(channel))
    }

    /// One of many looks for letters of `peers`, which are delivered; whether there were any.
    pub(super) fn poll_all(&self, peers: CoreSet) -> bool {
        self.mesh.invalidate(Invalidate::PollAll);
        peers.iter().fold(false, |is_news, peer| self.look_at_letter(peer) | is_news)
    }

    fn look_at_letter(&self, peer: CoreId) -> bool {
        let is_news = !self.is_letter_seen(peer);
        if is_news {
            let line = self.mesh.read_line(layout::mail(self.mesh.core(), peer));
            self.read_letter(peer, line, None);
        }
        is_news
    }

    /// Reads one word.
    #[inline]
    fn is_letter_seen(&self, peer: CoreId) -> bool {
        let last = self.mesh.read_word(layout::mail_last(self.mesh.core(), peer));
        last == self.seen[peer.index()].get()
    }

    /// Looks into the line for acknowledgements of `peer`, which the caller knows not to be cached; whether there is
    /// still something to look for.
    #[inline]
    pub(super) fn look_at_answer(&self, peer: CoreId) -> bool {
        let expected = self.outgoing.borrow()[peer.index()].curiosity(self.epoch);
        if let Some(expected) = expected {
            self.read_answer(peer, expected);
        }
        expected.is_some()
    }

    fn read_answer(&self, peer: CoreId, expected: Curiosity) {
        let me = self.mesh.core();
        if let Curiosity::Answer(last) = expected
            && self.mesh.read_word(layout::ack_last(me, peer)) != last
        {
            return;
        }
        let line = self.mesh.read_line(layout::ack(me, peer));
        let Ok(ack) = Ack::parse(AckView::new(&line)) else { return };
        let (changed, unparked) = {
            let link = &mut self.outgoing.borrow_mut()[peer.index()];
            (link.take(ack, self.epoch), link.unpark())
        };
        if let Some((begun, mail)) = unparked {
            self.write_letter(peer, begun, Reply::Silent, mail, Notice::Doorbell);
        }
        if changed {
            self.senders[peer.index()].wake_all();
        }
    }

    /// Takes a line in that is not what it was; the letter, if it is on the channel of a `taker`.
    #[inline]
    fn read_letter(&self, peer: CoreId, line: LineWords, taker: Option<Channel>) -> Option<Received> {
        let letter = LetterView::new(&line);
        self.seen[peer.index()].set(letter.last_word());
        let envelope = letter.envelope().ok()?;
        let (freshness, closed) = {
            let incoming = &mut self.incoming.borrow_mut()[peer.index()];
            (incoming.is_news(envelope), incoming.closed)
        };
        match freshness {
            Freshness::Seen => return None,
            Freshness::Stale => {
                self.count(|statistics| statistics.stale += 1);
                return None;
            }
            Freshness::News => {}
        }
        let (mut closed, mut taken) = (closed, None);
        let verdict = match letter.mail() {
            _ if envelope.to != self.epoch => {
                self.count(|statistics| statistics.stale += 1);
                Verdict::WrongLife
            }
            Err(_) => {
                self.count(|statistics| statistics.malformed += 1);
                Verdict::Malformed
            }
            Ok(mail) if taker == Some(mail.channel) => {
                self.count(|statistics| statistics.accepted += 1);
                taken = Some(Received { from: peer, life: envelope.from, mail });
                Verdict::Accepted
            }
            Ok(mail) => self.deliver(Received { from: peer, life: envelope.from, mail }, &mut closed),
        };
        let ack = Ack {
            closed,
            polled: self.polled.get(),
            receiver: self.epoch,
            sender: envelope.from,
            sequence: envelope.sequence,
            verdict,
        };
        self.acknowledge(peer, ack, letter.reply());
        taken
    }

    fn deliver(&self, letter: Received, closed: &mut Channels) -> Verdict {
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
                *closed = closed.with(channel);
                self.incoming.borrow_mut()[letter.from.index()].closed = *closed;
            }
            _ => {}
        }
        verdict
    }

    #[inline]
    fn acknowledge(&self, peer: CoreId, ack: Ack, reply: Reply) {
        self.incoming.borrow_mut()[peer.index()].answer = Some(ack);
        self.mesh.invalidate(Invalidate::AckWrite);
        self.mesh.write_line(layout::ack(peer, self.mesh.core()), ack.emit());
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
        let polled = self.polled.get();
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
