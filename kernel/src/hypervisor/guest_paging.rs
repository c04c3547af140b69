//! The guest's own page tables: what they say of an address.
//!
//! The tables are the guest's memory and may change at any time, so they are read anew for each fault and never believed
//! beyond it. As the processor would, a walk sets the accessed bits, and the dirty bit of what is written to.
//! Facts: Pentium manual vol. 3 ch. 11 (paging) and ch. 14 (page fault).

use guest_abi::{GuestPhysAddr, GuestVirtAddr};
use i586::page::{LARGE_PAGE_BYTES, PAGE_BYTES, PageEntry, PageFaultCode, directory_index, table_index};

use super::guest_memory::{GuestMemory, OutsideMemory};

/// The control registers of a guest that translation depends on, with paging on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestPaging {
    /// Its page directory.
    pub directory: GuestPhysAddr,
    /// CR4.PSE: directory entries may map 4 MB.
    pub large_pages: LargePages,
    /// CR0.WP: its kernel respects read-only pages.
    pub kernel_writes: KernelWrites,
}

/// Whether directory entries may map 4 MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LargePages {
    /// Bit 7 of an entry is not looked at.
    Off,
    /// Bit 7 of an entry says so.
    On,
}

/// What ring 1 may do with read-only pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelWrites {
    /// Nothing but read.
    Checked,
    /// Write.
    Unchecked,
}

/// What the guest did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether it wrote.
    pub kind: AccessKind,
    /// In which ring.
    pub ring: Ring,
}

/// Whether something is read or written. A fetch counts as reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// Read.
    Read,
    /// Written.
    Write,
}

/// A ring of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Ring 1.
    Kernel,
    /// Ring 3.
    User,
}

impl Access {
    /// The access that an error code of the processor tells of.
    #[must_use]
    pub const fn from_code(code: PageFaultCode) -> Self {
        Self {
            kind: if code.contains(PageFaultCode::WRITE) { AccessKind::Write } else { AccessKind::Read },
            ring: if code.contains(PageFaultCode::USER) { Ring::User } else { Ring::Kernel },
        }
    }

    /// The error code of this access to a page that is or is not there.
    #[must_use]
    pub fn code(self, found: PageFaultCode) -> PageFaultCode {
        let mut code = found;
        code.set(PageFaultCode::WRITE, self.kind == AccessKind::Write);
        code.set(PageFaultCode::USER, self.ring == Ring::User);
        code
    }
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// First address of the guest-physical page.
    pub page: GuestPhysAddr,
    /// What may be done: [`PageEntry::WRITABLE`] and [`PageEntry::USER`]. Writable only if the page is dirty.
    pub rights: PageEntry,
}

/// Why an access cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// The guest's tables forbid it: a page fault of the guest, with this error code.
    #[error("page fault, error {:#x}", .0.bits())]
    Fault(PageFaultCode),
    /// A table lies outside the guest's memory.
    #[error("page table: {0}")]
    Table(#[from] OutsideMemory),
}

/// An entry of the guest's tables, and where it lies.
struct Found {
    place: GuestPhysAddr,
    entry: PageEntry,
}

impl GuestPaging {
    /// Translates an access and sets the bits that it leaves.
    ///
    /// # Errors
    /// [`WalkError`]; accessed bits may be set then.
    pub fn walk(
        &self,
        memory: &impl GuestMemory,
        address: GuestVirtAddr,
        access: Access,
    ) -> Result<Translation, WalkError> {
        let not_there = || WalkError::Fault(access.code(PageFaultCode::empty()));
        let directory = entry(memory, self.directory, directory_index(address.number()))?;
        if !directory.entry.contains(PageEntry::PRESENT) {
            return Err(not_there());
        }
        let large = self.large_pages == LargePages::On && directory.entry.contains(PageEntry::PAGE_SIZE);
        let table = if large {
            None
        } else {
            let table = GuestPhysAddr::new(directory.entry.frame());
            Some(entry(memory, table, table_index(address.number()))?)
        };
        let last = table.as_ref().unwrap_or(&directory);
        if !last.entry.contains(PageEntry::PRESENT) {
            return Err(not_there());
        }
        let rights = (directory.entry & last.entry) & (PageEntry::WRITABLE | PageEntry::USER);
        let rights = self.permitted(rights, access)?;
        if table.is_some() {
            mark(memory, &directory, PageEntry::ACCESSED)?;
        }
        let used = match access.kind {
            AccessKind::Read => PageEntry::ACCESSED,
            AccessKind::Write => PageEntry::ACCESSED | PageEntry::DIRTY,
        };
        mark(memory, last, used)?;
        Ok(translation(address, last.entry | used, large, rights))
    }

    /// Translates a page whose entry says that it was used before, and changes nothing; `None` for any other.
    pub fn used_before(&self, memory: &impl GuestMemory, address: GuestVirtAddr) -> Option<Translation> {
        let used = PageEntry::PRESENT | PageEntry::ACCESSED;
        let directory = entry(memory, self.directory, directory_index(address.number())).ok()?.entry;
        let large = self.large_pages == LargePages::On && directory.contains(PageEntry::PAGE_SIZE);
        let last = if large {
            directory
        } else {
            if !directory.contains(used) {
                return None;
            }
            let table = GuestPhysAddr::new(directory.frame());
            entry(memory, table, table_index(address.number())).ok()?.entry
        };
        let rights = (directory & last) & (PageEntry::WRITABLE | PageEntry::USER);
        last.contains(used).then(|| translation(address, last, large, rights))
    }

    /// Checks an access against the rights of a page, and gives those that it may have from then on.
    fn permitted(&self, rights: PageEntry, access: Access) -> Result<PageEntry, WalkError> {
        let forbidden = Err(WalkError::Fault(access.code(PageFaultCode::PROTECTION)));
        match (access.ring, access.kind) {
            (Ring::User, _) if !rights.contains(PageEntry::USER) => forbidden,
            (_, AccessKind::Read) => Ok(rights),
            (_, AccessKind::Write) if rights.contains(PageEntry::WRITABLE) => Ok(rights),
            // A page that its kernel writes although it is read-only is the kernel's alone until the next fault.
            (Ring::Kernel, AccessKind::Write) if self.kernel_writes == KernelWrites::Unchecked => {
                Ok(PageEntry::WRITABLE)
            }
            (_, AccessKind::Write) => forbidden,
        }
    }
}

fn translation(address: GuestVirtAddr, last: PageEntry, large: bool, rights: PageEntry) -> Translation {
    let page = if large {
        last.large_frame() | address.number() & (LARGE_PAGE_BYTES - PAGE_BYTES)
    } else {
        last.frame()
    };
    // What was not written to is shown read-only, so that the first write is noticed.
    let rights = if last.contains(PageEntry::DIRTY) { rights } else { rights - PageEntry::WRITABLE };
    Translation { page: GuestPhysAddr::new(page), rights }
}

fn entry(memory: &impl GuestMemory, table: GuestPhysAddr, index: u32) -> Result<Found, OutsideMemory> {
    // A table lies on a page, and the index is below 1024: the sum stays on the page.
    let place = GuestPhysAddr::new(table.number() / PAGE_BYTES * PAGE_BYTES + 4 * index);
    Ok(Found { place, entry: PageEntry::from_bits_retain(memory.load(place)?) })
}

/// Sets bits of an entry, unless they are set.
fn mark(memory: &impl GuestMemory, found: &Found, bits: PageEntry) -> Result<(), OutsideMemory> {
    if found.entry.contains(bits) {
        return Ok(());
    }
    memory.write_words(found.place, &[(found.entry | bits).bits()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hypervisor::host_memory::HostMemory;

    const READ: Access = Access { kind: AccessKind::Read, ring: Ring::Kernel };
    const WRITE: Access = Access { kind: AccessKind::Write, ring: Ring::Kernel };
    const USER_READ: Access = Access { kind: AccessKind::Read, ring: Ring::User };
    const USER_WRITE: Access = Access { kind: AccessKind::Write, ring: Ring::User };

    /// Directory at 0x1000, its first table at 0x2000.
    fn paging(entries: &[(u32, u32)]) -> (HostMemory, GuestPaging) {
        let memory = HostMemory::new(0x10_0000);
        for (place, word) in entries {
            memory.write(GuestPhysAddr::new(*place), &word.to_le_bytes()).unwrap();
        }
        let paging = GuestPaging {
            directory: GuestPhysAddr::new(0x1000),
            large_pages: LargePages::On,
            kernel_writes: KernelWrites::Checked,
        };
        (memory, paging)
    }

    fn word(memory: &HostMemory, place: u32) -> u32 {
        u32::from_le_bytes(memory.read_array(GuestPhysAddr::new(place)).unwrap())
    }

    fn at(number: u32) -> GuestVirtAddr {
        GuestVirtAddr::new(number)
    }

    fn fault(bits: u16) -> Result<Translation, WalkError> {
        Err(WalkError::Fault(PageFaultCode::from_bits_retain(bits)))
    }

    #[test]
    fn reading_sets_accessed_bits_and_shows_a_clean_page_read_only() {
        let (memory, paging) = paging(&[(0x1000, 0x2007), (0x2000 + 4 * 5, 0x9_9007)]);
        let read = paging.walk(&memory, at(0x5123), USER_READ).unwrap();
        assert_eq!(read, Translation { page: GuestPhysAddr::new(0x9_9000), rights: PageEntry::USER });
        assert_eq!((word(&memory, 0x1000), word(&memory, 0x2014)), (0x2027, 0x9_9027));
        let written = paging.walk(&memory, at(0x5123), USER_WRITE).unwrap();
        assert_eq!(written.rights, PageEntry::USER | PageEntry::WRITABLE);
        assert_eq!(word(&memory, 0x2014), 0x9_9067);
        assert_eq!(paging.walk(&memory, at(0x5123), READ).unwrap().rights, written.rights);
    }

    #[test]
    fn faults_have_the_codes_of_the_processor() {
        let (memory, paging) = paging(&[(0x1000, 0x2007), (0x2000, 0x9_9003), (0x2004, 0x9_8005)]);
        assert_eq!(paging.walk(&memory, at(0x40_0000), USER_WRITE), fault(6));
        assert_eq!(paging.walk(&memory, at(0x3000), READ), fault(0));
        assert_eq!(paging.walk(&memory, at(0), USER_READ), fault(5));
        assert_eq!(paging.walk(&memory, at(0x1000), USER_WRITE), fault(7));
        assert_eq!(paging.walk(&memory, at(0x1000), WRITE), fault(3));
        assert_eq!(word(&memory, 0x2004), 0x9_8005);
    }

    #[test]
    fn kernel_that_does_not_check_gets_the_page_to_itself() {
        let (memory, mut paging) = paging(&[(0x1000, 0x2007), (0x2000, 0x9_9005)]);
        paging.kernel_writes = KernelWrites::Unchecked;
        assert_eq!(paging.walk(&memory, at(0), WRITE).unwrap().rights, PageEntry::WRITABLE);
        assert_eq!(paging.walk(&memory, at(0), USER_WRITE), fault(7));
        assert_eq!(paging.walk(&memory, at(0), USER_READ).unwrap().rights, PageEntry::USER);
    }

    #[test]
    fn large_pages_need_their_bit_in_cr4() {
        let (memory, mut paging) = paging(&[(0x1000 + 4, 0x0080_0083)]);
        let translated = paging.walk(&memory, at(0x0052_3456), WRITE).unwrap();
        assert_eq!((translated.page.number(), translated.rights), (0x0092_3000, PageEntry::WRITABLE));
        assert_eq!(word(&memory, 0x1004), 0x0080_00E3);
        paging.large_pages = LargePages::Off;
        assert!(matches!(paging.walk(&memory, at(0x0052_3456), WRITE), Err(WalkError::Table(_))));
    }

    #[test]
    fn only_pages_that_were_used_are_shown_unasked() {
        let (memory, paging) =
            paging(&[(0x1000, 0x2027), (0x2000, 0x9_9007), (0x2004, 0x9_8027), (0x2008, 0x9_7067)]);
        assert_eq!(paging.used_before(&memory, at(0)), None);
        assert_eq!(paging.used_before(&memory, at(0x1000)).unwrap().rights, PageEntry::USER);
        let dirty = paging.used_before(&memory, at(0x2000)).unwrap();
        assert_eq!(dirty.rights, PageEntry::USER | PageEntry::WRITABLE);
        assert_eq!(word(&memory, 0x2000), 0x9_9007);
    }
}
