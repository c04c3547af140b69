//! Control word and status flags of the FPU.
//!
//! Both are the architectural 16-bit words; the status word's TOP field is kept apart, in the FPU state.
//! Source: Pentium Processor Family Developer's Manual vol. 3, "FPU register set".

use bitflags::bitflags;

bitflags! {
    /// Bits of the status word other than TOP. An arithmetic result carries the exception bits it raised and
    /// [`Self::C1`] if its magnitude was rounded up.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct StatusFlags: u16 {
        /// IE: invalid operation.
        const INVALID = 0x0001;
        /// DE: denormal operand.
        const DENORMAL = 0x0002;
        /// ZE: division of a finite number by zero.
        const ZERO_DIVIDE = 0x0004;
        /// OE: result too large.
        const OVERFLOW = 0x0008;
        /// UE: result too small.
        const UNDERFLOW = 0x0010;
        /// PE: result not exact.
        const PRECISION = 0x0020;
        /// SF: the invalid operation was a stack overflow (C1 = 1) or underflow (C1 = 0).
        const STACK_FAULT = 0x0040;
        /// ES: an unmasked exception is pending.
        const ERROR_SUMMARY = 0x0080;
        /// Condition bit 0.
        const C0 = 0x0100;
        /// Condition bit 1.
        const C1 = 0x0200;
        /// Condition bit 2.
        const C2 = 0x0400;
        /// Condition bit 3.
        const C3 = 0x4000;
        /// B: follows [`Self::ERROR_SUMMARY`] since the 80387.
        const BUSY = 0x8000;
    }
}

impl StatusFlags {
    /// The six exceptions that have a mask bit.
    pub const EXCEPTIONS: Self = Self::from_bits_truncate(0x3F);
    /// Exceptions found before a result is computed: unmasked, they leave every operand unchanged.
    pub const BEFORE_RESULT: Self = Self::from_bits_truncate(0x07);
    /// Exceptions that, unmasked, keep a store from writing memory.
    pub const BEFORE_STORE: Self = Self::from_bits_truncate(0x1F);
    /// C0, C2 and C3, the bits a comparison writes besides C1.
    pub const CONDITION: Self = Self::from_bits_truncate(0x4500);
    /// The condition bits of an unordered comparison.
    pub const UNORDERED: Self = Self::CONDITION;
    /// What an operation adds to the status word besides condition bits.
    pub(super) const RAISED: Self = Self::from_bits_truncate(0x27F);
    /// A stack underflow: invalid operation, stack fault, C1 clear.
    pub const STACK_UNDERFLOW: Self = Self::from_bits_truncate(0x41);
    /// A stack overflow: invalid operation, stack fault, C1 set.
    pub const STACK_OVERFLOW: Self = Self::from_bits_truncate(0x241);
}

/// Direction in which an inexact result is rounded (RC, control word bits 10-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest value, ties to the one with an even last bit.
    Nearest,
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
    /// Towards zero.
    Chop,
}

/// Number of significand bits a basic arithmetic result keeps (PC, control word bits 8-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 24 bits.
    Single,
    /// 53 bits.
    Double,
    /// 64 bits; also what the reserved encoding 01 selects.
    Extended,
}

impl Precision {
    /// Number of significand bits, including the integer bit.
    pub(super) const fn bits(self) -> u32 {
        match self {
            Self::Single => 24,
            Self::Double => 53,
            Self::Extended => 64,
        }
    }
}

/// The control word. Bits 6, 7 and 13-15 are fixed: bit 6 reads 1, the others 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlWord(u16);

impl ControlWord {
    /// After RESET: all exceptions unmasked, nearest, single precision.
    pub const RESET: Self = Self(0x0040);
    /// After FNINIT: all exceptions masked, nearest, extended precision.
    pub const INITIAL: Self = Self(0x037F);

    /// Takes a word as FLDCW loads it; the fixed bits are replaced.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 0x1F3F | 0x0040)
    }

    /// The word as FNSTCW stores it.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// RC.
    #[inline]
    pub const fn rounding(self) -> Rounding {
        match self.0 >> 10 & 3 {
            0 => Rounding::Nearest,
            1 => Rounding::Down,
            2 => Rounding::Up,
            _ => Rounding::Chop,
        }
    }

    /// PC.
    #[inline]
    pub const fn precision(self) -> Precision {
        match self.0 >> 8 & 3 {
            0 => Precision::Single,
            2 => Precision::Double,
            _ => Precision::Extended,
        }
    }

    /// The subset of `flags` whose exceptions are not masked.
    #[inline]
    pub const fn unmasked(self, flags: StatusFlags) -> StatusFlags {
        StatusFlags::from_bits_truncate(flags.bits() & !self.0 & 0x3F)
    }

    /// This word with every exception masked, as FNSTENV leaves it.
    pub const fn with_all_masked(self) -> Self {
        Self(self.0 | 0x3F)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_bits_of_the_control_word_cannot_be_written() {
        assert_eq!(ControlWord::from_bits(0xFFFF).bits(), 0x1F7F);
        assert_eq!(ControlWord::from_bits(0).bits(), 0x0040);
    }

    #[test]
    fn initial_control_word_masks_all_and_rounds_to_nearest_extended() {
        let word = ControlWord::INITIAL;
        assert_eq!(word.unmasked(StatusFlags::EXCEPTIONS), StatusFlags::empty());
        assert_eq!((word.rounding(), word.precision()), (Rounding::Nearest, Precision::Extended));
    }
}
