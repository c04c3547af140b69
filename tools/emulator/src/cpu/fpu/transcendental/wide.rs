//! Binary floating point with a 128-bit significand and unbounded exponent, truncating.
//!
//! Each operation errs by less than 2^-126 relative; the 64-bit results need no more.

use super::super::control::{ControlWord, Precision, StatusFlags};
use super::super::float80::{BIAS, Finite};
use super::super::rounding::{Rounded, halves, round};

/// `significand / 2^127 * 2^exponent`; the significand is normalized, or zero for zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide {
    pub(super) negative: bool,
    pub(super) exponent: i32,
    pub(super) significand: u128,
}

impl Wide {
    pub(super) const ONE: Self = Self::positive(0, 1 << 127);

    /// A positive number; `significand` has bit 127 set.
    pub(super) const fn positive(exponent: i32, significand: u128) -> Self {
        Self { negative: false, exponent, significand }
    }

    /// A positive fixed-point number `bits * 2^exponent_of_lowest_bit`.
    pub(super) const fn from_fixed(bits: u128, exponent_of_lowest_bit: i32) -> Self {
        let shift = bits.leading_zeros();
        Self::positive(127 - shift.cast_signed() + exponent_of_lowest_bit, bits.wrapping_shl(shift))
    }

    pub(super) fn from_integer(value: i32) -> Self {
        Self { negative: value < 0, ..Self::from_fixed(u128::from(value.unsigned_abs()), 0) }
    }

    pub(super) fn from_finite(value: Finite) -> Self {
        Self {
            negative: value.negative,
            exponent: value.exponent - BIAS,
            significand: u128::from(value.significand) << 64,
        }
    }

    pub(super) const fn is_zero(self) -> bool {
        self.significand == 0
    }

    pub(super) const fn magnitude(self) -> Self {
        Self { negative: false, ..self }
    }

    pub(super) const fn negated(self) -> Self {
        Self { negative: !self.negative, ..self }
    }

    pub(super) const fn with_sign(self, negative: bool) -> Self {
        Self { negative, ..self }
    }

    /// Multiplies by two to the power of `count`.
    pub(super) const fn scaled(self, count: i32) -> Self {
        Self { exponent: self.exponent + count, ..self }
    }

    pub(super) fn times(self, other: Self) -> Self {
        let product = multiply_high(self.significand, other.significand);
        let shift = product.leading_zeros().min(1);
        Self {
            negative: self.negative != other.negative,
            exponent: self.exponent + other.exponent + 1 - shift.cast_signed(),
            significand: product << shift,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        if self.is_zero() {
            return other;
        }
        if other.is_zero() {
            return self;
        }
        let (large, small) =
            if self.magnitude().below(other.magnitude()) { (other, self) } else { (self, other) };
        let distance = (large.exponent - small.exponent).unsigned_abs();
        let aligned = small.significand.checked_shr(distance).unwrap_or(0);
        if large.negative != small.negative {
            let difference = large.significand - aligned;
            let shift = difference.leading_zeros();
            return Self {
                negative: large.negative,
                exponent: large.exponent - shift.cast_signed(),
                significand: difference.wrapping_shl(shift),
            };
        }
        match large.significand.overflowing_add(aligned) {
            (sum, false) => Self { significand: sum, ..large },
            (sum, true) => Self { exponent: large.exponent + 1, significand: sum >> 1 | 1 << 127, ..large },
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(other.negated())
    }

    /// Divides by a number other than zero.
    pub(super) fn over(self, other: Self) -> Self {
        if self.is_zero() {
            return self;
        }
        let below = self.significand < other.significand;
        let dividend = if below { self.significand } else { self.significand >> 1 };
        let (high, rest) = quotient_digit(dividend, other.significand);
        let (low, _) = quotient_digit(rest, other.significand);
        Self {
            negative: self.negative != other.negative,
            exponent: self.exponent - other.exponent - i32::from(below),
            significand: high << 64 | low,
        }
    }

    /// Whether this is less than `other`; both positive or zero.
    pub(super) fn below(self, other: Self) -> bool {
        match (self.is_zero(), other.is_zero()) {
            (_, true) => false,
            (true, false) => true,
            _ => (self.exponent, self.significand) < (other.exponent, other.significand),
        }
    }

    /// The magnitude in units of 2^-128; the magnitude is below one.
    pub(super) fn to_fixed(self) -> u128 {
        self.significand.checked_shr((-1 - self.exponent).unsigned_abs()).unwrap_or(0)
    }

    /// Rounds a nonzero number that approximates the true, irrational result.
    pub(super) fn rounded_inexact(self, control: ControlWord) -> Rounded {
        Self { significand: self.significand | 1, ..self }.rounded(control)
    }

    /// Rounds a nonzero number that is the exact result.
    pub(super) fn rounded(self, control: ControlWord) -> Rounded {
        let (high, low) = halves(self.significand);
        round(self.negative, self.exponent + BIAS, high, low, Precision::Extended, control)
    }

    /// Rounds an approximation of an irrational constant that is a special operand's result.
    pub(super) fn special(self, control: ControlWord) -> Rounded {
        let result = self.rounded_inexact(control);
        Rounded::with(result.value, result.flags & (StatusFlags::PRECISION | StatusFlags::C1))
    }
}

/// The high 128 bits of a product.
#[inline]
pub(super) const fn multiply_high(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a_high, a_low, b_high, b_low) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let (cross, other) = (a_high * b_low, a_low * b_high);
    let middle = ((a_low * b_low) >> 64) + (cross & LOW) + (other & LOW);
    a_high * b_high + (cross >> 64) + (other >> 64) + (middle >> 64)
}

/// Divides `rest * 2^64` by `divisor`, which is normalized and above `rest`: a quotient below 2^64 and the rest left.
/// The quotient of the high words is at most two too large.
fn quotient_digit(rest: u128, divisor: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (high, low) = (divisor >> 64, divisor & LOW);
    let mut digit = (rest / high).min(LOW);
    let mut left = rest - digit * high;
    let mut subtrahend = digit * low;
    while left <= LOW && subtrahend > left << 64 {
        digit -= 1;
        left += high;
        subtrahend -= low;
    }
    (digit, (left << 64).wrapping_sub(subtrahend))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(value: i32) -> Wide {
        Wide::from_integer(value)
    }

    #[test]
    fn integer_arithmetic_is_exact() {
        assert_eq!(integer(6).times(integer(-7)), integer(-42));
        assert_eq!(integer(6).plus(integer(-7)), integer(-1));
        assert_eq!(integer(42).over(integer(-7)), integer(-6));
        assert!(integer(5).minus(integer(5)).is_zero());
    }

    #[test]
    fn quotient_has_128_bits() {
        let third = Wide::ONE.over(integer(3));
        assert_eq!((third.exponent, third.significand), (-2, u128::MAX / 3 * 2));
    }

    #[test]
    fn high_product_of_extremes() {
        assert_eq!(multiply_high(u128::MAX, u128::MAX), u128::MAX - 1);
        assert_eq!(multiply_high(1 << 127, 1 << 127), 1 << 126);
    }
}
