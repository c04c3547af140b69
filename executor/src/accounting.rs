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
    #[derive(Debug)]
    pub(crate) struct Account {
        woken: Cell<Instant>,
        usage: Cell<Usage>,
    }

    impl Account {
        /// Nothing used.
        pub(crate) const fn new() -> Self {
            let usage = Usage {
                polls: 0,
                total: Duration::ZERO,
                longest_poll: Duration::ZERO,
                longest_wait: Duration::ZERO,
            };
            Self { woken: Cell::new(Instant::START), usage: Cell::new(usage) }
        }

        /// Forgets the task before.
        pub(crate) fn clear(&self) {
            self.usage.set(Usage::default());
        }

        /// The task became ready; called by who owns its link.
        pub(crate) fn woken(&self, now: Instant) {
            self.woken.set(now);
        }

        /// When the task became ready; called by the executor while it owns the link.
        pub(crate) fn ready_since(&self) -> Instant {
            self.woken.get()
        }

        /// Counts a poll of a task that had been ready since `ready`.
        pub(crate) fn polled(&self, ready: Instant, begin: Instant, end: Instant) {
            let mut usage = self.usage.get();
            usage.polls = usage.polls.wrapping_add(1);
            usage.total += end - begin;
            usage.longest_poll = usage.longest_poll.max(end - begin);
            usage.longest_wait = usage.longest_wait.max(begin - ready);
            self.usage.set(usage);
        }

        /// What was used.
        pub(crate) fn usage(&self) -> Usage {
            self.usage.get()
        }
    }
}

#[cfg(not(feature = "accounting"))]
mod nothing {
    //! The empty account.

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
    }
}
