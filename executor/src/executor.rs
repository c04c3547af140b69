//! The executor: takes ready tasks out of the run queues and polls them.
#![expect(unsafe_code, reason = "polls and drops type-erased futures")]

use core::cell::Cell;
use core::task::{Context, Poll};

use crate::atomic::const_except_loom;
use crate::class::Class;
use crate::core_state::{CoreState, Shared};
use crate::platform::Platform;
use crate::spawner::{Pressure, Spawner};
use crate::task::Tasks;
use crate::task::header::TaskRef;
use crate::task::state::{Dequeued, End, Storage};
use crate::time::{self, Timers};
#[cfg(feature = "trace")]
use crate::trace::{Event, Trace};
use crate::waker;

/// Runs the tasks of one core. Lives for the rest of the program, on one core or thread.
#[derive(Debug)]
pub struct Executor<P: Platform + 'static> {
    platform: &'static P,
    core: CoreState,
    /// Class of the batch that is being served.
    current: Cell<Class>,
    /// What asks for attention before that.
    urgent: Cell<u32>,
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

    const fn assemble(core: CoreState, platform: &'static P) -> Self {
        Self {
            platform,
            core,
            current: Cell::new(Class::Idle),
            urgent: Cell::new(Shared::urgent(Class::Idle)),
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
        while self.step() == Step::Worked {}
    }

    /// Takes one step: looks after timers if the alarm rang, and polls the most urgent ready task.
    ///
    /// # Panics
    /// If called by a task.
    pub fn poll_once(&'static self) -> Step {
        let _running = self.enter();
        self.step()
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

    #[inline]
    fn step(&'static self) -> Step {
        let batch = self.core.shared.intake(self.current.get());
        match self.core.shared.pop_next(batch, self.urgent.get()) {
            Some(task) => {
                self.serve(task);
                Step::Worked
            }
            None => self.look_around(),
        }
    }

    /// Takes a step that does not just go on with the batch.
    fn look_around(&'static self) -> Step {
        if self.core.shared.alarm_rung() {
            self.core.shared.silence();
            time::queue::expire(&self.core.shared);
        }
        match self.core.shared.pop() {
            Some((task, class)) => {
                self.current.set(class);
                self.urgent.set(Shared::urgent(class));
                self.serve(task);
                Step::Worked
            }
            None if self.core.shared.alarm_rung() => Step::Worked,
            None => Step::Idle,
        }
    }

    /// Does what a task that came out of the queue needs.
    #[inline]
    fn serve(&'static self, task: TaskRef) {
        #[cfg(feature = "accounting")]
        let ready = task.header().account.ready_since();
        match task.header().state.begin_poll() {
            Dequeued::Poll => {
                #[cfg(feature = "accounting")]
                let begin = self.clock.get().unwrap_or_else(|| self.platform.now());
                let result = self.poll(task);
                #[cfg(feature = "accounting")]
                {
                    let end = self.platform.now();
                    self.clock.set(Some(end));
                    task.header().account.polled(ready, begin, end);
                }
                match result {
                    None => {
                        #[cfg(feature = "trace")]
                        self.core.shared.trace(Event::PollEnd(task.header().id.get()));
                    }
                    Some(end) => self.finish(task, end),
                }
            }
            Dequeued::Cancel => {
                // SAFETY: the task is not finished, so it holds its future, which nobody polls.
                let dropped =
                    self.platform.guard(|| unsafe { (task.header().vtable().drop_future)(task.pointer()) });
                self.finish(task, if dropped.is_ok() { End::Cancelled } else { End::Panicked });
            }
            Dequeued::Finished => self.retire(task),
        }
    }

    /// Polls a task; returns how it ended, if it did.
    #[inline]
    fn poll(&self, task: TaskRef) -> Option<End> {
        #[cfg(feature = "trace")]
        self.core.shared.trace(Event::PollBegin(task.header().id.get()));
        let waker = waker::borrowed(task);
        let mut context = Context::from_waker(&waker);
        // SAFETY: the task is not finished, so it holds its future, and only the executor polls.
        match self.platform.guard(|| unsafe { task.poll(&mut context) }) {
            Ok(Poll::Pending) => None,
            Ok(Poll::Ready(())) => Some(End::Ready),
            Err(_) => Some(End::Panicked),
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
