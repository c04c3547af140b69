//! Page tables with typed memory.
//!
//! Two levels, 4 KB pages only: CR4.PSE stays off because bit 7 of a table entry means "message buffer". A mapping
//! names its memory type and what may be done with it; nothing is mapped over an existing page by accident. Tables are
//! reached through a [`TableMemory`], so that the same code builds them on the bare machine and in tests.
//! Facts: SCC reference §2.5.

use i586::page::{ENTRIES, PAGE_BYTES, PageEntry, directory_index, table_index};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;

use super::frame::Frame;

/// Bits of a page-table entry that give a data access its memory type.
#[must_use]
pub const fn flags_of(kind: MemoryType) -> PageEntry {
    let write_through = PageEntry::WRITE_THROUGH;
    let uncached = PageEntry::CACHE_DISABLE.union(PageEntry::WRITE_THROUGH);
    let message = PageEntry::MESSAGE_BUFFER;
    match kind {
        MemoryType::WriteBack => PageEntry::empty(),
        MemoryType::WriteThrough => write_through,
        MemoryType::Uncached => uncached,
        MemoryType::MpbtWriteBack => message,
        MemoryType::MpbtWriteThrough => message.union(write_through),
        MemoryType::MpbtUncached => message.union(uncached),
    }
}

/// What the kernel may do with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read and execute.
    ReadOnly,
    /// Read, execute and write.
    Writable,
}

/// Where page tables live.
pub trait TableMemory {
    /// Takes a frame and clears it. `None` if there is none.
    fn allocate_table(&mut self) -> Option<Frame>;
    /// Reads entry `index` (0 to 1023) of a table.
    fn load(&self, table: Frame, index: u32) -> PageEntry;
    /// Writes entry `index` (0 to 1023) of a table.
    fn store(&mut self, table: Frame, index: u32, entry: PageEntry);
}

/// Why a page was not mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// There is no frame for a page table.
    #[error("no frame for the page table of {page:#010x}")]
    OutOfFrames {
        /// Virtual address of the page.
        page: u32,
    },
    /// Something is mapped there.
    #[error("page {page:#010x} is mapped already, to {to}")]
    Mapped {
        /// Virtual address of the page.
        page: u32,
        /// Frame that it shows.
        to: PhysAddr,
    },
}

/// A page directory and the tables below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressSpace {
    directory: Frame,
}

impl AddressSpace {
    /// Makes an empty one. `None` if there is no frame.
    pub fn new(memory: &mut impl TableMemory) -> Option<Self> {
        Some(Self { directory: memory.allocate_table()? })
    }

    /// The page directory's place, for CR3.
    #[must_use]
    pub const fn directory(self) -> Frame {
        self.directory
    }

    /// Shows `frame` at the page that holds `page`. A translation that the core remembers is not dropped.
    ///
    /// # Errors
    /// [`MapError`]; the page is unchanged then.
    pub fn map(
        self,
        memory: &mut impl TableMemory,
        page: u32,
        frame: PhysAddr,
        kind: MemoryType,
        access: Access,
    ) -> Result<(), MapError> {
        let table = self.table_for(memory, page)?;
        show(memory, table, page, frame, kind, access)
    }

    /// The table that holds the entry of `page`, made if there is none.
    pub(super) fn table_for(self, memory: &mut impl TableMemory, page: u32) -> Result<Frame, MapError> {
        let slot = directory_index(page);
        let entry = memory.load(self.directory, slot);
        if entry.contains(PageEntry::PRESENT) {
            return Ok(Frame::containing(PhysAddr::new(entry.frame())));
        }
        let table = memory.allocate_table().ok_or(MapError::OutOfFrames { page })?;
        let entry = PageEntry::PRESENT.union(PageEntry::WRITABLE).with_frame(table.base().get());
        memory.store(self.directory, slot, entry);
        Ok(table)
    }

    /// Shows frames in a row, from `first` on, at the pages from `page` up to `end`.
    ///
    /// # Errors
    /// [`MapError`] for the first page that cannot be mapped; those before it are mapped then.
    pub fn map_row(
        self,
        memory: &mut impl TableMemory,
        page: u32,
        end: u32,
        first: PhysAddr,
        kind: MemoryType,
        access: Access,
    ) -> Result<(), MapError> {
        let mut frame = first;
        let mut table = None;
        for page in pages(page, end) {
            let here = match table {
                Some(table) if table_index(page) != 0 => table,
                _ => self.table_for(memory, page)?,
            };
            table = Some(here);
            show(memory, here, page, frame, kind, access)?;
            frame = frame.wrapping_add(PAGE_BYTES);
        }
        Ok(())
    }

    /// Takes the mapping of a page away and returns the frame it showed. The caller drops the remembered translation.
    pub fn unmap(self, memory: &mut impl TableMemory, page: u32) -> Option<PhysAddr> {
        let (table, entry) = self.entry(memory, page)?;
        memory.store(table, table_index(page), PageEntry::empty());
        Some(PhysAddr::new(entry.frame()))
    }

    /// What a page shows and how; `None` if nothing is mapped there.
    #[must_use]
    pub fn translate(self, memory: &impl TableMemory, page: u32) -> Option<PageEntry> {
        self.entry(memory, page).map(|(_, entry)| entry)
    }

    fn entry(self, memory: &impl TableMemory, page: u32) -> Option<(Frame, PageEntry)> {
        let directory = memory.load(self.directory, directory_index(page));
        if !directory.contains(PageEntry::PRESENT) {
            return None;
        }
        let table = Frame::containing(PhysAddr::new(directory.frame()));
        let entry = memory.load(table, table_index(page));
        entry.contains(PageEntry::PRESENT).then_some((table, entry))
    }
}

/// Fills the entry of `page` in its table.
fn show(
    memory: &mut impl TableMemory,
    table: Frame,
    page: u32,
    frame: PhysAddr,
    kind: MemoryType,
    access: Access,
) -> Result<(), MapError> {
    let present = memory.load(table, table_index(page));
    if present.contains(PageEntry::PRESENT) {
        return Err(MapError::Mapped { page, to: PhysAddr::new(present.frame()) });
    }
    let writable = if access == Access::Writable { PageEntry::WRITABLE } else { PageEntry::empty() };
    let flags = PageEntry::PRESENT.union(writable).union(flags_of(kind));
    memory.store(table, table_index(page), flags.with_frame(frame.get()));
    Ok(())
}

/// Addresses of the pages from `first` up to `end`, both multiples of 4 KB.
pub fn pages(first: u32, end: u32) -> impl Iterator<Item = u32> {
    (first..end).step_by(PAGE_BYTES as usize)
}

const _: () = assert!(ENTRIES * 4 == PAGE_BYTES);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Default)]
    struct FakeMemory {
        tables: u32,
        entries: BTreeMap<(u32, u32), u32>,
    }

    impl TableMemory for FakeMemory {
        fn allocate_table(&mut self) -> Option<Frame> {
            (self.tables < 3).then(|| {
                self.tables += 1;
                Frame::containing(PhysAddr::new(self.tables * PAGE_BYTES))
            })
        }

        fn load(&self, table: Frame, index: u32) -> PageEntry {
            let bits = self.entries.get(&(table.base().get(), index)).copied().unwrap_or(0);
            PageEntry::from_bits_retain(bits)
        }

        fn store(&mut self, table: Frame, index: u32, entry: PageEntry) {
            self.entries.insert((table.base().get(), index), entry.bits());
        }
    }

    #[test]
    fn mapped_page_has_frame_type_and_access() {
        let mut memory = FakeMemory::default();
        let space = AddressSpace::new(&mut memory).unwrap();
        let frame = PhysAddr::new(0x0012_3000);
        space.map(&mut memory, 0x0040_5000, frame, MemoryType::MpbtWriteThrough, Access::ReadOnly).unwrap();
        let entry = space.translate(&memory, 0x0040_5678).unwrap();
        assert_eq!(entry.bits(), 0x0012_3089);
        space.map(&mut memory, 0x0040_6000, frame, MemoryType::Uncached, Access::Writable).unwrap();
        assert_eq!(space.translate(&memory, 0x0040_6000).unwrap().bits(), 0x0012_301B);
        assert_eq!(memory.tables, 2);
    }

    #[test]
    fn rows_go_on_in_the_next_table() {
        let mut memory = FakeMemory::default();
        let space = AddressSpace::new(&mut memory).unwrap();
        let (page, end, first) = ((4 << 20) - 0x2000, (4 << 20) + 0x2000, PhysAddr::new(0x8000));
        space.map_row(&mut memory, page, end, first, MemoryType::WriteBack, Access::Writable).unwrap();
        let frames = pages(page, end).map(|page| space.translate(&memory, page).unwrap().frame());
        assert!(frames.eq([0x8000, 0x9000, 0xA000, 0xB000]));
        assert_eq!((memory.tables, space.translate(&memory, end)), (3, None));
    }

    #[test]
    fn page_in_use_is_not_mapped_again_until_unmapped() {
        let mut memory = FakeMemory::default();
        let space = AddressSpace::new(&mut memory).unwrap();
        let (first, second) = (PhysAddr::new(0x5000), PhysAddr::new(0x6000));
        let map = |memory: &mut FakeMemory, frame| {
            space.map(memory, 0x1000, frame, MemoryType::WriteBack, Access::Writable)
        };
        assert_eq!(map(&mut memory, first), Ok(()));
        assert_eq!(map(&mut memory, second), Err(MapError::Mapped { page: 0x1000, to: first }));
        assert_eq!(space.unmap(&mut memory, 0x1000), Some(first));
        assert_eq!(space.unmap(&mut memory, 0x1000), None);
        assert_eq!(map(&mut memory, second), Ok(()));
    }

    #[test]
    fn lack_of_frames_is_an_error() {
        let mut memory = FakeMemory::default();
        let space = AddressSpace::new(&mut memory).unwrap();
        let mut map =
            |page| space.map(&mut memory, page, PhysAddr::new(0), MemoryType::WriteBack, Access::Writable);
        assert_eq!(map(0), Ok(()));
        assert_eq!(map(4 << 20), Ok(()));
        assert_eq!(map(8 << 20), Err(MapError::OutOfFrames { page: 8 << 20 }));
        assert_eq!(space.translate(&memory, 8 << 20), None);
        assert_eq!(AddressSpace::new(&mut memory), None);
    }

    #[test]
    fn types_have_the_page_bits_of_the_table() {
        for (disable, through, message) in [
            (false, false, false),
            (false, true, false),
            (true, true, false),
            (false, false, true),
            (false, true, true),
            (true, true, true),
        ] {
            let kind = MemoryType::from_page_bits(disable, through, message);
            let flags = flags_of(kind);
            assert_eq!(flags.contains(PageEntry::CACHE_DISABLE), disable);
            assert_eq!(flags.contains(PageEntry::WRITE_THROUGH), through);
            assert_eq!(flags.contains(PageEntry::MESSAGE_BUFFER), message);
        }
    }

    #[test]
    fn pages_run_up_to_the_end() {
        assert!(pages(0x1000, 0x4000).eq([0x1000, 0x2000, 0x3000]));
        assert_eq!(pages(0x1000, 0x1000).count(), 0);
    }
}
