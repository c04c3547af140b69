//! Events of an executor, for a recorder that the program supplies.
//!
//! Without feature `trace` nothing of this is compiled. With it and without a recorder, an event costs a load and a
//! branch, and a wake or a poll a reading of the clock, which feature `accounting` shares.

use crate::task::TaskId;
use crate::time::Instant;

/// Takes events. Called in any context, interrupt handlers included: bounded, no allocation, no wake.
pub trait Trace: Sync {
    /// Records an event that happened at `at`.
    fn record(&self, at: Instant, event: Event);

    /// Records that a task with this name was spawned.
    fn spawned(&self, at: Instant, task: TaskId, _name: &'static str) {
        self.record(at, Event::Spawn(task));
    }

    /// Records that a task became ready; by itself, because it happens often.
    #[inline]
    fn ready(&self, at: Instant, task: TaskId) {
        self.record(at, Event::Ready(task));
    }

    /// Records that a poll begins after something other than a poll.
    #[inline]
    fn poll_begin(&self, at: Instant, task: TaskId) {
        self.record(at, Event::PollBegin(task));
    }

    /// Records that a poll ended, its task waits, and the poll of the next task begins. An interrupt handler that came
    /// between the two may have recorded events with a later time before this one.
    #[inline]
    fn poll_switch(&self, at: Instant, ended: TaskId, begun: TaskId) {
        self.record(at, Event::PollEnd(ended));
        self.record(at, Event::PollBegin(begun));
    }
}

/// What happened. The core is for the recorder to add.
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
