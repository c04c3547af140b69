//! State shared with interrupt handlers: borrowed with interrupts held back.
//!
//! A core's state is its own, so holding its interrupts back is all the exclusion there is and all that is needed.
#![expect(unsafe_code, reason = "interior mutability behind the interrupt flag")]

use core::cell::{Cell, UnsafeCell};

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
