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
    /// The task that is being polled. In memory, because a guarded poll that panics may not return.
    polled: Cell<Option<TaskRef>>,
    /// The task whose poll ended last, if nothing but that has happened since.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    previous: Cell<Option<TaskRef>>,
    /// The time at the end of the poll of `previous`.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    clock: Cell<time::Instant>,
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
            polled: Cell::new(None),
            #[cfg(any(feature = "accounting", feature = "trace"))]
            previous: Cell::new(None),
            #[cfg(any(feature = "accounting", feature = "trace"))]
            clock: Cell::new(time::Instant::START),
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
        while self.platform.guard(|| self.run_ready()).is_err() {
            self.give_up();
        }
        self.end_series();
    }

    /// Runs tasks until none is ready, or until one panics: then the guard goes on, not this.
    fn run_ready(&'static self) {
        while let Some(tasks) = self.take() {
            while let Some(task) = tasks.next() {
                let attention = self.serve(task);
                if tasks.interruption(attention) != 0 {
                    if attention & ENDED != 0 {
                        self.see_to_end(task);
                    }
                    if tasks.interruption(self.core.shared.attention()) != 0 {
                        break;
                    }
                }
            }
        }
    }

    /// Takes one step, or goes as far as to a panic, after which the guard goes on.
    fn step(&'static self) -> Step {
        let Some(tasks) = self.take() else { return Step::Idle };
        if let Some(task) = tasks.next()
            && self.serve(task) & ENDED != 0
        {
            self.see_to_end(task);
        }
        Step::Worked
    }

    /// Ends the task whose poll panicked.
    ///
    /// # Panics
    /// If no task was being polled: what panicked is the executor or something that it called.
    #[cold]
    fn give_up(&self) {
        let task = self.polled.take().expect("nothing but polls panics");
        self.core.shared.resume_batch_of(task);
        #[cfg(any(feature = "accounting", feature = "trace"))]
        self.previous.set(None);
        self.finish(task, End::Panicked);
    }

    /// Takes one step: looks after timers if the alarm rang, and polls the most urgent ready task.
    ///
    /// # Panics
    /// If called by a task.
    pub fn poll_once(&'static self) -> Step {
        let _running = self.enter();
        let step = self.platform.guard(|| self.step()).unwrap_or_else(|_| {
            self.give_up();
            Step::Worked
        });
        self.end_series();
        step
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
        self.end_series();
        self.core.shared.silence();
        time::queue::expire(&self.core.shared);
        self.core.shared.attention() & !OTHER_THAN_CLASSES
    }

    /// Does what a task that came out of the queue needs, except for its end; returns the word of attention, which
    /// tells of that.
    #[inline]
    fn serve(&'static self, task: TaskRef) -> u32 {
        #[cfg(any(feature = "accounting", feature = "trace"))]
        let begun = task.header().state.is_polled().then(|| self.begin_poll(task));
        self.polled.set(Some(task));
        // SAFETY: this is the executor; the task came out of the queue just now.
        unsafe { task.poll() };
        self.polled.set(None);
        let attention = self.core.shared.attention();
        #[cfg(any(feature = "accounting", feature = "trace"))]
        if let Some(begun) = begun {
            self.end_poll(task, &begun, attention);
        }
        attention
    }

    /// Reads the clock, unless a poll has ended just now, and records the beginning of a poll.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    #[inline]
    fn begin_poll(&self, task: TaskRef) -> Begun {
        let previous = self.previous.get();
        let at = if previous.is_some() { self.clock.get() } else { self.platform.now() };
        #[cfg(feature = "trace")]
        if let Some(trace) = self.core.shared.recorder() {
            let id = task.header().id.get();
            match previous {
                Some(previous) => trace.poll_switch(at, previous.header().id.get(), id),
                None => trace.poll_begin(at, id),
            }
        }
        Begun { at, ready: task.header().account.ready_since() }
    }

    /// Reads the clock after a poll and counts it. What `attention` tells of the task's end is still to be seen to.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    #[inline]
    fn end_poll(&self, task: TaskRef, begun: &Begun, attention: u32) {
        let end = self.platform.now();
        self.clock.set(end);
        task.header().account.polled(begun.ready, begun.at, end);
        // The end of a task is recorded by itself, and its storage may go away.
        self.previous.set(if attention & ENDED == 0 { Some(task) } else { None });
    }

    /// Something else than the next poll comes: the end of the last one is recorded, and its time no longer the present.
    #[inline]
    fn end_series(&self) {
        #[cfg(any(feature = "accounting", feature = "trace"))]
        if let Some(_previous) = self.previous.take() {
            #[cfg(feature = "trace")]
            if let Some(trace) = self.core.shared.recorder() {
                trace.record(self.clock.get(), Event::PollEnd(_previous.header().id.get()));
            }
        }
    }

    /// Does what the last poll left to do.
    #[cold]
    fn see_to_end(&self, task: TaskRef) {
        self.end_series();
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

/// When a poll began.
#[cfg(any(feature = "accounting", feature = "trace"))]
struct Begun {
    at: time::Instant,
    /// When its task had become ready.
    ready: time::Instant,
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
