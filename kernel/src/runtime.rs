//! The executor on this core.
//!
//! Time is counted in cycles of the core. The platform's timer is the alarm; whatever wakes a task is an interrupt of
//! this core, and ends the halt by itself. A panic in a task is caught by going back to before its poll: the task ends,
//! nothing of it is unwound, and the core goes on.

use executor::time::{Frequency, Instant};
use executor::trace::{Event as ExecutorEvent, Trace};
use executor::{Alarm, Executor, ExecutorCell, Panicked, Platform, Spawner};
use trace_format::record::{Event, PollOutcome, TaskNumber};

use crate::arch::i586::interrupt_cell::SetOnce;
use crate::arch::i586::{cpu, recovery};
use crate::platform::machine;
use crate::trace;

/// The core, as the executor sees it.
#[derive(Debug)]
pub struct Core;

impl Platform for Core {
    #[inline]
    fn now(&self) -> Instant {
        Instant::from_ticks(cpu::time_stamp())
    }

    fn set_alarm(&self, deadline: Option<Instant>) {
        match deadline {
            None => machine::timer::stop(),
            Some(deadline) => {
                trace::record(Event::TimerArmed(deadline.ticks()));
                machine::timer::start(deadline.ticks().saturating_sub(cpu::time_stamp()));
            }
        }
    }

    fn idle(&self, has_work: &dyn Fn() -> bool) {
        cpu::idle(has_work);
    }

    #[inline]
    fn guard<R>(&self, poll: impl FnOnce() -> R) -> Result<R, Panicked> {
        recovery::attempt(poll).map_err(|_| Panicked)
    }
}

/// Writes the executor's events into the core's ring.
#[derive(Debug)]
struct Recorder;

impl Trace for Recorder {
    fn record(&self, at: Instant, event: ExecutorEvent) {
        let number = |task: executor::TaskId| TaskNumber(task.number());
        let ended = |task, outcome| Event::PollEnd { task: number(task), outcome };
        // Each arm records by itself, so that what its kind of record looks like is known at compile time.
        let write = |event| trace::record_at(at.ticks(), event);
        match event {
            // Recorded below, with the name.
            ExecutorEvent::Spawn(_) => {}
            ExecutorEvent::Ready(task) => self.ready(at, task),
            ExecutorEvent::PollBegin(task) => self.poll_begin(at, task),
            ExecutorEvent::PollEnd(task) => write(ended(task, PollOutcome::Pending)),
            ExecutorEvent::Finish(task) => write(ended(task, PollOutcome::Ready)),
            ExecutorEvent::Panic(task) => write(ended(task, PollOutcome::Panicked)),
            ExecutorEvent::Abort(task) | ExecutorEvent::Release(task) => {
                write(Event::TaskDrop(number(task)));
            }
            // What the timer is set to is recorded when it is.
            ExecutorEvent::TimerSet(_) => {}
            ExecutorEvent::TimerFire(due) => write(Event::TimerFired(due.ticks())),
            ExecutorEvent::IdleEnter => write(Event::IdleBegin),
            ExecutorEvent::IdleExit => write(Event::IdleEnd),
        }
    }

    fn spawned(&self, at: Instant, task: executor::TaskId, name: &'static str) {
        let event = Event::TaskSpawn { task: TaskNumber(task.number()), name: trace::place_of(name) };
        trace::record_at(at.ticks(), event);
    }

    fn ready(&self, at: Instant, task: executor::TaskId) {
        trace::record_at(at.ticks(), Event::TaskReady(TaskNumber(task.number())));
    }

    fn poll_begin(&self, at: Instant, task: executor::TaskId) {
        trace::record_at(at.ticks(), Event::PollBegin(TaskNumber(task.number())));
    }

    /// One record: the beginning of a poll ends the poll before it.
    fn poll_switch(&self, at: Instant, _ended: executor::TaskId, begun: executor::TaskId) {
        self.poll_begin(at, begun);
    }
}

static CORE: Core = Core;
static RECORDER: Recorder = Recorder;
static EXECUTOR: ExecutorCell<Core> = ExecutorCell::new(Executor::with_trace(&CORE, &RECORDER).woken_here());
static ALARM: SetOnce<Alarm> = SetOnce::new();

/// The timer has expired. Interrupt context.
pub fn ring_alarm() {
    if let Some(alarm) = ALARM.get() {
        alarm.ring();
    }
}

/// Ticks of the executor's time.
#[must_use]
pub fn frequency() -> Frequency {
    Frequency::from_hertz(machine::clocks::cycles_per_millisecond().saturating_mul(1_000))
}

/// Permits interrupts and runs tasks for ever; `start` spawns the first ones.
///
/// # Panics
/// If called a second time.
pub fn run(start: impl FnOnce(Spawner)) -> ! {
    let executor = EXECUTOR.claim().expect("the executor is started once");
    ALARM.set(executor.alarm());
    start(executor.spawner());
    cpu::enable_interrupts();
    executor.run()
}
