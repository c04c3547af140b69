//! What one can learn about a task from outside.

#[cfg(feature = "accounting")]
use crate::accounting::Usage;
use crate::class::Class;
use crate::task::TaskId;
use crate::task::header::TaskRef;
use crate::task::state::Outcome;

/// What a task is doing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Activity {
    /// It waits to be woken.
    Waiting,
    /// It is ready, or is being polled and will be polled again.
    Ready,
    /// It has ended; its handle has not been used.
    Ended,
}

/// A task at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TaskInfo {
    /// Its number.
    pub id: TaskId,
    /// Its name.
    pub name: &'static str,
    /// Its class.
    pub class: Class,
    /// What it is doing.
    pub activity: Activity,
    /// What it has used.
    #[cfg(feature = "accounting")]
    pub usage: Usage,
}

impl TaskInfo {
    /// Looks at a task.
    pub(crate) fn of(task: TaskRef) -> Self {
        let header = task.header();
        let activity = match header.state.outcome() {
            Outcome::Running if header.readiness.is_ready() => Activity::Ready,
            Outcome::Running => Activity::Waiting,
            Outcome::Ended(_) | Outcome::Taken => Activity::Ended,
        };
        Self {
            id: header.id.get(),
            name: header.name(),
            class: header.class.get(),
            activity,
            #[cfg(feature = "accounting")]
            usage: header.account.usage(),
        }
    }
}
