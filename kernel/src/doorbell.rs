//! Doorbells that have rung.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::platform::machine::gic::Events;

/// Rings of cores 0 to 31 and 32 to 47 that nobody has taken yet.
static RUNG: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

/// Somebody rang. Interrupt context.
pub fn rung(events: Events) {
    for core in events.senders() {
        let word = &RUNG[core.index() / 32];
        word.store(word.load(Ordering::Relaxed) | 1 << (core.number() % 32), Ordering::Relaxed);
    }
}
