//! The same under loom: a model run explores every order of accesses that the memory model permits.

/// Lets another thread of the model go on.
pub(crate) fn spin() {
    loom::thread::yield_now();
}

/// Data that several contexts reach, one at a time; loom reports two at once.
#[derive(Debug)]
pub(crate) struct Guarded<T>(loom::cell::UnsafeCell<T>);

impl<T> Guarded<T> {
    /// Holds `data`.
    pub(crate) fn new(data: T) -> Self {
        Self(loom::cell::UnsafeCell::new(data))
    }

    /// Calls `action` with a pointer to the data, which the caller knows nobody else to use.
    pub(crate) fn with_mut<R>(&self, action: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(action)
    }
}
