//! What an executor consists of, apart from the type of its platform.
#![expect(
    unsafe_code,
    reason = "pushes tasks to the queue, adds them to the registry, removes and releases them"
)]

use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use crate::atomic::{Wake, const_except_loom};
use crate::class::Class;
use crate::lanes::{Lanes, lane_of};
use crate::platform::ErasedPlatform;
use crate::run_queue::{Before, Inbox};
use crate::task::TaskId;
use crate::task::header::{Header, Identity, TaskRef};
use crate::task::registry::Registry;
use crate::time::queue::TimerQueue;
#[cfg(feature = "trace")]
use crate::trace::Event;

/// Where wakers are used and the alarm is rung.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wakes {
    /// Anywhere: the platform is pended.
    FromAnywhere,
    /// On the executor's core only.
    FromThisCore,
}

/// The half that any context may use. The inbox is first because the code of a push is shorter so.
#[repr(C)]
pub(crate) struct Shared {
    inbox: Inbox<Header>,
    pub(crate) wakes: Wakes,
    /// Queued like a task when the alarm rings.
    alarm: Header,
    pub(crate) timers: TimerQueue,
    pub(crate) platform: &'static dyn ErasedPlatform,
}

/// The whole; tasks and executor only. The inbox is at its beginning because the code of a poll is shorter so.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct CoreState {
    pub(crate) shared: Shared,
    pub(crate) lanes: Lanes,
    pub(crate) registry: Registry,
    last_id: Cell<TaskId>,
}

// SAFETY: the parts that are not atomic are those of the alarm's header, which the executor alone uses.
unsafe impl Sync for Shared {}

impl Shared {
    const_except_loom! {
        const fn new(platform: &'static dyn ErasedPlatform) -> Self {
            Self {
                inbox: Inbox::new(),
                wakes: Wakes::FromAnywhere,
                alarm: Header::alarm(),
                timers: TimerQueue::new(),
                platform,
            }
        }
    }

    /// Hands over a task whose link the caller owns. Any context.
    ///
    /// # Safety
    /// The caller owns the task's link, and the task lives until it has been taken out of its lane.
    #[inline]
    pub(crate) unsafe fn push(&self, task: TaskRef) {
        // SAFETY: as the caller promises.
        let before = unsafe { self.inbox.push(task.pointer()) };
        if self.wakes == Wakes::FromAnywhere {
            self.pend(before);
        }
    }

    /// Tells the platform of a push. Not inlined: a wake stays small.
    #[cold]
    #[inline(never)]
    fn pend(&self, before: Before) {
        if before == Before::Empty {
            self.platform.pend();
        }
    }

    /// Takes what was pushed: the newest task, whose link leads to the one before. Executor only.
    #[inline]
    pub(crate) fn take(&self) -> Option<NonNull<Header>> {
        self.inbox.take()
    }

    /// Whether something was pushed that was not taken. Any context.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Whether something was pushed that goes before a lane. Executor only; goes through all that was pushed.
    #[inline]
    fn has_news_before(&self, lane: usize) -> bool {
        self.inbox.has(|task| task.lane.get() < lane)
    }

    /// Has timers looked at. Any context.
    pub(crate) fn ring(&self) {
        if self.alarm.readiness.wake() == Wake::Push {
            // SAFETY: the alarm lies in the executor, which nothing outlives.
            let alarm = unsafe { TaskRef::new(NonNull::from(&self.alarm)) };
            // SAFETY: the wake gave its link to this caller.
            unsafe { self.push(alarm) };
        }
    }

    /// Reports an event, if anybody listens. Any context.
    #[cfg(feature = "trace")]
    pub(crate) fn trace(&self, event: Event) {
        self.platform.record_now(event);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}

impl CoreState {
    const_except_loom! {
        /// Without tasks.
        pub(crate) const fn new(platform: &'static dyn ErasedPlatform) -> Self {
            Self {
                shared: Shared::new(platform),
                lanes: Lanes::new(),
                registry: Registry::new(),
                last_id: Cell::new(TaskId::NONE),
            }
        }
    }

    /// What the next task gets.
    pub(crate) fn identify(&'static self, name: &'static str, class: Class) -> Identity {
        let id = self.last_id.get().following();
        self.last_id.set(id);
        Identity { shared: &self.shared, id, name, class }
    }

    /// Sorts in what was taken out of the inbox.
    ///
    /// # Safety
    /// `newest` was taken just now.
    #[inline(never)]
    pub(crate) unsafe fn sort_in(&self, newest: NonNull<Header>) {
        // SAFETY: as the caller promises.
        unsafe { self.lanes.sort_in(newest) };
    }

    /// Whether anything is ready, or a timer may have fired.
    pub(crate) fn has_work(&self) -> bool {
        self.shared.has_news() || !self.lanes.are_empty()
    }

    /// Whether a task of an earlier class is ready, or a timer, which might make one ready, may have fired.
    #[inline]
    pub(crate) fn is_pressed(&self, class: Class) -> bool {
        let lane = lane_of(class);
        self.lanes.has_before(lane) || self.shared.has_news_before(lane)
    }

    /// Starts a task that has just been placed.
    pub(crate) fn start(&self, task: TaskRef) {
        // SAFETY: the task is new; `release` removes it.
        unsafe { self.registry.add(task) };
        task.start();
    }

    /// Releases the storage of a task that is finished, not queued and without handle.
    pub(crate) fn release(&self, task: TaskRef) {
        #[cfg(feature = "trace")]
        self.shared.trace(Event::Release(task.header().id.get()));
        // SAFETY: the task was added when it started; this is its only release.
        unsafe { self.registry.remove(task) };
        // SAFETY: the function belongs to this task, whose end has come.
        unsafe { (task.header().vtable().release)(task.pointer()) };
    }
}
