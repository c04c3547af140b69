//! Shadow page tables: what the processor uses while a guest runs.
//!
//! They are a large translation buffer kept by software. A page is shown when the guest first touches it, by what its own
//! tables say then ([`super::guest_paging`]), and stays until the guest says that it has changed them, as it must say to a
//! processor. Nobody watches the guest's tables.
//!
//! ```text
//! 0 up to KERNEL_HALF      tables of one address space: there is a root for each tag
//! KERNEL_HALF up to HOLE   tables that all roots share
//! from HOLE on             the hypervisor's table, the same in all roots
//! ```
//!
//! With paging off the guest sees its memory one to one. Flags are made from nothing: a guest's bits for caching, and the
//! chip's bit for message buffers, are never copied. All pages are of 4 KB, because CR4.PSE is off.

use guest_abi::call::{Extent, TAGS, TagMemory};
use guest_abi::{GuestPhysAddr, GuestVirtAddr, HOLE, KERNEL_HALF};
use i586::page::{ENTRIES, PAGE_BYTES, PageEntry, PageFaultCode, directory_index, table_index};
use scc::address::PhysAddr;

use super::guest_memory::GuestMemory;
use super::guest_paging::{Access, AccessKind, GuestPaging, Translation, WalkError};
use crate::mm::address_space::TableMemory;
use crate::mm::frame::Frame;

/// Page tables and roots of one guest at most: 1 MB.
const TABLES_MAX: u32 = 256;
/// Pages that are looked at together: those of them that the guest has used are shown when one is.
const AROUND: u32 = 8;
/// A range of more pages is forgotten whole, with all that the tag and the kernel have.
const RANGE_PAGES_MAX: u32 = 1024;

const KERNEL_FIRST: u32 = directory_index(KERNEL_HALF);
const HOLE_FIRST: u32 = directory_index(HOLE);
const KERNEL_TABLES: usize = (HOLE_FIRST - KERNEL_FIRST) as usize;
const ROOTS: usize = TAGS as usize;

/// Where shadow tables live.
pub trait ShadowMemory: TableMemory {
    /// Takes a table back.
    fn free_table(&mut self, table: Frame);
}

/// Memory of a guest with the frames that it consists of.
pub trait GuestFrames: GuestMemory {
    /// The frame of a page; `None` outside the memory.
    fn frame(&self, page: GuestPhysAddr) -> Option<Frame>;
    /// The same if that takes no clearing: the page was used before.
    fn used_frame(&self, page: GuestPhysAddr) -> Option<Frame>;
}

/// The shadow of one guest's address spaces.
#[derive(Debug)]
pub struct Shadow<M: ShadowMemory> {
    memory: M,
    /// Table of the first 4 MB of the hole.
    hole: Frame,
    roots: [Option<Frame>; ROOTS],
    kernel: [Option<Frame>; KERNEL_TABLES],
    tag: usize,
    tables: u32,
}

/// Why a page was not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// The guest's own fault.
    #[error(transparent)]
    Guest(#[from] WalkError),
    /// The guest's tables lead to what is no memory of it.
    #[error("guest-physical {:#010x} is no memory of the guest", .0.number())]
    Elsewhere(GuestPhysAddr),
    /// There is no frame for a table.
    #[error("no frame for a shadow page table")]
    NoFrame,
}

impl<M: ShadowMemory> Shadow<M> {
    /// A shadow that shows nothing but the hole, whose table is `hole`.
    pub const fn new(memory: M, hole: Frame) -> Self {
        Self { memory, hole, roots: [None; ROOTS], kernel: [None; KERNEL_TABLES], tag: 0, tables: 0 }
    }

    /// The directory of the current address space, for CR3, if it has been made.
    #[inline]
    pub fn present_root(&self) -> Option<Frame> {
        self.roots[self.tag]
    }

    /// The directory of the current address space, which is made if it must be.
    ///
    /// # Errors
    /// [`Miss::NoFrame`].
    pub fn root(&mut self) -> Result<Frame, Miss> {
        match self.present_root() {
            Some(root) => Ok(root),
            None => self.make_root(),
        }
    }

    #[cold]
    fn make_root(&mut self) -> Result<Frame, Miss> {
        let root = self.allocate()?;
        for (index, table) in (KERNEL_FIRST..).zip(&self.kernel) {
            if let Some(table) = table {
                self.memory.store(root, index, table_entry(*table));
            }
        }
        self.memory.store(root, HOLE_FIRST, table_entry(self.hole));
        self.roots[self.tag] = Some(root);
        Ok(root)
    }

    /// Goes on with the address space of `tag`, below [`TAGS`].
    pub fn switch(&mut self, tag: u32, memory: TagMemory) {
        self.tag = tag as usize % ROOTS;
        if memory == TagMemory::Forgotten {
            self.forget_tag();
        }
    }

    /// The tag of the current address space.
    pub fn tag(&self) -> u32 {
        u32::try_from(self.tag).expect("tags are few")
    }

    /// Forgets translations.
    pub fn forget(&mut self, extent: Extent) {
        match extent {
            Extent::Everything => self.forget_everything(),
            Extent::CurrentTag => self.forget_tag(),
            Extent::Range { first, last } => self.forget_range(first.number(), last.number()),
        }
    }

    /// Shows the page that the guest has touched, and those beside it that it has used before. `paging` is `None` while
    /// the guest has paging off.
    ///
    /// # Errors
    /// [`Miss`] if the guest cannot go on just so.
    pub fn fill(
        &mut self,
        paging: Option<&GuestPaging>,
        guest: &impl GuestFrames,
        address: GuestVirtAddr,
        access: Access,
    ) -> Result<(), Miss> {
        if address.number() >= HOLE {
            return Err(WalkError::Fault(access.code(PageFaultCode::PROTECTION)).into());
        }
        let translation = match paging {
            Some(paging) => paging.walk(guest, address, access)?,
            None => one_to_one(address),
        };
        let frame = guest.frame(translation.page).ok_or(Miss::Elsewhere(translation.page))?;
        let table = self.table_of(address)?;
        let page = address.number() / PAGE_BYTES;
        self.memory.store(table, table_index(address.number()), page_entry(&translation, frame));
        for page in page - page % AROUND..page - page % AROUND + AROUND {
            let index = page % ENTRIES;
            if self.memory.load(table, index).contains(PageEntry::PRESENT) {
                continue;
            }
            let beside = GuestVirtAddr::new(page * PAGE_BYTES);
            let translation = match paging {
                Some(paging) => paging.used_before(guest, beside),
                None => Some(one_to_one(beside)),
            };
            let Some(translation) = translation else { continue };
            if let Some(frame) = guest.used_frame(translation.page) {
                self.memory.store(table, index, page_entry(&translation, frame));
            }
        }
        Ok(())
    }

    /// The frame that the guest's kernel accesses at an address without asking; `None` if its next access is a page fault,
    /// or the address is the hypervisor's.
    #[inline(always)]
    pub fn shown(&self, address: GuestVirtAddr, kind: AccessKind) -> Option<Frame> {
        let needed = match kind {
            AccessKind::Read => PageEntry::PRESENT,
            AccessKind::Write => PageEntry::PRESENT.union(PageEntry::WRITABLE),
        };
        let root = self.roots[self.tag].filter(|_| address.number() < HOLE)?;
        let table = self.memory.load(root, directory_index(address.number()));
        if !table.contains(PageEntry::PRESENT) {
            return None;
        }
        let table = Frame::containing(PhysAddr::new(table.frame()));
        let page = self.memory.load(table, table_index(address.number()));
        page.contains(needed).then(|| Frame::containing(PhysAddr::new(page.frame())))
    }

    /// Tables and roots in use.
    pub const fn tables(&self) -> u32 {
        self.tables
    }

    /// The table of an address below the hole. If there is no room for another one, everything else is forgotten.
    fn table_of(&mut self, address: GuestVirtAddr) -> Result<Frame, Miss> {
        match self.existing_table_of(address) {
            Err(Miss::NoFrame) => {
                self.forget_everything();
                self.existing_table_of(address)
            }
            found => found,
        }
    }

    fn existing_table_of(&mut self, address: GuestVirtAddr) -> Result<Frame, Miss> {
        let root = self.root()?;
        let index = directory_index(address.number());
        let entry = self.memory.load(root, index);
        if entry.contains(PageEntry::PRESENT) {
            return Ok(Frame::containing(PhysAddr::new(entry.frame())));
        }
        let table = self.allocate()?;
        if index < KERNEL_FIRST {
            self.memory.store(root, index, table_entry(table));
        } else {
            self.kernel[(index - KERNEL_FIRST) as usize] = Some(table);
            for root in self.roots.iter().flatten() {
                self.memory.store(*root, index, table_entry(table));
            }
        }
        Ok(table)
    }

    fn allocate(&mut self) -> Result<Frame, Miss> {
        let table = if self.tables < TABLES_MAX { self.memory.allocate_table() } else { None };
        self.tables += u32::from(table.is_some());
        table.ok_or(Miss::NoFrame)
    }

    fn free(&mut self, table: Frame) {
        self.memory.free_table(table);
        self.tables -= 1;
    }

    fn forget_everything(&mut self) {
        for index in 0..ROOTS {
            if let Some(root) = self.roots[index].take() {
                self.free_below_kernel(root);
                self.free(root);
            }
        }
        for index in 0..KERNEL_TABLES {
            if let Some(table) = self.kernel[index].take() {
                self.free(table);
            }
        }
    }

    fn forget_tag(&mut self) {
        if let Some(root) = self.roots[self.tag] {
            self.free_below_kernel(root);
        }
    }

    /// Takes all tables out of a root that no other root has.
    fn free_below_kernel(&mut self, root: Frame) {
        for index in 0..KERNEL_FIRST {
            let entry = self.memory.load(root, index);
            if entry.contains(PageEntry::PRESENT) {
                self.memory.store(root, index, PageEntry::empty());
                self.free(Frame::containing(PhysAddr::new(entry.frame())));
            }
        }
    }

    fn forget_range(&mut self, first: u32, last: u32) {
        let (first, last) = (first / PAGE_BYTES, last.min(HOLE - 1) / PAGE_BYTES);
        if last.saturating_sub(first) >= RANGE_PAGES_MAX {
            return self.forget_everything();
        }
        let Some(root) = self.roots[self.tag] else { return self.forget_kernel_range(first, last) };
        for page in first..=last {
            let entry = self.memory.load(root, directory_index(page * PAGE_BYTES));
            if entry.contains(PageEntry::PRESENT) {
                let table = Frame::containing(PhysAddr::new(entry.frame()));
                self.memory.store(table, page % ENTRIES, PageEntry::empty());
            }
        }
    }

    /// Forgets the kernel's pages of a range while the current tag has no root.
    fn forget_kernel_range(&mut self, first: u32, last: u32) {
        for page in first.max(KERNEL_HALF / PAGE_BYTES)..=last {
            if let Some(table) = self.kernel[(page / ENTRIES - KERNEL_FIRST) as usize] {
                self.memory.store(table, page % ENTRIES, PageEntry::empty());
            }
        }
    }
}

impl<M: ShadowMemory> Drop for Shadow<M> {
    fn drop(&mut self) {
        self.forget_everything();
    }
}

/// Memory as a guest without paging sees it.
const fn one_to_one(address: GuestVirtAddr) -> Translation {
    let page = GuestPhysAddr::new(address.number() & !(PAGE_BYTES - 1));
    Translation { page, rights: PageEntry::WRITABLE.union(PageEntry::USER) }
}

/// The entry of a root that leads to a table: rights are those of the pages.
const fn table_entry(table: Frame) -> PageEntry {
    let flags = PageEntry::PRESENT.union(PageEntry::WRITABLE).union(PageEntry::USER);
    flags.union(PageEntry::ACCESSED).with_frame(table.base().get())
}

/// The entry of a page. Its accessed and dirty bits are set, so that the processor need not.
const fn page_entry(translation: &Translation, frame: Frame) -> PageEntry {
    let used = PageEntry::PRESENT.union(PageEntry::ACCESSED).union(PageEntry::DIRTY);
    used.union(translation.rights).with_frame(frame.base().get())
}

#[cfg(test)]
mod tests;
