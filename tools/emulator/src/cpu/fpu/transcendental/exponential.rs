//! F2XM1: two to the power of x, less one.
//!
//! The product x ln 2 goes into the series of the exponential less one, which is accurate relative to its value down
//! to the smallest x. The instruction is defined for -1 <= x <= 1; outside, the operand is returned unchanged.

use super::super::control::ControlWord;
use super::super::float80::{BIAS, Class, Float80};
use super::super::nan::screen_one;
use super::super::rounding::Rounded;
use super::LN_OF_2;
use super::series::{EXPONENTIAL, alternating_sum, sum};
use super::wide::Wide;

const MINUS_HALF: Float80 = Float80 { sign_exponent: 0xBFFE, significand: 1 << 63 };

/// Computes `2^x - 1`.
pub(in super::super) fn power_of_two_minus_one(x: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_one(x) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    match x.class() {
        Class::Zero => return Rounded::exact(x),
        Class::Infinity if x.is_negative() => return Rounded::exact(Float80::ONE.negated()),
        Class::Infinity => return Rounded::exact(x),
        _ if x == Float80::ONE.negated() => return Rounded::exact(MINUS_HALF),
        _ if x.exponent() >= BIAS => return Rounded::exact(x),
        _ => {}
    }
    let power = Wide::from_finite(x.finite()).times(Wide::positive(-1, LN_OF_2));
    let series = if power.negative { alternating_sum } else { sum };
    let ratio = Wide::from_fixed(series(&EXPONENTIAL, power.to_fixed()), -127);
    power.times(ratio).rounded_inexact(control).raising(flags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fpu::StatusFlags;

    #[test]
    fn one_half_gives_the_square_root_of_two_less_one() {
        let half = Float80 { sign_exponent: 0x3FFE, significand: 1 << 63 };
        let result = power_of_two_minus_one(half, ControlWord::INITIAL);
        let expected = Float80 { sign_exponent: 0x3FFD, significand: 0xD413_CCCF_E779_9211 };
        assert_eq!(result.value, expected);
        assert!(result.flags.contains(StatusFlags::PRECISION));
    }

    #[test]
    fn limits_of_the_domain_are_exact() {
        let control = ControlWord::INITIAL;
        assert_eq!(power_of_two_minus_one(Float80::ONE, control), Rounded::exact(Float80::ONE));
        assert_eq!(power_of_two_minus_one(Float80::ONE.negated(), control), Rounded::exact(MINUS_HALF));
    }
}
