//! GLCFG0/1: a core's pins. Writes in, changed pin levels out; the core's signals come back as status bits.
//!
//! Bits 11..0 are stored. Bits 12-17 latch to 1 and 20, 21 to 0; any write returns them to rest. Bits 18, 19 and
//! 22-25 show live levels.
//!
//! Source: SCC reference §4.3.

use scc::tile::Glcfg;

use super::effects::{Pin, PinLevel, Signal};
use super::lanes::DwordLanes;

/// One core's configuration register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pins {
    value: Glcfg,
}

/// Pins whose level a write changed, as a set of GLCFG bits with the new register value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PinChanges {
    changed: u32,
    value: u32,
}

impl PinChanges {
    /// Each changed pin with its new level, in ascending order of the GLCFG bit.
    pub(crate) fn iter(self) -> impl Iterator<Item = (Pin, PinLevel)> {
        Pin::ALL
            .into_iter()
            .filter(move |pin| self.changed & bit(*pin) != 0)
            .map(move |pin| (pin, level(self.value, pin)))
    }
}

impl Pins {
    pub(crate) const fn new() -> Self {
        Self { value: Glcfg::RESET }
    }

    /// The register.
    pub(crate) const fn read(self) -> Glcfg {
        self.value
    }

    /// A software or host write: stores the control bits and returns every latch to rest.
    pub(crate) fn write(&mut self, lanes: DwordLanes) -> PinChanges {
        self.store(self.value.written(lanes.merge_into(self.value.into_bits())))
    }

    /// An interrupt packet: raises one pin and touches nothing else (U44a).
    pub(crate) fn raise(&mut self, pin: Pin) -> PinChanges {
        self.store(Glcfg::from_bits(self.value.into_bits() | bit(pin)))
    }

    /// What the core reports.
    pub(crate) fn signal(&mut self, signal: Signal) {
        let value = self.value;
        self.value = match signal {
            Signal::BranchTraceMessage => value.with_branch_trace_seen(true),
            Signal::FlushAcknowledge => value.with_flush_acknowledge_seen(true),
            Signal::WriteBack => value.with_write_back_seen(true),
            Signal::Halt => value.with_halt_seen(true),
            Signal::Flush => value.with_flush_seen(true),
            Signal::Shutdown => value.with_shutdown_seen(true),
            Signal::FloatingPointError => value.with_fpu_error_n(false),
            Signal::InternalError => value.with_internal_error_n(false),
            Signal::SystemManagement(level) => value.with_smi_active_n(level == PinLevel::Inactive),
            Signal::ProbeReady(level) => value.with_probe_ready(level == PinLevel::Active),
            Signal::Breakpoints(levels) => value.with_breakpoint_pins(levels & 0xF),
        };
    }

    fn store(&mut self, value: Glcfg) -> PinChanges {
        let changed = (self.value.into_bits() ^ value.into_bits()) & Glcfg::CONTROL_MASK;
        self.value = value;
        PinChanges { changed, value: value.into_bits() }
    }
}

/// GLCFG bit of a pin.
fn bit(pin: Pin) -> u32 {
    let none = Glcfg::from_bits(0);
    let pin = match pin {
        Pin::Nmi => none.with_nmi(true),
        Pin::Intr => none.with_interrupt(true),
        Pin::Init => none.with_init(true),
        Pin::Flush => none.with_flush_n(true),
        Pin::IgnoreNumericError => none.with_ignore_numeric_error_n(true),
        Pin::ProbeMode => none.with_run_stop_n(true),
        Pin::StopClock => none.with_stop_clock_n(true),
        Pin::Smi => none.with_smi_n(true),
        Pin::A20Mask => none.with_a20_mask_n(true),
    };
    pin.into_bits()
}

/// The first three pins are active high, the others active low.
fn level(value: u32, pin: Pin) -> PinLevel {
    let high = value & bit(pin) != 0;
    let active_high = matches!(pin, Pin::Nmi | Pin::Intr | Pin::Init);
    if high == active_high { PinLevel::Active } else { PinLevel::Inactive }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(pins: &mut Pins, value: u32) -> Vec<(Pin, PinLevel)> {
        pins.write(DwordLanes::whole(value)).iter().collect()
    }

    /// Checklist 14.
    #[test]
    fn hard_reset_leaves_every_pin_inactive() {
        let pins = Pins::new();
        assert_eq!(pins.read().into_bits(), 0x0034_0DF8);
        assert!(Pin::ALL.into_iter().all(|pin| level(0x0034_0DF8, pin) == PinLevel::Inactive));
    }

    #[test]
    fn only_changed_pins_are_reported() {
        let mut pins = Pins::new();
        assert_eq!(write(&mut pins, 0x0DF9), [(Pin::Nmi, PinLevel::Active)]);
        assert_eq!(write(&mut pins, 0x0DF9), []);
        assert_eq!(
            write(&mut pins, 0x0DFA & !(1 << 5)),
            [
                (Pin::Nmi, PinLevel::Inactive),
                (Pin::Intr, PinLevel::Active),
                (Pin::ProbeMode, PinLevel::Active)
            ]
        );
    }

    /// Checklist 18 and 19.
    #[test]
    fn any_write_clears_the_latched_status() {
        let mut pins = Pins::new();
        for signal in [Signal::Halt, Signal::WriteBack, Signal::Flush, Signal::FloatingPointError] {
            pins.signal(signal);
        }
        assert_eq!(pins.read().into_bits(), 0x0025_CDF8);
        write(&mut pins, 0x0DF8);
        assert_eq!(pins.read().into_bits(), 0x0034_0DF8);
    }

    /// Checklist 20.
    #[test]
    fn status_bits_store_nothing_and_live_bits_follow_the_core() {
        let mut pins = Pins::new();
        write(&mut pins, 0xFFFF_FFF8);
        assert_eq!(pins.read().into_bits() & !Glcfg::CONTROL_MASK, 0x0034_0000);
        pins.signal(Signal::SystemManagement(PinLevel::Active));
        assert!(!pins.read().smi_active_n());
        write(&mut pins, 0x0DF8);
        assert!(!pins.read().smi_active_n());
        pins.signal(Signal::SystemManagement(PinLevel::Inactive));
        pins.signal(Signal::Breakpoints(0b0101));
        assert_eq!(pins.read().into_bits(), 0x0174_0DF8);
    }

    /// U44(a).
    #[test]
    fn an_interrupt_packet_touches_one_bit_and_no_latch() {
        let mut pins = Pins::new();
        write(&mut pins, 0x0DF9);
        pins.signal(Signal::Halt);
        assert_eq!(pins.raise(Pin::Intr).iter().collect::<Vec<_>>(), [(Pin::Intr, PinLevel::Active)]);
        assert_eq!(pins.read().into_bits(), 0x0034_8DFB);
        assert_eq!(pins.raise(Pin::Intr).iter().count(), 0);
    }

    #[test]
    fn byte_writes_change_only_their_byte() {
        let mut pins = Pins::new();
        pins.write(DwordLanes { enabled: 0xFF, value: 0xFA });
        assert_eq!(pins.read().into_bits(), 0x0034_0DFA);
    }
}
