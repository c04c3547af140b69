//! FSIN, FCOS, FSINCOS and FPTAN.
//!
//! The argument is reduced modulo half of the 66-bit pi that the Pentium uses, exactly: counted in 2^-65 it and every
//! argument below 2^63 are integers of at most 128 bits. Larger arguments are refused (C2).
//! Source: Intel SDM vol. 1 §8.3.8 (pi), Pentium manual vol. 3 appendix G.

use super::super::control::{ControlWord, StatusFlags};
use super::super::float80::{BIAS, Class, Float80};
use super::super::nan::screen_one;
use super::super::rounding::Rounded;
use super::series::{COSINE, SINE, UNIT, alternating_sum};
use super::wide::Wide;

/// Half of the Pentium's internal pi, in units of 2^-65: the leading 66 bits of pi.
const HALF_PI: u128 = 0x3_243F_6A88_85A3_08D3;
/// Exponent of the unit of [`HALF_PI`].
const HALF_PI_UNIT: i32 = -65;
/// Arguments with this biased exponent and above are out of range.
const RANGE_EXPONENT: i32 = BIAS + 63;

/// The functions of an angle that have an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circular {
    /// FSIN.
    Sine,
    /// FCOS.
    Cosine,
    /// FSINCOS: sine, then the cosine is pushed.
    SineCosine,
    /// FPTAN: tangent, then 1 is pushed.
    Tangent,
}

/// Whether an argument is too large to be reduced; the instruction then only sets C2.
pub(in super::super) fn out_of_range(value: Float80) -> bool {
    value.class() == Class::Normal && value.exponent() >= RANGE_EXPONENT
}

/// Computes the value for ST(0), and the one to be pushed after it.
pub(in super::super) fn circular(
    value: Float80,
    function: Circular,
    control: ControlWord,
) -> (Rounded, Option<Float80>) {
    let pair = |result: Rounded, pushed| match function {
        Circular::Sine | Circular::Cosine => (result, None),
        Circular::SineCosine | Circular::Tangent => (result, Some(pushed)),
    };
    let flags = match screen_one(value) {
        Ok(flags) => flags,
        Err(result) => return pair(result, result.value),
    };
    match (value.class(), function) {
        (Class::Infinity, _) => return pair(Rounded::invalid(), Float80::INDEFINITE),
        (Class::Zero, Circular::Cosine) => return (Rounded::exact(Float80::ONE), None),
        (Class::Zero, _) => return pair(Rounded::exact(value), Float80::ONE),
        _ => {}
    }
    let angle = Angle::reduce(value);
    match function {
        Circular::Sine => (angle.sine().rounded_inexact(control).raising(flags), None),
        Circular::Cosine => (angle.cosine().rounded_inexact(control).raising(flags), None),
        Circular::SineCosine => {
            let sine = angle.sine().rounded_inexact(control);
            let cosine = angle.cosine().rounded_inexact(control);
            // C1 tells about the sine; both count for the exceptions.
            let raised = sine.flags | (cosine.flags - StatusFlags::C1);
            (Rounded::with(sine.value, raised | flags), Some(cosine.value))
        }
        Circular::Tangent => (angle.tangent().rounded_inexact(control).raising(flags), Some(Float80::ONE)),
    }
}

/// An angle as quarter turns and a rest of at most an eighth of a turn in magnitude.
struct Angle {
    quarters: u128,
    rest: Wide,
}

impl Angle {
    fn reduce(value: Float80) -> Self {
        let number = value.finite();
        let exponent = number.exponent - BIAS;
        if exponent < -1 {
            return Self { quarters: 0, rest: Wide::from_finite(number) };
        }
        let shift = (exponent - 63 - HALF_PI_UNIT).unsigned_abs();
        let fixed = u128::from(number.significand) << shift;
        let (quotient, rest) = (fixed / HALF_PI, fixed % HALF_PI);
        let (quarters, rest) = if rest * 2 > HALF_PI {
            (quotient + 1, Wide::from_fixed(HALF_PI - rest, HALF_PI_UNIT).negated())
        } else {
            (quotient, Wide::from_fixed(rest, HALF_PI_UNIT))
        };
        if number.negative {
            // -q quarters: 4 - q modulo 4.
            return Self { quarters: 4 - (quarters & 3), rest: rest.negated() };
        }
        Self { quarters, rest }
    }

    fn sine(&self) -> Wide {
        let value = if self.quarters & 1 == 0 { self.rest_sine() } else { self.rest_cosine() };
        if self.quarters & 2 == 0 { value } else { value.negated() }
    }

    fn cosine(&self) -> Wide {
        let value = if self.quarters & 1 == 0 { self.rest_cosine() } else { self.rest_sine().negated() };
        if self.quarters & 2 == 0 { value } else { value.negated() }
    }

    fn tangent(&self) -> Wide {
        // So close to zero the tangent is the rest and less than 2^-127 of it more.
        let small = self.rest.exponent < -64;
        match self.quarters & 1 {
            0 if small => Wide { significand: self.rest.significand | 1, ..self.rest },
            0 => self.rest_sine().over(self.rest_cosine()),
            _ => self.rest_cosine().over(self.rest_sine()).negated(),
        }
    }

    fn square(&self) -> u128 {
        self.rest.times(self.rest).to_fixed()
    }

    fn rest_sine(&self) -> Wide {
        // The true factor is below one, however small the rest.
        let factor = alternating_sum(&SINE, self.square()).min(UNIT - 1);
        self.rest.times(Wide::from_fixed(factor, -127))
    }

    fn rest_cosine(&self) -> Wide {
        Wide::from_fixed(alternating_sum(&COSINE, self.square()).min(UNIT - 1), -127)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: ControlWord = ControlWord::INITIAL;

    #[test]
    fn sine_and_cosine_of_one() {
        let (sine, cosine) = circular(Float80::ONE, Circular::SineCosine, CONTROL);
        assert_eq!(sine.value, Float80 { sign_exponent: 0x3FFE, significand: 0xD76A_A478_4867_7021 });
        let cosine = cosine.unwrap();
        assert_eq!(cosine, Float80 { sign_exponent: 0x3FFE, significand: 0x8A51_407D_A834_5C92 });
    }

    #[test]
    fn sine_of_pi_shows_the_66_bit_pi() {
        // The extended pi is 2 units of 2^-64 (its last bit rounded) away from the 66-bit one: 0.C235 - 0.C234C.
        let pi = Float80 { sign_exponent: 0x4000, significand: 0xC90F_DAA2_2168_C235 };
        let (sine, _) = circular(pi, Circular::Sine, CONTROL);
        assert_eq!(sine.value, Float80 { sign_exponent: 0xBFBF, significand: 1 << 63 });
    }

    #[test]
    fn quadrants_follow_the_sign() {
        let two = Float80 { sign_exponent: 0x4000, significand: 1 << 63 };
        let sign = |value, function| circular(value, function, CONTROL).0.value.is_negative();
        assert!(!sign(two, Circular::Sine) && sign(two, Circular::Cosine) && sign(two, Circular::Tangent));
        let minus = two.negated();
        assert!(
            sign(minus, Circular::Sine) && sign(minus, Circular::Cosine) && !sign(minus, Circular::Tangent)
        );
    }

    #[test]
    fn arguments_from_two_to_the_63_are_out_of_range() {
        let limit = Float80 { sign_exponent: 0x403E, significand: 1 << 63 };
        assert!(out_of_range(limit));
        assert!(!out_of_range(Float80 { sign_exponent: 0x403D, significand: u64::MAX }));
        assert!(!out_of_range(Float80::INFINITY.negated()));
    }
}
