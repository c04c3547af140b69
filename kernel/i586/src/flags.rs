//! EFLAGS: the status, control and system flags.
//!
//! A plain set of bits over the 32-bit register; the two-bit I/O privilege level is one flag whose mask covers both
//! bits, with an accessor for the number. Bits 3, 5, 15 and 22-31 are reserved, read 0 and are in no flag, so
//! `from_bits_truncate` drops them.
//!
//! Source: Pentium manual vol. 3 ch. 3 (flags); SCC reference §2.1 (VME and CPUID present) and §2.2 (reset value).

use bitflags::bitflags;

bitflags! {
    /// The EFLAGS register.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Eflags: u32 {
        /// CF: carry out of, or borrow into, the most significant bit.
        const CARRY = 1 << 0;
        /// Bit 1: reads 1 always.
        const RESERVED_ONE = 1 << 1;
        /// PF: the low byte of the result has an even number of ones.
        const PARITY = 1 << 2;
        /// AF: carry out of, or borrow into, bit 3.
        const AUXILIARY = 1 << 4;
        /// ZF: the result is zero.
        const ZERO = 1 << 6;
        /// SF: the most significant bit of the result.
        const SIGN = 1 << 7;
        /// TF: debug exception after every instruction.
        const TRAP = 1 << 8;
        /// IF: maskable interrupts are recognised.
        const INTERRUPT = 1 << 9;
        /// DF: string instructions count downwards.
        const DIRECTION = 1 << 10;
        /// OF: signed overflow.
        const OVERFLOW = 1 << 11;
        /// IOPL: both bits of the I/O privilege level.
        const IO_PRIVILEGE = 3 << 12;
        /// NT: IRET returns to the task named by the back link.
        const NESTED_TASK = 1 << 14;
        /// RF: instruction breakpoints are ignored for one instruction.
        const RESUME = 1 << 16;
        /// VM: virtual-8086 mode.
        const VIRTUAL_8086 = 1 << 17;
        /// AC: misaligned accesses at CPL 3 fault when CR0.AM is set.
        const ALIGNMENT_CHECK = 1 << 18;
        /// VIF: virtual image of IF, used with the VME and PVI extensions.
        const VIRTUAL_INTERRUPT = 1 << 19;
        /// VIP: a virtual interrupt is pending.
        const VIRTUAL_INTERRUPT_PENDING = 1 << 20;
        /// ID: software can toggle it, therefore CPUID exists.
        const IDENTIFICATION = 1 << 21;
    }
}

impl Eflags {
    /// Value after RESET and after INIT.
    pub const RESET: Self = Self::RESERVED_ONE;

    /// The six flags that arithmetic instructions change: CF, PF, AF, ZF, SF, OF.
    pub const ARITHMETIC: Self = Self::CARRY
        .union(Self::PARITY)
        .union(Self::AUXILIARY)
        .union(Self::ZERO)
        .union(Self::SIGN)
        .union(Self::OVERFLOW);

    /// Bit position of the I/O privilege level.
    const IO_PRIVILEGE_SHIFT: u32 = 12;

    /// Returns IOPL, 0..=3.
    #[must_use]
    pub const fn io_privilege_level(self) -> u8 {
        self.bits().to_le_bytes()[1] >> (Self::IO_PRIVILEGE_SHIFT - 8) & 3
    }

    /// Returns these flags with IOPL replaced by the low two bits of `level`.
    #[must_use]
    pub const fn with_io_privilege_level(self, level: u8) -> Self {
        let field = u32::from_le_bytes([level & 3, 0, 0, 0]) << Self::IO_PRIVILEGE_SHIFT;
        self.difference(Self::IO_PRIVILEGE).union(Self::from_bits_retain(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_privilege_level_is_bits_13_and_12() {
        assert_eq!(Eflags::from_bits_retain(0x0000_3202).io_privilege_level(), 3);
        assert_eq!(Eflags::from_bits_retain(0x0000_1202).io_privilege_level(), 1);
        assert_eq!(Eflags::from_bits_retain(0x0000_C202).io_privilege_level(), 0);
    }

    #[test]
    fn replacing_io_privilege_level_keeps_the_other_flags() {
        for level in 0..4 {
            let flags = Eflags::from_bits_retain(0x0000_7246).with_io_privilege_level(level);
            assert_eq!(flags.io_privilege_level(), level);
            assert_eq!(flags.difference(Eflags::IO_PRIVILEGE).bits(), 0x4246);
        }
    }

    #[test]
    fn defined_bits_are_those_of_the_pentium_manual() {
        assert_eq!(Eflags::all().bits(), 0x003F_7FD7);
        assert_eq!(Eflags::ARITHMETIC.bits(), 0x0000_08D5);
    }
}
