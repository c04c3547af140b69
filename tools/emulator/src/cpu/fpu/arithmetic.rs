//! Addition, subtraction and multiplication.
//!
//! Normal operands take a short inlined path; everything else is screened first. Sums are aligned in 127 bits
//! with a sticky last bit, products are exact in 128 bits.
//! Source: Intel SDM vol. 1 §8.5, vol. 2 FADD, FSUB, FMUL (tables of special operands).

use super::control::{ControlWord, Rounding, StatusFlags};
use super::float80::{BIAS, Class, Finite, Float80};
use super::nan::screen_two;
use super::rounding::{Rounded, round, shift_right_sticky};

/// Computes `a + b`.
#[inline]
pub(super) fn add(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    if a.is_normal() && b.is_normal() {
        return add_finite(a.finite(), b.finite(), control);
    }
    add_special(a, b, control)
}

/// Computes `a - b`.
#[inline]
pub(super) fn subtract(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    if a.is_normal() && b.is_normal() {
        return add_finite(a.finite(), b.negated().finite(), control);
    }
    // A NaN keeps its sign, so it must not pass through the negation.
    match screen_two(a, b) {
        Err(result) => result,
        Ok(_) => add_special(a, b.negated(), control),
    }
}

/// Computes `a * b`.
#[inline]
pub(super) fn multiply(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    if a.is_normal() && b.is_normal() {
        return multiply_finite(a.finite(), b.finite(), control);
    }
    multiply_special(a, b, control)
}

#[inline]
fn add_finite(a: Finite, b: Finite, control: ControlWord) -> Rounded {
    let (large, small) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    let distance = (large.exponent - small.exponent).unsigned_abs();
    let first = u128::from(large.significand) << 63;
    let second = shift_right_sticky(u128::from(small.significand) << 63, distance);
    let (negative, sum) = if large.negative == small.negative {
        (large.negative, first + second)
    } else if first >= second {
        (large.negative, first - second)
    } else {
        (small.negative, second - first)
    };
    if sum == 0 {
        return Rounded::exact(Float80::ZERO.with_sign(control.rounding() == Rounding::Down));
    }
    let shift = sum.leading_zeros();
    let exponent = large.exponent + 1 - shift.cast_signed();
    round(negative, exponent, sum << shift, control.precision(), control)
}

#[cold]
fn add_special(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_two(a, b) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    let result = match (a.class(), b.class()) {
        (Class::Infinity, Class::Infinity) if a != b => return Rounded::invalid(),
        (Class::Infinity, _) => Rounded::exact(a),
        (_, Class::Infinity) => Rounded::exact(b),
        (Class::Zero, Class::Zero) if a == b => Rounded::exact(a),
        (Class::Zero, Class::Zero) => {
            Rounded::exact(Float80::ZERO.with_sign(control.rounding() == Rounding::Down))
        }
        (Class::Zero, _) => round_finite(b.finite(), control),
        (_, Class::Zero) => round_finite(a.finite(), control),
        _ => add_finite(a.finite(), b.finite(), control),
    };
    result.raising(flags)
}

/// Rounds a number to the precision in force, as adding zero to it does.
fn round_finite(value: Finite, control: ControlWord) -> Rounded {
    let significand = u128::from(value.significand) << 64;
    round(value.negative, value.exponent, significand, control.precision(), control)
}

#[inline]
fn multiply_finite(a: Finite, b: Finite, control: ControlWord) -> Rounded {
    let product = u128::from(a.significand) * u128::from(b.significand);
    let shift = product.leading_zeros();
    let exponent = a.exponent + b.exponent - (BIAS - 1) - shift.cast_signed();
    round(a.negative != b.negative, exponent, product << shift, control.precision(), control)
}

#[cold]
fn multiply_special(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_two(a, b) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    let negative = a.is_negative() != b.is_negative();
    let result = match (a.class(), b.class()) {
        (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity) => return Rounded::invalid(),
        (Class::Infinity, _) | (_, Class::Infinity) => Rounded::exact(Float80::INFINITY.with_sign(negative)),
        (Class::Zero, _) | (_, Class::Zero) => Rounded::exact(Float80::ZERO.with_sign(negative)),
        _ => multiply_finite(a.finite(), b.finite(), control),
    };
    result.raising(flags)
}

/// Whether a result raised nothing that keeps a further operand's denormal exception from being reported.
pub(super) fn admits_denormal(result: Rounded) -> bool {
    !result.flags.intersects(StatusFlags::INVALID | StatusFlags::ZERO_DIVIDE) && !result.value.is_nan()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: ControlWord = ControlWord::INITIAL;
    const TWO: Float80 = Float80 { sign_exponent: 0x4000, significand: 1 << 63 };
    const TINY: Float80 = Float80 { sign_exponent: 1, significand: 1 << 63 };

    #[test]
    fn one_plus_one_is_two_and_exact() {
        assert_eq!(add(Float80::ONE, Float80::ONE, CONTROL), Rounded::exact(TWO));
        assert_eq!(subtract(TWO, Float80::ONE, CONTROL), Rounded::exact(Float80::ONE));
    }

    #[test]
    fn cancellation_gives_minus_zero_only_when_rounding_down() {
        let down = ControlWord::from_bits(0x077F);
        assert_eq!(subtract(TWO, TWO, CONTROL).value, Float80::ZERO);
        assert_eq!(subtract(TWO, TWO, down).value, Float80::ZERO.negated());
    }

    #[test]
    fn opposite_infinities_do_not_add() {
        assert_eq!(subtract(Float80::INFINITY, Float80::INFINITY, CONTROL), Rounded::invalid());
    }

    #[test]
    fn far_smaller_operand_only_makes_the_sum_inexact() {
        let result = add(Float80::ONE, TINY, CONTROL);
        assert_eq!(result, Rounded::with(Float80::ONE, StatusFlags::PRECISION));
        let below_one = Float80 { sign_exponent: 0x3FFE, significand: u64::MAX };
        let chopped = subtract(Float80::ONE, TINY, ControlWord::from_bits(0x0F7F));
        assert_eq!(chopped, Rounded::with(below_one, StatusFlags::PRECISION));
    }

    #[test]
    fn product_of_tiny_numbers_underflows_to_zero() {
        let expected = StatusFlags::UNDERFLOW | StatusFlags::PRECISION;
        assert_eq!(multiply(TINY, TINY, CONTROL), Rounded::with(Float80::ZERO, expected));
    }

    #[test]
    fn zero_times_infinity_is_invalid() {
        assert_eq!(multiply(Float80::ZERO, Float80::INFINITY, CONTROL), Rounded::invalid());
    }
}
