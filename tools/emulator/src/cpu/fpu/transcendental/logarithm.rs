//! FYL2X and FYL2XP1: y times the binary logarithm of x, or of x + 1.
//!
//! x is split into 2^k m with m between 1/sqrt(2) and sqrt(2); ln m = 2 artanh((m - 1) / (m + 1)). Powers of two have
//! an exact logarithm, and their product with y is rounded as such.

use super::super::control::{ControlWord, StatusFlags};
use super::super::float80::{Class, Float80};
use super::super::nan::screen_two;
use super::super::rounding::Rounded;
use super::LOG2_OF_E;
use super::series::{INVERSE_ODD, sum};
use super::wide::Wide;

/// Leading bits of the square root of two.
const SQUARE_ROOT_OF_2: u128 = 0xB504_F333_F9DE_6484_597D_89B3_754A_BE9F;

/// What the logarithm is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogarithmArgument {
    /// FYL2X: x itself.
    Whole,
    /// FYL2XP1: x + 1.
    LessOne,
}

/// Computes `y * log2(x)` or `y * log2(x + 1)`.
pub(in super::super) fn logarithm(
    x: Float80,
    y: Float80,
    argument: LogarithmArgument,
    control: ControlWord,
) -> Rounded {
    let flags = match screen_two(x, y) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    match argument {
        LogarithmArgument::Whole => of_whole(x, y, flags, control),
        LogarithmArgument::LessOne => of_less_one(x, y, flags, control),
    }
}

fn of_whole(x: Float80, y: Float80, flags: StatusFlags, control: ControlWord) -> Rounded {
    let infinity = |negative| Float80::INFINITY.with_sign(negative);
    let zero = |negative| Float80::ZERO.with_sign(negative);
    match (x.class(), y.class()) {
        (Class::Zero, Class::Zero) => return Rounded::invalid(),
        (Class::Zero, Class::Infinity) => return Rounded::with(infinity(!y.is_negative()), flags),
        (Class::Zero, _) => {
            return Rounded::with(infinity(!y.is_negative()), StatusFlags::ZERO_DIVIDE);
        }
        _ if x.is_negative() => return Rounded::invalid(),
        (Class::Infinity, Class::Zero) => return Rounded::invalid(),
        (Class::Infinity, _) => return Rounded::with(infinity(y.is_negative()), flags),
        _ => {}
    }
    let argument = Wide::from_finite(x.finite());
    let below_one = argument.exponent < 0;
    match y.class() {
        Class::Infinity if x == Float80::ONE => return Rounded::invalid(),
        Class::Infinity => return Rounded::with(infinity(y.is_negative() != below_one), flags),
        Class::Zero => return Rounded::with(zero(y.is_negative() != below_one), flags),
        _ if x == Float80::ONE => return Rounded::with(zero(y.is_negative()), flags),
        _ => {}
    }
    let factor = Wide::from_finite(y.finite());
    if argument.significand == 1 << 127 {
        return factor.times(Wide::from_integer(argument.exponent)).rounded(control).raising(flags);
    }
    factor.times(binary_logarithm(argument)).rounded_inexact(control).raising(flags)
}

fn of_less_one(x: Float80, y: Float80, flags: StatusFlags, control: ControlWord) -> Rounded {
    let negative = x.is_negative() != y.is_negative();
    match (x.class(), y.class()) {
        (Class::Infinity, _) if x.is_negative() => return Rounded::invalid(),
        (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity) => return Rounded::invalid(),
        (Class::Infinity, _) => return Rounded::with(Float80::INFINITY.with_sign(negative), flags),
        (Class::Zero, _) => return Rounded::with(Float80::ZERO.with_sign(negative), flags),
        _ if x.is_negative() && x.exponent() >= Float80::ONE.exponent() => return Rounded::invalid(),
        (_, Class::Infinity) => return Rounded::with(Float80::INFINITY.with_sign(negative), flags),
        (_, Class::Zero) => return Rounded::with(Float80::ZERO.with_sign(negative), flags),
        _ => {}
    }
    let (argument, factor) = (Wide::from_finite(x.finite()), Wide::from_finite(y.finite()));
    // Up to 1/4 the series takes x directly; 1 + x loses nothing that matters beyond that.
    let result = if argument.exponent < -2 {
        two_artanh(argument.over(argument.plus(Wide::from_integer(2)))).times(Wide::positive(0, LOG2_OF_E))
    } else {
        binary_logarithm(argument.plus(Wide::ONE))
    };
    factor.times(result).rounded_inexact(control).raising(flags)
}

/// The binary logarithm of a positive number other than one.
fn binary_logarithm(argument: Wide) -> Wide {
    let large = argument.significand > SQUARE_ROOT_OF_2;
    let power = argument.exponent + i32::from(large);
    let reduced = Wide::positive(-i32::from(large), argument.significand);
    let ratio = reduced.minus(Wide::ONE).over(reduced.plus(Wide::ONE));
    let fraction = two_artanh(ratio).times(Wide::positive(0, LOG2_OF_E));
    Wide::from_integer(power).plus(fraction)
}

/// Twice the inverse hyperbolic tangent of a ratio up to 0.172 in magnitude.
fn two_artanh(ratio: Wide) -> Wide {
    if ratio.is_zero() {
        return ratio;
    }
    let square = ratio.times(ratio).to_fixed();
    ratio.times(Wide::from_fixed(sum(&INVERSE_ODD, square), -127)).scaled(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: ControlWord = ControlWord::INITIAL;
    const THREE: Float80 = Float80 { sign_exponent: 0x4000, significand: 3 << 62 };

    #[test]
    fn logarithm_of_three() {
        let result = logarithm(THREE, Float80::ONE, LogarithmArgument::Whole, CONTROL);
        assert_eq!(result.value, Float80 { sign_exponent: 0x3FFF, significand: 0xCAE0_0D1C_FDEB_43D0 });
    }

    #[test]
    fn logarithm_of_a_power_of_two_is_exact() {
        let four = Float80 { sign_exponent: 0x4001, significand: 1 << 63 };
        let six = Float80 { sign_exponent: 0x4001, significand: 3 << 62 };
        assert_eq!(logarithm(four, THREE, LogarithmArgument::Whole, CONTROL), Rounded::exact(six));
    }

    #[test]
    fn zero_is_a_zero_divide_and_negative_numbers_invalid() {
        let result = logarithm(Float80::ZERO, THREE, LogarithmArgument::Whole, CONTROL);
        assert_eq!(result, Rounded::with(Float80::INFINITY.negated(), StatusFlags::ZERO_DIVIDE));
        let result = logarithm(THREE.negated(), THREE, LogarithmArgument::Whole, CONTROL);
        assert_eq!(result, Rounded::invalid());
    }

    #[test]
    fn both_forms_agree_on_both_sides_of_the_series_limit() {
        for exponent in [0x3FFB, 0x3FFC, 0x3FFD] {
            let x = Float80 { sign_exponent: exponent, significand: 1 << 63 };
            let sum = crate::cpu::fpu::arithmetic::add(x, Float80::ONE, CONTROL).value;
            let less = logarithm(x, THREE, LogarithmArgument::LessOne, CONTROL);
            assert_eq!(less, logarithm(sum, THREE, LogarithmArgument::Whole, CONTROL));
        }
    }
}
