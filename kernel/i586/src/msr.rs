//! Model-specific registers: numbers and layouts.
//!
//! One enum over the numbers that RDMSR and WRMSR take in ECX; any other number raises #GP(0). The test registers are
//! those that older cores reached with MOV; here they are accepted without effect, apart from TR12.
//!
//! Source: SCC reference §2.1 (MSRs); Pentium manual vol. 3, model-specific registers and performance monitoring.

use bitfield_struct::bitfield;
use bitflags::bitflags;

mod event;

pub use event::Event;

/// A model-specific register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Msr {
    /// Physical address of the cycle that caused a machine check.
    MachineCheckAddress = 0x00,
    /// Type of that cycle; reading it clears [`MACHINE_CHECK_VALID`].
    MachineCheckType = 0x01,
    /// TR1: parity reversal.
    ParityReversal = 0x02,
    /// TR2: code cache end bits.
    CodeCacheEndBits = 0x04,
    /// TR3: cache test data.
    CacheTestData = 0x05,
    /// TR4: cache test tag and status.
    CacheTestStatus = 0x06,
    /// TR5: cache test control.
    CacheTestControl = 0x07,
    /// TR6: TLB test command.
    TlbTestCommand = 0x08,
    /// TR7: TLB test data.
    TlbTestData = 0x09,
    /// TR9: branch target buffer tag.
    BranchTestTag = 0x0B,
    /// TR10: branch target buffer target.
    BranchTestTarget = 0x0C,
    /// TR11: branch target buffer command.
    BranchTestCommand = 0x0D,
    /// TR12: feature control, see [`FeatureControl`].
    FeatureControl = 0x0E,
    /// TSC: tile clocks since RESET, 64 bits.
    TimeStamp = 0x10,
    /// CESR: what the two counters count, see [`CounterSelect`].
    CounterSelect = 0x11,
    /// CTR0: event counter of [`COUNTER_BITS`] bits.
    Counter0 = 0x12,
    /// CTR1: event counter of [`COUNTER_BITS`] bits.
    Counter1 = 0x13,
}

impl Msr {
    /// Every register in ascending order.
    pub const ALL: [Self; 17] = [
        Self::MachineCheckAddress,
        Self::MachineCheckType,
        Self::ParityReversal,
        Self::CodeCacheEndBits,
        Self::CacheTestData,
        Self::CacheTestStatus,
        Self::CacheTestControl,
        Self::TlbTestCommand,
        Self::TlbTestData,
        Self::BranchTestTag,
        Self::BranchTestTarget,
        Self::BranchTestCommand,
        Self::FeatureControl,
        Self::TimeStamp,
        Self::CounterSelect,
        Self::Counter0,
        Self::Counter1,
    ];

    /// Returns the register that ECX selects; `None` for numbers that raise #GP(0).
    #[must_use]
    pub const fn from_index(index: u32) -> Option<Self> {
        Some(match index {
            0x00 => Self::MachineCheckAddress,
            0x01 => Self::MachineCheckType,
            0x02 => Self::ParityReversal,
            0x04 => Self::CodeCacheEndBits,
            0x05 => Self::CacheTestData,
            0x06 => Self::CacheTestStatus,
            0x07 => Self::CacheTestControl,
            0x08 => Self::TlbTestCommand,
            0x09 => Self::TlbTestData,
            0x0B => Self::BranchTestTag,
            0x0C => Self::BranchTestTarget,
            0x0D => Self::BranchTestCommand,
            0x0E => Self::FeatureControl,
            0x10 => Self::TimeStamp,
            0x11 => Self::CounterSelect,
            0x12 => Self::Counter0,
            0x13 => Self::Counter1,
            _ => return None,
        })
    }

    /// Returns the number that ECX holds to select this register.
    #[must_use]
    pub const fn index(self) -> u32 {
        u32::from_le_bytes([self as u8, 0, 0, 0])
    }
}

/// Bit of the machine-check type register: address and type are valid.
pub const MACHINE_CHECK_VALID: u64 = 1;

/// Width of an event counter.
pub const COUNTER_BITS: u32 = 40;

bitflags! {
    /// TR12: switches for parts of the core.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FeatureControl: u32 {
        /// NBP: no branch prediction.
        const NO_BRANCH_PREDICTION = 1 << 0;
        /// TR: branch trace messages.
        const BRANCH_TRACE = 1 << 1;
        /// SE: single pipe.
        const SINGLE_PIPE = 1 << 2;
        /// CI: no line of the first-level caches is filled.
        const CACHE_INHIBIT = 1 << 3;
        /// ITR: I/O instructions can be restarted from system management mode.
        const IO_TRAP_RESTART = 1 << 9;
    }
}

bitflags! {
    /// When an event counter counts. Without a privilege level it is off.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct CounterControl: u8 {
        /// Counts at CPL 0 to 2.
        const SUPERVISOR = 1 << 0;
        /// Counts at CPL 3.
        const USER = 1 << 1;
        /// Counts clocks while the event is active instead of its occurrences.
        const CLOCKS = 1 << 2;
    }
}

impl CounterControl {
    /// Returns the three-bit encoding.
    const fn encoding(self) -> u8 {
        self.bits()
    }
}

/// CESR: event, control and pin mode of both counters. The pins do not leave this chip.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct CounterSelect {
    /// Code of counter 0's event, see [`Event::from_code`].
    #[bits(6)]
    pub event0: u8,
    /// When counter 0 counts.
    #[bits(3, from = CounterControl::from_bits_truncate, into = CounterControl::encoding, default = CounterControl::empty())]
    pub control0: CounterControl,
    /// Counter 0's pin signals overflow instead of increment.
    pub pin0: bool,
    #[bits(6)]
    __: u8,
    /// Code of counter 1's event, see [`Event::from_code`].
    #[bits(6)]
    pub event1: u8,
    /// When counter 1 counts.
    #[bits(3, from = CounterControl::from_bits_truncate, into = CounterControl::encoding, default = CounterControl::empty())]
    pub control1: CounterControl,
    /// Counter 1's pin signals overflow instead of increment.
    pub pin1: bool,
    #[bits(6)]
    __: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_round_trip_and_all_other_numbers_are_refused() {
        for msr in Msr::ALL {
            assert_eq!(Msr::from_index(msr.index()), Some(msr));
        }
        assert_eq!((0..=0xFFFF).filter_map(Msr::from_index).count(), Msr::ALL.len());
        assert_eq!(Msr::from_index(0xC000_0080), None);
    }

    #[test]
    fn counter_select_matches_the_layout() {
        let select = CounterSelect::new()
            .with_event0(Event::Instructions.code())
            .with_control0(CounterControl::SUPERVISOR | CounterControl::USER)
            .with_event1(Event::DataReadStallClocks.code())
            .with_control1(CounterControl::USER | CounterControl::CLOCKS)
            .with_pin1(true);
        assert_eq!(select.into_bits(), 0x039A_00D6);
        assert_eq!(CounterSelect::from_bits(0x039A_00D6).control1().bits(), 6);
    }
}
