//! Interrupts: which vector means what. Handlers acknowledge, record and wake; nothing else.

pub mod vectors;

use core::sync::atomic::{AtomicU32, Ordering};

use crate::platform::machine;

/// What became of an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody expected it.
    Handled,
    /// Nothing was set up for the vector.
    Unexpected,
}

/// Interrupts taken since boot; wraps.
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// Hands an interrupt to the platform's handler for its vector. Interrupt context.
pub fn dispatch(vector: u8) -> Outcome {
    TAKEN.store(TAKEN.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    machine::handle_interrupt(vector)
}

/// Interrupts taken since boot; wraps.
#[must_use]
pub fn taken() -> u32 {
    TAKEN.load(Ordering::Relaxed)
}
