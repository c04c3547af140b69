//! The chip's part of booting, in the order of SCC reference §9.1.

use i586::apic::LocalVector;
use i586::page::PAGE_BYTES;
use scc::address::{LUT_WINDOW_BYTES, LutIndex};
use scc::lut::LutEntry;
use scc::map::index;
use scc::tile::TileRegister;
use trace_format::phase::BootPhase;
use trace_format::record::Event;

use super::memory_map::private_windows;
use super::window::{TileWindow, clear_message_buffer};
use super::{clocks, doorbell, identity, timer};
use crate::arch::i586::{cpu, descriptors};
use crate::drivers::local_apic;
use crate::irq::vectors;
use crate::mm::trace_ring::TRACE_RING;
use crate::platform::Ending;
use crate::trace;

/// Vectors of the local controller's pins: fixed, edge triggered, LINT0 of the global interrupt controller first,
/// then LINT1 for other cores that write this core's pin directly.
const PINS: [u8; 2] = [vectors::GLOBAL, vectors::DIRECT];

/// Everything up to switching the caches on: identity, traps, local interrupt controller, message buffer. The own
/// test-and-set register is left alone: another core may hold the lock that it is.
pub fn before_caches() {
    let core = identity::learn();
    trace::phase(BootPhase::Identity);
    descriptors::install();
    cpu::initialise_fpu();
    trace::phase(BootPhase::Traps);
    local_apic::initialise(PINS.map(|vector| LocalVector::new().with_vector(vector)));
    trace::phase(BootPhase::Apic);
    clear_message_buffer(core);
    trace::phase(BootPhase::Mpb);
}

/// What is left when the caches are on: clocks and the global interrupt controller.
pub fn after_caches() {
    descriptors::install_interrupts();
    clocks::learn();
    TRACE_RING.set_rate(clocks::cycles_per_millisecond());
    let (cycles, ticks) = (cpu::time_stamp(), clocks::timestamp());
    TRACE_RING.set_anchor(cycles, ticks);
    trace::record_progress_at(cycles, Event::ClockAnchor(ticks));
    doorbell::open();
    trace::phase(BootPhase::Gic);
}

/// Stops the core for good; the others go on, and the console has told how it ended. No alarm stays set. The trace ring is in
/// memory then, if somebody is to dump it.
pub fn finish(_ending: Ending) -> ! {
    timer::stop();
    if trace::is_dump_awaited() {
        cpu::disable_interrupts();
        TRACE_RING.write_back();
    }
    cpu::halt_for_good()
}

/// Bytes of private memory from core-physical 0 on.
///
/// Where the boot slot is the only private memory (LUT entry 0 leads there too), its last page with the reset vector is
/// not counted: whoever restarts this core needs it.
#[must_use]
pub fn private_bytes() -> u32 {
    let (tile, slot) = (TileWindow::own(), identity::core().slot());
    let entry = |index| LutEntry::from_bits(tile.read(TileRegister::Lut(slot, index)));
    let bytes = private_windows(LutIndex::all().map(entry)) * LUT_WINDOW_BYTES;
    if entry(LutIndex::new(0)) == entry(index::BOOT_SLOT) { bytes - PAGE_BYTES } else { bytes }
}

/// Bytes at the end of the private memory that are kept for lending: none if that has one slot only.
#[must_use]
pub const fn lendable_bytes(private: u32) -> u32 {
    let has_more = private.is_multiple_of(LUT_WINDOW_BYTES) && private > LUT_WINDOW_BYTES;
    if has_more { crate::layout::POOL_BYTES } else { 0 }
}
