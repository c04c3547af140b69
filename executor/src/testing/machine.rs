//! A machine without hardware: time passes when the test says so.

use crate::atomic::const_except_loom;
use crate::executor::Alarm;
use crate::platform::Platform;
#[cfg(all(feature = "alloc", feature = "trace"))]
use crate::testing::EventRecorder;
use crate::time::{Duration, Instant};
#[cfg(feature = "trace")]
use crate::trace::Event;
use crate::waker::gate::Gate;

/// A platform for tests. Its clock stands still until [`advance`](Self::advance) moves it; it counts how often it
/// was pended. Panics in tasks are not contained.
///
/// ```
/// use executor::testing::ManualMachine;
/// use executor::time::Duration;
/// use executor::{Class, Executor};
///
/// static MACHINE: ManualMachine = ManualMachine::new();
///
/// let executor: &'static _ = Box::leak(Box::new(Executor::new(&MACHINE)));
/// MACHINE.connect(executor.alarm());
/// let timers = executor.timers();
/// let task = executor.spawner().spawn("sleeper", Class::Service, timers.sleep(Duration::from_ticks(10)));
/// let task = task.expect("there is memory");
///
/// MACHINE.advance(Duration::from_ticks(9));
/// executor.run_until_idle();
/// assert!(!task.is_finished());
/// MACHINE.advance(Duration::from_ticks(1));
/// executor.run_until_idle();
/// assert!(task.is_finished());
/// ```
#[derive(Debug)]
pub struct ManualMachine {
    state: Gate<State>,
}

#[derive(Debug)]
struct State {
    now: Instant,
    deadline: Option<Instant>,
    alarm: Option<Alarm>,
    pends: u32,
    #[cfg(all(feature = "alloc", feature = "trace"))]
    recorder: Option<&'static EventRecorder>,
}

impl ManualMachine {
    const_except_loom! {
        /// A machine at the start of time.
        #[must_use]
        pub const fn new() -> Self {
            let state = State {
                now: Instant::START,
                deadline: None,
                alarm: None,
                pends: 0,
                #[cfg(all(feature = "alloc", feature = "trace"))]
                recorder: None,
            };
            Self { state: Gate::new(state) }
        }
    }

    /// Has `alarm` rung when its deadline has come.
    pub fn connect(&self, alarm: Alarm) {
        self.state.with(|state| state.alarm = Some(alarm));
    }

    /// Has `recorder` keep the executor's events.
    #[cfg(all(feature = "alloc", feature = "trace"))]
    pub fn record_to(&self, recorder: &'static EventRecorder) {
        self.state.with(|state| state.recorder = Some(recorder));
    }

    /// Lets time pass, and rings the alarm if its deadline has come.
    pub fn advance(&self, span: Duration) {
        let alarm = self.state.with(|state| {
            state.now += span;
            state.due()
        });
        if let Some(alarm) = alarm {
            alarm.ring();
        }
    }

    /// When the alarm is to ring.
    pub fn deadline(&self) -> Option<Instant> {
        self.state.with(|state| state.deadline)
    }

    /// How often the machine was pended since this was last asked.
    pub fn take_pends(&self) -> u32 {
        self.state.with(|state| core::mem::take(&mut state.pends))
    }
}

impl Default for ManualMachine {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// What is to ring now, once for each deadline.
    fn due(&mut self) -> Option<Alarm> {
        self.deadline.take_if(|deadline| *deadline <= self.now).and(self.alarm)
    }
}

impl Platform for ManualMachine {
    fn now(&self) -> Instant {
        self.state.with(|state| state.now)
    }

    fn set_alarm(&self, deadline: Option<Instant>) {
        let alarm = self.state.with(|state| {
            state.deadline = deadline;
            state.due()
        });
        if let Some(alarm) = alarm {
            alarm.ring();
        }
    }

    /// Passes the time until the next deadline.
    ///
    /// # Panics
    /// If there is none: nothing would ever happen.
    fn idle(&self, has_work: &dyn Fn() -> bool) {
        if has_work() {
            return;
        }
        let deadline =
            self.deadline().expect("a task is ready or waits for a time; else the test waits for ever");
        self.advance(deadline - self.now());
    }

    #[cfg(feature = "trace")]
    fn record(&self, _: Instant, event: Event) {
        #[cfg(all(feature = "alloc", feature = "trace"))]
        if let Some(recorder) = self.state.with(|state| state.recorder) {
            recorder.record(event);
        }
        #[cfg(not(feature = "alloc"))]
        let _ = event;
    }

    fn pend(&self) {
        self.state.with(|state| state.pends = state.pends.wrapping_add(1));
    }
}
