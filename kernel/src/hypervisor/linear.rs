//! A guest's memory by linear address, as its kernel sees it.

use guest_abi::{GuestPhysAddr, GuestVirtAddr, HOLE};
use i586::page::{PAGE_BYTES, PageFaultCode};

use super::guest_memory::{GuestMemory, OutsideMemory};
use super::guest_paging::{Access, AccessKind, GuestPaging, Ring, WalkError};

/// Words of a guest by linear address, as its kernel sees them. Task context.
pub trait Words {
    /// Reads words one behind the other.
    ///
    /// # Errors
    /// [`LinearError`] if not all of them can be read.
    fn words<const N: usize>(&self, from: GuestVirtAddr) -> Result<[u32; N], LinearError>;

    /// Writes words one behind the other.
    ///
    /// # Errors
    /// [`LinearError`] for the first page that cannot be written; those before it are written then.
    fn write_words<const N: usize>(&self, to: GuestVirtAddr, words: [u32; N]) -> Result<(), LinearError>;
}

/// The linear addresses of a guest. Accesses are those of ring 1, and set the bits in the guest's tables that its own would.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'a, M> {
    /// The memory below.
    pub memory: &'a M,
    /// The guest's translation; `None` while it has paging off.
    pub paging: Option<&'a GuestPaging>,
}

/// Why an access fails: the page that cannot be used, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("linear {:#010x}: {error}", .page.number())]
pub struct LinearError {
    /// An address in the page.
    pub page: GuestVirtAddr,
    /// What its translation says.
    pub error: WalkError,
}

impl<M: GuestMemory> Linear<'_, M> {
    /// Copies out of the guest.
    ///
    /// # Errors
    /// [`LinearError`] for the first page that cannot be read.
    pub fn read(&self, from: GuestVirtAddr, into: &mut [u8]) -> Result<(), LinearError> {
        let mut done = 0;
        while done < into.len() {
            let (place, room) = self.place(from, done, AccessKind::Read)?;
            let end = into.len().min(done + room);
            let page = from.wrapping_add(done);
            self.memory
                .read(place, &mut into[done..end])
                .map_err(|error| LinearError { page, error: error.into() })?;
            done = end;
        }
        Ok(())
    }

    /// Copies into the guest.
    ///
    /// # Errors
    /// [`LinearError`] for the first page that cannot be written; those before it are written then.
    pub fn write(&self, to: GuestVirtAddr, bytes: &[u8]) -> Result<(), LinearError> {
        let mut done = 0;
        while done < bytes.len() {
            let (place, room) = self.place(to, done, AccessKind::Write)?;
            let end = bytes.len().min(done + room);
            let page = to.wrapping_add(done);
            self.memory
                .write(place, &bytes[done..end])
                .map_err(|error| LinearError { page, error: error.into() })?;
            done = end;
        }
        Ok(())
    }

    /// Where words lie that are on one page, at multiples of 4, as they nearly always are; `None` for others.
    fn place_of_words(
        &self,
        first: GuestVirtAddr,
        words: usize,
        kind: AccessKind,
    ) -> Result<Option<GuestPhysAddr>, LinearError> {
        let (place, room) = self.place(first, 0, kind)?;
        Ok((place.number().is_multiple_of(4) && 4 * words <= room).then_some(place))
    }

    /// Reads at most as many bytes as `into` has, up to the first page that cannot be read, and returns how many.
    pub fn read_up_to(&self, from: GuestVirtAddr, into: &mut [u8]) -> usize {
        let mut done = 0;
        while done < into.len() {
            let Ok((place, room)) = self.place(from, done, AccessKind::Read) else { break };
            let end = into.len().min(done + room);
            if self.memory.read(place, &mut into[done..end]).is_err() {
                break;
            }
            done = end;
        }
        done
    }

    /// Where the byte `offset` behind `first` lies, and how many bytes its page has from there on.
    fn place(
        &self,
        first: GuestVirtAddr,
        offset: usize,
        kind: AccessKind,
    ) -> Result<(GuestPhysAddr, usize), LinearError> {
        let address = first.wrapping_add(offset);
        let access = Access { kind, ring: Ring::Kernel };
        let failed = |error| LinearError { page: address, error };
        if address.number() >= HOLE {
            return Err(failed(WalkError::Fault(access.code(PageFaultCode::PROTECTION))));
        }
        let distance = address.number() % PAGE_BYTES;
        let page = match self.paging {
            Some(paging) => paging.walk(self.memory, address, access).map_err(failed)?.page.number(),
            None => address.number() - distance,
        };
        Ok((GuestPhysAddr::new(page | distance), (PAGE_BYTES - distance) as usize))
    }
}

impl<M: GuestMemory> Words for Linear<'_, M> {
    fn words<const N: usize>(&self, from: GuestVirtAddr) -> Result<[u32; N], LinearError> {
        if let Some(place) = self.place_of_words(from, N, AccessKind::Read)? {
            let mut words = [0; N];
            let failed = |error: OutsideMemory| LinearError { page: from, error: error.into() };
            self.memory.read_words(place, &mut words).map_err(failed)?;
            return Ok(words);
        }
        let mut words = [[0; 4]; N];
        self.read(from, words.as_flattened_mut())?;
        Ok(words.map(u32::from_le_bytes))
    }

    fn write_words<const N: usize>(&self, to: GuestVirtAddr, words: [u32; N]) -> Result<(), LinearError> {
        if let Some(place) = self.place_of_words(to, N, AccessKind::Write)? {
            let failed = |error: OutsideMemory| LinearError { page: to, error: error.into() };
            return self.memory.write_words(place, &words).map_err(failed);
        }
        self.write(to, words.map(u32::to_le_bytes).as_flattened())
    }
}

/// Addresses of a guest wrap, as its own sums do.
trait Wrapping {
    fn wrapping_add(self, bytes: usize) -> Self;
}

impl Wrapping for GuestVirtAddr {
    fn wrapping_add(self, bytes: usize) -> Self {
        Self::new(self.number().wrapping_add(u32::try_from(bytes).unwrap_or(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hypervisor::guest_paging::{KernelWrites, LargePages};
    use crate::hypervisor::host_memory::HostMemory;

    #[test]
    fn accesses_go_on_in_the_page_that_comes_next() {
        let memory = HostMemory::new(0x10_0000);
        for (place, word) in [(0x1000, 0x2007_u32), (0x2000, 0x9007), (0x2004, 0x7007)] {
            memory.write(GuestPhysAddr::new(place), &word.to_le_bytes()).unwrap();
        }
        let paging = GuestPaging {
            directory: GuestPhysAddr::new(0x1000),
            large_pages: LargePages::Off,
            kernel_writes: KernelWrites::Checked,
        };
        let linear = Linear { memory: &memory, paging: Some(&paging) };
        linear.write(GuestVirtAddr::new(0xFFE), &[1, 2, 3, 4]).unwrap();
        assert_eq!(memory.read_array(GuestPhysAddr::new(0x9FFE)), Ok([1, 2]));
        assert_eq!(memory.read_array(GuestPhysAddr::new(0x7000)), Ok([3, 4]));
        assert_eq!(linear.words(GuestVirtAddr::new(0xFFE)), Ok([0x0403_0201]));
        let mut bytes = [0; 8];
        assert_eq!(linear.read_up_to(GuestVirtAddr::new(0x1FFD), &mut bytes), 3);
        let error = linear.read(GuestVirtAddr::new(0x1FFD), &mut bytes).unwrap_err();
        assert_eq!(error.page, GuestVirtAddr::new(0x2000));
    }

    #[test]
    fn hole_is_not_reached() {
        let memory = HostMemory::new(0x1000);
        let linear = Linear { memory: &memory, paging: None };
        assert!(linear.write(GuestVirtAddr::new(HOLE), &[0]).is_err());
        assert!(linear.write(GuestVirtAddr::new(0xFFF), &[0]).is_ok());
        assert!(linear.write(GuestVirtAddr::new(0xFFF), &[0, 0]).is_err());
    }
}
