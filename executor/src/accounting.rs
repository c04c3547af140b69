//! What a task uses: counted if feature `accounting` is on, else empty.

#[cfg(feature = "accounting")]
pub(crate) use counted::Account;
#[cfg(feature = "accounting")]
pub use counted::Usage;
#[cfg(not(feature = "accounting"))]
pub(crate) use nothing::Account;

#[cfg(feature = "accounting")]
mod counted {
    //! The counting account.

    use core::cell::Cell;

    use crate::time::{Duration, Instant};

    /// What a task has used since it was spawned.
    #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
    pub struct Usage {
        /// Polls; wraps around after 2^32.
        pub polls: u32,
        /// Time in polls.
        pub total: Duration,
        /// Longest poll.
        pub longest_poll: Duration,
        /// Longest time from becoming ready to the poll.
        pub longest_wait: Duration,
    }

    /// Account of a task: the time of the last wake belongs to who owns the task's link, the rest to the executor.
    /// In ticks, and changed in place: a poll adds two sums, and seldom finds a new maximum.
    #[derive(Debug)]
    pub(crate) struct Account {
        woken: Cell<Instant>,
        polls: Cell<u32>,
        total: Cell<u64>,
        longest_poll: Cell<u64>,
        longest_wait: Cell<i64>,
    }

    impl Account {
        /// Nothing used.
        pub(crate) const fn new() -> Self {
            Self {
                woken: Cell::new(Instant::START),
                polls: Cell::new(0),
                total: Cell::new(0),
                longest_poll: Cell::new(0),
                longest_wait: Cell::new(0),
            }
        }

        /// Forgets the task before.
        pub(crate) fn clear(&self) {
            self.polls.set(0);
            self.total.set(0);
            self.longest_poll.set(0);
            self.longest_wait.set(0);
        }

        /// The task became ready; called by who owns its link.
        pub(crate) fn woken(&self, now: Instant) {
            self.woken.set(now);
        }

        /// A poll begins; called by the executor while it owns the link.
        #[inline(always)]
        pub(crate) fn poll_begins(&self, now: Instant) {
            // A handler may have woken the task after the end of the poll before, which counts as this one's
            // beginning: then the difference is below 0, and no new maximum.
            let wait = now.ticks().wrapping_sub(self.woken.get().ticks()).cast_signed();
            if wait > self.longest_wait.get() {
                self.longest_wait.set(wait);
            }
            self.polls.set(self.polls.get().wrapping_add(1));
        }

        /// The poll ended, after so many ticks.
        #[inline(always)]
        pub(crate) fn poll_ended(&self, length: u64) {
            self.total.set(self.total.get().wrapping_add(length));
            if length > self.longest_poll.get() {
                self.longest_poll.set(length);
            }
        }

        /// What was used.
        pub(crate) fn usage(&self) -> Usage {
            Usage {
                polls: self.polls.get(),
                total: Duration::from_ticks(self.total.get()),
                longest_poll: Duration::from_ticks(self.longest_poll.get()),
                longest_wait: Duration::from_ticks(self.longest_wait.get().cast_unsigned()),
            }
        }
    }
}

#[cfg(not(feature = "accounting"))]
mod nothing {
    //! The empty account.

    #[cfg(feature = "trace")]
    use crate::time::Instant;

    /// Account of a task that nobody counts.
    #[derive(Debug)]
    pub(crate) struct Account;

    impl Account {
        /// Nothing used.
        pub(crate) const fn new() -> Self {
            Self
        }

        /// Does nothing.
        pub(crate) fn clear(&self) {}

        /// Does nothing.
        #[cfg(feature = "trace")]
        pub(crate) fn woken(&self, _now: Instant) {}

        /// Does nothing.
        #[cfg(feature = "trace")]
        pub(crate) fn poll_begins(&self, _now: Instant) {}

        /// Does nothing.
        #[cfg(feature = "trace")]
        pub(crate) fn poll_ended(&self, _length: u64) {}
    }
}
