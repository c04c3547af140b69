//! The hello line: a core says that its buffer is set up, and in which life.
//!
//! ```text
//! 0..4    first stamp: 0..2 transfer   2..4 1; 0 without one
//! 8..12   second stamp, 16..20 third; 4..8, 12..16 and 20..24 are 0
//! 24..28  signature: "IPI" and the version of these layouts
//! 28..30  0
//! 30..32  life of the owner; 0 while the buffer is being set up
//! ```

use super::{Epoch, TransferId, WireError, dword_at, word_at, word_from};
use crate::layout::LINE;

/// What a core says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hello {
    /// Its life.
    pub epoch: Epoch,
}

/// Version of all layouts in [`wire`](crate::wire) and [`layout`](crate::layout).
const VERSION: u8 = 3;
const SIGNATURE: u32 = u32::from_le_bytes([b'I', b'P', b'I', VERSION]);

/// Bytes of a hello line.
#[derive(Clone, Copy, Debug)]
pub struct HelloView<'a>(&'a [u8; LINE]);

impl<'a> HelloView<'a> {
    /// Looks at a whole line; any bytes will do.
    pub const fn new(line: &'a [u8; LINE]) -> Self {
        Self(line)
    }

    /// Life of the owner; blank while there is none.
    pub fn epoch(self) -> Result<Epoch, WireError> {
        Epoch::new(word_at(self.0, 30)).ok_or(WireError::Blank)
    }
}

/// The word of a stamp: which transfer's message lies in the owner's blocks, if any.
pub const fn stamp_word(transfer: Option<TransferId>) -> u32 {
    match transfer {
        Some(TransferId(number)) => word_from(number, 1),
        None => 0,
    }
}

impl Hello {
    /// Checks every field of a line.
    pub fn parse(view: HelloView<'_>) -> Result<Self, WireError> {
        let epoch = view.epoch()?;
        match dword_at(view.0, 24) {
            SIGNATURE => Ok(Self { epoch }),
            other => Err(WireError::Signature(other)),
        }
    }

    /// The line that [`parse`](Self::parse) reads back.
    pub fn emit(&self) -> [u8; LINE] {
        let mut line = [0; LINE];
        line[24..28].copy_from_slice(&SIGNATURE.to_le_bytes());
        line[30..32].copy_from_slice(&self.epoch.get().to_le_bytes());
        line
    }
}
