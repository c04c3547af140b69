//! What an executor consists of, apart from the type of its platform.
#![expect(unsafe_code, reason = "adds tasks to the registry, removes and releases them")]

use core::cell::Cell;
use core::fmt;

use crate::atomic::{Word, const_except_loom};
use crate::class::Class;
use crate::intake::Intake;
use crate::platform::Platform;
use crate::task::TaskId;
use crate::task::header::{Identity, TaskRef};
use crate::task::registry::Registry;
use crate::time::queue::TimerQueue;
#[cfg(feature = "trace")]
use crate::trace::{Event, Trace};

/// Bit of the alarm word.
const RUNG: u32 = 0;

/// The half that any context may use.
pub(crate) struct Shared {
    intakes: [Intake; Class::ALL.len()],
    alarm: Word,
    pub(crate) timers: TimerQueue,
    pub(crate) platform: &'static dyn Platform,
}

/// The whole; tasks and executor only.
#[derive(Debug)]
pub(crate) struct CoreState {
    pub(crate) shared: Shared,
    pub(crate) registry: Registry,
    last_id: Cell<TaskId>,
}

impl Shared {
    const_except_loom! {
        const fn new(
            platform: &'static dyn Platform,
            #[cfg(feature = "trace")] trace: Option<&'static dyn Trace>,
        ) -> Self {
            Self {
                intakes: [
                    Intake::new(platform, #[cfg(feature = "trace")] trace),
                    Intake::new(platform, #[cfg(feature = "trace")] trace),
                    Intake::new(platform, #[cfg(feature = "trace")] trace),
                    Intake::new(platform, #[cfg(feature = "trace")] trace),
                ],
                alarm: Word::new(0),
                timers: TimerQueue::new(),
                platform,
            }
        }
    }

    /// The run queue of a class.
    #[inline]
    pub(crate) fn intake(&self, class: Class) -> &Intake {
        &self.intakes[class.index()]
    }

    /// Takes out the most urgent ready task. Executor only.
    #[inline]
    pub(crate) fn pop(&self) -> Option<TaskRef> {
        self.intakes.iter().find_map(Intake::pop)
    }

    /// Whether a task is ready or a timer may have fired. Any context.
    pub(crate) fn has_work(&self) -> bool {
        self.alarm_rung() || self.intakes.iter().any(|intake| !intake.is_empty())
    }

    /// Whether a task of an earlier class is ready or a timer, which might make one ready, may have fired.
    #[inline]
    pub(crate) fn is_pressed(&self, class: Class) -> bool {
        self.alarm_rung() || self.intakes[..class.index()].iter().any(|intake| !intake.is_empty())
    }

    /// Whether timers are to be looked at. Any context.
    #[inline]
    pub(crate) fn alarm_rung(&self) -> bool {
        self.alarm.load() != 0
    }

    /// Has timers looked at. Any context.
    pub(crate) fn ring(&self) {
        self.alarm.set_bits(1 << RUNG);
        self.platform.pend();
    }

    /// Forgets that the alarm rang. Executor only.
    pub(crate) fn silence(&self) {
        self.alarm.clear_bits(1 << RUNG);
    }

    /// Reports an event, if anybody listens. Any context.
    #[cfg(feature = "trace")]
    pub(crate) fn trace(&self, event: Event) {
        self.intakes[0].trace(event);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("intakes", &self.intakes).finish_non_exhaustive()
    }
}

impl CoreState {
    const_except_loom! {
        /// Without tasks.
        pub(crate) const fn new(
            platform: &'static dyn Platform,
            #[cfg(feature = "trace")] trace: Option<&'static dyn Trace>,
        ) -> Self {
            Self {
                shared: Shared::new(platform, #[cfg(feature = "trace")] trace),
                registry: Registry::new(),
                last_id: Cell::new(TaskId::NONE),
            }
        }
    }

    /// What the next task gets.
    pub(crate) fn identify(&'static self, name: &'static str, class: Class) -> Identity {
        let id = self.last_id.get().following();
        self.last_id.set(id);
        Identity { intake: self.shared.intake(class), id, name, class }
    }

    /// Starts a task that has just been placed.
    pub(crate) fn start(&self, task: TaskRef) {
        // SAFETY: the task is new; `release` removes it.
        unsafe { self.registry.add(task) };
        #[cfg(feature = "trace")]
        self.shared.trace(Event::Spawn(task.header().id.get()));
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
