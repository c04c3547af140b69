//! Shadow tables over a fake memory that counts what is taken.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::*;
use crate::hypervisor::guest_memory::OutsideMemory;
use crate::hypervisor::guest_paging::{KernelWrites, LargePages, Ring};
use crate::hypervisor::host_memory::HostMemory;

const READ: Access = Access { kind: AccessKind::Read, ring: Ring::Kernel };
const WRITE: Access = Access { kind: AccessKind::Write, ring: Ring::Kernel };
/// Frame of the guest's page 0 in the fake.
const GUEST_BASE: u32 = 0x4000_0000;
const HOLE_TABLE: u32 = 0x7000_0000;
const GUEST_BYTES: u32 = 0x10_0000;

fn frame(address: u32) -> Frame {
    Frame::containing(PhysAddr::new(address))
}

fn at(number: u32) -> GuestVirtAddr {
    GuestVirtAddr::new(number)
}

/// Tables in use with their entries.
#[derive(Clone, Default)]
struct Tables {
    state: Rc<RefCell<BTreeMap<u32, BTreeMap<u32, u32>>>>,
    most: usize,
}

impl TableMemory for Tables {
    fn allocate_table(&mut self) -> Option<Frame> {
        let mut tables = self.state.borrow_mut();
        let free = (1..).map(|number| number * PAGE_BYTES).find(|place| !tables.contains_key(place))?;
        (tables.len() < self.most).then(|| {
            tables.insert(free, BTreeMap::new());
            frame(free)
        })
    }

    fn load(&self, table: Frame, index: u32) -> PageEntry {
        let word = self.state.borrow()[&table.base().get()].get(&index).copied().unwrap_or(0);
        PageEntry::from_bits_retain(word)
    }

    fn store(&mut self, table: Frame, index: u32, entry: PageEntry) {
        let mut tables = self.state.borrow_mut();
        tables.get_mut(&table.base().get()).expect("a table in use").insert(index, entry.bits());
    }
}

impl ShadowMemory for Tables {
    fn free_table(&mut self, table: Frame) {
        assert!(self.state.borrow_mut().remove(&table.base().get()).is_some(), "freed twice");
    }
}

struct Guest(HostMemory);

impl GuestMemory for Guest {
    fn bytes(&self) -> u32 {
        self.0.bytes()
    }

    fn read(&self, from: GuestPhysAddr, into: &mut [u8]) -> Result<(), OutsideMemory> {
        self.0.read(from, into)
    }

    fn write(&self, to: GuestPhysAddr, bytes: &[u8]) -> Result<(), OutsideMemory> {
        self.0.write(to, bytes)
    }
}

impl GuestFrames for Guest {
    fn frame(&self, page: GuestPhysAddr) -> Option<Frame> {
        (page.number() < self.bytes()).then(|| frame(GUEST_BASE + page.number()))
    }

    fn used_frame(&self, page: GuestPhysAddr) -> Option<Frame> {
        self.frame(page)
    }
}

fn guest() -> Guest {
    Guest(HostMemory::new(GUEST_BYTES))
}

fn shadow(most: usize) -> (Shadow<Tables>, Tables) {
    let tables = Tables { most, ..Tables::default() };
    (Shadow::new(tables.clone(), frame(HOLE_TABLE)), tables)
}

/// What the processor would find for an address in the current root.
fn shown(shadow: &mut Shadow<Tables>, address: u32) -> Option<u32> {
    let root = shadow.root().unwrap();
    let directory = shadow.memory.load(root, directory_index(address));
    if !directory.contains(PageEntry::PRESENT) {
        return None;
    }
    let entry = shadow.memory.load(frame(directory.frame()), table_index(address));
    entry.contains(PageEntry::PRESENT).then_some(entry.bits())
}

#[test]
fn guest_without_paging_sees_its_memory_one_to_one_and_nothing_else() {
    let (mut shadow, _) = shadow(10);
    let guest = guest();
    shadow.fill(None, &guest, at(0x1234), READ).unwrap();
    assert_eq!(shown(&mut shadow, 0x1000), Some(GUEST_BASE + 0x1067));
    assert_eq!(shown(&mut shadow, 0x7000), Some(GUEST_BASE + 0x7067));
    assert_eq!(shown(&mut shadow, 0x8000), None);
    let outside = shadow.fill(None, &guest, at(GUEST_BYTES), READ);
    assert_eq!(outside, Err(Miss::Elsewhere(GuestPhysAddr::new(GUEST_BYTES))));
}

#[test]
fn hole_is_in_every_root_and_is_not_filled() {
    let (mut shadow, _) = shadow(10);
    for tag in 0..TAGS {
        shadow.switch(tag, TagMemory::Kept);
        let root = shadow.root().unwrap();
        assert_eq!(shadow.memory.load(root, HOLE_FIRST).frame(), HOLE_TABLE);
        let refused = shadow.fill(None, &guest(), at(HOLE + 0x5000), WRITE);
        assert!(matches!(refused, Err(Miss::Guest(WalkError::Fault(code))) if code.bits() == 3));
    }
}

/// A guest whose directory at 0x1000 maps page 0 and, in the kernel's half, KERNEL_HALF to page 0x9000.
fn paged() -> (Guest, GuestPaging) {
    let guest = guest();
    for (place, word) in [
        (0x1000, 0x2007_u32),
        (0x2000, 0x8007),
        (0x1000 + 4 * KERNEL_FIRST, 0x3003),
        (0x3000, 0x9003),
        (0x3004, 0xA07F),
        (0x3008, 0xB01B),
    ] {
        guest.write(GuestPhysAddr::new(place), &word.to_le_bytes()).unwrap();
    }
    let directory = GuestPhysAddr::new(0x1000);
    (guest, GuestPaging { directory, large_pages: LargePages::Off, kernel_writes: KernelWrites::Checked })
}

#[test]
fn guests_bits_for_caching_are_not_copied() {
    let (mut shadow, _) = shadow(10);
    let (guest, paging) = paged();
    shadow.fill(Some(&paging), &guest, at(KERNEL_HALF + 0x2000), WRITE).unwrap();
    assert_eq!(shown(&mut shadow, KERNEL_HALF + 0x2000), Some(GUEST_BASE + 0xB063));
    // Used before, dirty, with all of these bits set: shown along with it.
    assert_eq!(shown(&mut shadow, KERNEL_HALF + 0x1000), Some(GUEST_BASE + 0xA063));
    assert_eq!(shown(&mut shadow, KERNEL_HALF), None);
}

#[test]
fn kernels_half_is_shared_by_all_tags_and_the_rest_is_not() {
    let (mut shadow, _) = shadow(10);
    let (guest, paging) = paged();
    shadow.switch(3, TagMemory::Forgotten);
    shadow.fill(Some(&paging), &guest, at(0), WRITE).unwrap();
    shadow.fill(Some(&paging), &guest, at(KERNEL_HALF), WRITE).unwrap();
    shadow.switch(5, TagMemory::Kept);
    assert_eq!(shown(&mut shadow, 0), None);
    assert_eq!(shown(&mut shadow, KERNEL_HALF), Some(GUEST_BASE + 0x9063));
    shadow.switch(3, TagMemory::Kept);
    assert_eq!(shown(&mut shadow, 0), Some(GUEST_BASE + 0x8067));
    shadow.switch(3, TagMemory::Forgotten);
    assert_eq!(shown(&mut shadow, 0), None);
    assert_eq!(shown(&mut shadow, KERNEL_HALF), Some(GUEST_BASE + 0x9063));
}

#[test]
fn what_is_forgotten_is_what_was_named() {
    let (mut shadow, tables) = shadow(10);
    let (guest, paging) = paged();
    let fill = |shadow: &mut Shadow<Tables>| {
        shadow.fill(Some(&paging), &guest, at(0), WRITE).unwrap();
        shadow.fill(Some(&paging), &guest, at(KERNEL_HALF), WRITE).unwrap();
    };
    fill(&mut shadow);
    shadow.forget(Extent::Range { first: at(0xFFF), last: at(0x1000) });
    assert_eq!((shown(&mut shadow, 0), shown(&mut shadow, KERNEL_HALF).is_some()), (None, true));
    fill(&mut shadow);
    shadow.forget(Extent::CurrentTag);
    assert_eq!((shown(&mut shadow, 0), shown(&mut shadow, KERNEL_HALF).is_some()), (None, true));
    fill(&mut shadow);
    shadow.switch(1, TagMemory::Kept);
    shadow.forget(Extent::Range { first: at(KERNEL_HALF), last: at(u32::MAX) });
    assert_eq!(shown(&mut shadow, KERNEL_HALF), None);
    fill(&mut shadow);
    shadow.forget(Extent::Everything);
    assert_eq!(tables.state.borrow().len(), 0);
    assert_eq!(shadow.tables(), 0);
}

#[test]
fn range_of_a_tag_without_root_reaches_the_kernels_pages() {
    let (mut shadow, _) = shadow(10);
    let (guest, paging) = paged();
    shadow.fill(Some(&paging), &guest, at(KERNEL_HALF), WRITE).unwrap();
    shadow.switch(4, TagMemory::Kept);
    shadow.forget(Extent::Range { first: at(KERNEL_HALF), last: at(KERNEL_HALF + 0x1000) });
    shadow.switch(0, TagMemory::Kept);
    assert_eq!(shown(&mut shadow, KERNEL_HALF), None);
}

#[test]
fn full_shadow_starts_anew_and_all_tables_come_back() {
    let (mut shadow, tables) = shadow(2);
    let (guest, paging) = paged();
    shadow.fill(Some(&paging), &guest, at(0), READ).unwrap();
    shadow.fill(Some(&paging), &guest, at(KERNEL_HALF), READ).unwrap();
    assert_eq!(shown(&mut shadow, 0), None);
    assert_eq!(tables.state.borrow().len(), 2);
    drop(shadow);
    assert_eq!(tables.state.borrow().len(), 0);
    let (mut none, _) = self::shadow(1);
    assert_eq!(none.fill(Some(&paging), &guest, at(0), READ), Err(Miss::NoFrame));
}

#[test]
fn kernel_finds_by_the_shadow_what_it_would_not_fault_on() {
    let (mut shadow, _) = shadow(10);
    let guest = guest();
    let kernel = |shadow: &Shadow<Tables>, kind| shadow.shown(at(0x5000), kind);
    assert_eq!(kernel(&shadow, AccessKind::Read), None);
    shadow.fill(None, &guest, at(0x5000), READ).unwrap();
    let shown = Some(frame(GUEST_BASE + 0x5000));
    assert_eq!((kernel(&shadow, AccessKind::Read), kernel(&shadow, AccessKind::Write)), (shown, shown));
    assert_eq!(shadow.shown(at(HOLE), AccessKind::Read), None);
    shadow.forget(Extent::Everything);
    assert_eq!(kernel(&shadow, AccessKind::Read), None);
}
