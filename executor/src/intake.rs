//! The run queue of a class: where wakers hand tasks over, and where the executor takes them.
#![expect(unsafe_code, reason = "pushes to the run queue")]

use core::ptr::NonNull;

use crate::atomic::const_except_loom;
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
        /// An empty run queue, whose bit in the attention word is `mark`.
        pub(crate) const fn new(mark: u32) -> Self {
            Self { inbox: Inbox::new(), batch: Batch::new(), mark }
        }
    }

    /// The bit of the class in the attention word.
    #[inline]
    pub(crate) fn mark(&self) -> u32 {
        self.mark
    }

    /// Makes the tasks that were pushed the batch, which is used up. Executor only.
    #[inline]
    pub(crate) fn fill_batch(&self) {
        self.batch.fill(&self.inbox);
    }

    /// Whether tasks of the batch are left; they have been ready for longer than others. Executor only.
    #[inline]
    pub(crate) fn has_batch(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Takes the next task out of the batch. Executor only.
    #[inline]
    pub(crate) fn pop(&self) -> Option<NonNull<Header>> {
        self.batch.pop()
    }

    /// Whether nothing was pushed since the inbox was last taken. Any context.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.inbox.is_empty()
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
