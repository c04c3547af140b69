//! Data that one task at a time uses, also across awaits.
#![expect(unsafe_code, reason = "hands out what the mutex protects")]

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::atomic::const_except_loom;
use crate::waker::permits::Permits;

/// A fair mutex: tasks get it in the order in which they first asked.
///
/// There is no poison: a task that panics with a guard on an aborting target never drops it, and the mutex stays
/// locked; one that unwinds drops it.
pub struct Mutex<T> {
    permits: Permits,
    data: UnsafeCell<T>,
}

// SAFETY: the data is used by who has the one permit.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    const_except_loom! {
        /// Protects `data`.
        #[must_use]
        pub const fn new(data: T) -> Self {
            Self { permits: Permits::new(1, 1), data: UnsafeCell::new(data) }
        }
    }

    /// Waits for the mutex.
    ///
    /// *Cancel safety*: dropped before it is ready, the future loses its place; the mutex goes to the next.
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        self.permits.acquire().await;
        MutexGuard { mutex: self }
    }

    /// The data if nobody has it. Any context.
    #[must_use]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.permits.try_acquire().then(|| MutexGuard { mutex: self })
    }

    /// The data, of which the caller is the only user.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// The data, without the mutex.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_free = self.permits.available() > 0;
        formatter.debug_struct("Mutex").field("is_free", &is_free).finish_non_exhaustive()
    }
}

/// The use of a mutex's data; dropping it unlocks.
#[must_use = "dropping the guard unlocks"]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
}

// SAFETY: a shared guard gives shared access to the data, which a guard would otherwise have as `UnsafeCell`.
unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard has the one permit.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard has the one permit and is borrowed mutably.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.mutex.permits.release(1);
    }
}
