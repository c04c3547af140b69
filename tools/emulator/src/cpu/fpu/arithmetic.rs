//! Addition, subtraction and multiplication.
//!
//! Finite operands take a short inlined path, which callers may enter directly; everything else is screened first.
//! Sums are aligned in 128 bits with a sticky last bit, products are exact in 128 bits.
//! Source: Intel SDM vol. 1 §8.5, vol. 2 FADD, FSUB, FMUL (tables of special operands).

use super::control::{ControlWord, Rounding, StatusFlags};
use super::float80::{BIAS, Class, Finite, Float80, INTEGER_BIT};
use super::nan::screen_two;
use super::rounding::{Rounded, halves, round};

/// Computes `a + b`.
pub(super) fn add(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_two(a, b) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    add_numbers(a, b, control).raising(flags)
}

/// Computes `a - b`. A NaN keeps its sign.
pub(super) fn subtract(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_two(a, b) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    add_numbers(a, b.negated(), control).raising(flags)
}

fn add_numbers(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    match (a.class(), b.class()) {
        (Class::Infinity, Class::Infinity) if a != b => Rounded::invalid(),
        (Class::Infinity, _) => Rounded::exact(a),
        (_, Class::Infinity) => Rounded::exact(b),
        (Class::Zero, Class::Zero) if a == b => Rounded::exact(a),
        (Class::Zero, Class::Zero) => {
            Rounded::exact(Float80::ZERO.with_sign(control.rounding() == Rounding::Down))
        }
        (Class::Zero, _) => round_finite(b.finite(), control),
        (_, Class::Zero) => round_finite(a.finite(), control),
        _ => add_finite(a.finite(), b.finite(), control),
    }
}

/// Computes `a * b`.
pub(super) fn multiply(a: Float80, b: Float80, control: ControlWord) -> Rounded {
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

/// Adds two nonzero numbers.
#[inline(always)]
pub(super) fn add_finite(a: Finite, b: Finite, control: ControlWord) -> Rounded {
    let (large, small) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    let distance = (large.exponent - small.exponent).unsigned_abs();
    let (high, low) = align(small.significand, distance);
    if large.negative == small.negative {
        let (sum, carried) = large.significand.overflowing_add(high);
        // A carry is as good as random: shift by it instead of branching.
        let carry = u64::from(carried);
        let (high, low) = (sum >> carry | carry << 63, low >> carry | (sum & carry) << 63 | low & carry);
        let exponent = large.exponent + i32::from(carried);
        return round(large.negative, exponent, high, low, control.precision(), control);
    }
    let (mut negative, first) = (large.negative, u128::from(large.significand) << 64);
    let mut difference = first.wrapping_sub(u128::from(high) << 64 | u128::from(low));
    if distance == 0 && large.significand < small.significand {
        (negative, difference) = (small.negative, difference.wrapping_neg());
    }
    if difference == 0 {
        return Rounded::exact(Float80::ZERO.with_sign(control.rounding() == Rounding::Down));
    }
    let shift = difference.leading_zeros();
    let exponent = large.exponent - shift.cast_signed();
    let (high, low) = halves(difference << shift);
    round(negative, exponent, high, low, control.precision(), control)
}

/// Shifts a significand right into a second word, whose lowest bit collects what is shifted out of it.
#[inline(always)]
fn align(significand: u64, distance: u32) -> (u64, u64) {
    match distance {
        0..64 => (significand >> distance, significand << (63 - distance) << 1),
        64 => (0, significand),
        65..128 => (0, significand >> (distance - 64) | 1),
        _ => (0, 1),
    }
}

/// Rounds a number to the precision in force, as adding zero to it does.
fn round_finite(value: Finite, control: ControlWord) -> Rounded {
    round(value.negative, value.exponent, value.significand, 0, control.precision(), control)
}

/// Multiplies two nonzero numbers.
#[inline(always)]
pub(super) fn multiply_finite(a: Finite, b: Finite, control: ControlWord) -> Rounded {
    let (high, low) = halves(u128::from(a.significand) * u128::from(b.significand));
    // Products have a leading zero or not, as good as at random: shift by it instead of branching.
    let short = high < INTEGER_BIT;
    let (high, low) = (high << u32::from(short) | low >> 63 & u64::from(short), low << u32::from(short));
    let exponent = a.exponent + b.exponent - (BIAS - 1) - i32::from(short);
    round(a.negative != b.negative, exponent, high, low, control.precision(), control)
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
