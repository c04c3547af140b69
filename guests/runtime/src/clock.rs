//! The time stamp counter.
#![expect(unsafe_code, reason = "it is read by an instruction")]

use core::arch::asm;

/// Low word of the time stamp counter: cycles, every `tsc_khz` of [`Info`](crate::start::Info) of them a millisecond; wraps.
/// Any ring.
#[inline(always)]
#[must_use]
pub fn clock() -> u32 {
    let low;
    // SAFETY: the counter may be read in every ring.
    unsafe { asm!("rdtsc", out("eax") low, out("edx") _, options(nomem, nostack, preserves_flags)) };
    low
}
