//! Reads and writes of the APIC's registers by software.

use super::{FIRST_LEGAL_VECTOR, LocalApic, Pin, Trigger};
use crate::diagnostics::FindingKind;
use i586::apic::{ApicRegister, CommandLow, DeliveryMode, LocalVector, Shorthand, SpuriousVector, VERSION};

/// ESR: a command had an illegal vector.
const SENT_ILLEGAL_VECTOR: u32 = 1 << 5;

/// Bits software can change.
mod writable {
    pub(super) const ID: u32 = 0xF << 24;
    pub(super) const LOGICAL_DESTINATION: u32 = 0xFF << 24;
    pub(super) const DESTINATION_MODEL: u32 = 0xF << 28;
    pub(super) const COMMAND_HIGH: u32 = 0xFF << 24;
    /// Vector, modes, level and trigger, shorthand.
    pub(super) const COMMAND_LOW: u32 = 0xFFF | 3 << 14 | 3 << 18;
    /// Vector, software enable, focus check.
    pub(super) const SPURIOUS: u32 = 0x3FF;
    /// Vector, mode, polarity, trigger, mask.
    pub(super) const LINT: u32 = 0x7FF | 1 << 13 | 1 << 15 | 1 << 16;
    /// Vector, mask, periodic.
    pub(super) const TIMER: u32 = 0xFF | 3 << 16;
    /// Vector, mask.
    pub(super) const ERROR: u32 = 0xFF | 1 << 16;
    pub(super) const DIVIDE: u32 = 0b1011;
}

impl LocalApic {
    /// Reads the 32-bit word at `offset`, a multiple of 4; there is nothing between the registers.
    pub(super) fn read(&mut self, offset: u32, now: u64) -> u32 {
        match ApicRegister::from_offset(offset) {
            Some(register) => self.value(register, now),
            None => {
                self.report(FindingKind::ApicNoRegister { offset });
                0
            }
        }
    }

    pub(super) fn value(&self, register: ApicRegister, now: u64) -> u32 {
        match register {
            ApicRegister::Id => self.id,
            ApicRegister::Version => VERSION,
            ApicRegister::TaskPriority => u32::from(self.task_priority),
            ApicRegister::ArbitrationPriority => u32::from(self.arbitration_priority()),
            ApicRegister::ProcessorPriority => u32::from(self.processor_priority()),
            ApicRegister::EndOfInterrupt => 0,
            ApicRegister::LogicalDestination => self.logical_destination,
            ApicRegister::DestinationFormat => self.destination_format,
            ApicRegister::SpuriousVector => self.spurious.into_bits(),
            ApicRegister::InService(word) => self.in_service.word(word),
            ApicRegister::TriggerMode(word) => self.trigger_mode.word(word),
            ApicRegister::InterruptRequest(word) => self.requests.word(word),
            ApicRegister::ErrorStatus => self.errors,
            ApicRegister::CommandLow => self.command_low,
            ApicRegister::CommandHigh => self.command_high,
            ApicRegister::LvtTimer => self.timer_entry.into_bits(),
            ApicRegister::LvtLint0 => self.pins[Pin::Lint0.index()].read(),
            ApicRegister::LvtLint1 => self.pins[Pin::Lint1.index()].read(),
            ApicRegister::LvtError => self.error_entry.into_bits(),
            ApicRegister::TimerInitialCount => self.timer.initial(),
            ApicRegister::TimerCurrentCount => self.timer.current(now),
            ApicRegister::TimerDivide => self.timer.configuration(),
        }
    }

    pub(super) fn write(&mut self, register: ApicRegister, value: u32, now: u64) {
        match register {
            ApicRegister::Id => self.id = value & writable::ID,
            ApicRegister::TaskPriority => self.task_priority = value.to_le_bytes()[0],
            ApicRegister::EndOfInterrupt => self.end_interrupt(),
            ApicRegister::LogicalDestination => {
                self.logical_destination = value & writable::LOGICAL_DESTINATION;
            }
            ApicRegister::DestinationFormat => {
                self.destination_format = value | !writable::DESTINATION_MODEL;
            }
            ApicRegister::SpuriousVector => self.write_spurious(value),
            ApicRegister::ErrorStatus => self.errors = 0,
            ApicRegister::CommandLow => self.command(value & writable::COMMAND_LOW),
            ApicRegister::CommandHigh => self.command_high = value & writable::COMMAND_HIGH,
            ApicRegister::LvtTimer => self.timer_entry = self.entry(value & writable::TIMER),
            ApicRegister::LvtLint0 => self.write_pin(Pin::Lint0, value),
            ApicRegister::LvtLint1 => self.write_pin(Pin::Lint1, value),
            ApicRegister::LvtError => self.error_entry = self.entry(value & writable::ERROR),
            ApicRegister::TimerInitialCount => self.timer.start(value, now),
            ApicRegister::TimerDivide => self.timer.set_configuration(value & writable::DIVIDE, now),
            ApicRegister::Version
            | ApicRegister::ArbitrationPriority
            | ApicRegister::ProcessorPriority
            | ApicRegister::InService(_)
            | ApicRegister::TriggerMode(_)
            | ApicRegister::InterruptRequest(_)
            | ApicRegister::TimerCurrentCount => {}
        }
    }

    /// A local vector entry as it is stored: masked while the APIC is disabled by software.
    fn entry(&self, value: u32) -> LocalVector {
        let entry = LocalVector::from_bits(value);
        entry.with_mask(entry.mask() || !self.spurious.enable())
    }

    fn write_pin(&mut self, pin: Pin, value: u32) {
        let entry = self.entry(value & writable::LINT);
        self.pins[pin.index()].write(entry);
        self.request_levels();
    }

    fn write_spurious(&mut self, value: u32) {
        let written = SpuriousVector::from_bits(value & writable::SPURIOUS);
        self.spurious = written.with_vector(written.vector() | SpuriousVector::VECTOR_ONES);
        if !self.spurious.enable() {
            self.timer_entry.set_mask(true);
            self.error_entry.set_mask(true);
            for input in &mut self.pins {
                input.entry.set_mask(true);
            }
        }
    }

    /// EOI: ends the interrupt of highest priority in service. A level pin still active asks again.
    fn end_interrupt(&mut self) {
        let Some(vector) = self.in_service.highest() else { return };
        self.in_service.remove(vector);
        for input in &mut self.pins {
            if input.in_service == Some(vector) {
                input.in_service = None;
            }
        }
        self.request_levels();
    }

    /// A write of ICR low: only fixed interrupts to the core itself arrive anywhere (U23).
    fn command(&mut self, value: u32) {
        self.command_low = value;
        let command = CommandLow::from_bits(value);
        let reaches_self = matches!(command.shorthand(), Shorthand::Myself | Shorthand::AllIncludingSelf)
            && command.delivery_mode() == DeliveryMode::Fixed;
        // An INIT de-assert only levels arbitration ids on an APIC bus; kernels send it to be on the safe side.
        let harmless = command.delivery_mode() == DeliveryMode::Init && !command.assert();
        if !reaches_self {
            if !harmless {
                self.report(FindingKind::ApicCommandDropped { command: value });
            }
        } else if command.vector() < FIRST_LEGAL_VECTOR {
            self.raise_error(SENT_ILLEGAL_VECTOR);
        } else if self.spurious.enable() {
            self.request(command.vector(), Trigger::Edge);
        }
    }
}
