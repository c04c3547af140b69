//! The letter: what one core leaves in another's mail line.
//!
//! ```text
//! 0..4    flow id, which joins both ends in a trace
//! 4..22   payload
//! 22      channel in bits 3:0; bit 4: ring when acknowledged; other bits 0
//! 23      kind, for the channel's users
//! 24      bytes of the payload in use, 0 to 18
//! 25      bell: what the sender has written last on the receiver's board
//! 26..28  life of the receiver that is meant
//! 28..30  life of the sender; 0 in a blank line
//! 30..32  sequence number
//! ```

use zerocopy::IntoBytes;

use super::{Bell, Epoch, LineWords, Sequence, WireError, high_half, low_half, word_from};

/// Channel of a mailbox, 0 to 14.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Channel(u8);

impl Channel {
    /// Number of channels.
    pub const COUNT: usize = 15;
    /// Offers and returns of [`lend`](crate::lend).
    pub const LEND: Self = Self(9);
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

    /// Accepts channel numbers 0 to 14; 0 to 8 are free for any use.
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

    /// Set of one channel.
    pub const fn of(channel: Channel) -> Self {
        Self(1 << channel.0)
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

    /// The channel in both sets with the highest number.
    #[inline]
    pub(crate) fn highest_of_both(self, other: Self) -> Option<Channel> {
        u8::try_from((self.0 & other.0).checked_ilog2()?).ok().and_then(Channel::new)
    }
}

/// Number by which a trace joins what one message caused on several cores.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Flow(pub u32);

/// What a message is, in terms of the channel's users.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Kind(pub u8);

/// A message as its sender writes and its receiver gets it, kept as it lies in a line: the bytes of the payload that are
/// not in use, and those of the line that are the letter's, mean nothing.
#[derive(Clone, Copy)]
pub struct Mail([u32; Mail::WORDS]);

// The payload is read as bytes of words.
const _: () = assert!(cfg!(target_endian = "little"));

impl Mail {
    /// Most bytes of payload a letter carries.
    pub const MOST: usize = 18;
    const WORDS: usize = LAST;

    /// A mail without payload.
    pub const fn empty(channel: Channel, kind: Kind, flow: Flow) -> Self {
        Self([flow.0, 0, 0, 0, 0, u32::from_le_bytes([0, 0, channel.number(), kind.0]), 0])
    }

    /// A mail that carries a copy of `payload`; `None` if that is longer than 18 bytes.
    pub fn new(channel: Channel, kind: Kind, flow: Flow, payload: &[u8]) -> Option<Self> {
        let mut mail = Self::empty(channel, kind, flow);
        let length = u8::try_from(payload.len()).ok().filter(|_| payload.len() <= Self::MOST)?;
        mail.0.as_mut_bytes()[PAYLOAD..][..payload.len()].copy_from_slice(payload);
        mail.0[LENGTH] = u32::from(length);
        Some(mail)
    }

    /// A mail whose payload of `length` bytes begins with four bytes and goes on with the first of `rest`.
    #[inline]
    pub(crate) const fn of_parts(
        (channel, kind, flow): (Channel, Kind, Flow),
        head: [u8; 4],
        rest: [u8; Self::MOST - 4],
        length: u8,
    ) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = rest;
        Self([
            flow.0,
            u32::from_le_bytes(head),
            u32::from_le_bytes([a, b, c, d]),
            u32::from_le_bytes([e, f, g, h]),
            u32::from_le_bytes([i, j, k, l]),
            u32::from_le_bytes([m, n, channel.number(), kind.0]),
            length as u32,
        ])
    }

    /// The first four bytes of the payload, those that follow, in use or not, and how many of all are in use.
    #[inline]
    pub(crate) const fn parts(&self) -> ([u8; 4], [u8; Self::MOST - 4], u8) {
        let [_, head, first, second, third, what, length] = self.0;
        let ([a, b, c, d], [e, f, g, h]) = (first.to_le_bytes(), second.to_le_bytes());
        let ([i, j, k, l], [m, n, ..]) = (third.to_le_bytes(), what.to_le_bytes());
        let [length, ..] = length.to_le_bytes();
        (head.to_le_bytes(), [a, b, c, d, e, f, g, h, i, j, k, l, m, n], length)
    }

    /// Queue at the receiver.
    #[inline]
    pub const fn channel(&self) -> Channel {
        let [.., what, _] = self.0[WHAT].to_le_bytes();
        Channel(what & 0xF)
    }

    /// What it is, in terms of the channel's users.
    #[inline]
    pub const fn kind(&self) -> Kind {
        let [.., kind] = self.0[WHAT].to_le_bytes();
        Kind(kind)
    }

    /// The same mail of another kind.
    #[must_use]
    pub const fn with_kind(mut self, kind: Kind) -> Self {
        let [first, second, what, _] = self.0[WHAT].to_le_bytes();
        self.0[WHAT] = u32::from_le_bytes([first, second, what, kind.0]);
        self
    }

    /// The same mail with another number.
    #[must_use]
    pub const fn with_flow(mut self, flow: Flow) -> Self {
        self.0[FLOW] = flow.0;
        self
    }

    /// Number that joins both ends in a trace.
    #[inline]
    pub const fn flow(&self) -> Flow {
        Flow(self.0[FLOW])
    }

    /// Content.
    #[inline]
    pub fn payload(&self) -> &[u8] {
        let [length, ..] = self.0[LENGTH].to_le_bytes();
        &self.0.as_bytes()[PAYLOAD..][..usize::from(length)]
    }
}

impl PartialEq for Mail {
    fn eq(&self, other: &Self) -> bool {
        let head = |mail: &Self| (mail.flow(), mail.channel(), mail.kind());
        head(self) == head(other) && self.payload() == other.payload()
    }
}

impl Eq for Mail {}

impl core::fmt::Debug for Mail {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut mail = f.debug_struct("Mail");
        mail.field("channel", &self.channel()).field("kind", &self.kind()).field("flow", &self.flow());
        mail.field("payload", &self.payload()).finish()
    }
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
    /// What the sender's byte of the receiver's board is, or is about to be.
    pub bell: Bell,
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

/// Bit of [`WHAT`]: ring when acknowledged.
const RING: u32 = 1 << 20;

/// First byte of the payload.
const PAYLOAD: usize = 4;
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
    #[inline]
    pub const fn last_word(self) -> u32 {
        self.0[LAST]
    }

    /// Last word before the first letter of a life.
    pub(crate) const fn last_word_before_first(life: Epoch) -> u32 {
        life.get() as u32
    }

    /// Last word of the letter that follows one with this last word in the same life.
    #[inline]
    pub(crate) const fn next_last_word(last_word: u32) -> u32 {
        last_word.wrapping_add(1 << 16)
    }

    /// Life of the sender in a last word.
    #[inline]
    pub(crate) const fn life_in(last_word: u32) -> Option<Epoch> {
        Epoch::new(low_half(last_word))
    }

    /// Whether the letter is for life `to` of its receiver.
    #[inline]
    pub(crate) const fn is_for(self, to: Epoch) -> bool {
        high_half(self.0[LENGTH]) == to.get()
    }

    /// Lives and number, which say whether a letter is there; they do not depend on the rest being valid.
    #[inline]
    pub fn envelope(self) -> Result<Envelope, WireError> {
        let from = Self::life_in(self.0[LAST]).ok_or(WireError::Blank)?;
        let to = Epoch::new(high_half(self.0[LENGTH])).ok_or(WireError::Blank)?;
        Ok(Envelope { to, from, sequence: Sequence::new(high_half(self.0[LAST])), bell: self.bell() })
    }

    /// The bell that was rung for this letter or an earlier one.
    #[inline]
    pub(crate) const fn bell(self) -> Bell {
        let [_, bell, ..] = self.0[LENGTH].to_le_bytes();
        Bell::new(bell)
    }

    /// How to acknowledge.
    #[inline]
    pub const fn reply(self) -> Reply {
        if self.0[WHAT] & RING == 0 { Reply::Silent } else { Reply::Ring }
    }

    /// The mail.
    pub fn mail(self) -> Result<Mail, WireError> {
        self.check()?;
        Ok(self.unchecked_mail())
    }

    /// Whether there is a mail in the line.
    #[inline]
    pub(crate) fn check(self) -> Result<(), WireError> {
        let [.., what, _] = (self.0[WHAT] & !RING).to_le_bytes();
        let [length, ..] = self.0[LENGTH].to_le_bytes();
        let number = what & 0xF;
        Channel::new(number).ok_or(WireError::Channel(number))?;
        let reserved = what & !0xF;
        if reserved != 0 {
            return Err(WireError::Reserved(reserved));
        }
        if usize::from(length) > Mail::MOST {
            return Err(WireError::Length(length));
        }
        Ok(())
    }

    /// The mail in a line that was [checked](Self::check).
    #[inline]
    pub(crate) const fn unchecked_mail(self) -> Mail {
        let [words @ .., _] = *self.0;
        Mail(words)
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
        let Envelope { to, from, sequence, bell } = self.envelope;
        let last_word = word_from(from.get(), sequence.get());
        let [flow, a, b, c, d] = Self::beginning(&self.mail);
        let [what, length, last] = Self::end(to, bell, self.reply, &self.mail, last_word);
        [flow, a, b, c, d, what, length, last]
    }

    /// The first words of the same line, of the parts of a letter: as they lie in the mail.
    #[inline]
    pub(crate) const fn beginning(mail: &Mail) -> [u32; 5] {
        let [words @ .., _, _] = mail.0;
        words
    }

    /// The others.
    #[inline]
    pub(crate) const fn end(to: Epoch, bell: Bell, reply: Reply, mail: &Mail, last_word: u32) -> [u32; 3] {
        let [.., what, length] = mail.0;
        let ring = match reply {
            Reply::Silent => 0,
            Reply::Ring => RING,
        };
        let what = what & !RING | ring;
        let [length, ..] = length.to_le_bytes();
        let length = word_from(u16::from_le_bytes([length, bell.get()]), to.get());
        [what, length, last_word]
    }
}
