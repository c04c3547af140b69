//! The doorbell: what an interrupt handler records, for the tasks that look into the lines.
//!
//! Who rang, and what for, is not recorded: the lines tell, so a look costs the same whoever says that it is time. A
//! doorbell is a hint, never the truth: it may be lost, late or doubled. [`Doorbell`] is the only part of this crate that
//! interrupt handlers touch. Facts: SCC reference §7.5, §4.3.

use core::sync::atomic::{AtomicU32, Ordering};

/// Count of the interrupts that other cores have caused. One per core, usually a static.
///
/// A handler is not interrupted by the tasks of its core, and nobody else writes, so the count needs no locked operation,
/// which would leave L1. It orders this core against its own handlers; no other core sees it.
#[derive(Debug, Default)]
pub struct Doorbell(AtomicU32);

impl Doorbell {
    /// A doorbell that nobody has rung.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Counts a ring. For interrupt handlers, which then [wake](crate::mesh::Mesh::wake_when_rung) whoever waits.
    pub fn notice(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    /// Rings so far; wraps. Any context.
    #[inline]
    pub fn rings(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
}
