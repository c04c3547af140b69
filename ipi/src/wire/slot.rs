//! The slot of a pair of cores: one part of a request, in half a line of the callee's buffer.
//!
//! ```text
//! 0..2    number of the call
//! 2       procedure
//! 3       index of this part
//! 4       number of parts
//! 5..11   content
//! 11      length of the content in bits 2:0; 1 = request, 2 = cast in bits 4:3; bit 5: urgent; bit 6: 0; bit 7: turn
//! 12..14  life of the callee that is meant
//! 14..16  life of the caller
//! ```
//!
//! The second quadword arrives last, and with it the turn: the part is new while the turn differs from the caller's
//! bit among those that the callee has taken.

use scc::id::CoreId;

use super::{CallId, Content, Epoch, Message, Part, ProcedureId, WireError, word_at};
use crate::layout::{HALF_LINE, QUADWORD};
use crate::mesh::CoreSet;

const CONTENT: usize = 5;
const FLAGS: usize = CONTENT + Slot::MOST;
const LENGTH: u8 = 0b111;
const REQUEST: u8 = 1 << 3;
const CAST: u8 = 2 << 3;
const KIND: u8 = 3 << 3;
const URGENT: u8 = 1 << 5;
const RESERVED: u8 = 1 << 6;
const TURN: u8 = 1 << 7;

/// Which of two parts that follow each other in one slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// As in a slot that was never used.
    Even,
    /// The other.
    Odd,
}

impl Turn {
    /// Turn of the part in a slot, whatever else it holds.
    pub const fn of_slot(bytes: &[u8; HALF_LINE]) -> Self {
        if bytes[FLAGS] & TURN == 0 { Self::Even } else { Self::Odd }
    }

    /// Turn of the part that the callee has taken last from `caller`.
    pub fn taken(taken: CoreSet, caller: CoreId) -> Self {
        if taken.contains(caller) { Self::Odd } else { Self::Even }
    }

    /// The other turn.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Even => Self::Odd,
            Self::Odd => Self::Even,
        }
    }
}

/// Callers whose last part taken has the odd turn, as the callee keeps them in one quadword.
pub fn taken_from(bytes: [u8; QUADWORD]) -> CoreSet {
    CoreSet::from_bits(u64::from_le_bytes(bytes))
}

/// How soon a request is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// As an ordinary task.
    Ordinary,
    /// Before ordinary tasks.
    Urgent,
}

/// A part of a request in a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// The part; its message is a request or a cast, its content has at most six bytes.
    pub part: Part,
    /// How soon it is served.
    pub urgency: Urgency,
    /// Life of the callee that is meant.
    pub to: Epoch,
    /// Life of the caller.
    pub from: Epoch,
    /// Turn of the slot.
    pub turn: Turn,
}

impl Slot {
    /// Bytes of content in one slot.
    pub const MOST: usize = 6;

    /// Checks every field of a half line.
    pub fn parse(bytes: &[u8; HALF_LINE]) -> Result<Self, WireError> {
        let from = Epoch::new(word_at(bytes, 14)).ok_or(WireError::Blank)?;
        let to = Epoch::new(word_at(bytes, 12)).ok_or(WireError::Blank)?;
        let (procedure, index, count, flags) = (ProcedureId(bytes[2]), bytes[3], bytes[4], bytes[FLAGS]);
        if flags & RESERVED != 0 {
            return Err(WireError::Reserved(flags));
        }
        let message = match flags & KIND {
            REQUEST => Message::Request(procedure),
            CAST => Message::Cast(procedure),
            _ => return Err(WireError::Code(flags)),
        };
        if index >= count {
            return Err(WireError::Number(index));
        }
        let length = usize::from(flags & LENGTH);
        let content = bytes[CONTENT..FLAGS].get(..length).and_then(Content::new);
        let content = content.ok_or(WireError::Length(flags & LENGTH))?;
        let call = CallId(word_at(bytes, 0));
        let urgency = if flags & URGENT == 0 { Urgency::Ordinary } else { Urgency::Urgent };
        let part = Part { message, call, index, count, content };
        Ok(Self { part, urgency, to, from, turn: Turn::of_slot(bytes) })
    }

    /// The half line that [`parse`](Self::parse) reads back; `None` for a part that does not travel in slots.
    pub fn emit(&self) -> Option<[u8; HALF_LINE]> {
        let Part { message, call, index, count, content } = &self.part;
        let (kind, procedure) = match message {
            Message::Request(procedure) => (REQUEST, procedure),
            Message::Cast(procedure) => (CAST, procedure),
            Message::Reply | Message::Queued | Message::Failure(_) | Message::Cancel => return None,
        };
        let content = content.as_slice();
        let length = u8::try_from(content.len()).ok()?;
        let mut bytes = [0; HALF_LINE];
        bytes[0..2].copy_from_slice(&call.0.to_le_bytes());
        (bytes[2], bytes[3], bytes[4]) = (procedure.0, *index, *count);
        bytes[CONTENT..FLAGS].get_mut(..content.len())?.copy_from_slice(content);
        let urgent = if self.urgency == Urgency::Urgent { URGENT } else { 0 };
        let turn = if self.turn == Turn::Odd { TURN } else { 0 };
        bytes[FLAGS] = length | kind | urgent | turn;
        bytes[12..14].copy_from_slice(&self.to.get().to_le_bytes());
        bytes[14..16].copy_from_slice(&self.from.get().to_le_bytes());
        Some(bytes)
    }
}
