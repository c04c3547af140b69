//! What the cores of the fake chip have for their services.

use std::boxed::Box;
use std::cell::RefCell;
use std::rc::Rc;
use std::string::{String, ToString};
use std::task::{Context, Poll};
use std::vec;
use std::vec::Vec;

use scc::id::CoreId;

use crate::block::{Access, BlockError, SECTOR_BYTES, Sectors};
use crate::console::{Console, TypedLines};

/// Sectors of the disk that each core has if there is no image.
pub const RAM_SECTORS: u64 = 64;

/// The paper that all consoles of the chip print on, and the one keyboard.
#[derive(Clone, Default)]
pub struct Paper(Rc<Sheet>);

#[derive(Default)]
struct Sheet {
    printed: RefCell<Vec<(CoreId, String)>>,
    typed: TypedLines,
}

impl Paper {
    /// The lines of core `from`, in order.
    pub fn printed_of(&self, from: CoreId) -> Vec<String> {
        let printed = self.0.printed.borrow();
        printed.iter().filter(|(core, _)| *core == from).map(|(_, text)| text.clone()).collect()
    }

    /// Types text; `\r` ends a line.
    pub fn type_in(&self, text: &str) {
        text.bytes().for_each(|byte| {
            self.0.typed.add(byte);
        });
    }
}

impl Console for Paper {
    fn write(&self, from: CoreId, text: &str) {
        self.0.printed.borrow_mut().push((from, text.to_string()));
    }

    fn poll_typed(&self, context: &Context<'_>) -> Poll<String> {
        self.0.typed.poll_line(context)
    }
}

/// A disk of [`RAM_SECTORS`] that forgets with its core.
pub(super) struct RamDisk(RefCell<Box<[u8]>>);

impl RamDisk {
    pub(super) fn new() -> Self {
        let bytes = usize::try_from(RAM_SECTORS).expect("few") * SECTOR_BYTES;
        Self(RefCell::new(vec![0; bytes].into_boxed_slice()))
    }
}

impl Sectors for RamDisk {
    fn count(&self) -> u64 {
        RAM_SECTORS
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    fn read(&self, first: u64, into: &mut [u8]) -> Result<(), BlockError> {
        let begin = usize::try_from(first).map_err(|_| BlockError::OutOfRange)? * SECTOR_BYTES;
        let bytes = self.0.borrow();
        into.copy_from_slice(bytes.get(begin..begin + into.len()).ok_or(BlockError::OutOfRange)?);
        Ok(())
    }

    fn write(&self, first: u64, from: &[u8]) -> Result<(), BlockError> {
        let begin = usize::try_from(first).map_err(|_| BlockError::OutOfRange)? * SECTOR_BYTES;
        let mut bytes = self.0.borrow_mut();
        bytes.get_mut(begin..begin + from.len()).ok_or(BlockError::OutOfRange)?.copy_from_slice(from);
        Ok(())
    }
}
