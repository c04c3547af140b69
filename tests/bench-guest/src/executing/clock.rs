//! A clock for short spans.
#![cfg_attr(target_arch = "x86", expect(unsafe_code, reason = "reads the time-stamp counter"))]

use super::programs::Times;

/// Ticks since some point; wraps around. On x86, cycles.
#[cfg(target_arch = "x86")]
#[inline(always)]
pub(super) fn now() -> u32 {
    let low: u32;
    // SAFETY: reads a counter that every processor of this kind has.
    unsafe {
        core::arch::asm!("rdtsc", out("eax") low, out("edx") _, options(nostack, preserves_flags));
    }
    low
}

/// Ticks since some point; wraps around. Nanoseconds.
#[cfg(not(target_arch = "x86"))]
pub(super) fn now() -> u32 {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    let nanoseconds = START.get_or_init(Instant::now).elapsed().as_nanos() % (1 << 32);
    u32::try_from(nanoseconds).expect("below 2^32")
}

/// What the clock itself costs: two readings, one directly after the other.
pub(super) fn cost() -> Times {
    Times::sample(|| {
        let begin = now();
        now().wrapping_sub(begin)
    })
}
