//! The acknowledgement: what became of a letter, in a half line of its sender's buffer.
//!
//! ```text
//! 0..2    channels on which the receiver has turned this sender away and has had no room since
//! 2..4    channels the receiver looks into by itself: no doorbell needed
//! 4..8    0
//! 8..10   life of the receiver
//! 10      verdict
//! 11      0
//! 12..14  life of the sender whose letter it is; 0 if nothing was acknowledged yet
//! 14..16  sequence number of the letter
//! ```

use super::{Channels, Epoch, Sequence, WireError, word_at};
use crate::layout::HALF_LINE;

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

/// Bytes of an acknowledgement.
#[derive(Clone, Copy, Debug)]
pub struct AckView<'a>(&'a [u8; HALF_LINE]);

impl<'a> AckView<'a> {
    /// Looks at a half line; any bytes will do.
    pub const fn new(half_line: &'a [u8; HALF_LINE]) -> Self {
        Self(half_line)
    }

    /// Channels without room for this sender.
    pub fn closed(self) -> Channels {
        Channels::from_bits(word_at(self.0, 0))
    }

    /// Channels the receiver polls.
    pub fn polled(self) -> Channels {
        Channels::from_bits(word_at(self.0, 2))
    }
}

impl Ack {
    /// Checks every field.
    pub fn parse(view: AckView<'_>) -> Result<Self, WireError> {
        let bytes = view.0;
        let sender = Epoch::new(word_at(bytes, 12)).ok_or(WireError::Blank)?;
        let receiver = Epoch::new(word_at(bytes, 8)).ok_or(WireError::Blank)?;
        let verdict = Verdict::from_code(bytes[10]).ok_or(WireError::Verdict(bytes[10]))?;
        let sequence = Sequence::new(word_at(bytes, 14));
        Ok(Self { closed: view.closed(), polled: view.polled(), receiver, sender, sequence, verdict })
    }

    /// The half line that [`parse`](Self::parse) reads back.
    pub fn emit(&self) -> [u8; HALF_LINE] {
        let mut bytes = [0; HALF_LINE];
        bytes[0..2].copy_from_slice(&self.closed.bits().to_le_bytes());
        bytes[2..4].copy_from_slice(&self.polled.bits().to_le_bytes());
        bytes[8..10].copy_from_slice(&self.receiver.get().to_le_bytes());
        bytes[10] = self.verdict.code();
        bytes[12..14].copy_from_slice(&self.sender.get().to_le_bytes());
        bytes[14..16].copy_from_slice(&self.sequence.get().to_le_bytes());
        bytes
    }
}
