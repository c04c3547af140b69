//! The local APIC of one core (SCC reference §2.10, U20 to U23).
//!
//! Registers and pin levels in, interrupt requests out; no bus behind it. Time is the core's own cycle count,
//! handed in with every call that can depend on it; `now` must not go backwards.
//!
//! A maskable interrupt passes through
//!
//! ```text
//! pin edge, pin level, timer, error, self command -> IRR -> [priority above PPR] -> acknowledge -> ISR -> EOI
//! ```
//!
//! Choices where the reference and the Pentium manual leave one:
//! - Only aligned 32-bit accesses are defined. Others are reported as a finding; a load returns the bytes that
//!   lie in a register and zero for the rest, a store is dropped.
//! - While the APIC is disabled by software every local vector is forced to masked, so its edges are lost (U21);
//!   what is already in IRR or ISR stays and can still be taken.
//! - A level-triggered pin that falls before its interrupt is acknowledged withdraws it.
//! - Local vectors in ExtINT mode ignore the level bit: the pin is the core's INTR line. No controller answers
//!   the acknowledge cycle, vector 0xFF is taken (U22).
//! - Vectors 0 to 15 are illegal: they set ESR instead of IRR. Unverified: that a read leaves ESR as it is and any
//!   write clears it (the P54C's erratum 3AP); reading it twice on a chip would tell.

mod pin;
mod registers;
mod timer;
mod vectors;

#[cfg(test)]
mod tests;

pub(crate) use pin::Pin;

use crate::diagnostics::FindingKind;
use i586::apic::{ApicRegister, BASE, DeliveryMode, LocalVector, SIZE, SpuriousVector};
use pin::LocalPin;
use timer::Timer;
use vectors::VectorSet;

/// What the core takes when it accepts a maskable interrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcknowledgedInterrupt {
    /// The vector is now in service and wants an EOI.
    Vector(u8),
    /// The request went away; no EOI.
    Spurious(u8),
    /// The plain INTR line asked and no interrupt controller answered; no EOI.
    Unanswered(u8),
}

/// How an interrupt was triggered, kept in TMR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigger {
    Edge,
    Level,
}

/// Vector read from the bus when nobody answers an interrupt acknowledge (U22).
const UNANSWERED_VECTOR: u8 = 0xFF;
/// Lowest vector that may be requested.
const FIRST_LEGAL_VECTOR: u8 = 16;

/// ESR: a local vector was illegal when its interrupt came.
const RECEIVED_ILLEGAL_VECTOR: u32 = 1 << 6;

/// A core's local APIC.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LocalApic {
    /// APICEN, sampled at the end of RESET.
    enabled_by_pin: bool,
    id: u32,
    task_priority: u8,
    logical_destination: u32,
    destination_format: u32,
    spurious: SpuriousVector,
    in_service: VectorSet,
    trigger_mode: VectorSet,
    requests: VectorSet,
    errors: u32,
    command_low: u32,
    command_high: u32,
    timer_entry: LocalVector,
    error_entry: LocalVector,
    pins: [LocalPin; 2],
    timer: Timer,
    /// An edge towards the core's NMI is waiting.
    nmi: bool,
    /// An edge towards the core's SMI is waiting.
    smi: bool,
    /// The first finding since they were last taken.
    finding: Option<FindingKind>,
}

impl LocalApic {
    /// An APIC in its reset state, not enabled by its pin, both inputs low.
    pub(crate) fn new() -> Self {
        LocalApic {
            enabled_by_pin: false,
            id: 0,
            task_priority: 0,
            logical_destination: 0,
            destination_format: u32::MAX,
            spurious: SpuriousVector::RESET,
            in_service: VectorSet::default(),
            trigger_mode: VectorSet::default(),
            requests: VectorSet::default(),
            errors: 0,
            command_low: 0,
            command_high: 0,
            timer_entry: LocalVector::RESET,
            error_entry: LocalVector::RESET,
            pins: [LocalPin::new(), LocalPin::new()],
            timer: Timer::default(),
            nmi: false,
            smi: false,
            finding: None,
        }
    }

    /// RESET with APICEN at `enabled_by_pin`. The inputs keep their levels; nothing counts as an edge.
    pub(crate) fn reset(&mut self, enabled_by_pin: bool) {
        let mut pins = self.pins.clone();
        pins.iter_mut().for_each(LocalPin::reset);
        *self = LocalApic { enabled_by_pin, pins, finding: self.finding.take(), ..Self::new() };
    }

    /// INIT: as RESET, but the ID stays and APICEN is not sampled.
    pub(crate) fn init(&mut self) {
        let id = self.id;
        self.reset(self.enabled_by_pin);
        self.id = id;
    }

    /// Whether an access to this core-physical address is the APIC's.
    #[inline]
    pub(crate) const fn decodes(&self, physical: u32) -> bool {
        physical & !(SIZE - 1) == BASE && self.enabled_by_pin
    }

    /// Whether APICEN enabled the APIC (CPUID bit 9).
    pub(crate) const fn is_enabled_by_pin(&self) -> bool {
        self.enabled_by_pin
    }

    /// Loads 1 to 8 bytes inside the APIC's page.
    pub(crate) fn load(&mut self, physical: u32, bytes: u32, now: u64) -> u64 {
        self.advance(now);
        let offset = physical % SIZE;
        if bytes == 4 && offset.is_multiple_of(4) {
            return u64::from(self.read(offset, now));
        }
        self.report(FindingKind::ApicAccessWidth { offset, bytes });
        (0..bytes).rev().fold(0, |value, byte| {
            let at = offset + byte;
            let register = ApicRegister::from_offset(at & !3).map_or(0, |register| self.value(register, now));
            value << 8 | u64::from(register >> (at % 4 * 8) & 0xFF)
        })
    }

    /// Stores 1 to 8 bytes inside the APIC's page; the value is right-aligned.
    pub(crate) fn store(&mut self, physical: u32, bytes: u32, value: u64, now: u64) {
        self.advance(now);
        let offset = physical % SIZE;
        if bytes != 4 || !offset.is_multiple_of(4) {
            self.report(FindingKind::ApicAccessWidth { offset, bytes });
            return;
        }
        let [b0, b1, b2, b3, ..] = value.to_le_bytes();
        match ApicRegister::from_offset(offset) {
            Some(register) => self.write(register, u32::from_le_bytes([b0, b1, b2, b3]), now),
            None => self.report(FindingKind::ApicNoRegister { offset }),
        }
    }

    /// Drives an input pin.
    pub(crate) fn set_pin(&mut self, pin: Pin, high: bool, now: u64) {
        self.advance(now);
        let input = &mut self.pins[pin.index()];
        if input.high == high {
            return;
        }
        input.high = high;
        if !self.enabled_by_pin {
            // The pins are plain INTR (a level, see `external_request`) and NMI (a rising edge) [U22].
            self.nmi |= pin == Pin::Lint1 && high;
            return;
        }
        let (entry, active) = (input.entry, input.is_active());
        if input.is_level() {
            if !active && self.trigger_mode.contains(entry.vector()) {
                self.requests.remove(entry.vector());
            }
            self.request_levels();
        } else if active && !entry.mask() {
            match entry.delivery_mode() {
                DeliveryMode::Fixed => self.request(entry.vector(), Trigger::Edge),
                DeliveryMode::NonMaskable => self.nmi = true,
                DeliveryMode::SystemManagement => self.smi = true,
                _ => {}
            }
        }
    }

    /// Core cycle at which the timer will next request an interrupt.
    pub(crate) fn next_event(&self, now: u64) -> Option<u64> {
        self.timer.deadline().filter(|_| !self.timer_entry.mask()).map(|deadline| deadline.max(now))
    }

    /// Lets the timer run to `now`. Expiries since the last call make one request.
    pub(crate) fn advance(&mut self, now: u64) {
        if self.timer.advance(now, self.timer_entry.periodic()) && !self.timer_entry.mask() {
            self.request(self.timer_entry.vector(), Trigger::Edge);
        }
    }

    /// Numbers core cycles anew: cycle `origin` of the old count is cycle 0 of the new one.
    pub(crate) fn rebase(&mut self, origin: u64) {
        self.advance(origin);
        self.timer.rebase(origin);
    }

    /// The vector [`LocalApic::acknowledge`] would return now; `None` if no maskable interrupt is requested.
    pub(crate) fn pending_vector(&self) -> Option<u8> {
        if self.external_request() { Some(UNANSWERED_VECTOR) } else { self.deliverable() }
    }

    /// Accepts the pending maskable interrupt, the spurious one if there is none.
    pub(crate) fn acknowledge(&mut self) -> AcknowledgedInterrupt {
        if self.external_request() {
            self.report(FindingKind::NoInterruptController);
            return AcknowledgedInterrupt::Unanswered(UNANSWERED_VECTOR);
        }
        let Some(vector) = self.deliverable() else {
            return AcknowledgedInterrupt::Spurious(self.spurious.vector());
        };
        self.requests.remove(vector);
        self.in_service.insert(vector);
        if self.trigger_mode.contains(vector) {
            for input in &mut self.pins {
                if input.wants_level() && input.entry.vector() == vector {
                    input.in_service = Some(vector);
                }
            }
        }
        AcknowledgedInterrupt::Vector(vector)
    }

    /// Takes the latched non-maskable interrupt.
    pub(crate) fn take_nmi(&mut self) -> bool {
        std::mem::take(&mut self.nmi)
    }

    /// Takes the latched system management interrupt.
    pub(crate) fn take_smi(&mut self) -> bool {
        std::mem::take(&mut self.smi)
    }

    /// Whether [`LocalApic::take_finding`] has something to take.
    pub(crate) const fn has_finding(&self) -> bool {
        self.finding.is_some()
    }

    /// Takes the first finding since the last call.
    pub(crate) fn take_finding(&mut self) -> Option<FindingKind> {
        self.finding.take()
    }

    /// Whether the core's plain INTR line is asserted: past the APIC, or through an ExtINT entry.
    fn external_request(&self) -> bool {
        if self.enabled_by_pin {
            self.pins.iter().any(LocalPin::wants_external)
        } else {
            self.pins[Pin::Lint0.index()].high
        }
    }

    /// The highest request, if its class is above the processor priority.
    fn deliverable(&self) -> Option<u8> {
        self.requests.highest().filter(|vector| class(*vector) > class(self.processor_priority()))
    }

    /// PPR.
    fn processor_priority(&self) -> u8 {
        let in_service = self.in_service.highest().map_or(0, class);
        if class(self.task_priority) >= in_service { self.task_priority } else { in_service << 4 }
    }

    /// APR.
    fn arbitration_priority(&self) -> u8 {
        let task = class(self.task_priority);
        let in_service = self.in_service.highest().map_or(0, class);
        let requested = self.requests.highest().map_or(0, class);
        if task >= requested && task > in_service {
            self.task_priority
        } else {
            task.max(in_service).max(requested) << 4
        }
    }

    fn request(&mut self, vector: u8, trigger: Trigger) {
        if vector < FIRST_LEGAL_VECTOR {
            self.raise_error(RECEIVED_ILLEGAL_VECTOR);
            return;
        }
        self.requests.insert(vector);
        match trigger {
            Trigger::Edge => self.trigger_mode.remove(vector),
            Trigger::Level => self.trigger_mode.insert(vector),
        }
    }

    /// Requests the vectors of pins that are at their level.
    fn request_levels(&mut self) {
        for pin in Pin::ALL {
            let input = &self.pins[pin.index()];
            if input.wants_level() {
                self.request(input.entry.vector(), Trigger::Level);
            }
        }
    }

    fn raise_error(&mut self, error: u32) {
        self.errors |= error;
        let entry = self.error_entry;
        // An illegal vector in this very entry must not report itself for ever.
        if !entry.mask() && entry.vector() >= FIRST_LEGAL_VECTOR {
            self.request(entry.vector(), Trigger::Edge);
        }
    }

    fn report(&mut self, finding: FindingKind) {
        self.finding.get_or_insert(finding);
    }
}

/// Priority class of a vector or of a priority register.
const fn class(priority: u8) -> u8 {
    priority >> 4
}
