//! Division and square root.
//!
//! Both produce 64 exact result bits and a low word that says how the rest compares with half of the last bit.
//! Source: Intel SDM vol. 1 §8.5.1-8.5.3, vol. 2 FDIV, FSQRT.

#![expect(
    clippy::cast_possible_truncation,
    reason = "quotients and roots of 128-bit numbers fit 64 bits here"
)]

use core::cmp::Ordering;

use super::control::{ControlWord, StatusFlags};
use super::float80::{BIAS, Class, Finite, Float80};
use super::nan::{screen_one, screen_two};
use super::rounding::{Rounded, round};

/// Divides two nonzero numbers.
pub(super) fn divide_finite(a: Finite, b: Finite, control: ControlWord) -> Rounded {
    let (divisor, below) = (u128::from(b.significand), a.significand < b.significand);
    let dividend = u128::from(a.significand) << if below { 64 } else { 63 };
    let quotient = dividend / divisor;
    let rest = dividend - quotient * divisor;
    let exponent = a.exponent - b.exponent + BIAS - i32::from(below);
    let (high, low) = (quotient as u64, tail(rest * 2, divisor));
    round(a.negative != b.negative, exponent, high, low, control.precision(), control)
}

/// The low word of a significand whose discarded part is `doubled_rest / (2 * unit)` of the last bit.
fn tail(doubled_rest: u128, unit: u128) -> u64 {
    match doubled_rest.cmp(&unit) {
        _ if doubled_rest == 0 => 0,
        Ordering::Less => 1,
        Ordering::Equal => 1 << 63,
        Ordering::Greater => 1 << 63 | 1,
    }
}

/// Computes `a / b`.
pub(super) fn divide(a: Float80, b: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_two(a, b) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    let negative = a.is_negative() != b.is_negative();
    let result = match (a.class(), b.class()) {
        (Class::Infinity, Class::Infinity) | (Class::Zero, Class::Zero) => return Rounded::invalid(),
        (Class::Infinity, _) => Rounded::exact(Float80::INFINITY.with_sign(negative)),
        (_, Class::Zero) => {
            return Rounded::with(Float80::INFINITY.with_sign(negative), StatusFlags::ZERO_DIVIDE);
        }
        (_, Class::Infinity) | (Class::Zero, _) => Rounded::exact(Float80::ZERO.with_sign(negative)),
        _ => divide_finite(a.finite(), b.finite(), control),
    };
    result.raising(flags)
}

/// Computes the square root.
pub(super) fn square_root(value: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_one(value) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    match value.class() {
        Class::Zero => return Rounded::exact(value),
        _ if value.is_negative() => return Rounded::invalid(),
        Class::Infinity => return Rounded::exact(value),
        _ => {}
    }
    let Finite { exponent, significand, .. } = value.finite();
    let unbiased = exponent - BIAS;
    let odd = unbiased & 1 != 0;
    let radicand = u128::from(significand) << if odd { 64 } else { 63 };
    let root = radicand.isqrt();
    let rest = radicand - root * root;
    // (root + 1/2)^2 = root^2 + root + 1/4: the rest is beyond half exactly if it exceeds the root.
    let low = if rest == 0 { 0 } else { u64::from(rest > root) << 63 | 1 };
    let result_exponent = unbiased.div_euclid(2) + BIAS;
    round(false, result_exponent, root as u64, low, control.precision(), control).raising(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: ControlWord = ControlWord::INITIAL;
    const THREE: Float80 = Float80 { sign_exponent: 0x4000, significand: 3 << 62 };

    #[test]
    fn one_third_is_rounded_up_in_the_last_bit() {
        let expected = Float80 { sign_exponent: 0x3FFD, significand: 0xAAAA_AAAA_AAAA_AAAB };
        let flags = StatusFlags::PRECISION | StatusFlags::C1;
        assert_eq!(divide(Float80::ONE, THREE, CONTROL), Rounded::with(expected, flags));
    }

    #[test]
    fn finite_over_zero_is_a_zero_divide_and_zero_over_zero_invalid() {
        let result = divide(THREE.negated(), Float80::ZERO, CONTROL);
        assert_eq!(result, Rounded::with(Float80::INFINITY.negated(), StatusFlags::ZERO_DIVIDE));
        assert_eq!(divide(Float80::ZERO, Float80::ZERO, CONTROL), Rounded::invalid());
    }

    #[test]
    fn square_root_of_two_and_four() {
        let two = Float80 { sign_exponent: 0x4000, significand: 1 << 63 };
        let four = Float80 { sign_exponent: 0x4001, significand: 1 << 63 };
        let root = Float80 { sign_exponent: 0x3FFF, significand: 0xB504_F333_F9DE_6484 };
        assert_eq!(square_root(two, CONTROL).value, root);
        assert_eq!(square_root(four, CONTROL), Rounded::exact(two));
    }

    #[test]
    fn square_root_keeps_minus_zero_and_rejects_other_negatives() {
        assert_eq!(square_root(Float80::ZERO.negated(), CONTROL), Rounded::exact(Float80::ZERO.negated()));
        assert_eq!(square_root(Float80::ONE.negated(), CONTROL), Rounded::invalid());
    }
}
