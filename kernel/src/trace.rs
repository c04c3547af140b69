//! What happens on this core, recorded for tools: see [`trace_format`].

use trace_format::phase::BootPhase;
use trace_format::record::{Event, Stamped};

use crate::arch::i586::cpu;
use crate::mm::trace_ring::TRACE_RING;

/// Records an event now. Any context. Inlined, because for a kind known at compile time a record is a few stores.
#[inline(always)]
pub fn record(event: Event) {
    record_at(cpu::time_stamp(), event);
}

/// Records an event that happened at a time stamp. Any context.
#[inline(always)]
pub fn record_at(cycles: u64, event: Event) {
    TRACE_RING.write(Stamped { cycles, event }.encode());
}

/// Records that a step of the boot is done.
pub fn phase(phase: BootPhase) {
    record(Event::BootPhase(phase));
}
