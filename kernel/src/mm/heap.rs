//! The heap: talc on rows of direct frames, taken when they are needed.
//!
//! Allocation works from the moment the kernel's address space is active, in tasks only. When no row is left, the allocation fails:
//! `alloc` then panics with the size asked for, callers that can do without use fallible calls.
#![expect(unsafe_code, reason = "implements the heap's source of memory, and is the global allocator")]

use core::alloc::Layout;
use core::sync::atomic::{AtomicU32, Ordering};

use i586::page::PAGE_BYTES;
use talc::TalcLock;
use talc::base::Talc;
use talc::base::binning::Binning;
use talc::source::Source;

use super::kernel_space;
use super::task_mutex::TaskMutex;

/// Least that is taken at a time.
const STEP_BYTES: usize = 256 << 10;

/// Bytes added to a request for the allocator's own book-keeping.
const OVERHEAD_BYTES: usize = 4096;

/// Frames that the heap has taken.
static FRAMES: AtomicU32 = AtomicU32::new(0);

/// Frames that the heap has taken so far; it gives none back. Any context.
#[must_use]
pub fn frames() -> u32 {
    FRAMES.load(Ordering::Relaxed)
}

/// Frames of the direct map, for ever.
#[derive(Debug)]
struct Frames;

// SAFETY: memory comes from the frame allocator, which never hands it out again; the heap itself is not used here.
unsafe impl Source for Frames {
    fn acquire<B: Binning>(heap: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        let wanted =
            layout.size().saturating_add(layout.align()).saturating_add(OVERHEAD_BYTES).max(STEP_BYTES);
        let frames = u32::try_from(wanted.div_ceil(PAGE_BYTES as usize)).map_err(|_| ())?;
        let address = kernel_space::allocate_direct(frames).ok_or(())?;
        FRAMES.store(FRAMES.load(Ordering::Relaxed) + frames, Ordering::Relaxed);
        let start = core::ptr::with_exposed_provenance_mut::<u8>(address as usize);
        // SAFETY: the row is mapped, writable and nobody else's.
        unsafe { heap.claim(start, frames as usize * PAGE_BYTES as usize) }.map(|_| ()).ok_or(())
    }
}

#[global_allocator]
static HEAP: TalcLock<TaskMutex, Frames> = TalcLock::new(Frames);
