//! Bytes of message buffers, named by owner and offset.

use core::fmt;

use scc::address::LINE_BYTES;
use scc::id::CoreId;
use scc::mpb::CORE_BYTES;

/// Byte of a core's 8 KB of message buffer. Which tile and which half that is, the mesh knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MpbAddress {
    owner: CoreId,
    offset: u16,
}

/// An offset behind the end of a core's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("offset {0} lies behind a core's message buffer of 8192 bytes")]
pub struct AddressError(pub u16);

impl MpbAddress {
    /// Byte `offset`, 0 to 8191, of the buffer of `owner`.
    pub const fn new(owner: CoreId, offset: u16) -> Result<Self, AddressError> {
        if (offset as u32) < CORE_BYTES { Ok(Self { owner, offset }) } else { Err(AddressError(offset)) }
    }

    /// Core whose buffer it is.
    pub const fn owner(self) -> CoreId {
        self.owner
    }

    /// Byte within the core's 8 KB, 0 to 8191.
    pub const fn offset(self) -> u16 {
        self.offset
    }

    /// Number of the 32-byte line within the core's buffer, 0 to 255.
    pub const fn line(self) -> u16 {
        self.offset / LINE
    }

    /// This byte and those in the same place of the following lines; without end, and errors behind the buffer's end.
    ///
    /// # Panics
    /// If it is not the first byte of a line.
    pub fn lines(self) -> impl Iterator<Item = Result<Self, AddressError>> {
        assert!(self.offset_in_line() == 0, "lines begin at multiples of 32");
        (self.offset..=u16::MAX).step_by(usize::from(LINE)).map(move |offset| Self::new(self.owner, offset))
    }

    /// Byte within the line, 0 to 31.
    pub const fn offset_in_line(self) -> usize {
        (self.offset % LINE) as usize
    }
}

const LINE: u16 = 32;
const _: () = assert!(LINE as u32 == LINE_BYTES);

impl fmt::Display for MpbAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "core {} + {:#06x}", self.owner, self.offset)
    }
}
