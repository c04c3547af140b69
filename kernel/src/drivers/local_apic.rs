//! The core's own interrupt controller: timer, and two pins that the machine around the core drives.
//!
//! The timer counts bus clocks, on the SCC the tile's, once, down from what was written. Facts: SCC reference §2.10.

use i586::apic::{ApicRegister, CommandLow, LocalVector, Shorthand, SpuriousVector};

use crate::irq::vectors;
use crate::platform::machine::window::{read_apic, write_apic};

/// Divide configuration of the timer: count every cycle.
const DIVIDE_BY_ONE: u32 = 0xB;

/// Switches the controller on: timer stopped, the pins as given, LINT0 first.
pub fn initialise(pins: [LocalVector; 2]) {
    let spurious = SpuriousVector::new().with_vector(vectors::SPURIOUS).with_enable(true);
    let fixed = |vector| LocalVector::new().with_vector(vector).into_bits();
    let [first, second] = pins.map(LocalVector::into_bits);
    write_apic(ApicRegister::SpuriousVector, spurious.into_bits());
    write_apic(ApicRegister::TaskPriority, 0);
    write_apic(ApicRegister::TimerDivide, DIVIDE_BY_ONE);
    write_apic(ApicRegister::TimerInitialCount, 0);
    write_apic(ApicRegister::LvtTimer, fixed(vectors::TIMER));
    write_apic(ApicRegister::LvtLint0, first);
    write_apic(ApicRegister::LvtLint1, second);
    write_apic(ApicRegister::LvtError, fixed(vectors::ERROR));
}

/// Has the timer interrupt once, after `cycles` clocks, 0 taken as 1; a running timer starts anew. Any context.
pub fn start_timer(cycles: u32) {
    write_apic(ApicRegister::TimerInitialCount, cycles.max(1));
}

/// Stops the timer. An interrupt on its way still arrives. Any context.
pub fn stop_timer() {
    write_apic(ApicRegister::TimerInitialCount, 0);
}

/// Clocks until the timer interrupts; 0 if it does not run.
#[must_use]
pub fn timer_remaining() -> u32 {
    read_apic(ApicRegister::TimerCurrentCount)
}

/// Has an interrupt arrive at this core itself. Any context.
pub fn interrupt_self(vector: u8) {
    let command = CommandLow::new().with_vector(vector).with_assert(true).with_shorthand(Shorthand::Myself);
    write_apic(ApicRegister::CommandLow, command.into_bits());
}

/// Ends the interrupt in service. At the end of every handler but that of the spurious vector.
pub fn end_of_interrupt() {
    write_apic(ApicRegister::EndOfInterrupt, 0);
}
