//! The run queue of a class: where wakers hand tasks over, and where the executor takes them.
#![expect(unsafe_code, reason = "pushes to the run queue and pops from it")]

use crate::atomic::const_except_loom;
use crate::class::Class;
use crate::run_queue::{Batch, Before, Inbox};
use crate::task::header::{Header, TaskRef};

/// The run queue of a class.
#[derive(Debug)]
pub(crate) struct Intake {
    inbox: Inbox<Header>,
    batch: Batch<Header>,
    mark: u32,
}

impl Intake {
    const_except_loom! {
        /// An empty run queue.
        pub(crate) const fn new(class: Class) -> Self {
            Self { inbox: Inbox::new(), batch: Batch::new(), mark: 1 << class.index() }
        }
    }

    /// The bit of the class in the attention word.
    #[inline]
    pub(crate) fn mark(&self) -> u32 {
        self.mark
    }

    /// Takes out the task that has been ready for longest. Executor only.
    #[inline]
    pub(crate) fn pop(&self) -> Option<TaskRef> {
        let task = self.batch.pop(&self.inbox)?;
        // SAFETY: who pushed the task promised that it lives until now; the pointer is to the whole task.
        Some(unsafe { TaskRef::new(task) })
    }

    /// Takes out the next task of the batch. Executor only.
    #[inline]
    pub(crate) fn pop_batched(&self) -> Option<TaskRef> {
        let task = self.batch.pop_batched()?;
        // SAFETY: as in `pop`.
        Some(unsafe { TaskRef::new(task) })
    }

    /// Whether no task is ready. Any context.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.inbox.is_empty() && self.batch.is_empty()
    }

    /// Hands a task over. Any context.
    ///
    /// # Safety
    /// The caller owns the task's link, and the task lives until it has been popped.
    #[inline]
    pub(crate) unsafe fn push(&self, task: TaskRef) -> Before {
        // SAFETY: the caller promises what the inbox asks for.
        unsafe { self.inbox.push(task.pointer()) }
    }
}
