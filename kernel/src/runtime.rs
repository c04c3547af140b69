//! The executor on this core.
//!
//! Time is counted in cycles of the core. The platform's timer is the alarm; whatever wakes a task is an interrupt of
//! this core, and ends the halt by itself. A panic in a task is caught by going back to before its poll: the task ends,
//! nothing of it is unwound, and the core goes on.

use core::time::Duration;

use executor::time::{Frequency, Instant};
use executor::trace::{Event as ExecutorEvent, Then};
use executor::{Alarm, Executor, ExecutorCell, Panicked, Platform, Spawner};
use spin::Once;
use trace_format::record::{Event, PollOutcome, TaskBefore, TaskNumber};

use crate::arch::i586::{cpu, recovery};
use crate::platform::machine;
use crate::{doorbell, trace};

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
        cpu::idle(|| {
            let has_work = has_work();
            if !has_work {
                trace::record(Event::Idle);
            }
            has_work
        });
    }

    #[inline]
    fn guard<R>(&self, poll: impl FnOnce() -> R) -> Result<R, Panicked> {
        recovery::attempt(poll).map_err(|_| {
            doorbell::task_lost();
            Panicked
        })
    }

    /// Writes the event into the core's ring. Each arm records by itself, so that what its kind of record looks like is
    /// known at compile time.
    #[inline(always)]
    fn record(&self, at: Instant, event: ExecutorEvent) {
        let number = |task: executor::TaskId| TaskNumber(task.number());
        let ended = |task, outcome| Event::PollEnd { task: number(task), outcome };
        let write = |event| trace::record_at(at.ticks(), event);
        match event {
            ExecutorEvent::Spawn(task, name) => {
                write(Event::TaskSpawn { task: number(task), name: trace::place_of(name) });
            }
            ExecutorEvent::Ready(task) => write(Event::TaskReady(number(task))),
            ExecutorEvent::PollBegin(task) => {
                write(Event::PollBegin { task: number(task), before: TaskBefore::Waits });
            }
            ExecutorEvent::PollSwitch { then, begun, .. } => {
                let before = match then {
                    Then::Waits => TaskBefore::Waits,
                    Then::Yielded => TaskBefore::IsReady,
                };
                write(Event::PollBegin { task: number(begun), before });
            }
            ExecutorEvent::PollEnd(task) => write(ended(task, PollOutcome::Pending)),
            ExecutorEvent::Finish(task) => write(ended(task, PollOutcome::Ready)),
            ExecutorEvent::Panic(task) => write(ended(task, PollOutcome::Panicked)),
            ExecutorEvent::Abort(task) | ExecutorEvent::Release(task) => {
                write(Event::TaskDrop(number(task)));
            }
            // What the timer is set to is recorded when it is.
            ExecutorEvent::TimerSet(_) => {}
            ExecutorEvent::TimerFire(due) => write(Event::TimerFired(due.ticks())),
        }
    }
}

static CORE: Core = Core;
static EXECUTOR: ExecutorCell<Core> = ExecutorCell::new(Executor::new(&CORE).woken_here());
/// Set at start-up, in tasks; read by handlers for the price of a load and a comparison.
static ALARM: Once<Alarm> = Once::new();

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

/// Time since this core's start.
#[must_use]
pub fn uptime() -> Duration {
    Duration::from_millis(cpu::time_stamp() / u64::from(machine::clocks::cycles_per_millisecond()))
}

/// Permits interrupts and runs tasks for ever; `start` spawns the first ones.
///
/// # Panics
/// If called a second time.
pub fn run(start: impl FnOnce(Spawner)) -> ! {
    let executor = EXECUTOR.claim().expect("the executor is started once");
    ALARM.call_once(|| executor.alarm());
    start(executor.spawner());
    cpu::enable_interrupts();
    executor.run()
}
