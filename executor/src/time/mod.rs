//! Time: points and spans in ticks, the queue of timers, and the futures that wait.
//!
//! Timers are tickless: the platform is asked to ring at the earliest deadline, and at no other time. A future that
//! waits for a deadline is ready at the first poll at or after it: never early, and late only by the time that the
//! platform takes to ring and the executor to come round.

mod instant;
mod interval;
pub(crate) mod queue;
mod sleep;
mod timeout;

pub use instant::{Duration, Frequency, Instant};
pub use interval::{Interval, MissedTicks};
pub use sleep::Sleep;
pub use timeout::{Elapsed, Timeout};

use crate::core_state::Shared;

/// The clock and the timers of one executor. Copied freely. Task context; futures made by it may be moved to
/// another thread, but only tasks of this executor are served in time.
#[derive(Clone, Copy, Debug)]
pub struct Timers(&'static Shared);

impl Timers {
    pub(crate) fn new(shared: &'static Shared) -> Self {
        Self(shared)
    }

    /// The time.
    #[must_use]
    pub fn now(self) -> Instant {
        self.0.platform.now()
    }

    /// Waits until `deadline`.
    pub fn sleep_until(self, deadline: Instant) -> Sleep {
        Sleep::new(self, deadline)
    }

    /// Waits for `span` from now.
    pub fn sleep(self, span: Duration) -> Sleep {
        self.sleep_until(self.now() + span)
    }

    /// Waits for `future`, but no longer than `span` from now.
    pub fn timeout<F: Future>(self, span: Duration, future: F) -> Timeout<F> {
        self.timeout_at(self.now() + span, future)
    }

    /// Waits for `future`, but no longer than until `deadline`.
    pub fn timeout_at<F: Future>(self, deadline: Instant, future: F) -> Timeout<F> {
        Timeout::new(self.sleep_until(deadline), future)
    }

    /// Ticks at `first` and then once every `period`.
    ///
    /// # Panics
    /// If the period is zero.
    pub fn interval(self, first: Instant, period: Duration, missed: MissedTicks) -> Interval {
        Interval::new(self, first, period, missed)
    }

    pub(crate) fn shared(self) -> &'static Shared {
        self.0
    }
}
