//! Events of an executor, for a recorder that the program supplies.
//!
//! Without feature `trace` nothing of this is compiled. With it and without a recorder, an event costs a load and a
//! branch.

use crate::task::TaskId;
use crate::time::Instant;

/// Takes events. Called in any context, interrupt handlers included: bounded, no allocation, no wake.
pub trait Trace: Sync {
    /// Records an event.
    fn record(&self, event: Event);
}

/// What happened. Time and core are for the recorder to add.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Event {
    /// A task was spawned.
    Spawn(TaskId),
    /// A task became ready.
    Ready(TaskId),
    /// A poll of a task begins.
    PollBegin(TaskId),
    /// The poll ended and the task waits.
    PollEnd(TaskId),
    /// The task ended with its output.
    Finish(TaskId),
    /// The task was aborted and its future dropped.
    Abort(TaskId),
    /// The task panicked.
    Panic(TaskId),
    /// The storage of the task was released.
    Release(TaskId),
    /// A timer was set.
    TimerSet(Instant),
    /// A timer that was set for this time fired.
    TimerFire(Instant),
    /// Nothing is ready: the executor asks the platform to wait.
    IdleEnter,
    /// The wait ended.
    IdleExit,
}
