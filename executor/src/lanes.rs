//! The tasks that are ready, as the executor has sorted them: a lane for each class, one before them for the alarm.
#![expect(unsafe_code, reason = "adds tasks to lanes")]

use core::cell::Cell;
use core::ptr::NonNull;

use crate::class::Class;
use crate::run_queue::{Lane, oldest_first};
use crate::task::header::{Header, TaskRef};

/// Lane of the alarm, before those of the classes.
const ALARM: usize = 0;
const COUNT: usize = ALARM + 1 + Class::ALL.len();

/// The lane of a class.
pub(crate) const fn lane_of(class: Class) -> usize {
    ALARM + 1 + class.index()
}

/// All lanes, the most urgent first. Executor only.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// A bit for each lane that is not empty, the most urgent lowest.
    occupied: Cell<u32>,
    lanes: [Lane<Header>; COUNT],
}

impl Lanes {
    /// Empty lanes.
    pub(crate) const fn new() -> Self {
        Self { occupied: Cell::new(0), lanes: [const { Lane::new() }; COUNT] }
    }

    /// Whether nothing is ready.
    #[inline]
    pub(crate) fn are_empty(&self) -> bool {
        self.occupied.get() == 0
    }

    /// The most urgent lane that is not empty.
    #[inline]
    pub(crate) fn most_urgent(&self) -> Option<usize> {
        let occupied = self.occupied.get();
        if occupied == 0 { None } else { usize::try_from(occupied.trailing_zeros()).ok() }
    }

    /// The task that is polled next, and its lane.
    pub(crate) fn most_urgent_task(&self) -> Option<(usize, TaskRef)> {
        let lane = self.most_urgent()?;
        self.oldest(lane).map(|task| (lane, task))
    }

    /// Whether a lane before this one is not empty.
    #[inline]
    pub(crate) fn has_before(&self, lane: usize) -> bool {
        self.occupied.get() & ((1 << lane) - 1) != 0
    }

    /// The task of a lane that came first; it stays.
    #[inline]
    pub(crate) fn oldest(&self, lane: usize) -> Option<TaskRef> {
        // SAFETY: who appended the task promised that it lives until it is removed; the pointer is to the whole task.
        self.lanes[lane].oldest().map(|task| unsafe { TaskRef::new(task) })
    }

    /// Sorts in what was taken out of the inbox, in the order in which it was pushed.
    ///
    /// # Safety
    /// `newest` was taken out of the inbox just now.
    pub(crate) unsafe fn sort_in(&self, newest: NonNull<Header>) {
        // SAFETY: as the caller promises.
        for task in unsafe { oldest_first(newest) } {
            // SAFETY: who pushed the task promised that it lives until it is popped; the pointer is to the whole task.
            let task = unsafe { TaskRef::new(task) };
            // SAFETY: as above; its link was the inbox's, which has lost it.
            unsafe { self.append(task) };
        }
    }

    /// Adds a task behind the others of its lane.
    ///
    /// # Safety
    /// The task lives until it is removed, and its link is the caller's.
    #[inline]
    pub(crate) unsafe fn append(&self, task: TaskRef) {
        let lane = task.header().lane.get();
        // SAFETY: as the caller promises.
        unsafe { self.lanes[lane].append(task.pointer()) };
        self.occupied.set(self.occupied.get() | (1 << lane));
    }

    /// The task after one that is in a lane and not waiting; after the newest, the oldest.
    #[inline]
    pub(crate) fn after(&self, task: TaskRef) -> TaskRef {
        // SAFETY: the task is in a lane, and as long as it does not wait nobody else uses its link.
        let next = unsafe { Lane::after(task.pointer()) };
        // SAFETY: who appended the task promised that it lives until it is removed; the pointer is to the whole task.
        unsafe { TaskRef::new(next) }
    }

    /// Puts the oldest task of a lane, which is `oldest`, behind the others.
    #[inline]
    pub(crate) fn turn(&self, lane: usize, oldest: TaskRef) {
        self.lanes[lane].turn(oldest.pointer());
    }

    /// Removes the oldest task of a lane, which is `oldest`, and before `next`; returns the next one, if there is one
    /// left. The task's link is not used: it may be in the inbox again.
    #[inline]
    pub(crate) fn remove(&self, lane: usize, oldest: TaskRef, next: TaskRef) -> Option<TaskRef> {
        self.lanes[lane].remove(oldest.pointer(), next.pointer());
        if self.lanes[lane].is_empty() {
            self.occupied.set(self.occupied.get() & !(1 << lane));
            None
        } else {
            Some(next)
        }
    }

    /// Removes a task that was being polled, unless it was polled without being in a lane.
    pub(crate) fn remove_polled(&self, task: TaskRef) {
        if !task.header().is_alone() {
            self.remove(task.header().lane.get(), task, self.after(task));
        }
    }
}
