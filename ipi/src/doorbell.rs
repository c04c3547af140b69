//! Doorbells: what an interrupt handler records, for the task that looks into the lines.
//!
//! The interrupt controller names the senders, so a receiver reads the lines of those and no others; its work
//! does not grow with the number of cores. A doorbell is a hint, never the truth: it may be lost, late or
//! doubled, and the line decides. [`Doorbell`] is the only part of this crate that interrupt handlers touch.
//! Facts: SCC reference §7.5, §4.3.

use core::future::poll_fn;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Poll;

use futures_util::task::AtomicWaker;

use crate::mesh::{CoreSet, Mesh};

/// Senders that rang since the task last looked. One per core, usually a static.
///
/// Two 32-bit atomics, because 64-bit ones use the FPU on a Pentium. They order this core against its own
/// interrupt handlers; no other core sees them.
#[derive(Debug, Default)]
pub struct Doorbell {
    low: AtomicU32,
    high: AtomicU32,
    waker: AtomicWaker,
}

impl Doorbell {
    /// A doorbell that nobody has rung.
    pub const fn new() -> Self {
        Self { low: AtomicU32::new(0), high: AtomicU32::new(0), waker: AtomicWaker::new() }
    }

    /// The whole work of an interrupt handler: asks who rang, acknowledges, records, wakes. Any context.
    ///
    /// If nobody rang, the tile's interrupt bit was written directly, which names no sender: all are recorded.
    /// Cost: [`Mesh::take_rung`].
    pub fn service(&self, mesh: &impl Mesh) {
        let rung = mesh.take_rung();
        self.notice(if rung.is_empty() { CoreSet::ALL } else { rung });
    }

    /// Records senders and wakes the task. Any context.
    pub fn notice(&self, senders: CoreSet) {
        let bytes = senders.bits().to_le_bytes();
        let [a, b, c, d, e, f, g, h] = bytes;
        self.low.fetch_or(u32::from_le_bytes([a, b, c, d]), Ordering::AcqRel);
        self.high.fetch_or(u32::from_le_bytes([e, f, g, h]), Ordering::AcqRel);
        self.waker.wake();
    }

    /// Senders recorded since the last call. Task only.
    pub fn take(&self) -> CoreSet {
        let low = u64::from(self.low.swap(0, Ordering::AcqRel));
        let high = u64::from(self.high.swap(0, Ordering::AcqRel));
        CoreSet::from_bits(high << 32 | low)
    }

    /// Whether nobody rang since the last [`take`](Self::take). Any context.
    pub fn is_silent(&self) -> bool {
        self.low.load(Ordering::Acquire) | self.high.load(Ordering::Acquire) == 0
    }

    /// Completes when somebody has rung. One task at a time: a second one replaces the first.
    ///
    /// *Cancel safety*: a ring that is not waited for stays recorded.
    pub async fn rung(&self) {
        poll_fn(|context| {
            self.waker.register(context.waker());
            if self.is_silent() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::Doorbell;
    use crate::mesh::CoreSet;
    use futures_util::FutureExt;
    use scc::id::CoreId;

    #[test]
    fn rings_are_kept_until_taken_and_doubles_count_once() {
        let doorbell = Doorbell::new();
        assert_eq!(doorbell.rung().now_or_never(), None);
        let (first, last) = (CoreId::new(0).unwrap(), CoreId::new(47).unwrap());
        doorbell.notice(CoreSet::of(first));
        doorbell.notice(CoreSet::of(last));
        doorbell.notice(CoreSet::of(first));
        assert_eq!(doorbell.rung().now_or_never(), Some(()));
        assert_eq!(doorbell.take(), CoreSet::of(first).with(last));
        assert!(doorbell.is_silent());
    }
}
