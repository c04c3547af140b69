//! Wakers of boxed tasks, which count as references.
#![expect(unsafe_code, reason = "implements `RawWakerVTable`")]

use core::task::{RawWaker, RawWakerVTable};

use crate::task::state::Storage;
use crate::waker::{Kind, task, wake_by_reference};

/// Wakers of tasks in counted storage.
#[derive(Debug)]
pub(crate) struct Counted;

impl Kind for Counted {
    const FUNCTIONS: &'static RawWakerVTable =
        &RawWakerVTable::new(clone_counted, wake_counted, wake_by_reference, drop_counted);
}

/// Copies a waker of a boxed task.
///
/// # Safety
/// As in the contract of `RawWaker`: the data is that of a waker with these functions.
unsafe fn clone_counted(data: *const ()) -> RawWaker {
    // SAFETY: called with the data of a waker.
    unsafe { task(data) }.header().state.add_reference();
    RawWaker::new(data, Counted::FUNCTIONS)
}

/// Wakes the task and drops the waker.
///
/// # Safety
/// As in the contract of `RawWaker`: the data is that of a waker with these functions.
unsafe fn wake_counted(data: *const ()) {
    // SAFETY: called with the data of a waker, which is still counted.
    unsafe { task(data) }.wake();
    // SAFETY: this call is the waker's end.
    unsafe { drop_counted(data) };
}

/// Drops a waker of a boxed task.
///
/// # Safety
/// As in the contract of `RawWaker`: the data is that of a waker with these functions.
unsafe fn drop_counted(data: *const ()) {
    // SAFETY: called with the data of a waker, which is still counted.
    let task = unsafe { task(data) };
    if task.header().state.drop_reference() == Storage::Release {
        // Nothing refers to the task, so its link is ours: it is finished and not queued. The executor, which takes
        // it out of the queue, frees it.
        task.push();
    }
}
