//! A guest's one-shot timer, and the slices of time after which another guest may run: deadlines of the executor.

use alloc::boxed::Box;
use core::pin::Pin;
use core::task::Context;

use executor::time::{Instant, Sleep, Timers};

/// A deadline that may be set. Task context.
#[derive(Debug)]
pub struct Timer {
    timers: Timers,
    sleep: Pin<Box<Sleep>>,
    set: bool,
}

impl Timer {
    /// Not set.
    #[must_use]
    pub fn new(timers: Timers) -> Self {
        Self { timers, sleep: Box::pin(timers.sleep_until(timers.now())), set: false }
    }

    /// Sets it to `cycles` from now on. The task is woken then if it polls from now on.
    pub fn set(&mut self, cycles: u64) {
        let now = self.timers.now().ticks();
        self.sleep.as_mut().reset(Instant::from_ticks(now.saturating_add(cycles)));
        self.set = true;
    }

    /// Its deadline, if it is set.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.set.then(|| self.sleep.deadline())
    }

    /// Sets it to a deadline of another timer.
    pub fn set_to(&mut self, deadline: Instant) {
        self.sleep.as_mut().reset(deadline);
        self.set = true;
    }

    /// Stops it.
    pub fn stop(&mut self) {
        if self.set {
            let deadline = self.sleep.deadline();
            self.sleep.as_mut().reset(deadline);
            self.set = false;
        }
    }

    /// Whether its deadline has come, after which it is no longer set. Otherwise the task is woken at the deadline.
    pub fn has_fired(&mut self, context: &mut Context<'_>) -> bool {
        let fired = self.set && self.sleep.as_mut().poll(context).is_ready();
        self.set &= !fired;
        fired
    }
}
