//! `RCCE_wtime`: the core's time stamp counter.
#![expect(unsafe_code, reason = "the counter is read by an instruction, and C calls this")]

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

static KILOHERTZ: AtomicU32 = AtomicU32::new(1);

/// Notes the counter's rate.
pub(crate) fn set_rate(kilohertz: u32) {
    KILOHERTZ.store(kilohertz.max(1), Ordering::Relaxed);
}

/// Seconds since the core left reset.
#[unsafe(no_mangle)]
extern "C" fn RCCE_wtime() -> f64 {
    let (low, high): (u32, u32);
    // SAFETY: the counter may be read in every ring.
    unsafe { asm!("rdtsc", out("eax") low, out("edx") high, options(nomem, nostack, preserves_flags)) };
    let cycles = f64::from(high) * 4_294_967_296.0 + f64::from(low);
    cycles / (f64::from(KILOHERTZ.load(Ordering::Relaxed)) * 1_000.0)
}
