//! The handle with which a task's end is awaited, demanded or ignored.
#![expect(unsafe_code, reason = "takes the output out of the task")]

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::core_state::CoreState;
use crate::task::TaskId;
use crate::task::header::TaskRef;
use crate::task::stage::Stage;
use crate::task::state::{Cancel, End, Outcome, Storage};

/// Why a task has no output.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JoinError {
    /// Somebody called [`JoinHandle::abort`].
    #[error("the task was aborted")]
    Aborted,
    /// The task panicked, and [`Platform::guard`](crate::Platform::guard) contained it. Its future was leaked: no
    /// destructor ran, and what it had locked stays locked.
    #[error("the task panicked")]
    Panicked,
}

/// A future of the end of a task. Dropping it lets the task run on.
///
/// *Cancel safety*: may be polled, put aside and polled again; the output is taken by the poll that returns it.
/// Polled after that, it panics.
#[derive(Debug)]
#[must_use = "dropping the handle lets the task run on; call `detach` to say so"]
pub struct JoinHandle<T> {
    task: TaskRef,
    core: &'static CoreState,
    output: PhantomData<*const T>,
}

impl<T> JoinHandle<T> {
    /// The handle of a task with output `T`.
    ///
    /// # Safety
    /// The task has just been placed, for this executor, and has no other handle.
    pub(crate) unsafe fn new(task: TaskRef, core: &'static CoreState) -> Self {
        Self { task, core, output: PhantomData }
    }

    /// The task.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task.header().id.get()
    }

    /// Demands the end: the task is not polled again, its future is dropped by the executor. No effect on a task
    /// that has ended. The handle stays usable: it yields [`JoinError::Aborted`], or the output if that was earlier.
    pub fn abort(&self) {
        if self.task.header().state.cancel() == Cancel::Running {
            self.task.header().cancel_polls();
        }
        self.task.wake();
    }

    /// Lets the task run on; its output will be dropped.
    pub fn detach(self) {}

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.header().state.outcome() != Outcome::Running
    }

    /// Takes the output if the task has ended.
    fn take(&self) -> Poll<Result<T, JoinError>> {
        let header = self.task.header();
        match header.state.outcome() {
            Outcome::Running => Poll::Pending,
            Outcome::Taken => panic!("a join handle was polled after it had returned the output"),
            Outcome::Ended(End::Cancelled) => Poll::Ready(Err(JoinError::Aborted)),
            Outcome::Ended(End::Panicked) => Poll::Ready(Err(JoinError::Panicked)),
            Outcome::Ended(End::Ready) => {
                header.state.take_output();
                // SAFETY: the task was placed with a future whose output is `T`; both variants start at offset 0.
                let stage =
                    unsafe { crate::task::stage::stage::<core::future::Ready<T>>(self.task.pointer()) };
                // SAFETY: the state says that the stage holds an output, and from now on that it is taken.
                let output = unsafe { (&raw const (*stage.as_ptr()).output).read() };
                Poll::Ready(Ok(ManuallyDrop::into_inner(output)))
            }
        }
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = self.take();
        if outcome.is_pending() {
            let joiner = &self.task.header().joiner;
            let known = joiner.take().filter(|known| known.will_wake(context.waker()));
            joiner.set(Some(known.unwrap_or_else(|| context.waker().clone())));
        }
        outcome
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let header = self.task.header();
        drop(header.joiner.take());
        let rest = header.state.drop_handle();
        if rest.drop_output {
            header.state.take_output();
            // SAFETY: the state says that the stage holds an output, and from now on that it is taken.
            unsafe { (header.vtable().drop_output)(self.task.pointer()) };
        }
        if rest.storage == Storage::Release {
            self.core.release(self.task);
        }
    }
}

const _: () =
    assert!(core::mem::offset_of!(Stage<core::future::Ready<u64>>, output) == 0, "unions start at 0");
