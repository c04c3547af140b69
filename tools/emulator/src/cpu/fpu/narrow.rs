//! Conversions between the 80-bit format and the 32 and 64-bit formats in memory.
//!
//! Widening is exact; a signalling NaN stays signalling, so that the operation that consumes it reports it.
//! Narrowing rounds once, whatever the precision control says.
//! Source: Intel SDM vol. 1 §4.2.2, §4.8, vol. 2 FLD, FST.

#![expect(clippy::cast_possible_truncation, reason = "narrowing of significands is the purpose")]

use super::control::{ControlWord, Rounding, StatusFlags};
use super::float80::{BIAS, Class, Float80, INTEGER_BIT, MAXIMUM_EXPONENT, QUIET_BIT};
use super::integral::Converted;
use super::rounding::{cut, inexact_flags, shift_right_sticky};

/// A memory format with an implied integer bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// Explicit significand bits.
    fraction_bits: u32,
    /// Exponent bits.
    exponent_bits: u32,
}

/// The 32-bit single real.
pub(super) const SINGLE: Format = Format { fraction_bits: 23, exponent_bits: 8 };
/// The 64-bit double real.
pub(super) const DOUBLE: Format = Format { fraction_bits: 52, exponent_bits: 11 };

impl Format {
    const fn maximum_exponent(self) -> i32 {
        (1 << self.exponent_bits) - 1
    }

    const fn bias(self) -> i32 {
        self.maximum_exponent() >> 1
    }

    /// Bits of real indefinite.
    pub(super) const fn indefinite(self) -> u128 {
        let ones = (1u128 << (self.exponent_bits + 2)) - 1;
        ones << (self.fraction_bits - 1)
    }

    fn assemble(self, negative: bool, exponent: i32, fraction: u64) -> u128 {
        let fraction = u128::from(fraction) & ((1 << self.fraction_bits) - 1);
        let sign = u128::from(negative) << (self.fraction_bits + self.exponent_bits);
        sign | u128::from(exponent.unsigned_abs()) << self.fraction_bits | fraction
    }

    /// Widens; the second value says whether the source is a denormal.
    #[inline(always)]
    fn widen(self, bits: u64) -> (Float80, bool) {
        let negative = bits >> (self.fraction_bits + self.exponent_bits) & 1 != 0;
        let field = (bits >> self.fraction_bits) as i32 & self.maximum_exponent();
        let fraction = bits << (63 - self.fraction_bits) & !INTEGER_BIT;
        if (1..self.maximum_exponent()).contains(&field) {
            return (Float80::new(negative, field - self.bias() + BIAS, fraction | INTEGER_BIT), false);
        }
        self.widen_special(negative, field, fraction)
    }

    /// Widens a zero, denormal, infinity or NaN; the fraction is at bit 62 and below.
    #[cold]
    fn widen_special(self, negative: bool, field: i32, fraction: u64) -> (Float80, bool) {
        if field != 0 {
            return (Float80::new(negative, MAXIMUM_EXPONENT, fraction | INTEGER_BIT), false);
        }
        if fraction == 0 {
            return (Float80::ZERO.with_sign(negative), false);
        }
        let shift = fraction.leading_zeros();
        let exponent = 1 - self.bias() + BIAS - shift.cast_signed();
        (Float80::new(negative, exponent, fraction << shift), true)
    }

    /// Narrows with one rounding. Where an unmasked exception of [`StatusFlags::BEFORE_STORE`] is raised the bits
    /// are not to be stored.
    #[inline]
    pub(super) fn narrow(self, value: Float80, control: ControlWord) -> Converted {
        if value.is_normal() {
            return self.narrow_finite(value, control);
        }
        let negative = value.is_negative();
        let exact = |bits| Converted { bits, flags: StatusFlags::empty() };
        match value.class() {
            Class::Zero => exact(self.assemble(negative, 0, 0)),
            Class::Infinity => exact(self.assemble(negative, self.maximum_exponent(), 0)),
            Class::Unsupported => Converted { bits: self.indefinite(), flags: StatusFlags::INVALID },
            Class::QuietNan => exact(self.narrow_nan(value)),
            Class::SignalingNan => Converted { bits: self.narrow_nan(value), flags: StatusFlags::INVALID },
            Class::Denormal | Class::Normal => self.narrow_any(value, control),
        }
    }

    fn narrow_nan(self, value: Float80) -> u128 {
        let fraction = (value.significand | QUIET_BIT) >> (63 - self.fraction_bits);
        self.assemble(value.is_negative(), self.maximum_exponent(), fraction)
    }

    #[inline]
    fn narrow_finite(self, value: Float80, control: ControlWord) -> Converted {
        let exponent = value.exponent() - BIAS + self.bias();
        if !(1..self.maximum_exponent() - 1).contains(&exponent) {
            return self.narrow_any(value, control);
        }
        let (negative, discarded) = (value.is_negative(), 63 - self.fraction_bits);
        let (kept, rest) = (value.significand >> discarded, value.significand << (64 - discarded));
        let base = self.assemble(negative, exponent, kept);
        let up = match control.rounding() {
            Rounding::Nearest => rest > INTEGER_BIT - (kept & 1),
            Rounding::Down => negative && rest != 0,
            Rounding::Up => !negative && rest != 0,
            Rounding::Chop => false,
        };
        // A carry out of the fraction raises the exponent field, which is right.
        Converted { bits: base + u128::from(up), flags: inexact_flags(rest != 0, up) }
    }

    /// Narrows where the result may be denormal or too large.
    #[cold]
    fn narrow_any(self, value: Float80, control: ControlWord) -> Converted {
        let number = value.finite();
        let (negative, rounding) = (number.negative, control.rounding());
        let (bits, fixed) = (self.fraction_bits + 1, u128::from(number.significand) << 64);
        let unbounded = cut(negative, fixed, bits, rounding);
        let exponent = number.exponent - BIAS + self.bias() + i32::from(unbounded.carried);
        let fraction = |significand: u128| (significand >> (127 - self.fraction_bits)) as u64;
        if (1..self.maximum_exponent()).contains(&exponent) {
            let bits = self.assemble(negative, exponent, fraction(unbounded.significand));
            return Converted { bits, flags: unbounded.flags() };
        }
        if exponent > 0 {
            return self.overflow(negative, rounding);
        }
        let distance = (1 - (exponent - i32::from(unbounded.carried))).min(128).unsigned_abs();
        let denormal = cut(negative, shift_right_sticky(fixed, distance), bits, rounding);
        let field = i32::from(denormal.significand >> 127 != 0);
        let tiny = denormal.inexact || !control.unmasked(StatusFlags::UNDERFLOW).is_empty();
        let underflow = if tiny { StatusFlags::UNDERFLOW } else { StatusFlags::empty() };
        let bits = self.assemble(negative, field, fraction(denormal.significand));
        Converted { bits, flags: denormal.flags() | underflow }
    }

    fn overflow(self, negative: bool, rounding: Rounding) -> Converted {
        let flags = StatusFlags::OVERFLOW | StatusFlags::PRECISION;
        let to_infinity = match rounding {
            Rounding::Nearest => true,
            Rounding::Down => negative,
            Rounding::Up => !negative,
            Rounding::Chop => false,
        };
        if to_infinity {
            let bits = self.assemble(negative, self.maximum_exponent(), 0);
            return Converted { bits, flags: flags | StatusFlags::C1 };
        }
        Converted { bits: self.assemble(negative, self.maximum_exponent() - 1, u64::MAX), flags }
    }
}

/// Widens the bits of a single real; the second value says whether the source is a denormal.
#[inline]
pub(super) fn from_single(bits: u32) -> (Float80, bool) {
    SINGLE.widen(u64::from(bits))
}

/// Widens the bits of a double real; the second value says whether the source is a denormal.
#[inline(always)]
pub(super) fn from_double(bits: u64) -> (Float80, bool) {
    DOUBLE.widen(bits)
}

/// Narrows to a single real.
pub(super) fn to_single(value: Float80, control: ControlWord) -> Converted {
    SINGLE.narrow(value, control)
}

/// Narrows to a double real.
#[inline]
pub(super) fn to_double(value: Float80, control: ControlWord) -> Converted {
    DOUBLE.narrow(value, control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: ControlWord = ControlWord::INITIAL;

    #[test]
    fn doubles_round_trip() {
        for value in [1.0, -0.0, 1.0e-310, f64::MAX, f64::INFINITY, -2.5e300, 5e-324] {
            let (wide, denormal) = from_double(f64::to_bits(value));
            assert_eq!(denormal, value.is_subnormal());
            let expected = Converted { bits: u128::from(value.to_bits()), flags: StatusFlags::empty() };
            assert_eq!(to_double(wide, CONTROL), expected, "{value}");
        }
    }

    #[test]
    fn narrowing_to_single_overflows_and_underflows() {
        let (large, _) = from_double(1e39f64.to_bits());
        let flags = StatusFlags::OVERFLOW | StatusFlags::PRECISION | StatusFlags::C1;
        let infinity = u128::from(f32::INFINITY.to_bits());
        assert_eq!(to_single(large, CONTROL), Converted { bits: infinity, flags });
        let (small, _) = from_double((1e-40f64).to_bits());
        let converted = to_single(small, CONTROL);
        assert_eq!(converted.bits, u128::from((1e-40f64 as f32).to_bits()));
        assert!(converted.flags.contains(StatusFlags::UNDERFLOW | StatusFlags::PRECISION));
    }

    #[test]
    fn signalling_nan_stays_signalling_when_widened_and_is_quieted_when_narrowed() {
        let (wide, _) = from_single(0x7F80_0001);
        assert_eq!(wide.class(), Class::SignalingNan);
        let converted = to_single(wide, CONTROL);
        assert_eq!((converted.bits, converted.flags), (0x7FC0_0001, StatusFlags::INVALID));
        assert_eq!(SINGLE.indefinite(), 0xFFC0_0000);
    }
}
