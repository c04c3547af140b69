//! Which interrupt is whose. Handlers acknowledge, record and wake.

use super::chipset;
use crate::drivers::local_apic;
use crate::hypervisor::terminal;
use crate::irq::{Outcome, vectors};

/// Serves an interrupt. Interrupt context.
pub fn handle_interrupt(vector: u8) -> Outcome {
    match vector {
        vectors::TIMER => crate::runtime::ring_alarm(),
        vectors::GLOBAL => crate::doorbell::rung(),
        chipset::SERIAL_VECTOR => {
            terminal::rung();
            chipset::end_of_serial_interrupt();
            return Outcome::Handled;
        }
        // The controller took nothing into service, so there is nothing to end.
        vectors::SPURIOUS | chipset::SPURIOUS_VECTOR => return Outcome::Handled,
        _ => return Outcome::Unexpected,
    }
    local_apic::end_of_interrupt();
    Outcome::Handled
}
