//! The acknowledgement: what became of a letter, in a line of its sender's buffer.
//!
//! A whole line, because that leaves the core as one transaction, without waiting for a push.
//!
//! ```text
//! 0..2    channels on which the receiver has turned this sender away and has had no room since
//! 2..4    channels the receiver looks into by itself: no doorbell needed
//! 4..24   0
//! 24..26  life of the receiver
//! 26      verdict
//! 27      0
//! 28..30  life of the sender whose letter it is; 0 if nothing was acknowledged yet
//! 30..32  sequence number of the letter
//! ```

use super::{Channels, Epoch, LineWords, Sequence, WireError, high_half, low_half, word_from};

/// What became of a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is in the channel's queue.
    Accepted,
    /// The channel's queue is full; send it again when the channel is no longer closed.
    Refused,
    /// Nobody receives on the channel.
    NotListening,
    /// It was meant for another life of the receiver.
    WrongLife,
    /// It does not parse.
    Malformed,
}

impl Verdict {
    const fn code(self) -> u8 {
        match self {
            Self::Accepted => 1,
            Self::Refused => 2,
            Self::NotListening => 3,
            Self::WrongLife => 4,
            Self::Malformed => 5,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Accepted),
            2 => Some(Self::Refused),
            3 => Some(Self::NotListening),
            4 => Some(Self::WrongLife),
            5 => Some(Self::Malformed),
            _ => None,
        }
    }
}

/// Acknowledgement of one letter, with the state of the receiver's channels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ack {
    /// Channels without room for this sender.
    pub closed: Channels,
    /// Channels the receiver polls.
    pub polled: Channels,
    /// Life of the receiver.
    pub receiver: Epoch,
    /// Life of the sender.
    pub sender: Epoch,
    /// Number of the letter.
    pub sequence: Sequence,
    /// What became of it.
    pub verdict: Verdict,
}

/// Words of an acknowledgement.
#[derive(Clone, Copy, Debug)]
pub struct AckView<'a>(&'a LineWords);

impl<'a> AckView<'a> {
    /// Looks at a line; any words will do.
    pub const fn new(line: &'a LineWords) -> Self {
        Self(line)
    }

    /// Whether what means something is as in `line`.
    #[inline]
    pub(crate) const fn is_line(self, line: LineWords) -> bool {
        self.0[0] == line[0] && self.0[6] == line[6] && self.0[7] == line[7]
    }

    /// The last word: that of the letter.
    #[inline]
    pub(crate) const fn last_word(self) -> u32 {
        self.0[7]
    }

    /// Channels without room for this sender.
    pub const fn closed(self) -> Channels {
        Channels::from_bits(low_half(self.0[0]))
    }

    /// Channels the receiver polls.
    pub const fn polled(self) -> Channels {
        Channels::from_bits(high_half(self.0[0]))
    }
}

impl Ack {
    /// Checks every field.
    pub fn parse(view: AckView<'_>) -> Result<Self, WireError> {
        let [.., before, last] = *view.0;
        let sender = Epoch::new(low_half(last)).ok_or(WireError::Blank)?;
        let receiver = Epoch::new(low_half(before)).ok_or(WireError::Blank)?;
        let [.., code, _] = before.to_le_bytes();
        let verdict = Verdict::from_code(code).ok_or(WireError::Verdict(code))?;
        let sequence = Sequence::new(high_half(last));
        Ok(Self { closed: view.closed(), polled: view.polled(), receiver, sender, sequence, verdict })
    }

    /// The line that [`parse`](Self::parse) reads back.
    #[inline]
    pub const fn emit(&self) -> LineWords {
        let last_word = word_from(self.sender.get(), self.sequence.get());
        Self::line(self.closed, self.polled, self.receiver, self.verdict, last_word)
    }

    /// The same line, for the letter with this last word.
    #[inline]
    pub(crate) const fn line(
        closed: Channels,
        polled: Channels,
        receiver: Epoch,
        verdict: Verdict,
        letter: u32,
    ) -> LineWords {
        let channels = word_from(closed.bits(), polled.bits());
        let verdict = word_from(receiver.get(), verdict.code() as u16);
        [channels, 0, 0, 0, 0, 0, verdict, letter]
    }
}
