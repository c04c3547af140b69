//! A condition that holds or does not.

use core::pin::pin;
use core::task::Poll;

use crate::atomic::{Word, const_except_loom};
use crate::waker::permits::Permits;

/// Bit of the condition.
const SET: u32 = 0;

/// A flag for whose being set any number of tasks wait.
#[derive(Debug)]
pub struct Event {
    flag: Word,
    waiters: Permits,
}

impl Event {
    const_except_loom! {
        /// A flag that is not set.
        #[must_use]
        pub const fn new() -> Self {
            Self { flag: Word::new(0), waiters: Permits::new(0, 0) }
        }
    }

    /// Sets the flag and wakes all who wait. Any context.
    pub fn set(&self) {
        if !self.flag.set_bit::<SET>() {
            self.waiters.release_to_all();
        }
    }

    /// Takes the flag back; returns whether it was set. Any context.
    pub fn reset(&self) -> bool {
        let was_set = self.is_set();
        self.flag.clear_bits(1 << SET);
        was_set
    }

    /// Whether the flag is set. Any context.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.flag.load() != 0
    }

    /// Waits until the flag is seen set, at once if it is; it stays set. A flag that is set and reset before the
    /// task is polled again still ends the wait.
    ///
    /// *Cancel safety*: may be dropped at any time.
    pub async fn wait(&self) {
        let mut waiter = pin!(self.waiters.acquire());
        core::future::poll_fn(|context| {
            if self.is_set() {
                return Poll::Ready(());
            }
            // First wait, then look again: it may have been set between.
            let told = waiter.as_mut().poll(context);
            if self.is_set() { Poll::Ready(()) } else { told }
        })
        .await;
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}
