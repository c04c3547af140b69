//! A lock for what tasks alone use, for crates that bring a lock type of their own.
//!
//! Tasks of one core do not interrupt each other, so nobody ever waits, and interrupts stay permitted. The lock finds
//! out if a handler breaks the rule in the middle of a task's use.
#![expect(unsafe_code, reason = "the lock trait asks for an unsafe implementation")]

use core::sync::atomic::{AtomicBool, Ordering};

use lock_api::{GuardNoSend, RawMutex};

/// Held by the task that runs, or by nobody. Task context.
pub(super) struct TaskMutex {
    held: AtomicBool,
}

// SAFETY: `lock` returns with `held` set, which excludes everybody else on the core: a second `lock` panics instead of
// returning. A handler between load and store is done with the lock before the store.
unsafe impl RawMutex for TaskMutex {
    const INIT: Self = Self { held: AtomicBool::new(false) };

    type GuardMarker = GuardNoSend;

    fn lock(&self) {
        assert!(self.try_lock(), "what belongs to tasks was used by an interrupt handler, or twice");
    }

    fn try_lock(&self) -> bool {
        let was_held = self.held.load(Ordering::Relaxed);
        self.held.store(true, Ordering::Relaxed);
        !was_held
    }

    /// # Safety
    /// As the trait says: the caller holds the lock.
    unsafe fn unlock(&self) {
        self.held.store(false, Ordering::Release);
    }
}
