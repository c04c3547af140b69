//! What an executor consists of, apart from the type of its platform.
#![expect(unsafe_code, reason = "adds tasks to the registry, removes and releases them")]

use core::cell::Cell;
use core::fmt;

use crate::atomic::{Word, const_except_loom};
use crate::class::Class;
use crate::intake::Intake;
use crate::platform::Platform;
use crate::run_queue::Before;
use crate::task::TaskId;
use crate::task::header::{Identity, TaskRef};
use crate::task::registry::Registry;
use crate::time::queue::TimerQueue;
#[cfg(feature = "trace")]
use crate::trace::{Event, Trace};

/// Bit of the attention word: the alarm rang. The classes have the bits of their index.
const RUNG: u32 = 1 << Class::ALL.len();

/// The half that any context may use.
pub(crate) struct Shared {
    intakes: [Intake; Class::ALL.len()],
    /// A bit for each class whose inbox got something while it was empty, and for the alarm. A hint that something
    /// may be more urgent than the batch that is being served; whether a task is ready, only the queues say.
    attention: Word,
    pub(crate) timers: TimerQueue,
    pub(crate) platform: &'static dyn Platform,
    #[cfg(feature = "trace")]
    trace: Option<&'static dyn Trace>,
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
                    Intake::new(Class::ALL[0]),
                    Intake::new(Class::ALL[1]),
                    Intake::new(Class::ALL[2]),
                    Intake::new(Class::ALL[3]),
                ],
                attention: Word::new(0),
                timers: TimerQueue::new(),
                platform,
                #[cfg(feature = "trace")]
                trace,
            }
        }
    }

    /// The run queue of a class.
    #[inline]
    pub(crate) fn intake(&self, class: Class) -> &Intake {
        &self.intakes[class.index()]
    }

    /// Hands over a task whose link the caller owns. Any context.
    ///
    /// # Safety
    /// The caller owns the task's link, and the task lives until it has been popped.
    #[inline]
    pub(crate) unsafe fn push(&self, intake: &Intake, task: TaskRef) {
        // SAFETY: as the caller promises.
        if unsafe { intake.push(task) } == Before::Empty {
            self.attention.set_bits(intake.mark());
            self.platform.pend();
        }
    }

    /// Takes out the most urgent ready task, and tells its class. Executor only.
    #[inline]
    pub(crate) fn pop(&self) -> Option<(TaskRef, Class)> {
        for class in Class::ALL {
            let intake = self.intake(class);
            if self.attention.load() & intake.mark() != 0 {
                // Before the inbox is taken: what comes after that sets it again.
                self.attention.clear_bits(intake.mark());
            }
            if let Some(task) = intake.pop() {
                return Some((task, class));
            }
        }
        None
    }

    /// Takes the next task out of a batch, if nothing in the mask `urgent` asks for attention. Executor only.
    #[inline]
    pub(crate) fn pop_next(&self, batch: &Intake, urgent: u32) -> Option<TaskRef> {
        if self.attention.load() & urgent != 0 { None } else { batch.pop_batched() }
    }

    /// Whether a task is ready or a timer may have fired. Any context.
    pub(crate) fn has_work(&self) -> bool {
        self.alarm_rung() || self.intakes.iter().any(|intake| !intake.is_empty())
    }

    /// Whether a task of an earlier class became ready, or a timer, which might make one ready, may have fired.
    #[inline]
    pub(crate) fn is_pressed(&self, class: Class) -> bool {
        self.attention.load() & Self::urgent(class) != 0
    }

    /// What asks for attention before a task of `class`.
    #[inline]
    pub(crate) const fn urgent(class: Class) -> u32 {
        ((1 << class.index()) - 1) | RUNG
    }

    /// Whether timers are to be looked at. Any context.
    #[inline]
    pub(crate) fn alarm_rung(&self) -> bool {
        self.attention.load() & RUNG != 0
    }

    /// Has timers looked at. Any context.
    pub(crate) fn ring(&self) {
        self.attention.set_bits(RUNG);
        self.platform.pend();
    }

    /// Forgets that the alarm rang. Executor only.
    pub(crate) fn silence(&self) {
        self.attention.clear_bits(RUNG);
    }

    /// Reports an event, if anybody listens. Any context.
    #[cfg(feature = "trace")]
    pub(crate) fn trace(&self, event: Event) {
        if let Some(trace) = self.trace {
            trace.record(event);
        }
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
        Identity { shared: &self.shared, id, name, class }
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
