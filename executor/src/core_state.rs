//! What an executor consists of, apart from the type of its platform.
#![expect(
    unsafe_code,
    reason = "takes tasks out of queues, adds them to the registry, removes and releases them"
)]

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

/// Bit of the attention word: the poll that was under way ended its task, or found it ended.
pub(crate) const ENDED: u32 = 1 << 0;
/// Bit of the attention word: the alarm rang.
pub(crate) const RUNG: u32 = 1 << 1;
/// Number of the first class's bit in the attention word; the bits above it are those of the next classes.
const FIRST_CLASS: u32 = 2;
/// Bits that are not a class's.
pub(crate) const OTHER_THAN_CLASSES: u32 = ENDED | RUNG;

/// Bit of a class in the attention word. What is more urgent has a lower bit.
const fn mark(class: Class) -> u32 {
    (1 << FIRST_CLASS) << class.index()
}

/// Where wakers are used and the alarm is rung.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wakes {
    /// Anywhere: the platform is pended.
    FromAnywhere,
    /// On the executor's core only.
    FromThisCore,
}

/// The half that any context may use.
pub(crate) struct Shared {
    intakes: [Intake; Class::ALL.len()],
    /// What the executor has to look at, the most urgent in the lowest bit: the end of a task, the alarm, classes.
    /// The bit of a class is set by who pushes to its empty inbox, after the push, and by the executor when it puts
    /// tasks aside. The executor clears it before it takes the tasks: so a class whose bit is clear has no task that
    /// nobody is about to announce.
    attention: Word,
    pub(crate) timers: TimerQueue,
    pub(crate) platform: &'static dyn Platform,
    pub(crate) wakes: Wakes,
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
                    Intake::new(mark(Class::ALL[0])),
                    Intake::new(mark(Class::ALL[1])),
                    Intake::new(mark(Class::ALL[2])),
                    Intake::new(mark(Class::ALL[3])),
                ],
                attention: Word::new(0),
                timers: TimerQueue::new(),
                platform,
                wakes: Wakes::FromAnywhere,
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
            task.announce();
        }
    }

    /// Notes that there is something in the inbox of `intake`, which was empty. Any context.
    #[inline]
    pub(crate) fn announce(&self, intake: &Intake) {
        self.attention.set_bits(intake.mark());
        self.pend();
    }

    #[inline]
    fn pend(&self) {
        if self.wakes == Wakes::FromAnywhere {
            self.platform.pend();
        }
    }

    /// What the executor has to look at. Any context.
    #[inline]
    pub(crate) fn attention(&self) -> u32 {
        self.attention.load()
    }

    /// Takes tasks of the class that has the lowest bit in `attention`, which was read from the word and has the bit
    /// of a class only. Executor only.
    #[inline]
    pub(crate) fn take(&self, attention: u32) -> Taken<'_> {
        let mark = attention & attention.wrapping_neg();
        let index = attention.trailing_zeros().wrapping_sub(FIRST_CLASS);
        let index = usize::try_from(index).unwrap_or_default();
        // SAFETY: only bits of classes are set above those of `OTHER_THAN_CLASSES`.
        let intake = unsafe { self.intakes.get_unchecked(index) };
        // Before the inbox is taken: what comes after that sets it again.
        self.attention.clear_bits(mark);
        if intake.has_batch() {
            if !intake.is_empty() {
                // What came before the bit was cleared is not announced again.
                self.attention.set_bits(mark);
            }
        } else {
            intake.fill_batch();
        }
        Taken { shared: self, intake, urgent: mark - 1 }
    }

    /// Has the rest of a batch that `task` came from served, after its poll did not return. Executor only.
    pub(crate) fn resume_batch_of(&self, task: TaskRef) {
        let intake = self.intake(task.header().class.get());
        if intake.has_batch() {
            self.attention.set_bits(intake.mark());
        }
    }

    /// Whether a task is ready or a timer may have fired. Any context.
    pub(crate) fn has_work(&self) -> bool {
        self.attention.load() != 0
    }

    /// Whether a task of an earlier class became ready, or a timer, which might make one ready, may have fired.
    #[inline]
    pub(crate) fn is_pressed(&self, class: Class) -> bool {
        self.attention.load() & (mark(class) - 1) != 0
    }

    /// The poll that is under way ends its task, or found it ended. Executor only.
    pub(crate) fn note_ending(&self) {
        self.attention.set_bits(ENDED);
    }

    /// Forgets what was noted; whether something was. Executor only.
    pub(crate) fn forget_ending(&self) {
        self.attention.clear_bits(ENDED);
    }

    /// Has timers looked at. Any context.
    pub(crate) fn ring(&self) {
        self.attention.set_bits(RUNG);
        self.pend();
    }

    /// Forgets that the alarm rang. Executor only.
    pub(crate) fn silence(&self) {
        self.attention.clear_bits(RUNG);
    }

    /// Reports an event, if anybody listens. Any context.
    #[cfg(feature = "trace")]
    pub(crate) fn trace(&self, event: Event) {
        if let Some(trace) = self.trace {
            trace.record(self.platform.now(), event);
        }
    }

    /// Who takes events, if anybody does. Any context.
    #[cfg(feature = "trace")]
    #[inline]
    pub(crate) fn recorder(&self) -> Option<&'static dyn Trace> {
        self.trace
    }
}

/// Tasks of one class that were taken to be polled: the batch of its intake. What is left when this is dropped is
/// announced again; where a panic leaves it without a drop, [`Shared::resume_batch_of`] does that.
pub(crate) struct Taken<'a> {
    shared: &'a Shared,
    intake: &'a Intake,
    /// What asks for attention before these tasks.
    urgent: u32,
}

impl Taken<'_> {
    /// Takes out the next task.
    #[inline]
    pub(crate) fn next(&self) -> Option<TaskRef> {
        // SAFETY: who pushed the task promised that it lives until now; the pointer is to the whole task.
        self.intake.pop().map(|task| unsafe { TaskRef::new(task) })
    }

    /// What of `attention` asks for attention before the next of these tasks.
    #[inline]
    pub(crate) fn interruption(&self, attention: u32) -> u32 {
        attention & self.urgent
    }
}

impl Drop for Taken<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.intake.has_batch() {
            self.shared.attention.set_bits(self.intake.mark());
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
        if let Some(trace) = self.shared.trace {
            trace.spawned(self.shared.platform.now(), task.header().id.get(), task.header().name());
        }
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
