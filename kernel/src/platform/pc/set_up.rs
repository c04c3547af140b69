//! The PC's part of booting.

use i586::apic::{DeliveryMode, LocalVector};
use trace_format::phase::BootPhase;

use super::{chipset, clocks, console, multiboot};
use crate::arch::i586::{cpu, descriptors, start};
use crate::drivers::local_apic;
use crate::mm::trace_ring::TRACE_RING;
use crate::trace;

/// What the loader has left is put in its place; then traps and interrupt controllers.
pub fn before_caches() {
    start::map_low_memory();
    multiboot::keep();
    console::initialise();
    descriptors::install();
    cpu::initialise_fpu();
    trace::phase(BootPhase::Traps);
    chipset::mask_legacy_interrupts();
    let first_8259 = LocalVector::new().with_delivery_mode(DeliveryMode::External);
    local_apic::initialise([first_8259, LocalVector::RESET]);
    trace::phase(BootPhase::Apic);
}

/// What is left: interrupt gates and clocks.
pub fn after_caches() {
    descriptors::install_interrupts();
    clocks::learn();
    TRACE_RING.set_rate(clocks::cycles_per_millisecond());
}

/// Bytes of memory from address 0 on.
#[must_use]
pub fn private_bytes() -> u32 {
    multiboot::memory_bytes()
}

/// Nobody is there to lend to.
#[must_use]
pub const fn lendable_bytes(_private: u32) -> u32 {
    0
}
