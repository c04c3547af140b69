//! A future and, later in the same place, its output; and the functions of a task that know their types.
#![expect(unsafe_code, reason = "the place of a future is known by offset only")]

use core::mem::{ManuallyDrop, offset_of};
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};

use crate::task::header::{Ending, Header};
use crate::waker::{self, Kind};

/// The largest alignment of a task's future and output.
pub(crate) const ALIGNMENT: usize = 16;

/// A future or its output. Which, or neither, says the state word of the task.
#[repr(C)]
pub(crate) union Stage<F: Future> {
    pub(crate) future: ManuallyDrop<F>,
    pub(crate) output: ManuallyDrop<F::Output>,
}

/// A task with storage `S`, in which the stage is at the same distance from the header for every `S`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Layout<S> {
    pub(crate) header: Header,
    pub(crate) storage: Aligned<S>,
}

/// Storage on the largest alignment.
#[derive(Debug)]
#[repr(C, align(16))]
pub(crate) struct Aligned<S>(pub(crate) S);

/// The stage of the task that begins at `header`.
///
/// # Safety
/// The storage behind the header was made for a future of type `F`.
pub(crate) unsafe fn stage<F: Future>(header: NonNull<Header>) -> NonNull<Stage<F>> {
    const {
        assert!(align_of::<Stage<F>>() <= ALIGNMENT, "the future's alignment is larger than a task's");
    }
    // SAFETY: the stage is inside the task, whose storage the pointer may be used for.
    unsafe { header.byte_add(offset_of!(Layout<u8>, storage)).cast() }
}

/// Polls the future; replaces it by its output when that is ready.
///
/// # Safety
/// The storage behind `header` is of kind `K` and holds a future of type `F`; the caller is the executor.
pub(crate) unsafe fn poll<F: Future, K: Kind>(header: NonNull<Header>) -> Ending {
    // SAFETY: the storage is of this kind, as the caller promises.
    let waker = unsafe { waker::borrowed::<K>(header) };
    let context = &mut Context::from_waker(&waker);
    // SAFETY: the storage is for this type, as the caller promises.
    let mut stage = unsafe { stage::<F>(header) };
    // SAFETY: the stage is valid and the caller alone uses it.
    let stage = unsafe { stage.as_mut() };
    // SAFETY: the stage holds the future, which is never moved: it is dropped in place.
    let future = unsafe { Pin::new_unchecked(&mut *stage.future) };
    match future.poll(context) {
        Poll::Pending => Ending::None,
        Poll::Ready(output) => {
            // SAFETY: the stage holds the future; it is not used after this.
            unsafe { ManuallyDrop::drop(&mut stage.future) };
            stage.output = ManuallyDrop::new(output);
            Ending::Ready
        }
    }
}

/// What is called instead of [`poll`] after an abort: drops the future.
///
/// # Safety
/// The caller is the executor, and `header` is that of a task that is not finished.
pub(crate) unsafe fn cancel(header: NonNull<Header>) -> Ending {
    // SAFETY: the header is alive during a poll, and only ever borrowed shared.
    let task = unsafe { header.as_ref() };
    // SAFETY: the task is not finished, so it holds its future, which nobody polls.
    unsafe { (task.vtable().drop_future)(header) };
    Ending::Cancelled
}

/// What is called instead of [`poll`] after the end, of a task that its last waker has queued.
///
/// # Safety
/// None is needed.
pub(crate) unsafe fn free(_: NonNull<Header>) -> Ending {
    Ending::Unreferenced
}

/// What is called instead of [`poll`] when the alarm has rung.
///
/// # Safety
/// None is needed.
pub(crate) unsafe fn ring(_: NonNull<Header>) -> Ending {
    Ending::Rang
}

/// Drops the future.
///
/// # Safety
/// The storage behind `header` holds a future of type `F`, which is not used after this.
pub(crate) unsafe fn drop_future<F: Future>(header: NonNull<Header>) {
    // SAFETY: the storage is for this type, as the caller promises.
    let mut stage = unsafe { stage::<F>(header) };
    // SAFETY: the stage is valid and holds the future; the caller alone uses it.
    unsafe { ManuallyDrop::drop(&mut stage.as_mut().future) };
}

/// Drops the output.
///
/// # Safety
/// The storage behind `header` holds an output of a future of type `F`, which is not used after this.
pub(crate) unsafe fn drop_output<F: Future>(header: NonNull<Header>) {
    // SAFETY: the storage is for this type, as the caller promises.
    let mut stage = unsafe { stage::<F>(header) };
    // SAFETY: the stage is valid and holds the output; the caller alone uses it.
    unsafe { ManuallyDrop::drop(&mut stage.as_mut().output) };
}
