//! Tasks in memory from the allocator.
//!
//! A boxed task counts its references: one of the executor, one per waker. The last one frees it; if that is a
//! waker's, the task is queued once more so that the executor frees it, because the waker may be dropped in an
//! interrupt handler, where the allocator must not be called.
#![expect(unsafe_code, reason = "allocates, places and frees tasks")]

use core::alloc::Layout as MemoryLayout;
use core::cell::UnsafeCell;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use alloc::alloc::{alloc, dealloc};

use crate::task::NoRoom;
use crate::task::header::{Header, Identity, TaskRef, VTable};
use crate::task::stage::{self, Aligned, Layout, Stage};
use crate::task::state::Storage;
use crate::waker;

type Boxed<F> = Layout<UnsafeCell<Stage<F>>>;

/// Places a task in a box; the caller starts it.
pub(crate) fn place<F: Future + 'static>(identity: Identity, future: F) -> Result<TaskRef, NoRoom<F>> {
    // SAFETY: the layout is not of size zero, since it has a header.
    let memory = unsafe { alloc(MemoryLayout::new::<Boxed<F>>()) };
    let Some(task) = NonNull::new(memory.cast::<Boxed<F>>()) else {
        return Err(NoRoom { future });
    };
    let storage = Aligned(UnsafeCell::new(Stage { future: ManuallyDrop::new(future) }));
    // SAFETY: the memory was allocated for this layout.
    unsafe { task.write(Layout { header: Header::free(), storage }) };
    // SAFETY: the executor's reference keeps it alive; the pointer is to the whole task.
    let reference = unsafe { TaskRef::new(task.cast()) };
    reference.header().describe(stage::poll::<F, waker::Counted>, const { &box_functions::<F>() }, identity);
    Ok(reference)
}

const fn box_functions<F: Future>() -> VTable {
    VTable {
        drop_future: stage::drop_future::<F>,
        drop_output: stage::drop_output::<F>,
        release: release::<F>,
        deallocate: deallocate::<F>,
    }
}

/// Drops the executor's reference.
///
/// # Safety
/// `header` is that of a boxed task with future `F`, finished and without handle; called once, by the executor.
unsafe fn release<F: Future>(header: NonNull<Header>) {
    // SAFETY: the reference that is dropped here keeps the task alive.
    let state = unsafe { &header.as_ref().state };
    if state.drop_reference() == Storage::Release {
        // SAFETY: that was the last reference.
        unsafe { deallocate::<F>(header) };
    }
}

/// Frees the memory.
///
/// # Safety
/// `header` is that of a boxed task with future `F`, and nothing refers to it any more.
unsafe fn deallocate<F: Future>(header: NonNull<Header>) {
    let memory = header.cast::<Boxed<F>>().as_ptr();
    // SAFETY: the task was written when it was placed, and nothing uses it. A stage has no destructor of its own.
    unsafe { memory.drop_in_place() };
    // SAFETY: allocated with this layout by `place`.
    unsafe { dealloc(memory.cast(), MemoryLayout::new::<Boxed<F>>()) };
}
