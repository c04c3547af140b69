//! `malloc` and `free`: all memory behind the program, up to what the guest was given.
//!
//! ```text
//! before the block   its size, padded to the alignment of a block
//! the block          what C gets
//! ```
#![expect(unsafe_code, reason = "hands out memory by pointer, to C")]

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicU32, Ordering};

use talc::TalcCell;
use talc::base::Talc;
use talc::base::binning::{Binning, DefaultBinning};
use talc::cell::TalcSyncCell;
use talc::source::Source;

/// What C may expect of any block.
const ALIGNMENT: usize = 16;

/// End of the guest's memory; 0 once the heap has it.
static END: AtomicU32 = AtomicU32::new(0);

/// Notes where the guest's memory ends.
pub(crate) fn set_end(end: u32) {
    END.store(end, Ordering::Relaxed);
}

// SAFETY: the linker script defines it; only its address is taken.
unsafe extern "C" {
    static guest_image_end: u8;
}

/// The memory behind the program.
#[derive(Debug)]
struct Behind;

// SAFETY: the memory is claimed once, and nobody else uses it: the program and its stack end before.
unsafe impl Source for Behind {
    fn acquire<B: Binning>(heap: &mut Talc<Self, B>, _: Layout) -> Result<(), ()> {
        let start = (&raw const guest_image_end).expose_provenance();
        let end = END.swap(0, Ordering::Relaxed) as usize;
        let bytes = end.checked_sub(start).ok_or(())?;
        let place = core::ptr::with_exposed_provenance_mut::<u8>(start);
        // SAFETY: mapped, writable, nobody else's.
        unsafe { heap.claim(place, bytes) }.map(|_| ()).ok_or(())
    }
}

// SAFETY: a guest has one thread and takes no interrupts.
#[global_allocator]
static HEAP: TalcSyncCell<Behind, DefaultBinning> = unsafe { TalcSyncCell::new(TalcCell::new(Behind)) };

/// Layout of a block of `bytes` bytes with what lies before it; `None` if there is none as large.
fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.checked_add(ALIGNMENT)?, ALIGNMENT).ok()
}

/// A block of at least `bytes` bytes, or null.
#[unsafe(no_mangle)]
extern "C" fn malloc(bytes: usize) -> *mut u8 {
    let Some(layout) = layout(bytes) else { return core::ptr::null_mut() };
    // SAFETY: the layout is not empty.
    let whole = unsafe { HEAP.alloc(layout) };
    if whole.is_null() {
        return whole;
    }
    // SAFETY: the block has room for the size before what C gets, and is aligned for it.
    unsafe {
        whole.cast::<usize>().write(bytes);
        whole.add(ALIGNMENT)
    }
}

/// A block of zeroes for `count` things of `bytes` bytes, or null.
#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, bytes: usize) -> *mut u8 {
    let Some(bytes) = count.checked_mul(bytes) else { return core::ptr::null_mut() };
    let block = malloc(bytes);
    if !block.is_null() {
        // SAFETY: the block has these bytes.
        unsafe { block.write_bytes(0, bytes) };
    }
    block
}

/// Gives a block back.
///
/// # Safety
/// It is null, or came from here and was not given back yet.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut u8) {
    if block.is_null() {
        return;
    }
    // SAFETY: the caller's duty; the size lies before the block, and the layout is that of its allocation.
    unsafe {
        let whole = block.sub(ALIGNMENT);
        let layout = layout(whole.cast::<usize>().read()).expect("the block was allocated with it");
        HEAP.dealloc(whole, layout);
    }
}
