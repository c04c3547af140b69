//! The executor: takes ready tasks out of the run queues and polls them.
#![expect(unsafe_code, reason = "polls and drops type-erased futures")]

use core::cell::Cell;
use core::convert::Infallible;

use crate::atomic::{AfterPoll, const_except_loom};
use crate::core_state::{CoreState, Shared, Wakes};
use crate::platform::{Panicked, Platform};
use crate::series::{ALONE, IN_LANE, Series};
use crate::spawner::{Pressure, Spawner};
use crate::task::Tasks;
use crate::task::header::{Ending, TaskRef};
use crate::task::state::{End, Storage};
use crate::time::{self, Timers};
#[cfg(feature = "trace")]
use crate::trace::Event;

/// Runs the tasks of one core. Lives for the rest of the program, on one core or thread.
#[derive(Debug)]
#[repr(C)]
pub struct Executor<P: Platform + 'static> {
    core: CoreState,
    platform: &'static P,
    /// Whether tasks are being run: a poll must not start another.
    occupation: Cell<Occupation>,
    /// The task that is being polled. In memory, because a guarded poll that panics may not return.
    polled: Cell<Option<TaskRef>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Occupation {
    Free,
    Running,
}

/// What one step of the executor did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// It polled a task, or looked after timers or the end of a task.
    Worked,
    /// Nothing is ready.
    Idle,
}

impl<P: Platform> Executor<P> {
    const_except_loom! {
        /// An executor without tasks.
        #[must_use]
        pub const fn new(platform: &'static P) -> Self {
            Self {
                platform,
                core: CoreState::new(platform),
                occupation: Cell::new(Occupation::Free),
                polled: Cell::new(None),
            }
        }
    }

    const_except_loom! {
        /// The same executor, which never calls [`Platform::pend`]: every wake comes from tasks and interrupt handlers
        /// of its own core, and an interrupt ends [`Platform::idle`] by itself. To be said before it is used.
        #[must_use]
        pub const fn woken_here(mut self) -> Self {
            self.core.shared.wakes = Wakes::FromThisCore;
            self
        }
    }

    /// Starts tasks on this executor.
    pub fn spawner(&'static self) -> Spawner {
        Spawner::new(&self.core)
    }

    /// The executor's timers.
    pub fn timers(&'static self) -> Timers {
        Timers::new(&self.core.shared)
    }

    /// What the platform's timer interrupt rings.
    pub fn alarm(&'static self) -> Alarm {
        Alarm(&self.core.shared)
    }

    /// Tells a long poll when to end.
    pub fn pressure(&'static self) -> Pressure {
        Pressure::new(&self.core)
    }

    /// All tasks, the newest first, each as it is when the iterator comes to it. Costs nothing when it is not used.
    pub fn tasks(&self) -> Tasks<'_> {
        self.core.registry.iter()
    }

    /// Runs tasks for ever; waits by [`Platform::idle`] when none is ready.
    ///
    /// # Panics
    /// If called by a task.
    pub fn run(&'static self) -> ! {
        let _running = self.enter();
        loop {
            // Entered again only after a panic.
            let Err(Panicked) = self.platform.guard(|| self.run_and_wait());
            self.give_up();
        }
    }

    /// Runs tasks and waits, until a task panics: then the guard goes on, not this.
    fn run_and_wait(&'static self) -> Infallible {
        loop {
            self.run_ready();
            self.platform.idle(&|| self.core.has_work());
        }
    }

    /// Runs tasks until none is ready. Does not return while tasks keep each other, or themselves, ready.
    ///
    /// # Panics
    /// If called by a task.
    pub fn run_until_idle(&'static self) {
        let _running = self.enter();
        while self.platform.guard(|| self.run_ready()).is_err() {
            self.give_up();
        }
    }

    /// Runs tasks until none is ready, or until one panics: then the guard goes on, not this.
    #[inline(always)]
    fn run_ready(&'static self) {
        let mut series = Series::new();
        loop {
            if let Some(newest) = self.core.shared.take() {
                // SAFETY: it was pushed by a wake, which promised that it lives; the pointer is to the whole task.
                let task = unsafe { TaskRef::new(newest) };
                if task.header().is_alone() && self.core.lanes.are_empty() {
                    self.serve_alone(task, &mut series);
                    continue;
                }
                // SAFETY: taken just now.
                unsafe { self.core.sort_in(newest) };
            }
            match self.core.lanes.most_urgent() {
                Some(lane) => self.serve_lane(lane, &mut series),
                None => return series.end(self.platform),
            }
        }
    }

    /// Polls the only task that is ready, without putting it into a lane first.
    #[inline(always)]
    fn serve_alone(&'static self, task: TaskRef, series: &mut Series) {
        match self.poll::<ALONE>(task, series) {
            Ending::None => {
                if task.header().readiness.end_poll() == AfterPoll::Ready {
                    series.note_yield(task);
                    // What became ready before the end of this poll comes before this task.
                    self.take_news();
                    // SAFETY: it was woken during its poll, so the executor has its link.
                    unsafe { self.core.lanes.append(task) };
                }
            }
            ending => self.see_to(ending, task, series),
        }
    }

    /// Polls the tasks of a lane, until none is left or something more urgent may be there.
    #[inline(always)]
    fn serve_lane(&'static self, lane: usize, series: &mut Series) {
        let mut next = self.core.lanes.oldest(lane);
        while let Some(task) = next {
            next = self.serve_oldest(lane, task, series);
        }
    }

    /// Polls the oldest task of a lane, which is `task`; returns the next one of the lane, unless another lane may be
    /// more urgent.
    #[inline(always)]
    fn serve_oldest(&'static self, lane: usize, task: TaskRef, series: &mut Series) -> Option<TaskRef> {
        let ending = self.poll::<IN_LANE>(task, series);
        if ending != Ending::None {
            self.core.lanes.remove(lane, task, self.core.lanes.after(task));
            self.see_to(ending, task, series);
            return None;
        }
        // What became ready before the end of this poll comes before this task.
        if self.core.shared.has_news() {
            return self.requeue_after_news(lane, task, series);
        }
        self.requeue(lane, task, series)
    }

    /// Puts a task behind the others if it was woken during its poll, else out of its lane; returns the next one.
    #[inline(always)]
    fn requeue(&self, lane: usize, task: TaskRef, series: &mut Series) -> Option<TaskRef> {
        // Looked up before the task waits: then a handler may wake it, and its link is the inbox's.
        let next = self.core.lanes.after(task);
        match task.header().readiness.end_poll() {
            AfterPoll::Waiting => self.core.lanes.remove(lane, task, next),
            AfterPoll::Ready => {
                series.note_yield(task);
                self.core.lanes.turn(lane, task);
                Some(next)
            }
        }
    }

    /// The same, behind what was pushed before the end of its poll.
    #[inline(never)]
    fn requeue_after_news(&self, lane: usize, task: TaskRef, series: &mut Series) -> Option<TaskRef> {
        self.take_news();
        let next = self.requeue(lane, task, series);
        if self.core.lanes.has_before(lane) { None } else { next }
    }

    /// Sorts in what was pushed.
    fn take_news(&self) {
        if let Some(newest) = self.core.shared.take() {
            // SAFETY: taken just now.
            unsafe { self.core.sort_in(newest) };
        }
    }

    /// Takes one step, or goes as far as to a panic, after which the guard goes on.
    fn step(&'static self) -> Step {
        let mut series = Series::new();
        self.take_news();
        let Some((lane, task)) = self.core.lanes.most_urgent_task() else { return Step::Idle };
        self.serve_oldest(lane, task, &mut series);
        series.end(self.platform);
        Step::Worked
    }

    /// Ends the task whose poll panicked.
    ///
    /// # Panics
    /// If no task was being polled: what panicked is the executor or something that it called.
    #[cold]
    fn give_up(&self) {
        let task = self.polled.take().expect("nothing but polls panics");
        self.core.lanes.remove_polled(task);
        self.finish(task, End::Panicked);
    }

    /// Takes one step: looks after timers if the alarm rang, or polls the most urgent ready task.
    ///
    /// # Panics
    /// If called by a task.
    pub fn poll_once(&'static self) -> Step {
        let _running = self.enter();
        self.platform.guard(|| self.step()).unwrap_or_else(|_| {
            self.give_up();
            Step::Worked
        })
    }

    /// Whether a task is ready or the alarm has rung. Any moment between steps.
    pub fn has_work(&self) -> bool {
        self.core.has_work()
    }

    fn enter(&self) -> Running<'_> {
        assert!(
            self.occupation.replace(Occupation::Running) == Occupation::Free,
            "a task ran its own executor"
        );
        Running(&self.occupation)
    }

    /// Polls a task that is ready, or does what else it needs.
    #[inline(always)]
    fn poll<const IS_ALONE: bool>(&'static self, task: TaskRef, series: &mut Series) -> Ending {
        #[cfg(any(feature = "accounting", feature = "trace"))]
        if task.header().state.is_polled() {
            series.begin::<P, IS_ALONE>(self.platform, task);
            let ending = self.call(task);
            if ending == Ending::None {
                series.count(self.platform, task);
            } else {
                series.count_last(self.platform, task);
            }
            return ending;
        }
        series.end(self.platform);
        self.call(task)
    }

    #[inline(always)]
    fn call(&self, task: TaskRef) -> Ending {
        task.header().readiness.begin_poll();
        self.polled.set(Some(task));
        // SAFETY: this is the executor; the task was taken out of the queue, and is not polled already.
        let ending = unsafe { task.poll() };
        self.polled.set(None);
        ending
    }

    /// Does what a call of a task's function left to do, which has been taken out of its lane.
    #[cold]
    fn see_to(&'static self, ending: Ending, task: TaskRef, series: &mut Series) {
        // The end of a task is recorded by itself.
        if ending != Ending::Rang {
            *series = Series::new();
        }
        match ending {
            Ending::None => {}
            Ending::Ready => self.finish(task, End::Ready),
            Ending::Cancelled => self.finish(task, End::Cancelled),
            // SAFETY: nothing refers to the task any more, and its storage was not yet freed: it was queued for this.
            Ending::Unreferenced => unsafe { (task.header().vtable().deallocate)(task.pointer()) },
            Ending::Rang => {
                time::queue::expire(&self.core.shared);
                if task.header().readiness.end_poll() == AfterPoll::Ready {
                    self.put_off(task, series);
                }
            }
        }
    }

    /// The alarm has rung again while timers were looked after: they go on after one task.
    fn put_off(&'static self, alarm: TaskRef, series: &mut Series) {
        self.take_news();
        let other = self.core.lanes.most_urgent_task();
        // SAFETY: it was woken while it was served, so the executor has its link.
        unsafe { self.core.lanes.append(alarm) };
        if let Some((lane, task)) = other {
            self.serve_oldest(lane, task, series);
        }
    }

    /// Notes the end of a task, and tells who waits for it.
    #[cold]
    fn finish(&self, task: TaskRef, mut end: End) {
        if end == End::Ready && !task.header().state.has_handle() {
            task.header().state.take_output();
            // SAFETY: the poll was ready, so the task holds its output, which nobody will take.
            let dropped =
                self.platform.guard(|| unsafe { (task.header().vtable().drop_output)(task.pointer()) });
            if dropped.is_err() {
                end = End::Panicked;
            }
        }
        #[cfg(feature = "trace")]
        {
            let id = task.header().id.get();
            self.core.shared.trace(match end {
                End::Ready => Event::Finish(id),
                End::Cancelled => Event::Abort(id),
                End::Panicked => Event::Panic(id),
            });
        }
        task.header().readiness.close();
        task.header().end_polls();
        let storage = task.header().state.finish(end);
        if let Some(joiner) = task.header().joiner.take() {
            joiner.wake();
        }
        if storage == Storage::Release {
            self.core.release(task);
        }
    }
}

/// Marks the executor as running until it is dropped.
struct Running<'a>(&'a Cell<Occupation>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(Occupation::Free);
    }
}

/// What the platform's timer interrupt calls when the time of [`Platform::set_alarm`] has come. Copied freely.
#[derive(Clone, Copy, Debug)]
pub struct Alarm(&'static Shared);

impl Alarm {
    /// Has the executor look at its timers. Any context, wait-free; once too often does no harm.
    pub fn ring(self) {
        self.0.ring();
    }
}
