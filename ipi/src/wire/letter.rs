//! The letter: what one core leaves in another's mail line.
//!
//! ```text
//! 0..4    flow id, which joins both ends in a trace
//! 4..22   payload
//! 22      channel in bits 3:0; bit 4: ring when acknowledged; other bits 0
//! 23      kind, for the channel's users
//! 24      bytes of the payload in use, 0 to 18
//! 25      0
//! 26..28  life of the receiver that is meant
//! 28..30  life of the sender; 0 in a blank line
//! 30..32  sequence number
//! ```

use super::{Epoch, Sequence, WireError, dword_at, word_at};
use crate::layout::LINE;

/// Channel of a mailbox, 0 to 14.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Channel(u8);

impl Channel {
    /// Number of channels.
    pub const COUNT: usize = 15;
    /// Answers to the offers of [`transfer`](crate::transfer).
    pub const ACCEPT: Self = Self(10);
    /// Ordinary requests of [`rpc`](crate::rpc).
    pub const CALL: Self = Self(11);
    /// Urgent requests of [`rpc`](crate::rpc).
    pub const URGENT: Self = Self(12);
    /// Replies of [`rpc`](crate::rpc).
    pub const REPLY: Self = Self(13);
    /// Offers of [`transfer`](crate::transfer).
    pub const TRANSFER: Self = Self(14);

    /// Accepts channel numbers 0 to 14; 0 to 9 are free for any use.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Channel number, 0 to 14.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Index for tables with one entry per channel.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Set of channels: bit n stands for channel n.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Channels(u16);

impl Channels {
    /// No channel.
    pub const NONE: Self = Self(0);

    /// Set from its bits; bit 15 is ignored.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & ((1 << Channel::COUNT) - 1))
    }

    /// One bit per channel.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether `channel` is in the set.
    pub const fn contains(self, channel: Channel) -> bool {
        self.0 >> channel.0 & 1 != 0
    }

    /// The set and `channel`.
    #[must_use]
    pub const fn with(self, channel: Channel) -> Self {
        Self(self.0 | 1 << channel.0)
    }

    /// The set without `channel`.
    #[must_use]
    pub const fn without(self, channel: Channel) -> Self {
        Self(self.0 & !(1 << channel.0))
    }
}

/// Number by which a trace joins what one message caused on several cores.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Flow(pub u32);

/// What a message is, in terms of the channel's users.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Kind(pub u8);

/// Up to 18 bytes of content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    bytes: [u8; Payload::MOST],
    length: u8,
}

impl Payload {
    /// Most bytes a letter carries.
    pub const MOST: usize = 18;
    /// No content.
    pub const EMPTY: Self = Self { bytes: [0; Self::MOST], length: 0 };

    /// Copies `content`; `None` if it is longer than 18 bytes.
    pub fn new(content: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::MOST];
        bytes.get_mut(..content.len())?.copy_from_slice(content);
        Some(Self { bytes, length: u8::try_from(content.len()).ok()? })
    }

    /// The content.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl core::fmt::Debug for Payload {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// A message as its sender writes and its receiver gets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Queue at the receiver.
    pub channel: Channel,
    /// What it is, in terms of the channel's users.
    pub kind: Kind,
    /// Number that joins both ends in a trace.
    pub flow: Flow,
    /// Content.
    pub payload: Payload,
}

/// Between which lives a letter goes, and its place there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// Life of the receiver that is meant.
    pub to: Epoch,
    /// Life of the sender.
    pub from: Epoch,
    /// Number among the sender's letters to this receiver.
    pub sequence: Sequence,
}

/// How the sender wants to learn of the acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    /// It looks into its own buffer.
    Silent,
    /// Ring its doorbell.
    Ring,
}

/// A mail with everything that goes into its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Letter {
    /// Lives and sequence number.
    pub envelope: Envelope,
    /// How to acknowledge.
    pub reply: Reply,
    /// The mail.
    pub mail: Mail,
}

const RING: u8 = 1 << 4;

/// Bytes of a mail line.
#[derive(Clone, Copy, Debug)]
pub struct LetterView<'a>(&'a [u8; LINE]);

impl<'a> LetterView<'a> {
    /// Looks at a whole line; any bytes will do.
    pub const fn new(line: &'a [u8; LINE]) -> Self {
        Self(line)
    }

    /// Lives and number, which say whether a letter is there; they do not depend on the rest being valid.
    pub fn envelope(self) -> Result<Envelope, WireError> {
        let from = Epoch::new(word_at(self.0, 28)).ok_or(WireError::Blank)?;
        let to = Epoch::new(word_at(self.0, 26)).ok_or(WireError::Blank)?;
        Ok(Envelope { to, from, sequence: Sequence::new(word_at(self.0, 30)) })
    }

    /// How to acknowledge.
    pub fn reply(self) -> Reply {
        if self.0[22] & RING == 0 { Reply::Silent } else { Reply::Ring }
    }

    /// The mail.
    pub fn mail(self) -> Result<Mail, WireError> {
        let number = self.0[22] & 0xF;
        let channel = Channel::new(number).ok_or(WireError::Channel(number))?;
        let reserved = self.0[22] & !(RING | 0xF) | self.0[25];
        if reserved != 0 {
            return Err(WireError::Reserved(reserved));
        }
        let length = self.0[24];
        let payload = self.0[4..22].get(..usize::from(length)).and_then(Payload::new);
        Ok(Mail {
            channel,
            kind: Kind(self.0[23]),
            flow: Flow(dword_at(self.0, 0)),
            payload: payload.ok_or(WireError::Length(length))?,
        })
    }
}

impl Letter {
    /// Checks every field of a line.
    pub fn parse(view: LetterView<'_>) -> Result<Self, WireError> {
        Ok(Self { envelope: view.envelope()?, reply: view.reply(), mail: view.mail()? })
    }

    /// The line that [`parse`](Self::parse) reads back.
    pub fn emit(&self) -> [u8; LINE] {
        let Mail { channel, kind, flow, payload } = self.mail;
        let mut line = [0; LINE];
        line[0..4].copy_from_slice(&flow.0.to_le_bytes());
        line[4..22].copy_from_slice(&payload.bytes);
        line[22] = match self.reply {
            Reply::Silent => channel.number(),
            Reply::Ring => channel.number() | RING,
        };
        line[23] = kind.0;
        line[24] = payload.length;
        line[26..28].copy_from_slice(&self.envelope.to.get().to_le_bytes());
        line[28..30].copy_from_slice(&self.envelope.from.get().to_le_bytes());
        line[30..32].copy_from_slice(&self.envelope.sequence.get().to_le_bytes());
        line
    }
}
