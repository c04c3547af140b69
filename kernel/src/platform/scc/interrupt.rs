//! Which interrupt is whose. Handlers acknowledge, record and wake.

use core::sync::atomic::{AtomicU32, Ordering};

use super::doorbell;
use crate::drivers::local_apic;
use crate::irq::{Outcome, vectors};

/// Interrupts of vectors that nothing should use but the hardware may raise; wraps.
static STRAY: AtomicU32 = AtomicU32::new(0);

/// Serves an interrupt. Interrupt context.
pub fn handle_interrupt(vector: u8) -> Outcome {
    match vector {
        vectors::TIMER => crate::runtime::ring_alarm(),
        vectors::GLOBAL => doorbell::serve(crate::doorbell::rung),
        vectors::DIRECT => doorbell::serve(crate::doorbell::rung_directly),
        vectors::ERROR => {
            STRAY.store(STRAY.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
        // The controller took nothing into service, so there is nothing to end.
        vectors::SPURIOUS => return Outcome::Handled,
        _ => return Outcome::Unexpected,
    }
    local_apic::end_of_interrupt();
    Outcome::Handled
}
