//! Guest memory on the host, for tests and fuzz targets.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use guest_abi::GuestPhysAddr;

use super::guest_memory::{GuestMemory, OutsideMemory};

/// Memory of a guest that does not run, zero at first.
#[derive(Debug)]
pub struct HostMemory(RefCell<Vec<u8>>);

impl HostMemory {
    /// Memory of `bytes` bytes.
    #[must_use]
    pub fn new(bytes: u32) -> Self {
        Self(RefCell::new(vec![0; bytes as usize]))
    }
}

impl GuestMemory for HostMemory {
    fn bytes(&self) -> u32 {
        u32::try_from(self.0.borrow().len()).expect("made with 32 bits")
    }

    fn read(&self, from: GuestPhysAddr, into: &mut [u8]) -> Result<(), OutsideMemory> {
        let bytes = u32::try_from(into.len()).unwrap_or(u32::MAX);
        self.check(from, bytes)?;
        let first = from.number() as usize;
        into.copy_from_slice(&self.0.borrow()[first..first + into.len()]);
        Ok(())
    }

    fn write(&self, to: GuestPhysAddr, bytes: &[u8]) -> Result<(), OutsideMemory> {
        self.check(to, u32::try_from(bytes.len()).unwrap_or(u32::MAX))?;
        let first = to.number() as usize;
        self.0.borrow_mut()[first..first + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}
