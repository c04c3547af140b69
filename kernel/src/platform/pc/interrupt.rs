//! Which interrupt is whose. Handlers acknowledge, record and wake.

use crate::drivers::local_apic;
use crate::irq::{Outcome, vectors};

/// Serves an interrupt. Interrupt context.
pub fn handle_interrupt(vector: u8) -> Outcome {
    match vector {
        vectors::TIMER => crate::runtime::ring_alarm(),
        vectors::GLOBAL => crate::doorbell::rung(),
        // The controller took nothing into service, so there is nothing to end.
        vectors::SPURIOUS => return Outcome::Handled,
        _ => return Outcome::Unexpected,
    }
    local_apic::end_of_interrupt();
    Outcome::Handled
}
