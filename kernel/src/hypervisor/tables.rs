//! Memory of shadow page tables: direct frames of this core. And the table of the hole, one for each guest.

use i586::page::{PAGE_BYTES, PageEntry, table_index};
use scc::address::PhysAddr;

use super::shadow_paging::ShadowMemory;
use crate::arch::i586::ring_switch;
use crate::layout;
use crate::mm::address_space::TableMemory;
use crate::mm::frame::{Frame, Zone};
use crate::mm::{frame_access, kernel_space};

/// Takes tables from the kernel's frames. Task context.
#[derive(Clone, Copy, Debug)]
pub struct KernelTables;

impl TableMemory for KernelTables {
    fn allocate_table(&mut self) -> Option<Frame> {
        let frame = kernel_space::allocate_frame(Zone::Direct)?;
        frame_access::clear(frame);
        Some(frame)
    }

    #[inline(always)]
    fn load(&self, table: Frame, index: u32) -> PageEntry {
        PageEntry::from_bits_retain(frame_access::load(table, index))
    }

    fn store(&mut self, table: Frame, index: u32, entry: PageEntry) {
        frame_access::store(table, index, entry.bits());
    }
}

impl ShadowMemory for KernelTables {
    fn free_table(&mut self, table: Frame) {
        kernel_space::free_frames([table]);
    }
}

/// The page table of the first 4 MB of the hole in a guest's address spaces: the guest's trap page, and read-only what the
/// processor needs on its way to the kernel. Nothing of it is for ring 3.
#[derive(Debug)]
pub struct HoleTable(Frame);

impl HoleTable {
    /// For the guest with this trap page. `None` if there is no frame.
    #[must_use]
    pub fn new(trap_page: Frame) -> Option<Self> {
        let table = KernelTables.allocate_table()?;
        let show = |page: u32, frame: PhysAddr, flags: PageEntry| {
            KernelTables.store(table, table_index(page), flags.with_frame(frame.get()));
        };
        let read_only = PageEntry::PRESENT | PageEntry::ACCESSED | PageEntry::DIRTY;
        show(layout::TRAP_PAGE, trap_page.base(), read_only | PageEntry::WRITABLE);
        for page in ring_switch::needed_pages() {
            assert!((layout::TRAP_PAGE + PAGE_BYTES..layout::DIRECT_MAP + (4 << 20)).contains(&page));
            show(page, PhysAddr::new(page - layout::DIRECT_MAP), read_only);
        }
        Some(Self(table))
    }

    /// The table.
    #[must_use]
    pub const fn frame(&self) -> Frame {
        self.0
    }
}

impl Drop for HoleTable {
    fn drop(&mut self) {
        kernel_space::free_frames([self.0]);
    }
}
