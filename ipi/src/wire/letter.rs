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

use super::{Epoch, LineWords, Sequence, WireError, high_half, low_half, word_from};

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

/// Up to 18 bytes of content. Aligned, so that it is copied to and from a line by words.
#[derive(Clone, Copy)]
#[repr(align(4))]
pub struct Payload {
    /// What is behind the content means nothing.
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

    /// The words and the half one that lie in a line.
    const fn words(&self) -> ([u32; 4], [u8; 2]) {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, first, second] = self.bytes;
        let word = u32::from_le_bytes;
        ([word([a, b, c, d]), word([e, f, g, h]), word([i, j, k, l]), word([m, n, o, p])], [first, second])
    }

    const fn from_words(words: [u32; 4], [first, second]: [u8; 2], length: u8) -> Self {
        let [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]] =
            [words[0].to_le_bytes(), words[1].to_le_bytes(), words[2].to_le_bytes(), words[3].to_le_bytes()];
        Self { bytes: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, first, second], length }
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Payload {}

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

/// Which word of the line is which: the payload begins in word 1 and ends in the lower half of [`WHAT`].
const FLOW: usize = 0;
const WHAT: usize = 5;
const LENGTH: usize = 6;
const LAST: usize = 7;

/// Words of a mail line.
#[derive(Clone, Copy, Debug)]
pub struct LetterView<'a>(&'a LineWords);

impl<'a> LetterView<'a> {
    /// Looks at a whole line; any words will do.
    pub const fn new(line: &'a LineWords) -> Self {
        Self(line)
    }

    /// The last word.
    pub const fn last_word(self) -> u32 {
        self.0[LAST]
    }

    /// Lives and number, which say whether a letter is there; they do not depend on the rest being valid.
    #[inline]
    pub fn envelope(self) -> Result<Envelope, WireError> {
        let from = Epoch::new(low_half(self.0[LAST])).ok_or(WireError::Blank)?;
        let to = Epoch::new(high_half(self.0[LENGTH])).ok_or(WireError::Blank)?;
        Ok(Envelope { to, from, sequence: Sequence::new(high_half(self.0[LAST])) })
    }

    /// How to acknowledge.
    #[inline]
    pub const fn reply(self) -> Reply {
        let [.., what, _] = self.0[WHAT].to_le_bytes();
        if what & RING == 0 { Reply::Silent } else { Reply::Ring }
    }

    /// The mail.
    #[inline]
    pub fn mail(self) -> Result<Mail, WireError> {
        let [first, second, what, kind] = self.0[WHAT].to_le_bytes();
        let [length, unused, ..] = self.0[LENGTH].to_le_bytes();
        let number = what & 0xF;
        let channel = Channel::new(number).ok_or(WireError::Channel(number))?;
        let reserved = what & !(RING | 0xF) | unused;
        if reserved != 0 {
            return Err(WireError::Reserved(reserved));
        }
        if usize::from(length) > Payload::MOST {
            return Err(WireError::Length(length));
        }
        let words = [self.0[1], self.0[2], self.0[3], self.0[4]];
        let payload = Payload::from_words(words, [first, second], length);
        Ok(Mail { channel, kind: Kind(kind), flow: Flow(self.0[FLOW]), payload })
    }
}

impl Letter {
    /// Checks every field of a line.
    pub fn parse(view: LetterView<'_>) -> Result<Self, WireError> {
        Ok(Self { envelope: view.envelope()?, reply: view.reply(), mail: view.mail()? })
    }

    /// The line that [`parse`](Self::parse) reads back.
    #[inline]
    pub const fn emit(&self) -> LineWords {
        let Mail { channel, kind, flow, payload } = self.mail;
        let Envelope { to, from, sequence } = self.envelope;
        let ([a, b, c, d], [first, second]) = payload.words();
        let what = match self.reply {
            Reply::Silent => channel.number(),
            Reply::Ring => channel.number() | RING,
        };
        let what = u32::from_le_bytes([first, second, what, kind.0]);
        let length = word_from(u16::from_le_bytes([payload.length, 0]), to.get());
        [flow.0, a, b, c, d, what, length, word_from(from.get(), sequence.get())]
    }
}
