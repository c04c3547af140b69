//! The state word of a task and its transitions.
//!
//! ```text
//!                    ┌──── wake: 2 ────┐
//!                    ▼                 │
//!  ┌──────┐ spawn  ┌────────┐ poll   ┌─┴──────┐  ready, panic,  ┌──────┐  out of the queue,  ┌──────┐
//!  │ free ├───1───►│ queued ├───3───►│ waiting├───cancelled: 4──►│ done ├──no handle: 5───────►│ free │
//!  └──────┘        └────────┘        └────────┘                 └──────┘                     └──────┘
//! ```
//!
//! 1. `occupy`: the task starts without `WAITING` and is pushed.
//! 2. `wake`, from anywhere: clears `WAITING`. Who finds it set owns the task's queue link and pushes; who finds it
//!    clear has nothing to do, because a poll is still to come or none will ever.
//! 3. `begin_poll`, executor: sets `WAITING` *before* the poll, so that a wake during the poll queues the task again.
//! 4. `finish`, executor: clears `LIVE` and, for good, `WAITING`: no later wake pushes a finished task. If it was
//!    queued already, its link stays in the queue (`LINKED`) until the executor takes it out.
//! 5. `leave_queue`, `drop_handle`: when the task is neither linked nor has a handle, its storage is released; that
//!    of a boxed task when also its last waker is gone.
//!
//! `WAITING` and the count of wakers change in any context, the other flags only in tasks and the executor. The
//! word of free storage is zero, so that static pools take no room in an image.

use crate::atomic::{Word, const_except_loom};

const WAITING_BIT: u32 = 0;
const WAITING: u32 = 1 << WAITING_BIT;
const LIVE: u32 = 1 << 1;
const LINKED: u32 = 1 << 2;
const HANDLE: u32 = 1 << 3;
const CANCELLED: u32 = 1 << 4;
const PANICKED: u32 = 1 << 5;
const TAKEN: u32 = 1 << 6;
/// One reference to a boxed task: from the executor, or from a waker.
const REFERENCE: u32 = 1 << 8;

/// State word of a task.
#[derive(Debug)]
pub(crate) struct State(Word);

/// What to do after a wake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wake {
    /// Push the task: its link is the caller's.
    Push,
    /// A poll is to come anyway, or the task is finished.
    Nothing,
}

/// What an abort found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cancel {
    /// The task is not finished; it will be.
    Running,
    /// The task is finished.
    TooLate,
}

/// What to do with a task that is finished or less referenced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Storage {
    /// Release it: nothing refers to it.
    Release,
    /// Something still refers to it.
    Keep,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// Its future was ready; the output is stored.
    Ready,
    /// Its future was dropped.
    Cancelled,
    /// Its future panicked and was leaked.
    Panicked,
}

/// What a join handle finds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The task is not finished.
    Running,
    /// The task ended so and its output, if any, has not been taken.
    Ended(End),
    /// The output has been taken.
    Taken,
}

/// What dropping the handle leaves to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HandleDropped {
    /// There is an output that nobody will take.
    pub(crate) drop_output: bool,
    /// What happens to the storage after that.
    pub(crate) storage: Storage,
}

impl State {
    const_except_loom! {
        /// State of storage without a task: a wake does nothing.
        pub(crate) const fn free() -> Self {
            Self(Word::new(0))
        }
    }

    /// Transition 1: a task with a handle, about to be pushed, with one reference.
    pub(crate) fn occupy(&self) {
        // Read-modify-writes, as every change of this word: a stale waker's comes before or after, never between.
        self.0.clear_bits(u32::MAX);
        self.0.set_bits(LIVE | HANDLE | REFERENCE);
    }

    /// Transition 2. Any context; one read-modify-write.
    #[inline]
    pub(crate) fn wake(&self) -> Wake {
        if self.0.clear_bit::<WAITING_BIT>() { Wake::Push } else { Wake::Nothing }
    }

    /// Transition 3, executor only, of a task that is not finished.
    #[inline]
    pub(crate) fn begin_poll(&self) {
        self.0.set_constant::<WAITING>();
    }

    /// Whether a task that came out of the queue is polled: it is neither aborted nor finished. Tasks and executor.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    #[inline]
    pub(crate) fn is_polled(&self) -> bool {
        self.0.load() & (LIVE | CANCELLED) == LIVE
    }

    /// Transition 4, executor only, after a poll or the drop of the future.
    pub(crate) fn finish(&self, end: End) -> Storage {
        let linked = if self.0.clear_bit::<WAITING_BIT>() { 0 } else { LINKED };
        let flags = match end {
            End::Ready => 0,
            End::Cancelled => CANCELLED,
            End::Panicked => PANICKED,
        };
        // An abort that came too late does not change how the task ended.
        if end != End::Cancelled {
            self.0.clear_bits(CANCELLED);
        }
        self.0.set_bits(linked | flags);
        self.0.clear_bits(LIVE);
        self.storage()
    }

    /// Transition 5, executor only: the queue gave a finished task back.
    pub(crate) fn leave_queue(&self) -> Storage {
        self.0.clear_bits(LINKED);
        self.storage()
    }

    /// Transition 5, tasks only: the handle is gone.
    pub(crate) fn drop_handle(&self) -> HandleDropped {
        self.0.clear_bits(HANDLE);
        let drop_output = self.outcome() == Outcome::Ended(End::Ready);
        HandleDropped { drop_output, storage: self.storage() }
    }

    /// Asks for the end at the next poll, tasks only. The caller wakes the task.
    pub(crate) fn cancel(&self) -> Cancel {
        if self.0.load() & LIVE == 0 {
            return Cancel::TooLate;
        }
        self.0.set_bits(CANCELLED);
        Cancel::Running
    }

    /// Marks the output as taken, tasks only.
    pub(crate) fn take_output(&self) {
        self.0.set_bits(TAKEN);
    }

    /// How the task ended, if it did; tasks only.
    pub(crate) fn outcome(&self) -> Outcome {
        let word = self.0.load();
        if word & LIVE != 0 {
            Outcome::Running
        } else if word & TAKEN != 0 {
            Outcome::Taken
        } else if word & PANICKED != 0 {
            Outcome::Ended(End::Panicked)
        } else if word & CANCELLED != 0 {
            Outcome::Ended(End::Cancelled)
        } else {
            Outcome::Ended(End::Ready)
        }
    }

    /// Whether a live task waits to be polled.
    pub(crate) fn is_queued(&self) -> bool {
        self.0.load() & WAITING == 0
    }

    /// Whether a join handle exists; tasks only.
    pub(crate) fn has_handle(&self) -> bool {
        self.0.load() & HANDLE != 0
    }

    /// Counts one more reference. Any context.
    #[cfg(feature = "alloc")]
    pub(crate) fn add_reference(&self) {
        self.0.add(REFERENCE);
    }

    /// Counts one reference less. Any context.
    #[cfg(feature = "alloc")]
    pub(crate) fn drop_reference(&self) -> Storage {
        if self.0.subtract(REFERENCE) / REFERENCE == 1 { Storage::Release } else { Storage::Keep }
    }

    /// Whether nothing refers to a boxed task any more.
    pub(crate) fn is_unreferenced(&self) -> bool {
        self.0.load() / REFERENCE == 0
    }

    fn storage(&self) -> Storage {
        match self.0.load() & (LIVE | LINKED | HANDLE) {
            0 => Storage::Release,
            _ => Storage::Keep,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn waiting() -> State {
        let state = State::free();
        state.occupy();
        state.begin_poll();
        state
    }

    #[test]
    fn free_storage_cannot_be_woken() {
        assert_eq!(State::free().wake(), Wake::Nothing);
    }

    #[test]
    fn only_the_first_wake_pushes() {
        let state = waiting();
        assert_eq!(state.wake(), Wake::Push);
        assert_eq!(state.wake(), Wake::Nothing);
        state.begin_poll();
        assert_eq!(state.wake(), Wake::Push);
    }

    #[test]
    fn finished_task_is_released_after_its_handle() {
        let state = waiting();
        assert_eq!(state.finish(End::Ready), Storage::Keep);
        assert_eq!(state.outcome(), Outcome::Ended(End::Ready));
        assert_eq!(state.drop_handle(), HandleDropped { drop_output: true, storage: Storage::Release });
    }

    #[test]
    fn finished_task_that_is_queued_is_released_by_the_queue() {
        let state = waiting();
        assert_eq!(state.wake(), Wake::Push);
        state.drop_handle();
        assert_eq!(state.finish(End::Ready), Storage::Keep);
        assert_eq!(state.leave_queue(), Storage::Release);
    }

    #[test]
    fn finished_task_cannot_be_woken() {
        let state = waiting();
        state.finish(End::Panicked);
        assert_eq!(state.wake(), Wake::Nothing);
        assert_eq!(state.outcome(), Outcome::Ended(End::Panicked));
    }

    #[test]
    fn cancelled_task_ends_as_such() {
        let state = waiting();
        assert_eq!(state.cancel(), Cancel::Running);
        assert_eq!(state.wake(), Wake::Push);
        state.begin_poll();
        state.finish(End::Cancelled);
        assert_eq!(state.outcome(), Outcome::Ended(End::Cancelled));
        assert!(!state.drop_handle().drop_output);
    }

    #[test]
    fn cancellation_after_the_end_changes_nothing() {
        let state = waiting();
        state.cancel();
        state.finish(End::Ready);
        assert_eq!(state.cancel(), Cancel::TooLate);
        assert_eq!(state.outcome(), Outcome::Ended(End::Ready));
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn last_reference_releases() {
        let state = waiting();
        state.add_reference();
        assert_eq!(state.drop_reference(), Storage::Keep);
        assert_eq!(state.drop_reference(), Storage::Release);
        assert!(state.is_unreferenced());
    }
}
