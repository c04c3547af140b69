//! Integers: FRNDINT, and conversions to and from 16, 32 and 64-bit integers and packed decimals.
//!
//! Source: Intel SDM vol. 1 §8.2.1, §4.7 (packed decimal), vol. 2 FRNDINT, FIST, FBLD, FBSTP.

use super::control::{ControlWord, StatusFlags};
use super::float80::{BIAS, Class, Finite, Float80};
use super::nan::screen_one;
use super::rounding::{Cut, Rounded, cut, shift_right_sticky};

/// Biased exponent of a number whose significand's last bit counts 1.
const UNIT_EXPONENT: i32 = BIAS + 63;
/// Largest magnitude a packed decimal holds: 18 digits.
const MAXIMUM_DECIMAL: u64 = 999_999_999_999_999_999;
/// The packed decimal stored for an invalid operand.
pub(super) const DECIMAL_INDEFINITE: u128 = 0xFFFF_C000_0000_0000_0000;

/// A value for an integer or decimal destination, with its exceptions and C1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Converted {
    /// Low bits as they go to memory.
    pub bits: u128,
    /// Exceptions and C1.
    pub flags: StatusFlags,
}

/// Width of an integer in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegerWidth {
    /// 16 bits.
    Word,
    /// 32 bits.
    Short,
    /// 64 bits.
    Long,
}

impl IntegerWidth {
    const fn bits(self) -> u32 {
        match self {
            Self::Word => 16,
            Self::Short => 32,
            Self::Long => 64,
        }
    }

    /// The most negative integer, stored for an invalid operand.
    pub(super) const fn indefinite(self) -> u128 {
        1 << (self.bits() - 1)
    }
}

/// Rounds a magnitude below 2^63 to an integer in the high word of the cut.
fn cut_to_integer(value: Finite, control: ControlWord) -> Cut {
    let distance = (UNIT_EXPONENT - value.exponent).clamp(0, 128).unsigned_abs();
    let fixed = shift_right_sticky(u128::from(value.significand) << 64, distance);
    cut(value.negative, fixed, 64, control.rounding())
}

/// Rounds to an integer in the same format.
pub(super) fn round_to_integer(value: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_one(value) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    if matches!(value.class(), Class::Zero | Class::Infinity) || value.exponent() >= UNIT_EXPONENT {
        return Rounded::exact(value);
    }
    let rounded = cut_to_integer(value.finite(), control);
    let magnitude = (rounded.significand >> 64) as u64;
    let result = from_magnitude(value.is_negative(), magnitude);
    Rounded::with(result, flags | rounded.flags())
}

/// The exact value of an integer given as sign and magnitude; zero keeps the sign.
pub(super) fn from_magnitude(negative: bool, magnitude: u64) -> Float80 {
    if magnitude == 0 {
        return Float80::ZERO.with_sign(negative);
    }
    let shift = magnitude.leading_zeros();
    Float80::new(negative, UNIT_EXPONENT - shift.cast_signed(), magnitude << shift)
}

/// The exact value of a signed integer.
#[inline]
pub(super) fn from_integer(value: i64) -> Float80 {
    from_magnitude(value < 0, value.unsigned_abs())
}

/// Rounds to an integer magnitude, `None` if the operand is no number or the magnitude exceeds 64 bits.
fn to_magnitude(value: Float80, control: ControlWord) -> Option<(u64, StatusFlags)> {
    match value.class() {
        Class::Zero => Some((0, StatusFlags::empty())),
        Class::Denormal | Class::Normal if value.exponent() > UNIT_EXPONENT => None,
        Class::Denormal | Class::Normal => {
            let rounded = cut_to_integer(value.finite(), control);
            Some(((rounded.significand >> 64) as u64, rounded.flags()))
        }
        _ => None,
    }
}

/// Rounds to a signed integer of the given width; what does not fit is invalid.
pub(super) fn to_integer(value: Float80, width: IntegerWidth, control: ControlWord) -> Converted {
    let limit = width.indefinite();
    match to_magnitude(value, control) {
        Some((magnitude, flags)) if u128::from(magnitude) < limit + u128::from(value.is_negative()) => {
            let magnitude = u128::from(magnitude);
            let bits = if value.is_negative() { magnitude.wrapping_neg() } else { magnitude };
            Converted { bits: bits & (limit * 2 - 1), flags }
        }
        _ => Converted { bits: limit, flags: StatusFlags::INVALID },
    }
}

/// Reads a packed decimal. Digits above 9 count as such, and the seven unused bits are ignored.
pub(super) fn from_decimal(bits: u128) -> Float80 {
    let digits = bits.to_le_bytes();
    let magnitude = digits[..9].iter().rev().fold(0u64, |sum, pair| {
        sum.wrapping_mul(100).wrapping_add(u64::from(pair >> 4) * 10 + u64::from(pair & 15))
    });
    from_magnitude(digits[9] & 0x80 != 0, magnitude)
}

/// Rounds to an 18-digit packed decimal; what does not fit is invalid.
pub(super) fn to_decimal(value: Float80, control: ControlWord) -> Converted {
    let (mut magnitude, flags) = match to_magnitude(value, control) {
        Some((magnitude, flags)) if magnitude <= MAXIMUM_DECIMAL => (magnitude, flags),
        _ => return Converted { bits: DECIMAL_INDEFINITE, flags: StatusFlags::INVALID },
    };
    let mut bits = if value.is_negative() { 0x80u128 << 72 } else { 0 };
    for digit in 0..18 {
        bits |= u128::from(magnitude % 10) << (4 * digit);
        magnitude /= 10;
    }
    Converted { bits, flags }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAREST: ControlWord = ControlWord::INITIAL;
    const CHOP: ControlWord = ControlWord::from_bits(0x0F7F);
    /// 2.5
    const TWO_AND_A_HALF: Float80 = Float80 { sign_exponent: 0x4000, significand: 5 << 61 };

    #[test]
    fn tie_rounds_to_the_even_integer() {
        let result = round_to_integer(TWO_AND_A_HALF, NEAREST);
        assert_eq!(result, Rounded::with(from_integer(2), StatusFlags::PRECISION));
    }

    #[test]
    fn fraction_of_either_sign_rounds_to_a_zero_of_that_sign() {
        let half = Float80 { sign_exponent: 0xBFFE, significand: 1 << 63 };
        assert_eq!(round_to_integer(half, NEAREST).value, Float80::ZERO.negated());
    }

    #[test]
    fn integers_at_the_limits_of_their_width() {
        let minimum = from_integer(-32768);
        let converted = to_integer(minimum, IntegerWidth::Word, NEAREST);
        assert_eq!(converted, Converted { bits: 0x8000, flags: StatusFlags::empty() });
        let converted = to_integer(minimum.negated(), IntegerWidth::Word, NEAREST);
        assert_eq!(converted, Converted { bits: 0x8000, flags: StatusFlags::INVALID });
        let converted = to_integer(from_integer(i64::MIN), IntegerWidth::Long, CHOP);
        assert_eq!(converted, Converted { bits: 1 << 63, flags: StatusFlags::empty() });
        let converted = to_integer(from_integer(-1), IntegerWidth::Short, CHOP);
        assert_eq!(converted, Converted { bits: 0xFFFF_FFFF, flags: StatusFlags::empty() });
    }

    #[test]
    fn decimal_round_trips_and_overflows_at_nineteen_digits() {
        let value = from_integer(-123_456_789_012_345_678);
        let converted = to_decimal(value, NEAREST);
        assert_eq!(converted.bits, 0x8012_3456_7890_1234_5678);
        assert_eq!(from_decimal(converted.bits), value);
        let converted = to_decimal(from_integer(1_000_000_000_000_000_000), NEAREST);
        assert_eq!(converted, Converted { bits: DECIMAL_INDEFINITE, flags: StatusFlags::INVALID });
    }
}
