//! Starting tasks.
#![expect(unsafe_code, reason = "makes the handle of a new task")]

use crate::class::Class;
use crate::core_state::CoreState;
use crate::task::{JoinHandle, NoRoom, TaskPool};
use crate::time::Timers;

/// Starts tasks on one executor. Copied freely; stays on the executor's core. Task context.
#[derive(Clone, Copy, Debug)]
pub struct Spawner(&'static CoreState);

impl Spawner {
    pub(crate) fn new(core: &'static CoreState) -> Self {
        Self(core)
    }

    /// Starts a task in a slot of `pool`. It is first polled after the tasks of its class that are ready.
    ///
    /// # Errors
    /// [`NoRoom`] with the future if every slot is taken.
    pub fn spawn_in<F, const BYTES: usize, const COUNT: usize>(
        &self,
        pool: &'static TaskPool<BYTES, COUNT>,
        name: &'static str,
        class: Class,
        future: F,
    ) -> Result<JoinHandle<F::Output>, NoRoom<F>>
    where
        F: Future + 'static,
    {
        let task = pool.place(self.0.identify(name, class), future)?;
        self.0.start(task);
        // SAFETY: the task has just been placed with this future, and this is its handle.
        Ok(unsafe { JoinHandle::new(task, self.0) })
    }

    /// Starts a task in memory of the allocator. It is first polled after the tasks of its class that are ready.
    ///
    /// # Errors
    /// [`NoRoom`] with the future if there is no memory.
    #[cfg(feature = "alloc")]
    pub fn spawn<F>(
        &self,
        name: &'static str,
        class: Class,
        future: F,
    ) -> Result<JoinHandle<F::Output>, NoRoom<F>>
    where
        F: Future + 'static,
    {
        let task = crate::task::boxed::place(self.0.identify(name, class), future)?;
        self.0.start(task);
        // SAFETY: the task has just been placed with this future, and this is its handle.
        Ok(unsafe { JoinHandle::new(task, self.0) })
    }

    /// The executor's timers.
    #[must_use]
    pub fn timers(&self) -> Timers {
        Timers::new(&self.0.shared)
    }

    /// Tells a long poll when to end.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        Pressure::new(self.0)
    }
}

/// Tells whether something more urgent is ready. Copied freely; stays on the executor's core. Task context: a poll that
/// runs a guest asks it after each exit.
#[derive(Clone, Copy, Debug)]
pub struct Pressure(&'static CoreState);

impl Pressure {
    pub(crate) fn new(core: &'static CoreState) -> Self {
        Self(core)
    }

    /// Whether a task of a class before `class` is ready, or a timer that might make one ready has fired: a poll of
    /// a task of `class` that sees this should return soon. A few loads for each task that became ready meanwhile.
    #[inline]
    #[must_use]
    pub fn higher_class_ready(self, class: Class) -> bool {
        self.0.is_pressed(class)
    }
}
