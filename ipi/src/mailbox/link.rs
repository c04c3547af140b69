//! What one core knows about its mail with one other.

use super::{Notice, SendError};
use crate::wire::{Ack, AckView, Bell, Channel, Channels, Epoch, Flow, Kind, LetterView, Mail, Verdict};

/// Who asks what became of a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// A future waits for it.
    Waiting,
    /// It was posted; the mailbox itself sends it again, and keeps it if it cannot arrive.
    Poster,
    /// The same, but nobody will ask what became of it.
    Service,
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

/// What became of the last posted mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Posted {
    /// It arrived, or is in its line, or there was none.
    Done,
    /// It was refused and waits for room.
    Parked(Owner),
    /// It will never arrive.
    Undelivered(SendError),
}

/// A letter that is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// Life that it is for.
    pub(super) peer: Epoch,
    /// Its last word.
    pub(super) last: u32,
    /// What is to be written on the peer's board first; nothing if the letter is not rung for.
    pub(super) bell: Bell,
    pub(super) is_rung_for: bool,
}

/// State of the letters to one peer. Its size is a power of two, so that its place in a table is found by a shift.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Outgoing {
    /// Life of the peer that letters are meant for; `None` until it was met.
    pub(super) peer: Option<Epoch>,
    /// Channels that the peer polls.
    pub(super) polled: Channels,
    /// Channels without room for this core.
    pub(super) closed: Channels,
    /// Last word of the last letter.
    pub(super) last: u32,
    /// The own byte of the peer's board.
    pub(super) bell: Bell,
    pub(super) slot: Slot,
    pub(super) posted: Posted,
    /// The last posted mail, written here after it is in its line.
    pub(super) mail: Mail,
}

const NO_MAIL: Mail = Mail::empty(Channel::new(0).expect("channels are 0 to 14"), Kind(0), Flow(0));

impl Outgoing {
    /// No letter yet, in life `own` of this core.
    pub(super) const fn new(own: Epoch) -> Self {
        Self {
            peer: None,
            polled: Channels::NONE,
            closed: Channels::NONE,
            last: LetterView::last_word_before_first(own),
            bell: Bell::new(0),
            slot: Slot::Free,
            posted: Posted::Done,
            mail: NO_MAIL,
        }
    }

    /// Whether a letter on `channel` may be written now.
    #[inline]
    pub(super) fn is_open(&self, channel: Channel) -> bool {
        matches!(self.slot, Slot::Free)
            && !self.closed.contains(channel)
            && (!self.is_parked() || self.mail.channel() != channel)
    }

    /// Whether a letter lies in the line, unanswered as far as is known.
    #[inline]
    pub(super) const fn is_sent(&self) -> bool {
        matches!(self.slot, Slot::Sent(_))
    }

    #[inline]
    const fn is_parked(&self) -> bool {
        matches!(self.posted, Posted::Parked(_))
    }

    /// Whether the mailbox has posted mail to bring to the peer.
    pub(super) const fn is_posting(&self) -> bool {
        matches!(self.slot, Slot::Sent(Owner::Poster | Owner::Service)) || self.is_parked()
    }

    /// Takes the line for a new letter on `channel`; `None` if it may not be written now, or the peer was never met.
    #[inline]
    pub(super) fn begin(&mut self, channel: Channel, owner: Owner, notice: Notice) -> Option<Begun> {
        let peer = self.peer?;
        if !self.is_open(channel) {
            return None;
        }
        let is_rung_for = match notice {
            Notice::Doorbell => !self.polled.contains(channel),
            Notice::InterruptBit => true,
            Notice::Nothing => false,
        };
        if is_rung_for {
            self.bell = self.bell.next();
        }
        self.last = LetterView::next_last_word(self.last);
        self.slot = Slot::Sent(owner);
        Some(Begun { peer, last: self.last, bell: self.bell, is_rung_for })
    }

    /// Takes the line for a mail to be posted, which the caller then puts into `mail`; `None` also while an earlier
    /// one waits for room or failed.
    #[inline]
    pub(super) fn begin_post(&mut self, channel: Channel, owner: Owner, notice: Notice) -> Option<Begun> {
        if self.posted != Posted::Done {
            return None;
        }
        self.begin(channel, owner, notice)
    }

    /// What the peer's acknowledgement can tell; `None` if nothing.
    #[inline]
    pub(super) fn curiosity(&self) -> Option<Curiosity> {
        if self.closed != Channels::NONE {
            return Some(Curiosity::Anything);
        }
        self.is_sent().then_some(Curiosity::Answer(self.last))
    }

    /// The peer is in another life than was known, with this byte on its board.
    pub(super) fn meet(&mut self, life: Epoch, bell: Bell) {
        // A restarted peer knows nothing of the letter in its line.
        let is_first = self.peer.is_none();
        self.begin_life(life);
        self.bell = bell;
        if !is_first {
            self.answer(Verdict::WrongLife);
        }
    }

    /// Takes the acknowledgement in that accepts the letter and says nothing new otherwise; false for any other.
    #[inline]
    pub(super) fn take_plain(&mut self, ack: AckView<'_>) -> bool {
        let Some(peer) = self.peer else { return false };
        let Slot::Sent(owner) = self.slot else { return false };
        let is_plain = ack.is_line(Ack::line(self.closed, self.polled, peer, Verdict::Accepted, self.last));
        if is_plain && !self.is_parked() {
            self.slot = if owner == Owner::Waiting { Slot::Answered(Verdict::Accepted) } else { Slot::Free };
            return true;
        }
        false
    }

    /// Takes an acknowledgement with this last word in; whether something changed.
    pub(super) fn take(&mut self, ack: Ack, letter: u32) -> bool {
        if LetterView::life_in(self.last) != Some(ack.sender) {
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
        let is_this = letter == self.last;
        let is_answered = self.is_sent() && (is_this || is_new_life);
        if is_answered {
            self.answer(if is_this { ack.verdict } else { Verdict::WrongLife });
        }
        is_answered || is_new_life || before != (self.closed, self.polled)
    }

    /// Takes the line for posted mail that can be written again.
    pub(super) fn unpark(&mut self) -> Option<(Begun, Mail)> {
        let Posted::Parked(owner) = self.posted else { return None };
        if self.slot != Slot::Free || self.closed.contains(self.mail.channel()) {
            return None;
        }
        self.posted = Posted::Done;
        Some((self.begin(self.mail.channel(), owner, Notice::Doorbell)?, self.mail))
    }

    /// The posted mail that will never arrive, and why; once.
    pub(super) fn take_undelivered(&mut self) -> Option<(Mail, SendError)> {
        let Posted::Undelivered(error) = self.posted else { return None };
        self.posted = Posted::Done;
        Some((self.mail, error))
    }

    fn begin_life(&mut self, life: Epoch) {
        self.peer = Some(life);
        self.closed = Channels::NONE;
        self.polled = Channels::NONE;
    }

    fn answer(&mut self, verdict: Verdict) {
        let Slot::Sent(owner) = self.slot else { return };
        self.slot = if owner == Owner::Waiting { Slot::Answered(verdict) } else { Slot::Free };
        self.posted = match (owner, verdict, SendError::of(verdict)) {
            (Owner::Poster | Owner::Service, Verdict::Refused, _) => Posted::Parked(owner),
            (Owner::Poster, _, Some(error)) => Posted::Undelivered(error),
            _ => return,
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
    /// Last word of the next letter of the peer's life; 0 before the first.
    next: u32,
    /// The letter that was answered last.
    pub(super) answered: Option<Answered>,
    /// Channels on which the peer was refused and there was no room since.
    pub(super) closed: Channels,
}

/// A letter that was answered, and how; told again when a channel opens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// Its last word.
    pub(super) letter: u32,
    pub(super) verdict: Verdict,
    /// Channels that the sender knows to be polled.
    pub(super) polled: Channels,
}

impl Incoming {
    pub(super) const NEW: Self = Self { next: 0, answered: None, closed: Channels::NONE };

    /// Whether a line ends as the next letter of the life that is known.
    #[inline]
    pub(super) const fn is_next(&self, last_word: u32) -> bool {
        self.next == last_word
    }

    /// Notes a letter as answered.
    #[inline]
    pub(super) fn note(&mut self, answered: Answered) {
        self.next = LetterView::next_last_word(answered.letter);
        self.answered = Some(answered);
    }

    /// Whether a letter that is not the [next](Self::is_next) one has not been seen yet. The first one of a life finds
    /// all channels open.
    pub(super) fn freshness(&mut self, from: Epoch, letter: u32) -> Freshness {
        let Some(Answered { letter: last, .. }) = self.answered else { return Freshness::News };
        let Some(life) = LetterView::life_in(last) else { return Freshness::News };
        if last == letter {
            Freshness::Seen
        } else if life == from || life.is_after(from) {
            Freshness::Stale
        } else {
            self.closed = Channels::NONE;
            Freshness::News
        }
    }
}

/// Whether a letter in a line is a new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Freshness {
    /// The first one of a life.
    News,
    /// The one that was answered last.
    Seen,
    /// One of an earlier life, or out of order.
    Stale,
}
