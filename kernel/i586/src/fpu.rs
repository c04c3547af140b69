//! The FPU: control, status and tag words, and the sizes of its memory images.
//!
//! The six exception bits have the same position in control word (masks) and status word (flags).
//!
//! Source: Pentium manual vol. 3 ch. 6; SCC reference §2.2 (values after RESET and FNINIT).

use bitflags::bitflags;

bitflags! {
    /// Control word.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct ControlWord: u16 {
        /// IM: invalid operation is masked.
        const INVALID = 1 << 0;
        /// DM: denormal operand is masked.
        const DENORMAL = 1 << 1;
        /// ZM: division by zero is masked.
        const ZERO_DIVIDE = 1 << 2;
        /// OM: overflow is masked.
        const OVERFLOW = 1 << 3;
        /// UM: underflow is masked.
        const UNDERFLOW = 1 << 4;
        /// PM: inexact result is masked.
        const PRECISION = 1 << 5;
        /// Bit 6: reads 1 always.
        const RESERVED_ONE = 1 << 6;
        /// PC: both bits of the precision control.
        const PRECISION_CONTROL = 3 << 8;
        /// RC: both bits of the rounding control.
        const ROUNDING_CONTROL = 3 << 10;
        /// X: infinity control of the 287; held without effect.
        const INFINITY = 1 << 12;
    }
}

impl ControlWord {
    /// Value after RESET: nothing masked.
    pub const RESET: Self = Self::RESERVED_ONE;

    /// Value after FNINIT: everything masked, 64-bit precision, round to nearest.
    pub const INITIAL: Self = Self::RESERVED_ONE.union(Self::MASKS).union(Self::PRECISION_CONTROL);

    /// The six exception masks.
    pub const MASKS: Self = Self::from_bits_retain(0x003F);

    /// Returns the rounding control.
    #[must_use]
    pub const fn rounding(self) -> Rounding {
        match self.bits() >> 10 & 3 {
            0 => Rounding::Nearest,
            1 => Rounding::Down,
            2 => Rounding::Up,
            _ => Rounding::TowardZero,
        }
    }

    /// Returns the precision control; `None` for the reserved encoding 1.
    #[must_use]
    pub const fn precision(self) -> Option<Precision> {
        match self.bits() >> 8 & 3 {
            0 => Some(Precision::Single),
            2 => Some(Precision::Double),
            3 => Some(Precision::Extended),
            _ => None,
        }
    }
}

/// How results that do not fit are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest value, ties to even.
    Nearest,
    /// Toward minus infinity.
    Down,
    /// Toward plus infinity.
    Up,
    /// Toward zero.
    TowardZero,
}

/// How many significand bits a result of add, subtract, multiply, divide and square root has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 24 bits.
    Single,
    /// 53 bits.
    Double,
    /// 64 bits.
    Extended,
}

bitflags! {
    /// Status word.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct StatusWord: u16 {
        /// IE: invalid operation.
        const INVALID = 1 << 0;
        /// DE: denormal operand.
        const DENORMAL = 1 << 1;
        /// ZE: division by zero.
        const ZERO_DIVIDE = 1 << 2;
        /// OE: overflow.
        const OVERFLOW = 1 << 3;
        /// UE: underflow.
        const UNDERFLOW = 1 << 4;
        /// PE: inexact result.
        const PRECISION = 1 << 5;
        /// SF: the invalid operation was a stack overflow (C1 set) or underflow (C1 clear).
        const STACK_FAULT = 1 << 6;
        /// ES: an unmasked exception is pending.
        const ERROR_SUMMARY = 1 << 7;
        /// C0: condition code.
        const CONDITION_0 = 1 << 8;
        /// C1: condition code; rounded up, or direction of a stack fault.
        const CONDITION_1 = 1 << 9;
        /// C2: condition code; reduction incomplete.
        const CONDITION_2 = 1 << 10;
        /// TOP: all three bits of the number of the register that is ST(0).
        const TOP = 7 << 11;
        /// C3: condition code.
        const CONDITION_3 = 1 << 14;
        /// B: copy of ES.
        const BUSY = 1 << 15;
    }
}

impl StatusWord {
    /// The six exception flags.
    pub const EXCEPTIONS: Self = Self::from_bits_retain(0x003F);

    /// Returns the number of the register that is ST(0), 0..=7.
    #[must_use]
    pub const fn top(self) -> u8 {
        self.bits().to_le_bytes()[1] >> 3 & 7
    }

    /// Returns this word with TOP replaced by the low three bits of `top`.
    #[must_use]
    pub const fn with_top(self, top: u8) -> Self {
        let field = u16::from_le_bytes([0, (top & 7) << 3]);
        self.difference(Self::TOP).union(Self::from_bits_retain(field))
    }
}

/// Contents of a register, two bits each in the tag word, register 0 in the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tag {
    /// A normal number.
    Valid = 0,
    /// Zero.
    Zero = 1,
    /// Infinity, NaN, denormal or unsupported format.
    Special = 2,
    /// Nothing.
    Empty = 3,
}

impl Tag {
    /// Returns the tag for the low two bits of `bits`.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Valid,
            1 => Self::Zero,
            2 => Self::Special,
            _ => Self::Empty,
        }
    }

    /// Returns the two-bit encoding.
    #[must_use]
    pub const fn into_bits(self) -> u8 {
        self as u8
    }
}

/// Tag word after RESET: every register holds zero.
pub const TAG_WORD_RESET: u16 = 0x5555;

/// Tag word after FNINIT: every register is empty.
pub const TAG_WORD_INITIAL: u16 = 0xFFFF;

/// Registers of the FPU stack.
pub const REGISTERS: u8 = 8;

/// Bytes of a register in memory.
pub const REGISTER_BYTES: u32 = 10;

/// Bytes of the environment (FNSTENV) with 16-bit operand size.
pub const ENVIRONMENT_BYTES_16: u32 = 14;

/// Bytes of the environment (FNSTENV) with 32-bit operand size.
pub const ENVIRONMENT_BYTES_32: u32 = 28;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_word_values_match_the_manual() {
        assert_eq!(ControlWord::RESET.bits(), 0x0040);
        assert_eq!(ControlWord::INITIAL.bits(), 0x037F);
        assert_eq!(ControlWord::INITIAL.precision(), Some(Precision::Extended));
        assert_eq!(ControlWord::INITIAL.rounding(), Rounding::Nearest);
    }

    #[test]
    fn rounding_is_bits_11_and_10_and_precision_bits_9_and_8() {
        let control = ControlWord::from_bits_retain;
        assert_eq!(control(0x0400).rounding(), Rounding::Down);
        assert_eq!(control(0x0800).rounding(), Rounding::Up);
        assert_eq!(control(0x0C00).rounding(), Rounding::TowardZero);
        assert_eq!(control(0x0000).precision(), Some(Precision::Single));
        assert_eq!(control(0x0100).precision(), None);
        assert_eq!(control(0x0200).precision(), Some(Precision::Double));
    }

    #[test]
    fn top_of_stack_is_bits_13_to_11() {
        let status = StatusWord::from_bits_retain(0xFFFF);
        assert_eq!(status.with_top(0).bits(), 0xC7FF);
        for top in 0..8 {
            assert_eq!(status.with_top(top).top(), top);
        }
    }

    #[test]
    fn tags_round_trip() {
        assert!((0..4).all(|bits| Tag::from_bits(bits).into_bits() == bits));
    }
}
