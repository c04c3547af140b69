//! FSCALE and FXTRACT.
//!
//! Source: Intel SDM vol. 2 FSCALE (table of results), FXTRACT.

use super::control::{ControlWord, Precision, StatusFlags};
use super::float80::{BIAS, Class, Float80};
use super::integral::from_integer;
use super::nan::{screen_one, screen_two};
use super::rounding::{Rounded, round};

/// Beyond this many powers of two every finite number overflows or underflows, unmasked responses included.
const MAXIMUM_SCALE: i32 = 0x1_0000;

/// Multiplies `value` by two to the power of `scale`, chopped to an integer.
pub(super) fn scale(value: Float80, scale: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_two(value, scale) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    let negative = value.is_negative();
    match (value.class(), scale.class()) {
        (Class::Infinity, Class::Infinity) if scale.is_negative() => return Rounded::invalid(),
        (Class::Zero, Class::Infinity) if !scale.is_negative() => return Rounded::invalid(),
        (Class::Infinity | Class::Zero, _) => return Rounded::with(value, flags),
        (_, Class::Infinity) => {
            let limit = if scale.is_negative() { Float80::ZERO } else { Float80::INFINITY };
            return Rounded::with(limit.with_sign(negative), flags);
        }
        _ => {}
    }
    let number = value.finite();
    let exponent = number.exponent + chopped(scale);
    round(negative, exponent, number.significand, 0, Precision::Extended, control).raising(flags)
}

/// The integer part of a finite number, limited to plus or minus [`MAXIMUM_SCALE`].
fn chopped(value: Float80) -> i32 {
    let exponent = value.exponent() - BIAS;
    let magnitude = match exponent {
        ..0 => 0,
        0..=15 => i32::try_from(value.significand >> (63 - exponent)).expect("at most 16 bits remain"),
        _ => MAXIMUM_SCALE,
    };
    if value.is_negative() { -magnitude } else { magnitude }
}

/// Splits into exponent and significand: the results for ST(1) and ST(0), and the exceptions.
pub(super) fn extract(value: Float80) -> (Float80, Float80, StatusFlags) {
    let flags = match screen_one(value) {
        Ok(flags) => flags,
        Err(result) => return (result.value, result.value, result.flags),
    };
    match value.class() {
        Class::Zero => (Float80::INFINITY.negated(), value, StatusFlags::ZERO_DIVIDE),
        Class::Infinity => (Float80::INFINITY, value, flags),
        _ => {
            let number = value.finite();
            let exponent = from_integer(i64::from(number.exponent - BIAS));
            (exponent, Float80::new(number.negative, BIAS, number.significand), flags)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: ControlWord = ControlWord::INITIAL;

    #[test]
    fn scale_is_chopped_towards_zero() {
        let minus_two_and_a_half = Float80 { sign_exponent: 0xC000, significand: 5 << 61 };
        let quarter = Float80 { sign_exponent: 0x3FFD, significand: 1 << 63 };
        assert_eq!(scale(Float80::ONE, minus_two_and_a_half, CONTROL), Rounded::exact(quarter));
    }

    #[test]
    fn scaling_far_out_of_range_overflows() {
        let flags = StatusFlags::OVERFLOW | StatusFlags::PRECISION | StatusFlags::C1;
        let result = scale(Float80::ONE, from_integer(1 << 40), CONTROL);
        assert_eq!(result, Rounded::with(Float80::INFINITY, flags));
    }

    #[test]
    fn extract_splits_a_denormal_into_its_true_exponent() {
        let (exponent, significand, flags) = extract(Float80 { sign_exponent: 0x8000, significand: 1 });
        assert_eq!(exponent, from_integer(-16445));
        assert_eq!((significand, flags), (Float80::ONE.negated(), StatusFlags::DENORMAL));
    }

    #[test]
    fn extract_of_zero_divides_by_zero() {
        let (exponent, significand, flags) = extract(Float80::ZERO.negated());
        assert_eq!((exponent, flags), (Float80::INFINITY.negated(), StatusFlags::ZERO_DIVIDE));
        assert_eq!(significand, Float80::ZERO.negated());
    }
}
