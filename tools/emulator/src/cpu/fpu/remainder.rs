//! Partial remainders: FPREM and FPREM1.
//!
//! A difference of exponents below 64 is reduced completely and the low three quotient bits go to C0, C3 and C1.
//! A larger one is reduced by 32 to 63 powers of two and C2 is set; which number the processor picks is
//! implementation dependent, here the one that leaves a multiple of 32 (as silicon at hand does).
//! Source: Intel SDM vol. 2 FPREM, FPREM1.

#![expect(clippy::cast_possible_truncation, reason = "remainders of 64-bit divisors fit 64 bits")]

use super::control::{ControlWord, Precision, StatusFlags};
use super::float80::{Class, Finite, Float80};
use super::nan::screen_two;
use super::rounding::{Rounded, round};

/// How the quotient of a remainder is made an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotient {
    /// FPREM: towards zero.
    Chopped,
    /// FPREM1: to nearest even, as IEEE 754 asks.
    Nearest,
}

/// Reduces `a` modulo `b`. The flags include C0, C1, C2 and C3.
pub(super) fn partial_remainder(a: Float80, b: Float80, quotient: Quotient, control: ControlWord) -> Rounded {
    let flags = match screen_two(a, b) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    match (a.class(), b.class()) {
        (Class::Infinity, _) | (_, Class::Zero) => return Rounded::invalid(),
        (Class::Zero, _) => return Rounded::with(a, flags),
        (_, Class::Infinity) => return repack(a.finite(), control).raising(flags),
        _ => {}
    }
    reduce(a.finite(), b.finite(), quotient, control).raising(flags)
}

/// Returns an unreduced operand; unmasked, a denormal one underflows.
fn repack(value: Finite, control: ControlWord) -> Rounded {
    round(value.negative, value.exponent, value.significand, 0, Precision::Extended, control)
}

fn reduce(a: Finite, b: Finite, quotient: Quotient, control: ControlWord) -> Rounded {
    let distance = a.exponent - b.exponent;
    if distance < -1 || distance == -1 && quotient == Quotient::Chopped {
        return repack(a, control);
    }
    let divisor = u128::from(b.significand);
    if distance >= 64 {
        let step = distance & 31 | 32;
        let rest = (u128::from(a.significand) << step) % divisor;
        return pack(a.negative, b.exponent + distance - step, rest as u64, control).raising(StatusFlags::C2);
    }
    // At distance -1 everything is counted in units of half the divisor's last place.
    let (exponent, dividend, divisor) = if distance < 0 {
        (a.exponent, u128::from(a.significand), divisor << 1)
    } else {
        (b.exponent, u128::from(a.significand) << distance, divisor)
    };
    let (mut count, mut rest, mut negative) = (dividend / divisor, dividend % divisor, a.negative);
    let beyond_half = rest * 2 > divisor || rest * 2 == divisor && count & 1 != 0;
    if quotient == Quotient::Nearest && beyond_half {
        (count, rest, negative) = (count + 1, divisor - rest, !negative);
    }
    let mut condition = StatusFlags::empty();
    condition.set(StatusFlags::C0, count & 4 != 0);
    condition.set(StatusFlags::C3, count & 2 != 0);
    condition.set(StatusFlags::C1, count & 1 != 0);
    if rest == 0 {
        return Rounded::with(Float80::ZERO.with_sign(a.negative), condition);
    }
    pack(negative, exponent, rest as u64, control).raising(condition)
}

/// Normalizes `rest`, counted in last places of a number with biased `exponent`.
fn pack(negative: bool, exponent: i32, rest: u64, control: ControlWord) -> Rounded {
    if rest == 0 {
        return Rounded::exact(Float80::ZERO.with_sign(negative));
    }
    let shift = rest.leading_zeros();
    let value = Finite { negative, exponent: exponent - shift.cast_signed(), significand: rest << shift };
    repack(value, control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: ControlWord = ControlWord::INITIAL;

    fn integer(value: u64) -> Float80 {
        let shift = value.leading_zeros();
        Float80::new(false, 0x403E - shift.cast_signed(), value << shift)
    }

    #[test]
    fn quotient_bits_go_to_c0_c3_c1() {
        let result = partial_remainder(integer(17), integer(3), Quotient::Chopped, CONTROL);
        assert_eq!(result.value, integer(2));
        assert_eq!(result.flags, StatusFlags::C0 | StatusFlags::C1);
        let result = partial_remainder(integer(17), integer(3), Quotient::Nearest, CONTROL);
        assert_eq!(result.value, integer(1).negated());
        assert_eq!(result.flags, StatusFlags::C0 | StatusFlags::C3);
    }

    #[test]
    fn nearest_quotient_of_three_quarters_is_one() {
        let result = partial_remainder(integer(3), integer(4), Quotient::Nearest, CONTROL);
        assert_eq!((result.value, result.flags), (integer(1).negated(), StatusFlags::C1));
        let tie = partial_remainder(integer(2), integer(4), Quotient::Nearest, CONTROL);
        assert_eq!((tie.value, tie.flags), (integer(2), StatusFlags::empty()));
    }

    #[test]
    fn distant_operands_need_further_steps() {
        let huge = Float80::new(false, 0x3FFF + 100, (1 << 63) | 0x12345);
        let mut value = huge;
        let mut steps = 0;
        loop {
            let result = partial_remainder(value, integer(7), Quotient::Chopped, CONTROL);
            value = result.value;
            steps += 1;
            if !result.flags.contains(StatusFlags::C2) {
                break;
            }
        }
        // (2^63 + 0x12345) * 2^37 mod 7: 2^3 = 1, so (1 + 0x12345) * 2 mod 7.
        assert_eq!((value, steps), (integer((1 + 0x12345) * 2 % 7), 2));
    }

    #[test]
    fn infinite_dividend_and_zero_divisor_are_invalid() {
        for (a, b) in [(Float80::INFINITY, Float80::ONE), (Float80::ONE, Float80::ZERO)] {
            assert_eq!(partial_remainder(a, b, Quotient::Chopped, CONTROL), Rounded::invalid());
        }
    }
}
