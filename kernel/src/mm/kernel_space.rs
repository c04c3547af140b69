//! The kernel's own address space, and the frames it is made from.
//!
//! The start code maps as much as it takes to get here. [`set_up`] finds the free memory, builds the final tables from
//! it (direct map, stacks with guard pages, device windows) and switches to them. Nothing else is ever mapped at
//! addresses below the direct map.
#![expect(unsafe_code, reason = "page tables are memory; CR3")]

use core::arch::asm;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicU32, Ordering};

use i586::page::{ENTRIES, PAGE_BYTES, PageEntry, table_index};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;
use spin::Once;
use trace_format::symbols::SymbolTable;

use super::address_space::{Access, AddressSpace, MapError, TableMemory};
use super::frame::{Frame, FrameAllocator, Zone};
use super::image;
use crate::arch::i586::interrupt_cell::InterruptCell;
use crate::arch::i586::{cpu, descriptors, start};
use crate::layout;
use crate::platform::machine;

/// Most memory that is managed: the private memory of a core of the largest board, 84 windows of 16 MB.
pub const MOST_BYTES: u32 = 84 << 24;
/// Frames that are taken or freed with interrupts held back.
const FRAMES_AT_ONCE: u32 = 64;
/// Words of the bitmap.
const BITMAP_WORDS: usize = FrameAllocator::words_for(MOST_BYTES) as usize;

#[unsafe(link_section = ".bss.uninitialised.bitmap")]
static BITMAP: InterruptCell<[u32; BITMAP_WORDS]> = InterruptCell::new([0; BITMAP_WORDS]);

/// What [`set_up`] has made.
struct KernelMemory {
    frames: FrameAllocator<'static>,
    space: AddressSpace,
    /// Table of the pages from [`layout::FRAME_WINDOWS`] on.
    window: Frame,
}

/// What whoever loaded the image has left as the list of guests.
static GUESTS: Once<&'static [u8]> = Once::new();
/// Addresses of the frames that the windows show; 0 for none.
static SHOWN: [AtomicU32; layout::FRAME_WINDOW_COUNT] =
    [const { AtomicU32::new(0) }; layout::FRAME_WINDOW_COUNT];
/// First byte of the memory that is kept for lending.
static POOL: Once<PhysAddr> = Once::new();
static SYMBOLS: Once<SymbolTable<'static>> = Once::new();

static MEMORY: InterruptCell<Option<KernelMemory>> = InterruptCell::new(None);

/// Page tables in the direct map.
struct DirectTables<'a>(&'a mut FrameAllocator<'static>);

impl TableMemory for DirectTables<'_> {
    fn allocate_table(&mut self) -> Option<Frame> {
        let frame = self.0.allocate(Zone::Direct)?;
        read_lines(virtual_of(frame.base()), PAGE_BYTES);
        (0..ENTRIES).for_each(|index| self.store(frame, index, PageEntry::empty()));
        Some(frame)
    }

    fn load(&self, table: Frame, index: u32) -> PageEntry {
        // SAFETY: tables are direct frames, and the index lies within.
        PageEntry::from_bits_retain(unsafe { slot(table, index).read_volatile() })
    }

    fn store(&mut self, table: Frame, index: u32, entry: PageEntry) {
        // SAFETY: tables are direct frames of their own, and the index lies within.
        unsafe { slot(table, index).write_volatile(entry.bits()) };
    }
}

fn slot(table: Frame, index: u32) -> *mut u32 {
    assert!(index < ENTRIES, "a page table has 1024 entries");
    with_exposed_provenance_mut((virtual_of(table.base()) + 4 * index) as usize)
}

/// Where the direct map shows a frame of [`Zone::Direct`].
const fn virtual_of(address: PhysAddr) -> u32 {
    layout::DIRECT_MAP + address.get()
}

/// Brings the lines of a range into the caches. They do not allocate on writes: without this, every store to memory
/// that is touched for the first time would be a transaction of its own.
pub(super) fn read_lines(first: u32, bytes: u32) {
    for address in (first..first + bytes).step_by(32) {
        // SAFETY: callers pass mapped memory; what is read is dropped.
        unsafe { with_exposed_provenance_mut::<u32>(address as usize).read_volatile() };
    }
}

/// Finds the free memory and switches to the final address space. Once, with the first 4 MB mapped.
///
/// # Errors
/// [`MapError::OutOfFrames`] if the memory is too small for its own page tables.
pub fn set_up() -> Result<(), MapError> {
    let bytes = machine::private_bytes();
    let direct = bytes.min(layout::DIRECT_MAP_BYTES);
    let end = image::symbols_end();
    let guests = machine::guest_list().filter(|(first, bytes)| *bytes <= direct.saturating_sub(first.get()));
    // SAFETY: this runs once, and nobody else uses the bitmap's cell.
    let bitmap = unsafe { &mut *BITMAP.address() };
    let words = FrameAllocator::words_for(bytes) as usize;
    let bitmap = bitmap.get_mut(..words).unwrap_or_default();
    read_lines(
        u32::try_from(bitmap.as_ptr().addr()).expect("addresses have 32 bits"),
        4 * FrameAllocator::words_for(bytes),
    );
    let mut frames = FrameAllocator::new(bitmap, bytes, direct);
    let (list, list_end) = guests
        .map_or((end - layout::DIRECT_MAP, end - layout::DIRECT_MAP), |(first, bytes)| {
            (first.get(), first.get() + bytes)
        });
    frames.release(PhysAddr::new(end - layout::DIRECT_MAP), PhysAddr::new(list - list % PAGE_BYTES));
    let pool = Some(bytes - machine::lendable_bytes(bytes)).filter(|first| (list_end..bytes).contains(first));
    frames.release(PhysAddr::new(list_end), PhysAddr::new(pool.unwrap_or(bytes)));
    if let Some(first) = pool {
        POOL.call_once(|| PhysAddr::new(first));
    }
    start::map_room(PhysAddr::new(list_end));

    let memory = &mut DirectTables(&mut frames);
    let space = AddressSpace::new(memory).ok_or(MapError::OutOfFrames { page: layout::DIRECT_MAP })?;
    // Page 0 stays unmapped.
    let (constant, variable) = (image::read_only_start(), image::read_only_end());
    for (first, end, access) in [
        (layout::DIRECT_MAP + PAGE_BYTES, constant, Access::Writable),
        (constant, variable, Access::ReadOnly),
        (variable, layout::DIRECT_MAP + direct, Access::Writable),
    ] {
        let frame = PhysAddr::new(first - layout::DIRECT_MAP);
        space.map_row(memory, first, end, frame, MemoryType::WriteBack, access)?;
    }
    let stacks = image::stacks();
    for (first, end, frame) in [
        (layout::BOOT_STACK, layout::BOOT_STACK_END, stacks),
        (layout::FAULT_STACK, layout::FAULT_STACK_END, stacks.wrapping_add(layout::BOOT_STACK_BYTES)),
    ] {
        space.map_row(memory, first, end, frame, MemoryType::WriteBack, Access::Writable)?;
    }
    let mut mapped = Ok(());
    machine::for_each_device_page(|index, frame, kind| {
        let page = layout::DEVICES + index * PAGE_BYTES;
        if mapped.is_ok() {
            mapped = space.map(memory, page, frame, kind, Access::Writable);
        }
    });
    mapped?;
    let window = space.table_for(memory, layout::FRAME_WINDOWS)?;
    activate(space);
    if let Some((first, bytes)) = guests {
        GUESTS.call_once(|| image::constant_bytes(first, bytes));
    }
    let symbols = image::symbol_table_bytes((end - image::end()) as usize);
    if let Ok(symbols) = SymbolTable::parse(symbols) {
        SYMBOLS.call_once(|| symbols);
    }
    MEMORY.with(|memory| *memory = Some(KernelMemory { frames, space, window }));
    Ok(())
}

fn activate(space: AddressSpace) {
    let directory = space.directory().base().get();
    // SAFETY: the new space shows everything in use (image, stacks, devices) where it was; the start code's low
    // addresses are behind us.
    unsafe { asm!("mov cr3, {}", in(reg) directory, options(nostack, preserves_flags)) };
    descriptors::set_kernel_directory(directory);
}

/// Frames that are free. 0 before [`set_up`].
#[must_use]
pub fn available_frames() -> u32 {
    MEMORY.with(|memory| memory.as_ref().map_or(0, |memory| memory.frames.available()))
}

/// Takes a frame. `None` if there is none.
pub fn allocate_frame(zone: Zone) -> Option<Frame> {
    MEMORY.with(|memory| memory.as_mut()?.frames.allocate(zone))
}

/// Takes frames back that were taken one by one.
///
/// # Panics
/// If one was not taken.
pub fn free_frames(frames: impl IntoIterator<Item = Frame>) {
    let mut frames = frames.into_iter().peekable();
    while frames.peek().is_some() {
        MEMORY.with(|memory| {
            let memory = memory.as_mut().expect("frames were taken after the kernel's space was made");
            for frame in frames.by_ref().take(FRAMES_AT_ONCE as usize) {
                memory.frames.free(frame).unwrap_or_else(|error| panic!("{error}"));
            }
        });
    }
}

/// Takes up to `count` frames, those outside the direct map first, hands each to `take`, and returns how many.
pub fn allocate_frames(count: u32, mut take: impl FnMut(Frame)) -> u32 {
    let mut taken = 0;
    while taken < count {
        let wanted = (count - taken).min(FRAMES_AT_ONCE);
        let more = MEMORY.with(|memory| {
            memory.as_mut().map_or(0, |memory| memory.frames.allocate_many(wanted, &mut take))
        });
        taken += more;
        if more < wanted {
            break;
        }
    }
    taken
}

/// Shows a frame beyond the direct map on its page for such frames, and returns the page's address. Task context.
#[inline]
pub(super) fn show_in_window(frame: Frame) -> u32 {
    let address = frame.base().get();
    let index = window_of(address);
    // The index is below the number of windows.
    let page = layout::FRAME_WINDOWS + PAGE_BYTES * u32::try_from(index).unwrap_or(0);
    if SHOWN[index].load(Ordering::Relaxed) != address {
        change_window(index, page, address);
    }
    page
}

/// The number of the page for a frame. A guest's frames lie in a row, and those that it uses together often have distances
/// that are powers of two, so the bits above count as well.
const fn window_of(address: u32) -> usize {
    let number = (address / PAGE_BYTES) as usize;
    let bits = layout::FRAME_WINDOW_COUNT.ilog2();
    (number ^ number >> bits) % layout::FRAME_WINDOW_COUNT
}

#[cold]
fn change_window(index: usize, page: u32, address: u32) {
    MEMORY.with(|memory| {
        let memory = memory.as_mut().expect("frames are touched after the kernel's space is made");
        let entry = PageEntry::PRESENT.union(PageEntry::WRITABLE).with_frame(address);
        DirectTables(&mut memory.frames).store(memory.window, table_index(page), entry);
    });
    cpu::forget_page(page);
    SHOWN[index].store(address, Ordering::Relaxed);
}

/// The list of guests as whoever loaded the image has left it; `None` if there is none. Any context.
#[must_use]
pub fn guests() -> Option<&'static [u8]> {
    GUESTS.get().copied()
}

/// Takes `count` frames in a row of the direct map and returns their virtual address.
pub fn allocate_direct(count: u32) -> Option<u32> {
    let first = MEMORY.with(|memory| memory.as_mut()?.frames.allocate_row(count, Zone::Direct))?;
    Some(virtual_of(first.base()))
}

/// Shows `bytes` of core-physical space at a virtual address, writable. In the part that [`layout`] sets aside for it.
///
/// # Errors
/// [`MapError`]; part of it may be mapped then.
///
/// # Panics
/// Before [`set_up`], and outside that part.
pub fn map_window(first: u32, bytes: u32, shown: PhysAddr, kind: MemoryType) -> Result<(), MapError> {
    let part = layout::REACH..=layout::POOLS_END;
    assert!(
        part.contains(&first) && part.contains(&(first + bytes)),
        "windows lie in their part of the space"
    );
    MEMORY.with(|memory| {
        let memory = memory.as_mut().expect("windows are mapped after the kernel's space is made");
        let tables = &mut DirectTables(&mut memory.frames);
        memory.space.map_row(tables, first, first + bytes, shown, kind, Access::Writable)
    })
}

/// First byte of the memory that is kept for lending, if there is any; nobody has touched it. Any context.
#[must_use]
pub fn pool() -> Option<PhysAddr> {
    POOL.get().copied()
}

/// The table of the kernel's functions, if whoever loaded the image has left one. Any context.
#[must_use]
pub fn symbols() -> Option<SymbolTable<'static>> {
    SYMBOLS.get().copied()
}
