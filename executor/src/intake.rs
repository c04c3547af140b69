//! Where wakers hand ready tasks of one class to their executor, and where it takes them.
#![expect(unsafe_code, reason = "pushes to the run queue and pops from it")]

use core::fmt;
use core::ptr::NonNull;

use crate::atomic::const_except_loom;
use crate::platform::Platform;
use crate::run_queue::{Batch, Before, Inbox};
use crate::task::header::{Header, TaskRef};
#[cfg(feature = "accounting")]
use crate::time::Instant;
#[cfg(feature = "trace")]
use crate::trace::{Event, Trace};

/// The run queue of a class, and what a push has to tell others.
pub(crate) struct Intake {
    inbox: Inbox<Header>,
    batch: Batch<Header>,
    platform: &'static dyn Platform,
    #[cfg(feature = "trace")]
    trace: Option<&'static dyn Trace>,
}

impl Intake {
    const_except_loom! {
        /// An empty inbox of an executor on `platform`.
        pub(crate) const fn new(
            platform: &'static dyn Platform,
            #[cfg(feature = "trace")] trace: Option<&'static dyn Trace>,
        ) -> Self {
            Self {
                inbox: Inbox::new(),
                batch: Batch::new(),
                platform,
                #[cfg(feature = "trace")]
                trace,
            }
        }
    }

    /// Takes out the task that has been ready for longest. Executor only.
    #[inline]
    pub(crate) fn pop(&self) -> Option<TaskRef> {
        let task = self.batch.pop(&self.inbox)?;
        // SAFETY: who pushed the task promised that it lives until now; the pointer is to the whole task.
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
    pub(crate) unsafe fn push(&self, task: NonNull<Header>) {
        // SAFETY: the caller promises what the inbox asks for.
        if unsafe { self.inbox.push(task) } == Before::Empty {
            self.platform.pend();
        }
    }

    /// The time. Any context.
    #[cfg(feature = "accounting")]
    pub(crate) fn now(&self) -> Instant {
        self.platform.now()
    }

    /// Reports an event, if anybody listens. Any context.
    #[cfg(feature = "trace")]
    pub(crate) fn trace(&self, event: Event) {
        if let Some(trace) = self.trace {
            trace.record(event);
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Intake").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}
