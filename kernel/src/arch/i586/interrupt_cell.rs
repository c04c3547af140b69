//! State shared with interrupt handlers: borrowed with interrupts held back.
//!
//! A core's state is its own, so holding its interrupts back is all the exclusion there is and all that is needed.
#![expect(unsafe_code, reason = "interior mutability behind the interrupt flag")]

use core::cell::{Cell, UnsafeCell};
use core::sync::atomic::{AtomicBool, Ordering};

use super::cpu;

/// A value that tasks and interrupt handlers of one core share.
pub struct InterruptCell<T> {
    borrowed: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: statics of this kernel are used by one core only; its handlers are held back while the value is borrowed.
unsafe impl<T: Send> Sync for InterruptCell<T> {}

impl<T> InterruptCell<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self { borrowed: Cell::new(false), value: UnsafeCell::new(value) }
    }

    /// Runs `work` on the value with interrupts held back. Any context; keep it short.
    ///
    /// # Panics
    /// If `work` of an outer call for the same cell is still running.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let were_enabled = cpu::interrupts_enabled();
        cpu::disable_interrupts();
        assert!(!self.borrowed.replace(true), "an interrupt cell is not borrowed twice");
        // SAFETY: the flag says that no other reference exists, and with interrupts off nobody else runs.
        let result = work(unsafe { &mut *self.value.get() });
        self.borrowed.set(false);
        if were_enabled {
            cpu::enable_interrupts();
        }
        result
    }

    /// Address of the value, for hardware that reads or writes it.
    pub fn address(&self) -> *mut T {
        self.value.get()
    }
}

/// A value that is set once at start-up and read in any context afterwards, for the price of two loads.
pub struct SetOnce<T> {
    set: AtomicBool,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: statics of this kernel are used by one core only; the value is written once, before `set` says so, and only
// read from then on.
unsafe impl<T: Send + Sync> Sync for SetOnce<T> {}

impl<T: Copy> SetOnce<T> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { set: AtomicBool::new(false), value: UnsafeCell::new(None) }
    }

    /// Sets the value. Task context.
    ///
    /// # Panics
    /// If it was set before.
    pub fn set(&self, value: T) {
        assert!(!self.set.load(Ordering::Relaxed), "a value is set once");
        // SAFETY: nobody reads before the flag is set, and nobody else writes.
        unsafe { *self.value.get() = Some(value) };
        self.set.store(true, Ordering::Release);
    }

    /// The value, if it was set. Any context.
    #[inline]
    pub fn get(&self) -> Option<T> {
        if !self.set.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: the flag says that the value is complete, and it is never written again.
        unsafe { *self.value.get() }
    }
}

impl<T: Copy> Default for SetOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}
