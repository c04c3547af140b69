//! FPATAN: the angle of the vector (x, y), in all four quadrants.
//!
//! The smaller coordinate over the larger is a tangent t between 0 and 1; rotating by arctan 1/2 or pi/4 leaves at most
//! 1/4. The rotation happens on the coordinates, so that one division suffices.

use super::super::control::ControlWord;
use super::super::float80::{Class, Float80};
use super::super::nan::screen_two;
use super::super::rounding::Rounded;
use super::PI;
use super::series::{INVERSE_ODD, UNIT, alternating_sum};
use super::wide::Wide;

const FULL_PI: Wide = Wide::positive(1, PI);
/// The arc tangent of 1/2.
const ARCTANGENT_OF_HALF: Wide = Wide::positive(-2, 0xED63_382B_0DDA_7B45_6FE4_45EC_BC3A_8D03);

/// Computes the arc tangent of `y / x`.
pub(in super::super) fn arctangent(y: Float80, x: Float80, control: ControlWord) -> Rounded {
    let flags = match screen_two(y, x) {
        Ok(flags) => flags,
        Err(result) => return result,
    };
    let left = x.is_negative();
    let angle = match (y.class(), x.class()) {
        (Class::Infinity, Class::Infinity) if left => FULL_PI.minus(FULL_PI.scaled(-2)),
        (Class::Infinity, Class::Infinity) => FULL_PI.scaled(-2),
        (Class::Infinity, _) => FULL_PI.scaled(-1),
        (Class::Zero, _) | (_, Class::Infinity) if left => FULL_PI,
        (Class::Zero, _) | (_, Class::Infinity) => {
            return Rounded::with(Float80::ZERO.with_sign(y.is_negative()), flags);
        }
        (_, Class::Zero) => FULL_PI.scaled(-1),
        _ => {
            let angle = first_quadrant(
                Wide::from_finite(y.finite()).magnitude(),
                Wide::from_finite(x.finite()).magnitude(),
            );
            let angle = if left { FULL_PI.minus(angle) } else { angle };
            return angle.with_sign(y.is_negative()).rounded_inexact(control).raising(flags);
        }
    };
    angle.with_sign(y.is_negative()).special(control).raising(flags)
}

/// The angle of a vector with positive coordinates.
fn first_quadrant(y: Wide, x: Wide) -> Wide {
    if x.below(y) { FULL_PI.scaled(-1).minus(first_octant(x, y)) } else { first_octant(y, x) }
}

/// The arc tangent of `small / large`, at most one.
fn first_octant(small: Wide, large: Wide) -> Wide {
    let quadruple = small.scaled(2);
    if !large.below(quadruple) {
        return short_arc(small.over(large));
    }
    if !large.plus(large.scaled(1)).below(quadruple) {
        let ratio = small.minus(large.scaled(-1)).over(large.plus(small.scaled(-1)));
        return ARCTANGENT_OF_HALF.plus(short_arc(ratio));
    }
    FULL_PI.scaled(-2).plus(short_arc(small.minus(large).over(small.plus(large))))
}

/// The arc tangent of a ratio up to 1/4 in magnitude.
fn short_arc(ratio: Wide) -> Wide {
    if ratio.is_zero() {
        return ratio;
    }
    let square = ratio.times(ratio).to_fixed();
    // The true factor is below one, however small the ratio.
    let factor = alternating_sum(&INVERSE_ODD, square).min(UNIT - 1);
    ratio.times(Wide::from_fixed(factor, -127))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: ControlWord = ControlWord::INITIAL;

    #[test]
    fn equal_coordinates_give_a_quarter_of_pi() {
        let result = arctangent(Float80::ONE, Float80::ONE, CONTROL);
        let expected = Float80 { sign_exponent: 0x3FFE, significand: 0xC90F_DAA2_2168_C235 };
        assert_eq!(result.value, expected);
    }

    #[test]
    fn quadrant_follows_both_signs() {
        let pi = Float80 { sign_exponent: 0x4000, significand: 0xC90F_DAA2_2168_C235 };
        let (zero, one) = (Float80::ZERO, Float80::ONE);
        assert_eq!(arctangent(zero, one.negated(), CONTROL).value, pi);
        assert_eq!(arctangent(zero.negated(), one.negated(), CONTROL).value, pi.negated());
        assert_eq!(arctangent(zero.negated(), one, CONTROL), Rounded::exact(zero.negated()));
    }

    #[test]
    fn tiny_angle_is_rounded_down_when_chopped() {
        let tiny = Float80 { sign_exponent: 0x3000, significand: 1 << 63 };
        let below = Float80 { sign_exponent: 0x2FFF, significand: u64::MAX };
        assert_eq!(arctangent(tiny, Float80::ONE, CONTROL).value, tiny);
        let chop = ControlWord::from_bits(0x0F7F);
        assert_eq!(arctangent(tiny, Float80::ONE, chop).value, below);
    }
}
