//! Tasks: a future with its place in memory, its state and its links.

#[cfg(feature = "alloc")]
pub(crate) mod boxed;
pub(crate) mod header;
mod info;
mod join;
mod pool;
pub(crate) mod registry;
pub(crate) mod stage;
pub(crate) mod state;

pub use info::{Activity, TaskInfo};
pub use join::{JoinError, JoinHandle};
pub use pool::TaskPool;
pub use registry::Tasks;

use core::fmt;

/// Number of a task, unique in its executor until 2^32 tasks were spawned.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TaskId(pub(crate) u32);

impl TaskId {
    /// What storage without a task has; the first task gets the number after it.
    pub(crate) const NONE: Self = Self(0);

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The number after this one.
    pub(crate) const fn following(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.0)
    }
}

/// There is no room for another task: all slots of the pool are taken, or the allocator has no memory.
#[derive(thiserror::Error)]
#[error("no room for another task")]
pub struct NoRoom<F> {
    /// The future that was to be spawned.
    pub future: F,
}

impl<F> fmt::Debug for NoRoom<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NoRoom").finish_non_exhaustive()
    }
}
