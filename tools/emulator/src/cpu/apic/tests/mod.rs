//! Tests of the local APIC, by what causes an interrupt.

mod commands;
mod pins;
mod priority;
mod registers;
mod timer;

use super::*;
use i586::apic::{CommandLow, Shorthand};

const ENABLED: u32 = 0x1FF;

/// An APIC enabled by pin and by software, driven at an explicit cycle.
struct Bench {
    apic: LocalApic,
    now: u64,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self::after_reset();
        bench.write(ApicRegister::SpuriousVector, ENABLED);
        bench
    }

    /// As RESET leaves it: disabled by software.
    fn after_reset() -> Self {
        let mut apic = LocalApic::new();
        apic.reset(true);
        Bench { apic, now: 0 }
    }

    fn write(&mut self, register: ApicRegister, value: u32) {
        self.apic.store(BASE + register.offset(), 4, u64::from(value), self.now);
    }

    fn read(&mut self, register: ApicRegister) -> u32 {
        u32::try_from(self.apic.load(BASE + register.offset(), 4, self.now)).unwrap()
    }

    fn entry(&mut self, register: ApicRegister, entry: LocalVector) {
        self.write(register, entry.into_bits());
    }

    fn set(&mut self, pin: Pin, high: bool) {
        self.apic.set_pin(pin, high, self.now);
    }

    fn send_to_self(&mut self, vector: u8) {
        let command = CommandLow::new().with_vector(vector).with_shorthand(Shorthand::Myself);
        self.write(ApicRegister::CommandLow, command.into_bits());
    }

    /// Takes the pending vector, if there is one.
    fn take(&mut self) -> Option<u8> {
        let pending = self.apic.pending_vector()?;
        assert_eq!(self.apic.acknowledge(), AcknowledgedInterrupt::Vector(pending));
        Some(pending)
    }

    fn end(&mut self) {
        self.write(ApicRegister::EndOfInterrupt, 0);
    }
}

fn fixed(vector: u8) -> LocalVector {
    LocalVector::new().with_vector(vector)
}
