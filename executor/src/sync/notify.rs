//! Telling tasks that something happened.

use crate::atomic::const_except_loom;
use crate::waker::permits::Permits;

/// Wakes one task or all that wait. One notification is kept for who comes later.
#[derive(Debug)]
pub struct Notify {
    permits: Permits,
}

impl Notify {
    const_except_loom! {
        /// Nobody was notified.
        #[must_use]
        pub const fn new() -> Self {
            Self { permits: Permits::new(0, 1) }
        }
    }

    /// Wakes the task that has waited for longest, or the next that will wait. Any context.
    pub fn notify_one(&self) {
        self.permits.release(1);
    }

    /// Wakes all tasks that wait. Nothing is kept. Any context.
    pub fn notify_all(&self) {
        self.permits.release_to_all();
    }

    /// Waits to be notified.
    ///
    /// *Cancel safety*: a notification that a dropped future was given goes to the next.
    pub fn notified(&self) -> impl Future<Output = ()> {
        self.permits.acquire()
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}
