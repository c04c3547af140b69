//! What the atomics need beside them on a processor.

/// Tells the processor that another thread is waited for.
pub(crate) fn spin() {
    core::hint::spin_loop();
}

/// Data that several contexts reach, one at a time.
#[derive(Debug)]
pub(crate) struct Guarded<T>(core::cell::UnsafeCell<T>);

impl<T> Guarded<T> {
    /// Holds `data`.
    pub(crate) const fn new(data: T) -> Self {
        Self(core::cell::UnsafeCell::new(data))
    }

    /// Calls `action` with a pointer to the data, which the caller knows nobody else to use.
    #[inline]
    pub(crate) fn with_mut<R>(&self, action: impl FnOnce(*mut T) -> R) -> R {
        action(self.0.get())
    }
}
