//! The 80-bit extended real format and its operand classes.
//!
//! Bit 15 of `sign_exponent` is the sign, the rest the exponent with bias 16383; bit 63 of `significand` is the
//! explicit integer bit. Encodings with a nonzero exponent and a clear integer bit (unnormals, pseudo-infinity,
//! pseudo-NaNs) are unsupported since the 80387.
//! Source: Intel SDM vol. 1 §8.2.2.

use core::fmt;

/// Exponent bias of the format.
pub(super) const BIAS: i32 = 16383;
/// Biased exponent of infinities and NaNs.
pub(super) const MAXIMUM_EXPONENT: i32 = 0x7FFF;
/// The explicit integer bit of a significand.
pub(super) const INTEGER_BIT: u64 = 1 << 63;
/// Set in quiet NaNs, clear in signalling ones.
pub(super) const QUIET_BIT: u64 = 1 << 62;

/// A number in the 80-bit extended real format, any bit pattern.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Float80 {
    /// Sign in bit 15, biased exponent in bits 0-14.
    pub sign_exponent: u16,
    /// Significand with explicit integer bit.
    pub significand: u64,
}

/// What an encoding stands for, as far as arithmetic must tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Plus or minus zero.
    Zero,
    /// Exponent zero, significand not: denormals and pseudo-denormals.
    Denormal,
    /// Normal number.
    Normal,
    /// Infinity.
    Infinity,
    /// NaN that propagates silently.
    QuietNan,
    /// NaN that raises invalid operation.
    SignalingNan,
    /// Encoding that the 80387 and later reject.
    Unsupported,
}

/// A finite nonzero number with its significand normalized; `exponent` is biased and may be below 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finite {
    pub(super) negative: bool,
    pub(super) exponent: i32,
    pub(super) significand: u64,
}

impl Float80 {
    /// +0.
    pub const ZERO: Self = Self::positive(0, 0);
    /// +1.
    pub const ONE: Self = Self::positive(0x3FFF, INTEGER_BIT);
    /// Plus infinity.
    pub const INFINITY: Self = Self::positive(0x7FFF, INTEGER_BIT);
    /// Real indefinite: the quiet NaN that a masked invalid operation yields.
    pub const INDEFINITE: Self = Self { sign_exponent: 0xFFFF, significand: INTEGER_BIT | QUIET_BIT };

    const fn positive(exponent: u16, significand: u64) -> Self {
        Self { sign_exponent: exponent, significand }
    }

    /// Assembles a number; `exponent` is biased and taken modulo 2^15.
    #[inline]
    pub(super) const fn new(negative: bool, exponent: i32, significand: u64) -> Self {
        let [low, high, ..] = exponent.to_le_bytes();
        let sign = if negative { 0x8000 } else { 0 };
        Self { sign_exponent: u16::from_le_bytes([low, high & 0x7F]) | sign, significand }
    }

    /// Reads the ten bytes of memory format, in the low 80 bits.
    pub const fn from_bits(bits: u128) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, ..] = bits.to_le_bytes();
        Self {
            sign_exponent: u16::from_le_bytes([i, j]),
            significand: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        }
    }

    /// The ten bytes of memory format, in the low 80 bits.
    pub const fn to_bits(self) -> u128 {
        (self.sign_exponent as u128) << 64 | self.significand as u128
    }

    /// Biased exponent, 0..=0x7FFF.
    #[inline]
    pub(super) const fn exponent(self) -> i32 {
        (self.sign_exponent & 0x7FFF) as i32
    }

    /// Whether the sign bit is set.
    #[inline]
    pub const fn is_negative(self) -> bool {
        self.sign_exponent & 0x8000 != 0
    }

    /// Whether this is [`Class::Normal`]; the common case of every operation.
    #[inline]
    pub(super) const fn is_normal(self) -> bool {
        (self.sign_exponent & 0x7FFF).wrapping_sub(1) < 0x7FFE && self.significand >= INTEGER_BIT
    }

    /// The class of the encoding.
    pub const fn class(self) -> Class {
        let has_integer_bit = self.significand & INTEGER_BIT != 0;
        match self.sign_exponent & 0x7FFF {
            0 if self.significand == 0 => Class::Zero,
            0 => Class::Denormal,
            _ if !has_integer_bit => Class::Unsupported,
            0x7FFF if self.significand == INTEGER_BIT => Class::Infinity,
            0x7FFF if self.significand & QUIET_BIT != 0 => Class::QuietNan,
            0x7FFF => Class::SignalingNan,
            _ => Class::Normal,
        }
    }

    /// Whether this is a NaN in a supported encoding.
    pub const fn is_nan(self) -> bool {
        matches!(self.class(), Class::QuietNan | Class::SignalingNan)
    }

    /// The same number with the sign bit chosen.
    pub const fn with_sign(self, negative: bool) -> Self {
        let sign = if negative { 0x8000 } else { 0 };
        Self { sign_exponent: self.sign_exponent & 0x7FFF | sign, significand: self.significand }
    }

    /// The same number with the sign bit inverted.
    #[inline]
    pub const fn negated(self) -> Self {
        Self { sign_exponent: self.sign_exponent ^ 0x8000, significand: self.significand }
    }

    /// The NaN with its quiet bit set.
    pub(super) const fn quieted(self) -> Self {
        Self { sign_exponent: self.sign_exponent, significand: self.significand | QUIET_BIT }
    }

    /// Normalizes a zero-free finite number; a zero keeps significand 0.
    #[inline]
    pub(super) const fn finite(self) -> Finite {
        let exponent = self.exponent();
        if exponent != 0 {
            return Finite { negative: self.is_negative(), exponent, significand: self.significand };
        }
        let shift = self.significand.leading_zeros();
        Finite {
            negative: self.is_negative(),
            exponent: 1 - shift.cast_signed(),
            significand: self.significand.wrapping_shl(shift),
        }
    }
}

impl fmt::Debug for Float80 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04x}:{:016x}", self.sign_exponent, self.significand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_has_its_class() {
        let cases = [
            (0x0000, 0, Class::Zero),
            (0x8000, 1, Class::Denormal),
            (0x0000, INTEGER_BIT, Class::Denormal),
            (0x0001, INTEGER_BIT, Class::Normal),
            (0xFFFE, u64::MAX, Class::Normal),
            (0x0001, INTEGER_BIT - 1, Class::Unsupported),
            (0x7FFF, 0, Class::Unsupported),
            (0x7FFF, QUIET_BIT, Class::Unsupported),
            (0xFFFF, INTEGER_BIT, Class::Infinity),
            (0x7FFF, INTEGER_BIT | 1, Class::SignalingNan),
            (0x7FFF, INTEGER_BIT | QUIET_BIT, Class::QuietNan),
        ];
        for (sign_exponent, significand, class) in cases {
            let value = Float80 { sign_exponent, significand };
            assert_eq!(value.class(), class, "{value:?}");
            assert_eq!(value.is_normal(), class == Class::Normal, "{value:?}");
        }
    }

    #[test]
    fn memory_format_round_trips() {
        let value = Float80 { sign_exponent: 0xBFFE, significand: 0x8123_4567_89AB_CDEF };
        assert_eq!(value.to_bits(), 0xBFFE_8123_4567_89AB_CDEF);
        assert_eq!(Float80::from_bits(value.to_bits()), value);
    }

    #[test]
    fn smallest_denormal_normalizes_to_exponent_minus_62() {
        let value = Float80 { sign_exponent: 0, significand: 1 }.finite();
        assert_eq!((value.exponent, value.significand), (-62, INTEGER_BIT));
    }
}
