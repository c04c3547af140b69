//! The flags of a task and their transitions; whether it is ready is a word of its own, see [`crate::atomic`].
//!
//! ```text
//!  ┌──────┐ spawn  ┌──────┐  ready, panic,  ┌───────┐ no handle ┌──────┐
//!  │ free ├───1───►│ live ├──cancelled: 2──►│ ended ├─────3────►│ free │
//!  └──────┘        └──────┘                 └───────┘           └──────┘
//! ```
//!
//! 1. `occupy`: the task has a handle.
//! 2. `finish`, executor: sets `FINISHED`. The task is in no queue, and its readiness is closed.
//! 3. `finish`, `drop_handle`: a finished task without handle has its storage released; that of a boxed task is freed
//!    when also its last waker is gone.
//!
//! The count of wakers changes in any context, the flags only in tasks and the executor. The word of free storage is
//! zero, so that static pools take no room in an image.

use crate::atomic::{Word, const_except_loom};

const FINISHED: u32 = 1 << 0;
const HANDLE: u32 = 1 << 1;
const CANCELLED: u32 = 1 << 2;
const PANICKED: u32 = 1 << 3;
const TAKEN: u32 = 1 << 4;
/// One reference to a boxed task: from the executor, or from a waker.
const REFERENCE: u32 = 1 << 8;

/// Flags of a task.
#[derive(Debug)]
pub(crate) struct State(Word);

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
        /// Flags of storage without a task.
        pub(crate) const fn free() -> Self {
            Self(Word::new(0))
        }
    }

    const_except_loom! {
        /// Flags of what is queued but no task.
        pub(crate) const fn never_polled() -> Self {
            Self(Word::new(FINISHED))
        }
    }

    /// Transition 1: a task with a handle, about to be pushed, with one reference.
    pub(crate) fn occupy(&self) {
        self.0.store(HANDLE | REFERENCE);
    }

    /// Whether what came out of the queue is a task that is polled: neither aborted nor finished. Tasks and executor.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    #[inline]
    pub(crate) fn is_polled(&self) -> bool {
        self.0.load() & (FINISHED | CANCELLED) == 0
    }

    /// Transition 2, executor only, after a poll or the drop of the future.
    pub(crate) fn finish(&self, end: End) -> Storage {
        let flags = match end {
            End::Ready => 0,
            End::Cancelled => CANCELLED,
            End::Panicked => PANICKED,
        };
        // An abort that came too late does not change how the task ended.
        if end != End::Cancelled {
            self.0.clear_bits(CANCELLED);
        }
        self.0.set_bits(FINISHED | flags);
        self.storage()
    }

    /// Transition 3, tasks only: the handle is gone.
    pub(crate) fn drop_handle(&self) -> HandleDropped {
        self.0.clear_bits(HANDLE);
        let drop_output = self.outcome() == Outcome::Ended(End::Ready);
        HandleDropped { drop_output, storage: self.storage() }
    }

    /// Asks for the end at the next poll, tasks only. The caller wakes the task.
    pub(crate) fn cancel(&self) -> Cancel {
        if self.0.load() & FINISHED != 0 {
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
        if word & FINISHED == 0 {
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

    fn storage(&self) -> Storage {
        match self.0.load() & (FINISHED | HANDLE) {
            FINISHED => Storage::Release,
            _ => Storage::Keep,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn live() -> State {
        let state = State::free();
        state.occupy();
        state
    }

    #[test]
    fn finished_task_is_released_after_its_handle() {
        let state = live();
        assert_eq!(state.finish(End::Ready), Storage::Keep);
        assert_eq!(state.outcome(), Outcome::Ended(End::Ready));
        assert_eq!(state.drop_handle(), HandleDropped { drop_output: true, storage: Storage::Release });
    }

    #[test]
    fn live_task_without_handle_is_released_at_its_end() {
        let state = live();
        assert_eq!(state.drop_handle(), HandleDropped { drop_output: false, storage: Storage::Keep });
        assert_eq!(state.finish(End::Panicked), Storage::Release);
        assert_eq!(state.outcome(), Outcome::Ended(End::Panicked));
    }

    #[test]
    fn cancelled_task_ends_as_such() {
        let state = live();
        assert_eq!(state.cancel(), Cancel::Running);
        state.finish(End::Cancelled);
        assert_eq!(state.outcome(), Outcome::Ended(End::Cancelled));
        assert!(!state.drop_handle().drop_output);
    }

    #[test]
    fn cancellation_after_the_end_changes_nothing() {
        let state = live();
        state.cancel();
        state.finish(End::Ready);
        assert_eq!(state.cancel(), Cancel::TooLate);
        assert_eq!(state.outcome(), Outcome::Ended(End::Ready));
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn last_reference_releases() {
        let state = live();
        state.add_reference();
        assert_eq!(state.drop_reference(), Storage::Keep);
        assert_eq!(state.drop_reference(), Storage::Release);
    }
}
