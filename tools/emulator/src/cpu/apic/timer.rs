//! The local APIC's timer: a down-counter clocked by the core clock through a divider.
//!
//! A count of `n` with divisor `d` expires `n * d` core cycles after it was started; a periodic timer restarts at
//! that very cycle, so its period is exact however late [`Timer::advance`] is called. Nothing is counted step by
//! step: the state is the cycle of the next expiry (SCC reference §2.10).

use i586::apic::divide_of;

/// The timer's three registers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Timer {
    initial: u32,
    configuration: u32,
    /// Core cycle of the next expiry; `None` while stopped.
    deadline: Option<u64>,
}

impl Timer {
    /// Writes the initial count, which starts the timer; 0 stops it.
    pub(super) fn start(&mut self, initial: u32, now: u64) {
        self.initial = initial;
        self.run(initial, now);
    }

    /// Writes the divide register. A running count goes on with the new divisor; the part of a tick already
    /// elapsed is dropped.
    pub(super) fn set_configuration(&mut self, configuration: u32, now: u64) {
        let count = self.current(now);
        let same = divide_of(configuration) == divide_of(self.configuration);
        self.configuration = configuration;
        if !same {
            self.run(count, now);
        }
    }

    pub(super) fn initial(&self) -> u32 {
        self.initial
    }

    pub(super) fn configuration(&self) -> u32 {
        self.configuration
    }

    /// The current count; 0 when stopped. `now` is not past the next expiry.
    pub(super) fn current(&self, now: u64) -> u32 {
        let ticks = self.deadline.map_or(0, |deadline| deadline.saturating_sub(now).div_ceil(self.divisor()));
        u32::try_from(ticks).unwrap_or(self.initial)
    }

    /// Core cycle of the next expiry.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// Moves to `now`; returns whether the timer expired at or before it, once or more often.
    pub(super) fn advance(&mut self, now: u64, periodic: bool) -> bool {
        let Some(deadline) = self.deadline.filter(|deadline| *deadline <= now) else {
            return false;
        };
        let period = u64::from(self.initial) * self.divisor();
        self.deadline = periodic.then(|| deadline + ((now - deadline) / period + 1) * period);
        true
    }

    /// Numbers cycles from `origin` on; the timer has been advanced to it.
    pub(super) fn rebase(&mut self, origin: u64) {
        self.deadline = self.deadline.map(|deadline| deadline.saturating_sub(origin));
    }

    fn run(&mut self, count: u32, now: u64) {
        self.deadline = (count != 0).then(|| now + u64::from(count) * self.divisor());
    }

    fn divisor(&self) -> u64 {
        u64::from(divide_of(self.configuration))
    }
}
