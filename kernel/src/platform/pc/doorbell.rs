//! Doorbells: there is one core, which can ring at itself through its own interrupt controller.

use scc::id::CoreId;

use super::gic::Events;
use super::identity;
use crate::drivers::local_apic;
use crate::irq::vectors;
use crate::platform::{Absent, Feature};

/// Rings at a core. Any context.
///
/// # Errors
/// [`Absent`] for every core but this one.
pub fn ring(target: CoreId) -> Result<(), Absent> {
    if target != identity::core() {
        return Err(Absent(Feature::OtherCores));
    }
    local_apic::interrupt_self(vectors::GLOBAL);
    Ok(())
}

/// Interrupts a core without telling who it was.
///
/// # Errors
/// Always [`Absent`].
pub const fn interrupt(_target: CoreId) -> Result<(), Absent> {
    Err(Absent(Feature::OtherCores))
}

/// Takes who rang for known.
pub const fn take_unseen(_known: Events) {}

/// Who rang. Any context.
pub fn take() -> Events {
    Events::of(identity::core())
}
