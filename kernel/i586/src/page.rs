//! Page directory and page table entries, and the page-fault error code.
//!
//! Two-level paging with 4 KB pages: bits 31:22 of the linear address index the directory, bits 21:12 the table. Both
//! kinds of entry share one set of bits. Bit 7 has two meanings: "message buffer" in a table entry while CR4.MPE is
//! set (SCC only), "4 MB page" in a directory entry while CR4.PSE is set.
//!
//! Source: SCC reference §2.5 and §2.1 (MPE against PSE); Pentium manual vol. 3 ch. 11 (paging) and ch. 14 (page fault).

use bitflags::bitflags;

/// Bytes of a page and of a page table.
pub const PAGE_BYTES: u32 = 4096;

/// Bytes of a page mapped by a directory entry with bit 7 while CR4.PSE is set.
pub const LARGE_PAGE_BYTES: u32 = 4 << 20;

/// Entries of a page table and of a page directory.
pub const ENTRIES: u32 = 1024;

bitflags! {
    /// An entry of a page table or page directory. Bits 31:12 hold the frame and are kept by every conversion.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PageEntry: u32 {
        /// P: the other bits have a meaning to the core.
        const PRESENT = 1 << 0;
        /// RW: writes are permitted.
        const WRITABLE = 1 << 1;
        /// US: accesses at CPL 3 are permitted.
        const USER = 1 << 2;
        /// PWT: lines are written through.
        const WRITE_THROUGH = 1 << 3;
        /// PCD: lines are not cached.
        const CACHE_DISABLE = 1 << 4;
        /// A: set by the core at the first access.
        const ACCESSED = 1 << 5;
        /// D: set by the core at the first write.
        const DIRTY = 1 << 6;
        /// PMB: message buffer, in a table entry with CR4.MPE set.
        const MESSAGE_BUFFER = 1 << 7;
        const _ = !0;
    }
}

impl PageEntry {
    /// PS: the directory entry maps a 4 MB page, with CR4.PSE set. The same bit as `MESSAGE_BUFFER`.
    pub const PAGE_SIZE: Self = Self::MESSAGE_BUFFER;

    /// Bits 11:9, free for software.
    pub const AVAILABLE: Self = Self::from_bits_retain(0xE00);

    /// Bits that must be 0 in a directory entry that maps a 4 MB page.
    pub const LARGE_RESERVED: Self = Self::from_bits_retain(0x003F_F000);

    /// Bits 31:12: physical address of the page or table.
    const FRAME: u32 = !(PAGE_BYTES - 1);

    /// Returns the physical address of the page or table, a multiple of 4096.
    #[must_use]
    pub const fn frame(self) -> u32 {
        self.bits() & Self::FRAME
    }

    /// Returns the physical address of the 4 MB page, a multiple of 4 MB.
    #[must_use]
    pub const fn large_frame(self) -> u32 {
        self.bits() & !(LARGE_PAGE_BYTES - 1)
    }

    /// Returns these flags with the frame replaced by that of `address`; the low 12 bits of `address` are dropped.
    #[must_use]
    pub const fn with_frame(self, address: u32) -> Self {
        Self::from_bits_retain(self.bits() & !Self::FRAME | address & Self::FRAME)
    }
}

/// Returns the index into the page directory, 0..=1023, for a linear address.
#[must_use]
pub const fn directory_index(linear: u32) -> u32 {
    linear >> 22
}

/// Returns the index into the page table, 0..=1023, for a linear address.
#[must_use]
pub const fn table_index(linear: u32) -> u32 {
    linear >> 12 & (ENTRIES - 1)
}

bitflags! {
    /// Error code of #PF.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PageFaultCode: u16 {
        /// The page is present and the access was not permitted.
        const PROTECTION = 1 << 0;
        /// The access was a write.
        const WRITE = 1 << 1;
        /// The access was made at CPL 3.
        const USER = 1 << 2;
        /// A reserved bit of an entry was set while CR4.PSE checks them.
        const RESERVED = 1 << 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_address_splits_into_10_10_and_12_bits() {
        let linear = 0xC030_1ABC;
        assert_eq!(directory_index(linear), 0x300);
        assert_eq!(table_index(linear), 0x301);
        assert_eq!(directory_index(u32::MAX), ENTRIES - 1);
        assert_eq!(table_index(u32::MAX), ENTRIES - 1);
    }

    #[test]
    fn replacing_the_frame_keeps_the_low_twelve_bits() {
        let entry = PageEntry::from_bits_truncate(0x1234_5E67).with_frame(0xFFF0_0123);
        assert_eq!(entry.bits(), 0xFFF0_0E67);
        assert_eq!(entry.frame(), 0xFFF0_0000);
    }

    #[test]
    fn large_page_drops_the_reserved_bits() {
        let entry = PageEntry::from_bits_truncate(0xFFFF_F087);
        assert_eq!(entry.large_frame(), 0xFFC0_0000);
        assert!(entry.intersects(PageEntry::LARGE_RESERVED));
        assert!(entry.contains(PageEntry::PAGE_SIZE));
    }
}
