//! Wakers: references to tasks that any context may use.
//!
//! A waker's data is the pointer to the task's header. Wakers of static tasks are copied and dropped without a trace;
//! those of boxed tasks count references.
#![expect(unsafe_code, reason = "implements `RawWakerVTable`")]

#[cfg(feature = "alloc")]
mod counted;
pub(crate) mod gate;
pub(crate) mod permits;
mod wait_list;

#[cfg(feature = "alloc")]
pub(crate) use counted::Counted;

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::task::{RawWaker, RawWakerVTable, Waker};

use crate::class::Class;
use crate::task::header::{Header, TaskRef};

/// Wakers of one kind of storage. Their functions are constants, so that a poll which calls them has them inlined.
pub(crate) trait Kind {
    /// The functions.
    const FUNCTIONS: &'static RawWakerVTable;
}

/// Wakers of tasks in static storage.
#[derive(Debug)]
pub(crate) struct Static;

impl Kind for Static {
    const FUNCTIONS: &'static RawWakerVTable =
        &RawWakerVTable::new(clone_static, wake_by_reference, wake_by_reference, forget);
}

/// A waker for the length of a poll: not counted, so it must not be dropped.
///
/// # Safety
/// `header` is that of a task in storage of kind `K`.
#[inline(always)]
pub(crate) unsafe fn borrowed<K: Kind>(header: NonNull<Header>) -> ManuallyDrop<Waker> {
    let data = header.as_ptr().cast_const().cast();
    // SAFETY: the functions belong to the storage of this task; they expect a pointer to its header.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(data, K::FUNCTIONS)) })
}

/// Class of the task that a waker wakes; `None` if that is no task of an executor, or the waker is another one around it.
/// Any context.
#[must_use]
pub fn class_of(waker: &Waker) -> Option<Class> {
    task_of(waker).map(|task| task.header().class.get())
}

/// The task of a waker, if it is one of an executor.
#[inline]
pub(crate) fn task_of(waker: &Waker) -> Option<TaskRef> {
    let functions = core::ptr::from_ref(waker.vtable());
    #[cfg(feature = "alloc")]
    let is_ours = functions == core::ptr::from_ref(Static::FUNCTIONS)
        || functions == core::ptr::from_ref(Counted::FUNCTIONS);
    #[cfg(not(feature = "alloc"))]
    let is_ours = functions == core::ptr::from_ref(Static::FUNCTIONS);
    // SAFETY: the waker has not been dropped, and its functions tell whose data it has.
    is_ours.then(|| unsafe { task(waker.data()) })
}

/// The task behind a waker's data.
///
/// # Safety
/// The data is that of a waker that has not been dropped.
#[inline]
unsafe fn task(data: *const ()) -> TaskRef {
    // SAFETY: a waker's data is a pointer to a header, never null.
    let header = unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) };
    // SAFETY: the waker keeps the task alive, or the task's storage is static.
    unsafe { TaskRef::new(header) }
}

/// Copies a waker of a static task.
///
/// # Safety
/// As in the contract of `RawWaker`: the data is that of a waker with these functions.
#[inline]
unsafe fn clone_static(data: *const ()) -> RawWaker {
    RawWaker::new(data, Static::FUNCTIONS)
}

/// Wakes the task.
///
/// # Safety
/// As in the contract of `RawWaker`: the data is that of a waker with these functions.
#[inline]
unsafe fn wake_by_reference(data: *const ()) {
    // SAFETY: called with the data of a waker.
    unsafe { task(data) }.wake();
}

/// Drops a waker of a static task, which leaves nothing to do.
///
/// # Safety
/// As in the contract of `RawWaker`: the data is that of a waker with these functions.
#[inline]
unsafe fn forget(_: *const ()) {}
