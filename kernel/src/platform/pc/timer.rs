//! The alarm: the local APIC's timer, one shot.
//!
//! Its ticks are not cycles; both rates were measured. It holds 32 bits, so a longer time is cut: the alarm then rings
//! early, which its user puts up with.

use super::clocks;
use crate::drivers::local_apic;

/// Longest time in cycles that is not cut; keeps the product below from overflowing.
const LONGEST_CYCLES: u64 = 1 << 32;

/// Has the alarm ring in `cycles` cycles or earlier; at once for 0. Any context.
pub fn start(cycles: u64) {
    let rate = u64::from(clocks::cycles_per_millisecond());
    let ticks =
        (cycles.min(LONGEST_CYCLES) * u64::from(clocks::timer_ticks_per_millisecond())).div_ceil(rate);
    local_apic::start_timer(u32::try_from(ticks).unwrap_or(u32::MAX));
}

/// Takes the alarm back; it may ring once more. Any context.
pub fn stop() {
    local_apic::stop_timer();
}
