//! What a walk through a trace tells, in the order of each core's records.

use std::fmt;

use scc::id::CoreId;
use trace_format::record::{Event, PollOutcome, Severity};

use crate::exit::ExitReason;

/// A moment in the life of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment {
    /// Cycles of the core since it left reset.
    pub cycles: u64,
    /// The same moment on the axis of all cores, in picoseconds.
    pub time: u64,
}

/// Names a task of a core; tasks of the same name on one core, one after the other or at once, are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(crate) u32);

impl TaskId {
    /// Index into [`Tasks::all`].
    pub fn index(self) -> usize {
        usize::try_from(self.0).expect("an index has 32 bits at most")
    }
}

/// A task of a core.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Task {
    /// Core it runs on.
    pub core: CoreId,
    /// Its name, or the number it has in records if its spawn was not recorded.
    pub name: String,
}

/// All tasks of a trace.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    all: Vec<Task>,
    index: std::collections::HashMap<Task, TaskId>,
}

impl Tasks {
    /// Tasks by [`TaskId::index`].
    pub fn all(&self) -> &[Task] {
        &self.all
    }

    /// The task of an id of this trace.
    pub fn get(&self, id: TaskId) -> &Task {
        &self.all[id.index()]
    }

    /// The id of the task of a name on a core, if there is one.
    pub(crate) fn find(&self, core: CoreId, name: &str) -> Option<TaskId> {
        self.index.get(&Task { core, name: name.to_owned() }).copied()
    }

    /// The id of a task, new if it is.
    pub(crate) fn intern(&mut self, core: CoreId, name: &str) -> TaskId {
        let task = Task { core, name: name.to_owned() };
        if let Some(id) = self.index.get(&task) {
            return *id;
        }
        let id = TaskId(u32::try_from(self.all.len()).expect("a trace has fewer tasks than records"));
        self.all.push(task.clone());
        self.index.insert(task, id);
        id
    }
}

/// What a core does, exactly one of these at any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    /// It has not come to its executor yet.
    Boot,
    /// The executor itself.
    Executor,
    /// A poll of a task, interrupts in it apart.
    Poll(TaskId),
    /// The handler of a vector.
    Interrupt(u8),
    /// Nothing is ready.
    Idle,
    /// Records of this time are lost.
    Unknown,
}

/// Who put a task into the run queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Waker {
    /// Another task, or the task itself, in its poll.
    Task(TaskId),
    /// The handler of a vector.
    Interrupt(u8),
    /// A timer that was due.
    Timer,
    /// The task itself: it let others go first.
    Yield,
    /// The executor, without anything recorded why.
    Executor,
}

/// A task that became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// Number of this wake in the trace.
    pub number: u64,
    /// When.
    pub at: Moment,
    /// By whom.
    pub by: Waker,
    /// Cycles that polls had taken on the core before.
    pub(crate) polled_before: u64,
}

/// A poll that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    /// The task.
    pub task: TaskId,
    /// The wake that led to it; `None` if it is not recorded.
    pub woken: Option<Wake>,
    /// Of the cycles from the wake to the poll those in which polls ran, of other tasks or its own last one.
    pub queued_cycles: u64,
    /// When it began.
    pub from: Moment,
    /// When it ended, or the trace.
    pub to: Moment,
    /// How it ended; `None` if that is not recorded because the next poll began at once, or the trace ended.
    pub outcome: Option<PollOutcome>,
    /// Cycles of interrupts in it.
    pub interrupted_cycles: u64,
}

impl Poll {
    /// Cycles from the wake to the poll; `None` if the wake is not recorded.
    pub fn waited(&self) -> Option<u64> {
        self.woken.map(|wake| self.from.cycles - wake.at.cycles)
    }
}

/// A stay in a guest, without a break by anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestRun {
    /// Why it was left.
    pub reason: ExitReason,
    /// When the core went into the guest.
    pub from: Moment,
    /// When it was left.
    pub to: Moment,
    /// Why it had been left before in the same poll, and cycles from then to `from`; interrupts in between are part of it.
    pub served: Option<(ExitReason, u64)>,
}

/// A line of a core's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How grave it is.
    pub severity: Severity,
    /// Its text, of a long line the beginning and an ellipsis.
    pub text: String,
    /// The task in whose poll it was written.
    pub task: Option<TaskId>,
}

impl fmt::Display for LogLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.severity.word(), self.text)
    }
}

/// A step of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A core has left reset, or its records begin; how often it was started before.
    Life(u32, Moment),
    /// From one moment to the next the core did one thing. These lie end to end over all of a life.
    Span(Doing, Moment, Moment),
    /// A task became ready.
    Wake(TaskId, Wake),
    /// A poll begins.
    PollBegin(TaskId, Option<Wake>, Moment),
    /// A poll is over.
    Poll(Poll),
    /// A handler begins.
    InterruptBegin(u8, Moment),
    /// A handler is done.
    Interrupt(u8, Moment, Moment),
    /// A stay in a guest is over; it is part of the poll that is running.
    Guest(GuestRun),
    /// Records are lost from here on: the poll that may be running has no end.
    Lost(Moment),
    /// Tasks that are ready and not being polled, from now on.
    Ready(usize, Moment),
    /// A line of the log has been written, at the moment of its last record.
    Log(LogLine, Moment),
    /// Anything else, and the task in whose poll it was recorded.
    Mark(Event, Option<TaskId>, Moment),
}
