//! EFLAGS, with the six arithmetic flags kept unevaluated.
//!
//! An arithmetic instruction stores its sign-extended result and one word of carry information; a flag is
//! worked out only when something reads it:
//!
//! ```text
//! carries   31  carry (borrow) out of the operand's top bit          -> CF
//!           30  carry (borrow) into the operand's top bit            -> OF = bit 31 ^ bit 30
//!         15:8  inverts bits of the result's low byte for PF
//!            3  carry (borrow) out of bit 3                          -> AF
//!            0  inverts SF
//! ```
//!
//! The two "inverts" fields are zero after arithmetic; they exist so that any combination of flags
//! (POPF, SAHF, IRET) can be expressed in the same two words.

use i586::flags::Eflags;

const OUT: u32 = 1 << 31;
const IN: u32 = 1 << 30;
const HALF: u32 = 1 << 3;
const SIGN_FLIP: u32 = 1;

/// EFLAGS of one core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flags {
    result: u32,
    carries: u32,
    /// Every bit that is not one of the six arithmetic flags; bit 1 is always set.
    system: Eflags,
}

/// The six arithmetic flags.
pub(crate) const ARITHMETIC: Eflags = Eflags::CARRY
    .union(Eflags::PARITY)
    .union(Eflags::AUXILIARY)
    .union(Eflags::ZERO)
    .union(Eflags::SIGN)
    .union(Eflags::OVERFLOW);

impl Flags {
    /// The value after RESET: only the always-set bit.
    pub(crate) const fn reset() -> Self {
        Flags { result: 1 << 8, carries: 1 << 8, system: Eflags::RESERVED_ONE }
    }

    /// Records an addition: `carries` is the carry out of each bit, aligned so that the top bit is 31.
    #[inline(always)]
    pub(crate) fn set_carries(&mut self, result: u32, carries: u32) {
        self.result = result;
        self.carries = carries & (OUT | IN | HALF);
    }

    /// Records a logical result: CF, OF and AF clear.
    #[inline(always)]
    pub(crate) fn set_logic(&mut self, result: u32) {
        self.result = result;
        self.carries = 0;
    }

    /// Records a result with explicit carry and overflow; AF takes the given value.
    #[inline(always)]
    pub(crate) fn set_result(&mut self, result: u32, carry: bool, overflow: bool, auxiliary: bool) {
        self.result = result;
        self.carries = pack(carry, overflow, auxiliary);
    }

    /// Records an INC or DEC: as [`Flags::set_carries`] but CF keeps its value.
    #[inline(always)]
    pub(crate) fn set_carries_keeping_carry(&mut self, result: u32, carries: u32) {
        let carry = self.carries & OUT;
        let overflow = (carries ^ (carries << 1)) & OUT;
        self.result = result;
        self.carries = carry | ((carry ^ overflow) >> 1) | (carries & HALF);
    }

    /// Changes CF and OF alone, as rotates do.
    #[inline(always)]
    pub(crate) fn set_carry_overflow(&mut self, carry: bool, overflow: bool) {
        self.carries = (self.carries & !(OUT | IN)) | pack(carry, overflow, false);
    }

    /// Changes CF alone.
    #[inline(always)]
    pub(crate) fn set_carry(&mut self, carry: bool) {
        let overflow = self.overflow();
        self.set_carry_overflow(carry, overflow);
    }

    /// Changes ZF alone.
    pub(crate) fn set_zero(&mut self, zero: bool) {
        let value = self.arithmetic();
        self.set_arithmetic(if zero { value | Eflags::ZERO } else { value - Eflags::ZERO });
    }

    /// CF.
    #[inline(always)]
    pub(crate) fn carry(&self) -> bool {
        self.carries & OUT != 0
    }

    /// ZF.
    #[inline(always)]
    pub(crate) fn zero(&self) -> bool {
        self.result == 0
    }

    /// SF.
    #[inline(always)]
    pub(crate) fn sign(&self) -> bool {
        (self.result >> 31) ^ (self.carries & SIGN_FLIP) != 0
    }

    /// OF.
    #[inline(always)]
    pub(crate) fn overflow(&self) -> bool {
        (self.carries ^ (self.carries << 1)) & OUT != 0
    }

    /// PF.
    #[inline(always)]
    pub(crate) fn parity(&self) -> bool {
        ((self.result ^ (self.carries >> 8)) & 0xFF).count_ones().is_multiple_of(2)
    }

    /// AF.
    #[inline(always)]
    pub(crate) fn auxiliary(&self) -> bool {
        self.carries & HALF != 0
    }

    /// The six arithmetic flags.
    pub(crate) fn arithmetic(&self) -> Eflags {
        let mut flags = Eflags::empty();
        flags.set(Eflags::CARRY, self.carry());
        flags.set(Eflags::PARITY, self.parity());
        flags.set(Eflags::AUXILIARY, self.auxiliary());
        flags.set(Eflags::ZERO, self.zero());
        flags.set(Eflags::SIGN, self.sign());
        flags.set(Eflags::OVERFLOW, self.overflow());
        flags
    }

    /// Replaces the six arithmetic flags; other bits of `flags` are ignored.
    pub(crate) fn set_arithmetic(&mut self, flags: Eflags) {
        // A result of 0x100 is non-zero, positive and of even parity; the rest is inverted from there.
        self.result = if flags.contains(Eflags::ZERO) { 0 } else { 1 << 8 };
        self.carries = pack(
            flags.contains(Eflags::CARRY),
            flags.contains(Eflags::OVERFLOW),
            flags.contains(Eflags::AUXILIARY),
        ) | u32::from(flags.contains(Eflags::SIGN))
            | if flags.contains(Eflags::PARITY) { 0 } else { 1 << 8 };
    }

    /// The whole register.
    pub(crate) fn get(&self) -> Eflags {
        self.system | self.arithmetic()
    }

    /// Replaces the bits of the register selected by `mask`; reserved bits keep their fixed values.
    pub(crate) fn set(&mut self, value: Eflags, mask: Eflags) {
        if mask.contains(ARITHMETIC) {
            self.set_arithmetic(value);
        } else if mask.intersects(ARITHMETIC) {
            self.set_arithmetic((self.arithmetic() - mask) | (value & mask));
        }
        self.system = (self.system - mask) | ((value & mask) - ARITHMETIC) | Eflags::RESERVED_ONE;
    }

    /// Whether a flag outside the arithmetic six is set.
    #[inline(always)]
    pub(crate) fn has(&self, flag: Eflags) -> bool {
        self.system.contains(flag)
    }

    /// Sets or clears a flag outside the arithmetic six.
    pub(crate) fn assign(&mut self, flag: Eflags, value: bool) {
        self.system.set(flag, value);
    }

    /// The I/O privilege level, 0 to 3.
    pub(crate) fn io_privilege(&self) -> u8 {
        self.system.io_privilege_level()
    }
}

#[inline(always)]
fn pack(carry: bool, overflow: bool, auxiliary: bool) -> u32 {
    (u32::from(carry) << 31) | (u32::from(carry ^ overflow) << 30) | (u32::from(auxiliary) << 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_arithmetic_flags_reads_back() {
        let bits =
            [Eflags::CARRY, Eflags::PARITY, Eflags::AUXILIARY, Eflags::ZERO, Eflags::SIGN, Eflags::OVERFLOW];
        for combination in 0u32..64 {
            let mut wanted = Eflags::empty();
            for (index, bit) in bits.iter().enumerate() {
                wanted.set(*bit, combination >> index & 1 == 1);
            }
            let mut flags = Flags::reset();
            flags.set_arithmetic(wanted);
            assert_eq!(flags.arithmetic(), wanted);
        }
    }

    #[test]
    fn increment_keeps_carry_and_reports_overflow() {
        let mut flags = Flags::reset();
        flags.set_arithmetic(Eflags::CARRY);
        // 0x7FFFFFFF + 1: a carry into bit 31 and none out of it.
        flags.set_carries_keeping_carry(0x8000_0000, 0x7FFF_FFFF);
        assert!(flags.carry() && flags.overflow() && flags.sign() && flags.auxiliary());
    }
}
