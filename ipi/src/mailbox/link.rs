//! What one core knows about its mail with one other.

use super::SendError;
use crate::wire::{Ack, AckView, Channel, Channels, Envelope, Epoch, Hello, Mail, Sequence, Verdict};

/// Who asks what became of a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// A future waits for it.
    Waiting,
    /// It was posted; the mailbox itself sends it again.
    Posted(Mail),
    /// The future that sent it was dropped.
    Nobody,
}

/// The peer's mail line for this core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot {
    /// A new letter may be written.
    Free,
    /// A letter lies there, unanswered.
    Sent(Owner),
    /// The letter is answered; the future that waits for it frees the line.
    Answered(Verdict),
}

/// A letter that is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// Life that it is for.
    pub(super) peer: Epoch,
    /// Its number.
    pub(super) sequence: Sequence,
    /// Whether the peer looks for it by itself.
    pub(super) is_polled: bool,
}

/// State of the letters to one peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing {
    /// Life of the peer that letters are meant for; `None` until it was met.
    pub(super) peer: Option<Epoch>,
    /// Channels that the peer polls.
    pub(super) polled: Channels,
    /// Channels without room for this core.
    pub(super) closed: Channels,
    /// Number of the last letter.
    pub(super) sequence: Sequence,
    pub(super) slot: Slot,
    /// Posted mail that was refused and waits for room.
    pub(super) parked: Option<Mail>,
    /// Posted mail that will never arrive, and why.
    pub(super) undelivered: Option<(Mail, SendError)>,
}

impl Outgoing {
    pub(super) const NEW: Self = Self {
        peer: None,
        polled: Channels::NONE,
        closed: Channels::NONE,
        sequence: Sequence::new(0),
        slot: Slot::Free,
        parked: None,
        undelivered: None,
    };

    /// Whether a letter on `channel` may be written now.
    pub(super) fn is_open(&self, channel: Channel) -> bool {
        matches!(self.slot, Slot::Free)
            && !self.closed.contains(channel)
            && self.parked.is_none_or(|mail| mail.channel != channel)
    }

    /// Whether a letter lies in the line, unanswered as far as is known.
    pub(super) const fn is_sent(&self) -> bool {
        matches!(self.slot, Slot::Sent(_))
    }

    /// Takes the line for a new letter on `channel`; `None` if it may not be written now, or the peer was never met.
    #[inline]
    pub(super) fn begin(&mut self, channel: Channel, owner: Owner) -> Option<Begun> {
        let peer = self.peer?;
        if !self.is_open(channel) {
            return None;
        }
        self.sequence = self.sequence.next();
        self.slot = Slot::Sent(owner);
        Some(Begun { peer, sequence: self.sequence, is_polled: self.polled.contains(channel) })
    }

    /// Takes the line for a mail to be posted; `None` also while an earlier one waits for room or failed.
    #[inline]
    pub(super) fn begin_post(&mut self, mail: Mail) -> Option<Begun> {
        if self.parked.is_some() || self.undelivered.is_some() {
            return None;
        }
        self.begin(mail.channel, Owner::Posted(mail))
    }

    /// What the peer's acknowledgement can tell; `None` if nothing.
    #[inline]
    pub(super) fn curiosity(&self, own_life: Epoch) -> Option<Curiosity> {
        if self.closed != Channels::NONE {
            return Some(Curiosity::Anything);
        }
        self.is_sent().then(|| Curiosity::Answer(AckView::last_word(own_life, self.sequence)))
    }

    /// The peer said in which life it is; whether that changed what waits.
    pub(super) fn meet(&mut self, hello: Hello) -> bool {
        if self.peer == Some(hello.epoch) {
            return false;
        }
        // A restarted peer knows nothing of the letter in its line.
        let is_first = self.peer.is_none();
        self.begin_life(hello.epoch);
        if !is_first {
            self.answer(Verdict::WrongLife);
        }
        true
    }

    /// Takes an acknowledgement in; whether something changed.
    pub(super) fn take(&mut self, ack: Ack, own_life: Epoch) -> bool {
        if ack.sender != own_life {
            return false;
        }
        let is_new_life = match self.peer {
            Some(known) if known == ack.receiver => false,
            Some(known) if known.is_after(ack.receiver) => return false,
            _ => true,
        };
        if is_new_life {
            self.begin_life(ack.receiver);
        }
        let before = (self.closed, self.polled);
        self.closed = ack.closed;
        self.polled = ack.polled;
        let is_answered = self.is_sent() && (ack.sequence == self.sequence || is_new_life);
        if is_answered {
            let is_this = ack.sequence == self.sequence;
            self.answer(if is_this { ack.verdict } else { Verdict::WrongLife });
        }
        is_answered || is_new_life || before != (self.closed, self.polled)
    }

    /// Takes the line for posted mail that can be written again.
    pub(super) fn unpark(&mut self) -> Option<(Begun, Mail)> {
        let mail = self.parked?;
        if self.slot != Slot::Free || self.closed.contains(mail.channel) {
            return None;
        }
        self.parked = None;
        Some((self.begin(mail.channel, Owner::Posted(mail))?, mail))
    }

    fn begin_life(&mut self, life: Epoch) {
        self.peer = Some(life);
        self.closed = Channels::NONE;
        self.polled = Channels::NONE;
    }

    fn answer(&mut self, verdict: Verdict) {
        let Slot::Sent(owner) = self.slot else { return };
        self.slot = match (owner, verdict) {
            (Owner::Waiting, _) => Slot::Answered(verdict),
            (Owner::Nobody, _) | (Owner::Posted(_), Verdict::Accepted) => Slot::Free,
            (Owner::Posted(mail), Verdict::Refused) => {
                self.parked = Some(mail);
                Slot::Free
            }
            (Owner::Posted(mail), _) => {
                self.undelivered = SendError::of(verdict).map(|error| (mail, error));
                Slot::Free
            }
        };
    }
}

/// What is looked for in an acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Curiosity {
    /// The answer to the last letter: the line ends with this word.
    Answer(u32),
    /// A change of any kind.
    Anything,
}

/// State of the letters from one peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    /// Life and number of the last letter that was answered.
    last: Option<(Epoch, Sequence)>,
    /// The answer; repeated when a channel opens again.
    pub(super) answer: Option<Ack>,
    /// Channels on which the peer was refused and there was no room since.
    pub(super) closed: Channels,
}

impl Incoming {
    pub(super) const NEW: Self = Self { last: None, answer: None, closed: Channels::NONE };

    /// Whether a letter has not been seen yet; notes it as seen.
    pub(super) fn is_news(&mut self, envelope: Envelope) -> Freshness {
        let Envelope { from, sequence, .. } = envelope;
        let freshness = match self.last {
            Some((life, last)) if life == from && last == sequence => Freshness::Seen,
            Some((life, last)) if life == from && last.next() != sequence => Freshness::Stale,
            Some((life, _)) if life.is_after(from) => Freshness::Stale,
            _ => Freshness::News,
        };
        if freshness == Freshness::News {
            if self.last.is_some_and(|(life, _)| life != from) {
                self.closed = Channels::NONE;
            }
            self.last = Some((from, sequence));
        }
        freshness
    }
}

/// Whether a letter in a line is a new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Freshness {
    /// The next one of this life, or the first of a later one.
    News,
    /// The one that was answered last.
    Seen,
    /// One of an earlier life, or out of order.
    Stale,
}
