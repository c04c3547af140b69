//! A lock that holds interrupts back, for crates that bring a lock type of their own.
#![expect(unsafe_code, reason = "the lock trait asks for an unsafe implementation")]

use core::sync::atomic::{AtomicBool, Ordering};

use lock_api::{GuardNoSend, RawMutex};

use super::cpu;

/// Held while interrupts are off. On one core nobody else can hold it then.
pub struct InterruptMutex {
    held: AtomicBool,
    were_enabled: AtomicBool,
}

// SAFETY: `lock` returns with interrupts off and `held` set; on one core that excludes everybody else, and a second
// `lock` by the holder itself panics instead of returning.
unsafe impl RawMutex for InterruptMutex {
    const INIT: Self = Self { held: AtomicBool::new(false), were_enabled: AtomicBool::new(false) };

    type GuardMarker = GuardNoSend;

    fn lock(&self) {
        assert!(self.try_lock(), "an interrupt mutex is not locked twice");
    }

    fn try_lock(&self) -> bool {
        let were_enabled = cpu::interrupts_enabled();
        cpu::disable_interrupts();
        if self.held.load(Ordering::Relaxed) {
            if were_enabled {
                cpu::enable_interrupts();
            }
            return false;
        }
        self.held.store(true, Ordering::Relaxed);
        self.were_enabled.store(were_enabled, Ordering::Relaxed);
        true
    }

    /// # Safety
    /// As the trait says: the caller holds the lock.
    unsafe fn unlock(&self) {
        let were_enabled = self.were_enabled.load(Ordering::Relaxed);
        self.held.store(false, Ordering::Release);
        if were_enabled {
            cpu::enable_interrupts();
        }
    }
}
