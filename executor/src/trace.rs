//! Events of an executor, which [`Platform::record`](crate::Platform::record) takes.
//!
//! Without feature `trace` nothing of this is compiled. With it, a wake and a poll read the clock, as with feature
//! `accounting`, and an event costs what the platform does with it.

use crate::task::TaskId;
use crate::time::Instant;

/// What a task does after a poll. As wide as a register, because it is on the shortest way between two polls.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u32)]
pub enum Then {
    /// It waits, or has an event of its own that it is ready.
    Waits,
    /// It let others go first and is ready again; there is no other event for that.
    Yielded,
}

/// What happened. The core is for the recorder to add.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Event {
    /// A task was spawned, with this name.
    Spawn(TaskId, &'static str),
    /// A task became ready.
    Ready(TaskId),
    /// A poll of a task begins.
    PollBegin(TaskId),
    /// The poll ended and the task waits, or is ready again.
    PollEnd(TaskId),
    /// A poll ended, and the poll of the next task begins at once.
    PollSwitch {
        /// The task whose poll ended.
        ended: TaskId,
        /// What became of it.
        then: Then,
        /// The task that is polled.
        begun: TaskId,
    },
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
}
