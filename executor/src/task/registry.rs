//! The list of all tasks of an executor, for those who want to look at them.
#![expect(unsafe_code, reason = "the caller answers for the life of tasks")]

use core::cell::Cell;
use core::fmt;

use crate::task::header::TaskRef;
use crate::task::{TaskId, TaskInfo};

/// Links of a task to those before and after it; tasks and executor only.
#[derive(Debug)]
pub(crate) struct Neighbours {
    before: Cell<Option<TaskRef>>,
    after: Cell<Option<TaskRef>>,
}

impl Neighbours {
    /// No neighbours.
    pub(crate) const fn new() -> Self {
        Self { before: Cell::new(None), after: Cell::new(None) }
    }
}

/// All tasks, newest first. Each is removed before its storage is released.
#[derive(Debug)]
pub(crate) struct Registry {
    newest: Cell<Option<TaskRef>>,
    /// Counts removals, so that an iterator knows whether the task it stands on is still there.
    removals: Cell<u32>,
}

impl Registry {
    /// No tasks.
    pub(crate) const fn new() -> Self {
        Self { newest: Cell::new(None), removals: Cell::new(0) }
    }

    /// Adds a new task.
    ///
    /// # Safety
    /// The task is in no registry and lives until it is removed.
    pub(crate) unsafe fn add(&self, task: TaskRef) {
        let newest = self.newest.replace(Some(task));
        task.header().neighbours.before.set(None);
        task.header().neighbours.after.set(newest);
        if let Some(newest) = newest {
            newest.header().neighbours.before.set(Some(task));
        }
    }

    /// Removes a task.
    ///
    /// # Safety
    /// The task is in this registry.
    pub(crate) unsafe fn remove(&self, task: TaskRef) {
        self.removals.set(self.removals.get().wrapping_add(1));
        let before = task.header().neighbours.before.take();
        let after = task.header().neighbours.after.take();
        match before {
            Some(before) => before.header().neighbours.after.set(after),
            None => self.newest.set(after),
        }
        if let Some(after) = after {
            after.header().neighbours.before.set(before);
        }
    }

    /// All tasks, newest first.
    pub(crate) fn iter(&self) -> Tasks<'_> {
        Tasks { registry: self, last: None, removals: self.removals.get() }
    }

    /// The newest task that is older than the one with number `id`.
    fn older_than(&self, id: TaskId) -> Option<TaskRef> {
        let is_older = |task: &TaskRef| {
            id.number().wrapping_sub(task.header().id.get().number()).wrapping_sub(1) < u32::MAX / 2
        };
        core::iter::successors(self.newest.get(), |task| task.header().neighbours.after.get()).find(is_older)
    }
}

/// All tasks of an executor, the newest first. A task that ends meanwhile is left out, one that starts meanwhile is
/// not seen.
pub struct Tasks<'a> {
    registry: &'a Registry,
    last: Option<(TaskRef, TaskId)>,
    removals: u32,
}

impl Iterator for Tasks<'_> {
    type Item = TaskInfo;

    fn next(&mut self) -> Option<TaskInfo> {
        let removals = self.registry.removals.get();
        let task = match self.last {
            None => self.registry.newest.get(),
            Some((last, _)) if removals == self.removals => last.header().neighbours.after.get(),
            Some((_, id)) => self.registry.older_than(id),
        }?;
        self.last = Some((task, task.header().id.get()));
        self.removals = removals;
        Some(TaskInfo::of(task))
    }
}

impl fmt::Debug for Tasks<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tasks").finish_non_exhaustive()
    }
}
