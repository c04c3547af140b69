//! The call queue of a core: entries that any core appends under the owner's lock.
//!
//! ```text
//! head : 0..4 entries taken, written by the owner   8..12 entries appended, written by the lock's holder
//! entry: a letter that has the number of the sender + 1 in the place of its bell, byte 25
//! ```

use scc::id::CoreId;

use super::{Letter, LetterView, WireError, bytes_of, dword_at, words_of};
use crate::layout::{HALF_LINE, LINE, QUADWORD};

/// How many entries a call queue has seen; both counts wrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueHead {
    /// Entries the owner has taken.
    pub taken: u32,
    /// Entries that were appended.
    pub appended: u32,
}

impl QueueHead {
    /// Every half line is a head.
    pub fn parse(bytes: &[u8; HALF_LINE]) -> Self {
        Self { taken: dword_at(bytes, 0), appended: dword_at(bytes, QUADWORD) }
    }

    /// Entries that wait.
    pub const fn waiting(self) -> u32 {
        self.appended.wrapping_sub(self.taken)
    }
}

/// A request in a call queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueEntry {
    /// Core that appended it.
    pub sender: CoreId,
    /// The request; its sequence number is not used.
    pub letter: Letter,
}

impl QueueEntry {
    /// Checks every field of a line.
    pub fn parse(line: &[u8; LINE]) -> Result<Self, WireError> {
        let number = line[25].checked_sub(1).ok_or(WireError::Blank)?;
        let sender = CoreId::new(number).ok_or(WireError::Number(number))?;
        let mut letter = *line;
        letter[25] = 0;
        Ok(Self { sender, letter: Letter::parse(LetterView::new(&words_of(&letter)))? })
    }

    /// The line that [`parse`](Self::parse) reads back.
    pub fn emit(&self) -> [u8; LINE] {
        let mut line = bytes_of(self.letter.emit());
        line[25] = self.sender.number() + 1;
        line
    }
}
