//! Permits to be taken and given back.

use crate::atomic::const_except_loom;
use crate::waker::permits::Permits;

/// A number of permits; who takes one and finds none waits its turn.
#[derive(Debug)]
pub struct Semaphore {
    permits: Permits,
}

impl Semaphore {
    const_except_loom! {
        /// So many permits, below 2^30.
        #[must_use]
        pub const fn new(permits: u32) -> Self {
            Self { permits: Permits::new(permits, u32::MAX >> 2) }
        }
    }

    /// Waits for a permit, in the order of the first polls.
    ///
    /// *Cancel safety*: dropped before it is ready, the future loses its place and no permit.
    pub async fn acquire(&self) -> Permit<'_> {
        self.permits.acquire().await;
        Permit { semaphore: self }
    }

    /// Takes a permit if one is available. Any context.
    #[must_use]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.permits.try_acquire().then(|| Permit { semaphore: self })
    }

    /// Adds permits, also such that were never taken. Any context.
    pub fn release(&self, permits: u32) {
        self.permits.release(permits);
    }

    /// Permits that nobody has and nobody was granted. Any context.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.permits.available()
    }
}

/// A permit, given back when it is dropped, in any context.
#[derive(Debug)]
#[must_use = "dropping the permit gives it back"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Permit<'_> {
    /// Keeps the permit: it is not given back.
    pub fn forget(self) {
        core::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.permits.release(1);
    }
}
