//! Linear pages with their memory types, and the page tables that say so.
//!
//! The standard map is the one proven on the chip (SCC reference §9.3): private memory write-back, shared
//! DRAM uncached, message buffers MPBT, registers uncached; everything is open to CPL 3. Only the pages that
//! tests touch are mapped.

use super::layout;
use i586::page::{PAGE_BYTES, PageEntry, directory_index, table_index};
use scc::address::{LUT_WINDOW_BYTES, PhysAddr};
use scc::map;
use scc::memory_type::MemoryType;
use std::collections::BTreeMap;

/// Pages and what they map.
#[derive(Debug, Clone, Default)]
pub struct PageMap {
    /// Linear page base to page-table entry.
    pages: BTreeMap<u32, PageEntry>,
}

impl PageMap {
    /// The standard map, linear = core-physical.
    #[must_use]
    pub fn standard() -> Self {
        let mut pages = PageMap::default();
        let low_pages = layout::LOW_END / PAGE_BYTES;
        pages.map(0, PhysAddr::new(0), low_pages, MemoryType::WriteBack);
        pages.map(layout::RESULTS, PhysAddr::new(layout::RESULTS), 1, MemoryType::Uncached);
        pages.windows(
            map::SHARED_DRAM,
            map::SHARED_DRAM.wrapping_add(4 * LUT_WINDOW_BYTES),
            16,
            MemoryType::Uncached,
        );
        pages.windows(map::MPB, map::OWN_MPB.wrapping_add(LUT_WINDOW_BYTES), 8, MemoryType::MpbtWriteBack);
        pages.windows(map::CRB, map::FPGA, 4, MemoryType::Uncached);
        pages.windows(map::FPGA, map::HOST_WINDOW, 16, MemoryType::Uncached);
        pages.windows(map::HOST_WINDOW, map::FPGA_MEMORY, 1, MemoryType::Uncached);
        pages.map(map::LOCAL_APIC.get(), map::LOCAL_APIC, 1, MemoryType::Uncached);
        pages
    }

    /// Maps `count` pages from `linear` on to core-physical memory from `physical` on.
    pub fn map(&mut self, linear: u32, physical: PhysAddr, count: u32, memory: MemoryType) {
        for page in 0..count {
            let distance = page * PAGE_BYTES;
            let entry = entry(physical.wrapping_add(distance), memory);
            self.pages.insert(linear.wrapping_add(distance), entry);
        }
    }

    /// Maps the first `count` pages of every 16 MB window from `first` up to `end`, linear = physical.
    fn windows(&mut self, first: PhysAddr, end: PhysAddr, count: u32, memory: MemoryType) {
        let mut window = first;
        while window != end {
            self.map(window.get(), window, count, memory);
            window = window.wrapping_add(LUT_WINDOW_BYTES);
        }
    }

    /// Directory and tables as runs of bytes at core-physical addresses.
    pub(super) fn tables(&self) -> Vec<(u32, Vec<u8>)> {
        let mut table_of = BTreeMap::new();
        let mut image: BTreeMap<u32, u32> = BTreeMap::new();
        for (&linear, entry) in &self.pages {
            let next = layout::PAGE_DIRECTORY
                + PAGE_BYTES * (1 + u32::try_from(table_of.len()).expect("1024 tables"));
            let table = *table_of.entry(directory_index(linear)).or_insert(next);
            image.insert(table + 4 * table_index(linear), entry.bits());
        }
        for (index, table) in table_of {
            let open = PageEntry::PRESENT | PageEntry::WRITABLE | PageEntry::USER;
            image.insert(layout::PAGE_DIRECTORY + 4 * index, open.with_frame(table).bits());
        }
        runs(&image)
    }
}

fn entry(physical: PhysAddr, memory: MemoryType) -> PageEntry {
    let mut entry = PageEntry::PRESENT | PageEntry::WRITABLE | PageEntry::USER;
    entry.set(PageEntry::CACHE_DISABLE, !memory.is_cacheable());
    entry.set(PageEntry::WRITE_THROUGH, memory.is_write_through());
    entry.set(PageEntry::MESSAGE_BUFFER, memory.is_mpbt());
    entry.with_frame(physical.get())
}

/// Joins words at consecutive addresses.
fn runs(image: &BTreeMap<u32, u32>) -> Vec<(u32, Vec<u8>)> {
    let mut runs: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut end = None;
    for (&at, word) in image {
        if end != Some(at) {
            runs.push((at, Vec::new()));
        }
        let (_, bytes) = runs.last_mut().expect("one was just pushed");
        bytes.extend_from_slice(&word.to_le_bytes());
        end = Some(at + 4);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_types_become_page_bits() {
        let bits = |memory| entry(PhysAddr::new(0x5000), memory).bits();
        assert_eq!(bits(MemoryType::WriteBack), 0x5007);
        assert_eq!(bits(MemoryType::Uncached), 0x5017);
        assert_eq!(bits(MemoryType::MpbtWriteThrough), 0x508F);
    }

    #[test]
    fn standard_map_covers_registers_and_message_buffers() {
        let pages = PageMap::standard().pages;
        assert_eq!(pages[&0xF900_8000].bits(), 0xF900_8017);
        assert_eq!(pages[&0xD800_3000].bits(), 0xD800_3087);
        assert_eq!(pages[&0xFEE0_0000].bits(), 0xFEE0_0017);
        assert!(!pages.contains_key(&0x0040_0000));
    }

    #[test]
    fn tables_follow_the_directory() {
        let mut pages = PageMap::default();
        pages.map(0x0040_1000, PhysAddr::new(0x7000), 2, MemoryType::WriteBack);
        let directory = layout::PAGE_DIRECTORY;
        let expected = vec![
            (directory + 4, (directory + 0x1007).to_le_bytes().to_vec()),
            (directory + 0x1004, [0x7007u32.to_le_bytes(), 0x8007u32.to_le_bytes()].concat()),
        ];
        assert_eq!(pages.tables(), expected);
    }
}
