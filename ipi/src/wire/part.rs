//! Calls on the wire: requests and replies cut into parts, one mail each.
//!
//! The mail's kind says what the message is; its payload begins with four bytes:
//!
//! ```text
//! 0..2    number of the call, chosen by the caller
//! 2       procedure; in a failure its code
//! 3       index of this part in bits 7:4, number of parts − 1 in bits 3:0
//! 4..18   content
//! ```

use super::{Channel, Flow, Kind, Mail, WireError};

/// Number by which a caller knows its calls apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallId(pub u16);

/// Number of a procedure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcedureId(pub u8);

/// Why a callee does not answer a call with a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody serves the procedure.
    #[error("nobody serves the procedure")]
    NoSuchProcedure,
    /// No room for another request; the caller tries again.
    #[error("no room for another request")]
    Busy,
    /// The request does not decode.
    #[error("the request does not decode")]
    BadRequest,
    /// The reply is longer than a message can be.
    #[error("the reply is too long")]
    ReplyTooLong,
    /// Whoever served the call stopped in the middle.
    #[error("the server stopped")]
    ServerGone,
}

impl Failure {
    const fn code(self) -> u8 {
        match self {
            Self::NoSuchProcedure => 1,
            Self::Busy => 2,
            Self::BadRequest => 3,
            Self::ReplyTooLong => 4,
            Self::ServerGone => 5,
        }
    }

    const fn from_code(code: u8) -> Result<Self, WireError> {
        match code {
            1 => Ok(Self::NoSuchProcedure),
            2 => Ok(Self::Busy),
            3 => Ok(Self::BadRequest),
            4 => Ok(Self::ReplyTooLong),
            5 => Ok(Self::ServerGone),
            other => Err(WireError::Code(other)),
        }
    }
}

/// What a part belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    /// A request that wants a reply.
    Request(ProcedureId),
    /// A request that wants to know only that it will be served.
    Cast(ProcedureId),
    /// A reply.
    Reply,
    /// A cast has been queued.
    Queued,
    /// No reply will come.
    Failure(Failure),
    /// The caller no longer wants a reply.
    Cancel,
}

/// One mail's worth of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// What it belongs to.
    pub message: Message,
    /// Call it belongs to.
    pub call: CallId,
    /// Place among the parts, 0 to 15.
    pub index: u8,
    /// Number of parts, 1 to 16.
    pub count: u8,
    /// Content.
    pub content: Content,
}

/// Up to 14 bytes of a message. What is behind its length means nothing, so that it is copied as a whole, in a few words.
#[derive(Clone, Copy)]
pub struct Content {
    bytes: [u8; Part::MOST],
    length: u8,
}

impl Content {
    /// No bytes.
    pub const EMPTY: Self = Self { bytes: [0; Part::MOST], length: 0 };

    /// Copies `bytes`; `None` if they are more than 14.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut content = [0; Part::MOST];
        content.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Self::first_of(content, bytes.len())
    }

    /// The first `length` of `bytes`; `None` if there are not so many.
    #[inline]
    pub(crate) fn first_of(bytes: [u8; Part::MOST], length: usize) -> Option<Self> {
        let length = u8::try_from(length).ok().filter(|_| length <= Part::MOST)?;
        Some(Self { bytes, length })
    }

    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    /// The bytes, and what is behind them.
    #[inline]
    pub(crate) const fn whole(&self) -> &[u8; Part::MOST] {
        &self.bytes
    }

    /// Number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.length)
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Content {}

impl core::fmt::Debug for Content {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// Bytes before the content.
const HEAD: u8 = 4;

impl Part {
    /// Bytes of content in one part.
    pub const MOST: usize = Mail::MOST - HEAD as usize;
    /// Parts of one message.
    pub const COUNT: u8 = 16;

    /// Part that is a whole message.
    #[inline]
    pub const fn whole(message: Message, call: CallId, content: Content) -> Self {
        Self { message, call, index: 0, count: 1, content }
    }

    /// Part without content that is a whole message.
    pub const fn only(message: Message, call: CallId) -> Self {
        Self::whole(message, call, Content::EMPTY)
    }

    /// Checks every field of a mail.
    #[inline]
    pub fn parse(mail: &Mail) -> Result<Self, WireError> {
        let (head, bytes, length) = mail.parts();
        let short = WireError::Length(length);
        let length = usize::from(length.checked_sub(HEAD).ok_or(short)?);
        let [call_low, call_high, procedure, place] = head;
        let message = match mail.kind().0 {
            1 => Message::Request(ProcedureId(procedure)),
            2 => Message::Cast(ProcedureId(procedure)),
            3 => Message::Reply,
            4 => Message::Queued,
            5 => Message::Failure(Failure::from_code(procedure)?),
            6 => Message::Cancel,
            other => return Err(WireError::Code(other)),
        };
        let (index, count) = (place >> 4, (place & 0xF) + 1);
        if index >= count {
            return Err(WireError::Number(index));
        }
        let call = CallId(u16::from_le_bytes([call_low, call_high]));
        let content = Content::first_of(bytes, length).ok_or(short)?;
        Ok(Self { message, call, index, count, content })
    }

    /// The mail that [`parse`](Self::parse) reads back.
    #[inline]
    pub fn emit(&self, channel: Channel, flow: Flow) -> Mail {
        let (kind, number) = match self.message {
            Message::Request(procedure) => (1, procedure.0),
            Message::Cast(procedure) => (2, procedure.0),
            Message::Reply => (3, 0),
            Message::Queued => (4, 0),
            Message::Failure(failure) => (5, failure.code()),
            Message::Cancel => (6, 0),
        };
        let [call_low, call_high] = self.call.0.to_le_bytes();
        let place = self.index << 4 | self.count.wrapping_sub(1) & 0xF;
        let head = [call_low, call_high, number, place];
        let length = self.content.length + HEAD;
        Mail::of_parts((channel, Kind(kind), flow), head, *self.content.whole(), length)
    }
}
