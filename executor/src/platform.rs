//! What the executor needs from the machine it runs on.

#[cfg(any(feature = "accounting", feature = "trace"))]
use crate::task::header::Header;
use crate::time::Instant;
#[cfg(feature = "trace")]
use crate::trace::Event;

/// The machine, as an executor sees it.
///
/// An executor, its platform and its tasks belong to one core, or on a host to one thread. Wakers are used in any
/// context, so [`pend`](Self::pend) and, with features `accounting` and `trace`, [`now`](Self::now) and `record` are
/// called from interrupt handlers and other threads; the rest is not.
pub trait Platform: Sync {
    /// The time. Never goes backwards. Any context.
    fn now(&self) -> Instant;

    /// Asks that [`Alarm::ring`](crate::Alarm::ring) be called at `deadline` or soon after, in any context; `None`
    /// takes the request back. Only the latest call counts. A deadline that is past already rings at once.
    ///
    /// An alarm that rings early, or without having been asked for, does no harm.
    fn set_alarm(&self, deadline: Option<Instant>);

    /// Waits until `has_work` may be true. May return early for no reason. The platform knows best when it waits, and
    /// records it if it records anything.
    ///
    /// No wake-up may be lost between the last call of `has_work` and the wait. On a processor with interrupts:
    /// disable interrupts; call `has_work`; if it is false, enable interrupts and halt in such a way that an
    /// interrupt taken after the enabling ends the halt (on x86 `sti; hlt`, because `sti` takes effect after the
    /// following instruction); else enable interrupts. On a host: wait for a condition that [`pend`](Self::pend)
    /// sets, and that stays set until the wait has seen it.
    fn idle(&self, has_work: &dyn Fn() -> bool);

    /// Ends [`idle`](Self::idle), if that is under way, or the next one. Called after a task became ready when its
    /// class had none newly ready, and when the alarm rings. Any context, bounded.
    ///
    /// Empty where every wake comes from the core's own interrupt handlers: the interrupt itself ends the halt. There,
    /// [`Executor::woken_here`](crate::Executor::woken_here) saves the call.
    fn pend(&self) {}

    /// Takes an event that happened at a time of [`now`](Self::now). Any context: bounded, no allocation, no wake. Most
    /// events are known when the executor is compiled, so an inlined `record` pays for no other.
    ///
    /// An interrupt handler that came just before may have recorded events with a later time.
    #[cfg(feature = "trace")]
    #[inline]
    fn record(&self, at: Instant, event: Event) {
        let _ = (at, event);
    }

    /// Calls `poll`, which polls one task after another, and returns what it returns, or [`Panicked`] if it panicked.
    /// Calls may be nested.
    ///
    /// Without this method, a panic in a task takes its usual way: it unwinds through the executor, or ends the
    /// program. A host contains it with `catch_unwind`. Where panics abort, the panic handler can jump back to a
    /// recovery point that this method has recorded. Then nothing is unwound: no destructor between `poll` and the
    /// panic runs, locks held there stay held, and what `poll` had borrowed mutably is as the panic left it.
    /// The executor leaks the task's future in either case and goes on.
    ///
    /// # Errors
    /// [`Panicked`] if `poll` did not return.
    #[inline]
    fn guard<R>(&self, poll: impl FnOnce() -> R) -> Result<R, Panicked>
    where
        Self: Sized,
    {
        Ok(poll())
    }
}

/// A platform as wakers, timers and spawners see it, which do not know its type. A method is one dynamic call, behind
/// which the type is known.
pub(crate) trait ErasedPlatform: Platform {
    /// Notes in a task that it has become ready, and records that. By who owns the task's link.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    fn note_ready(&self, task: &Header);

    /// The same of a task that has just been spawned, and records that too.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    fn note_spawned(&self, task: &Header);

    /// Records what happens now.
    #[cfg(feature = "trace")]
    fn record_now(&self, event: Event);
}

impl<P: Platform> ErasedPlatform for P {
    #[cfg(any(feature = "accounting", feature = "trace"))]
    fn note_ready(&self, task: &Header) {
        let now = self.now();
        task.account.woken(now);
        #[cfg(feature = "trace")]
        self.record(now, Event::Ready(task.id.get()));
    }

    #[cfg(any(feature = "accounting", feature = "trace"))]
    fn note_spawned(&self, task: &Header) {
        let now = self.now();
        task.account.woken(now);
        #[cfg(feature = "trace")]
        {
            let id = task.id.get();
            self.record(now, Event::Spawn(id, task.name()));
            self.record(now, Event::Ready(id));
        }
    }

    #[cfg(feature = "trace")]
    fn record_now(&self, event: Event) {
        self.record(self.now(), event);
    }
}

/// A guarded call panicked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("panicked")]
pub struct Panicked;
