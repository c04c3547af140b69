//! The executor: takes ready tasks out of the run queues and polls them.
#![expect(unsafe_code, reason = "polls and drops type-erased futures")]

use core::cell::Cell;

use crate::atomic::const_except_loom;
use crate::core_state::{CoreState, ENDED, OTHER_THAN_CLASSES, RUNG, Shared, Taken, Wakes};
use crate::platform::Platform;
use crate::spawner::{Pressure, Spawner};
use crate::task::Tasks;
use crate::task::header::{Ending, TaskRef};
use crate::task::state::{End, Storage};
use crate::time::{self, Timers};
#[cfg(feature = "trace")]
use crate::trace::{Event, Trace};

/// Runs the tasks of one core. Lives for the rest of the program, on one core or thread.
#[derive(Debug)]
pub struct Executor<P: Platform + 'static> {
    platform: &'static P,
    core: CoreState,
    /// Whether tasks are being run: a poll must not start another.
    occupation: Cell<Occupation>,
    /// The time at the end of the last poll, if nothing but a poll has happened since it was read.
    #[cfg(feature = "accounting")]
    clock: Cell<Option<time::Instant>>,
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
            Self::assemble(CoreState::new(platform, #[cfg(feature = "trace")] None), platform)
        }
    }

    const_except_loom! {
        /// An executor without tasks, whose events `trace` gets.
        #[cfg(feature = "trace")]
        #[must_use]
        pub const fn with_trace(platform: &'static P, trace: &'static dyn Trace) -> Self {
            Self::assemble(CoreState::new(platform, Some(trace)), platform)
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

    const fn assemble(core: CoreState, platform: &'static P) -> Self {
        Self {
            platform,
            core,
            occupation: Cell::new(Occupation::Free),
            #[cfg(feature = "accounting")]
            clock: Cell::new(None),
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
        Pressure::new(&self.core.shared)
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
        loop {
            self.run_until_idle();
            #[cfg(feature = "trace")]
            self.core.shared.trace(Event::IdleEnter);
            self.platform.idle(&|| self.core.shared.has_work());
            #[cfg(feature = "trace")]
            self.core.shared.trace(Event::IdleExit);
        }
    }

    /// Runs tasks until none is ready. Does not return while tasks keep each other, or themselves, ready.
    ///
    /// # Panics
    /// If called by a task.
    pub fn run_until_idle(&'static self) {
        let _running = self.enter();
        while let Some(mut tasks) = self.take() {
            while let Some(task) = tasks.next() {
                self.serve(task);
                let interruption = tasks.interruption();
                if interruption != 0 {
                    if interruption & ENDED != 0 {
                        self.see_to_end(task);
                    }
                    if tasks.interruption() != 0 {
                        break;
                    }
                }
            }
        }
    }

    /// Takes one step: looks after timers if the alarm rang, and polls the most urgent ready task.
    ///
    /// # Panics
    /// If called by a task.
    pub fn poll_once(&'static self) -> Step {
        let _running = self.enter();
        let Some(mut tasks) = self.take() else { return Step::Idle };
        if let Some(task) = tasks.next() {
            self.serve(task);
            if tasks.interruption() & ENDED != 0 {
                self.see_to_end(task);
            }
        }
        Step::Worked
    }

    /// Whether a task is ready or the alarm has rung. Any moment between steps.
    pub fn has_work(&self) -> bool {
        self.core.shared.has_work()
    }

    fn enter(&self) -> Running<'_> {
        assert!(
            self.occupation.replace(Occupation::Running) == Occupation::Free,
            "a task ran its own executor"
        );
        #[cfg(feature = "accounting")]
        self.clock.set(None);
        Running(&self.occupation)
    }

    /// Takes the most urgent tasks that are ready. Looks after timers before that, if the alarm rang.
    #[inline]
    fn take(&'static self) -> Option<Taken<'static>> {
        let mut attention = self.core.shared.attention();
        while attention != 0 {
            if attention & RUNG != 0 {
                attention = self.fire_timers();
            }
            if attention != 0 {
                return Some(self.core.shared.take(attention));
            }
            attention = self.core.shared.attention();
        }
        None
    }

    /// Looks after timers; returns the bits of classes that ask for attention now.
    #[cold]
    fn fire_timers(&'static self) -> u32 {
        self.core.shared.silence();
        time::queue::expire(&self.core.shared);
        self.core.shared.attention() & !OTHER_THAN_CLASSES
    }

    /// Does what a task that came out of the queue needs, except for its end, which the word of attention tells.
    #[inline]
    fn serve(&'static self, task: TaskRef) {
        #[cfg(feature = "accounting")]
        let ready = task.header().account.ready_since();
        #[cfg(any(feature = "accounting", feature = "trace"))]
        let is_polled = task.header().state.is_polled();
        #[cfg(feature = "accounting")]
        let begin = self.clock.get().unwrap_or_else(|| self.platform.now());
        #[cfg(feature = "trace")]
        if is_polled {
            self.core.shared.trace(Event::PollBegin(task.header().id.get()));
        }
        // SAFETY: this is the executor; the task came out of the queue just now.
        let result = self.platform.guard(|| unsafe { task.poll() });
        #[cfg(feature = "accounting")]
        if is_polled {
            let end = self.platform.now();
            self.clock.set(Some(end));
            task.header().account.polled(ready, begin, end);
        }
        match result {
            Err(_) => self.finish(task, End::Panicked),
            #[cfg(feature = "trace")]
            Ok(_) if self.core.shared.attention() & ENDED == 0 => {
                self.core.shared.trace(Event::PollEnd(task.header().id.get()));
            }
            Ok(_) => {}
        }
    }

    /// Does what the last poll left to do.
    #[cold]
    fn see_to_end(&self, task: TaskRef) {
        self.core.shared.forget_ending();
        match task.header().ending() {
            Ending::Ready => self.finish(task, End::Ready),
            Ending::Cancelled => self.finish(task, End::Cancelled),
            Ending::Retired => self.retire(task),
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
        task.header().end_polls();
        let storage = task.header().state.finish(end);
        if let Some(joiner) = task.header().joiner.take() {
            joiner.wake();
        }
        if storage == Storage::Release {
            self.core.release(task);
        }
    }

    /// Sees to a finished task that was queued.
    #[cold]
    fn retire(&self, task: TaskRef) {
        if task.header().state.is_unreferenced() {
            // SAFETY: nothing refers to the task any more, and its storage was not yet freed: it was queued for this.
            unsafe { (task.header().vtable().deallocate)(task.pointer()) };
        } else if task.header().state.leave_queue() == Storage::Release {
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
