//! The alarm: the local APIC's timer, one shot, counting tile cycles.
//!
//! It holds 32 bits. A longer time is cut: the alarm then rings early, which its user puts up with.

use crate::drivers::local_apic;

/// Has the alarm ring in `cycles` cycles or earlier; at once for 0. Any context.
pub fn start(cycles: u64) {
    local_apic::start_timer(u32::try_from(cycles).unwrap_or(u32::MAX));
}

/// Takes the alarm back; it may ring once more. Any context.
pub fn stop() {
    local_apic::stop_timer();
}
