//! Debug registers: DR6 (status) and DR7 (control).
//!
//! Four breakpoints, numbered 0 to 3; DR0-DR3 hold their linear addresses. DR4 and DR5 name DR6 and DR7, unless
//! CR4.DE makes them undefined.
//!
//! Source: Pentium manual vol. 3 ch. 17; SCC reference §2.2 (reset values).

use bitfield_struct::bitfield;

/// Breakpoints of the core.
pub const BREAKPOINTS: u8 = 4;

/// DR6: why a debug exception was raised. The core sets bits and never clears them.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Dr6 {
    /// B0-B3: one bit per breakpoint whose condition was met, enabled or not.
    #[bits(4)]
    pub matched: u8,
    #[bits(8, default = 0xFF)]
    __: u8,
    __: bool,
    /// BD: the next instruction accesses a debug register while [`Dr7::general_detect`] is set.
    pub register_access: bool,
    /// BS: single step.
    pub single_step: bool,
    /// BT: a task whose T bit is set was switched to.
    pub task_switch: bool,
    #[bits(16, default = 0xFFFF)]
    __: u16,
}

impl Dr6 {
    /// Value after RESET and INIT, 0xFFFF_0FF0.
    pub const RESET: Self = Self::from_bits(Self::ONES);

    /// Bits that read 1 whatever was written.
    pub const ONES: u32 = 0xFFFF_0FF0;

    /// Bits that hold what was written.
    pub const WRITABLE: u32 = 0x0000_E00F;
}

/// DR7: which breakpoints are enabled, and for what.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Dr7 {
    /// L0 G0 L1 G1 L2 G2 L3 G3 from bit 0: local and global enable of each breakpoint.
    pub enables: u8,
    /// LE: exact local breakpoints; ignored, matches are always exact.
    pub local_exact: bool,
    /// GE: exact global breakpoints; ignored, matches are always exact.
    pub global_exact: bool,
    #[bits(3, default = 1)]
    __: u8,
    /// GD: any access to a debug register raises a debug exception.
    pub general_detect: bool,
    #[bits(2)]
    __: u8,
    /// R/W0 LEN0 R/W1 LEN1 R/W2 LEN2 R/W3 LEN3 from bit 16, two bits each.
    pub conditions: u16,
}

impl Dr7 {
    /// Value after RESET and INIT, 0x0000_0400.
    pub const RESET: Self = Self::from_bits(Self::ONES);

    /// Bits that read 1 whatever was written.
    pub const ONES: u32 = 0x0000_0400;

    /// Bits that hold what was written.
    pub const WRITABLE: u32 = 0xFFFF_23FF;

    /// The local enables L0-L3, which a task switch clears, as bits of [`Dr7::enables`].
    pub const LOCAL_ENABLES: u8 = 0x55;

    /// Tells whether a breakpoint is enabled, locally or globally; `breakpoint` counts modulo 4.
    #[must_use]
    pub const fn is_enabled(self, breakpoint: u8) -> bool {
        self.enables() >> ((breakpoint & 3) * 2) & 3 != 0
    }

    /// Returns what the breakpoint watches; `breakpoint` counts modulo 4.
    #[must_use]
    pub const fn condition(self, breakpoint: u8) -> BreakCondition {
        match self.field(breakpoint) & 3 {
            0 => BreakCondition::Execute,
            1 => BreakCondition::Write,
            2 => BreakCondition::Io,
            _ => BreakCondition::Access,
        }
    }

    /// Returns how many bytes the breakpoint covers: 1, 2 or 4, or `None` for the undefined encoding 2.
    ///
    /// `breakpoint` counts modulo 4. Instruction breakpoints must use 1.
    #[must_use]
    pub const fn length(self, breakpoint: u8) -> Option<u8> {
        match self.field(breakpoint) >> 2 {
            0 => Some(1),
            1 => Some(2),
            3 => Some(4),
            _ => None,
        }
    }

    /// R/W in bits 1:0 and LEN in bits 3:2 of a breakpoint.
    const fn field(self, breakpoint: u8) -> u8 {
        (self.conditions() >> ((breakpoint & 3) * 4)).to_le_bytes()[0] & 0xF
    }
}

/// What a breakpoint watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakCondition {
    /// Execution of the instruction; reported as a fault.
    Execute,
    /// Data writes.
    Write,
    /// I/O reads and writes, with CR4.DE; undefined without.
    Io,
    /// Data reads and writes.
    Access,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_values_carry_the_reserved_ones() {
        assert_eq!(Dr6::new(), Dr6::RESET);
        assert_eq!(Dr7::new(), Dr7::RESET);
    }

    #[test]
    fn status_causes_are_bits_15_to_13_and_3_to_0() {
        let status = Dr6::new().with_matched(0b1000).with_single_step(true);
        assert_eq!(status.into_bits(), 0xFFFF_4FF8);
        assert_eq!(Dr6::new().with_register_access(true).with_task_switch(true).into_bits(), 0xFFFF_AFF0);
    }

    #[test]
    fn control_selects_condition_and_length_of_each_breakpoint() {
        let control = Dr7::from_bits(0xD0F1_0482);
        assert_eq!([0, 1, 2, 3].map(|index| control.is_enabled(index)), [true, false, false, true]);
        assert_eq!(control.condition(0), BreakCondition::Write);
        assert_eq!(control.condition(1), BreakCondition::Access);
        assert_eq!(control.condition(2), BreakCondition::Execute);
        assert_eq!([0, 1, 2, 3].map(|index| control.length(index)), [Some(1), Some(4), Some(1), Some(4)]);
        assert_eq!(Dr7::from_bits(0x000A_0000).length(0), None);
        assert_eq!(Dr7::from_bits(0x000A_0000).condition(0), BreakCondition::Io);
    }

    #[test]
    fn general_detect_is_bit_13() {
        assert_eq!(Dr7::new().with_general_detect(true).into_bits(), 0x0000_2400);
    }
}
