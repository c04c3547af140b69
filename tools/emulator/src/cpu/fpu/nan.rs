//! Screens operands: unsupported encodings, NaNs, denormals.
//!
//! Of two NaNs of one kind the one with the larger significand survives (the positive one if they are equal); a
//! quiet NaN survives a signalling one. A NaN operand hides a denormal one.
//! Source: Intel SDM vol. 1 §4.8.3.5 (table 4-7), §8.5.1.2, §4.9.2 (priorities).

use super::control::StatusFlags;
use super::float80::{Class, Float80};
use super::rounding::Rounded;

/// Outcome of screening: either the result is settled, or it must be computed with these flags added.
pub(super) type Screened = Result<StatusFlags, Rounded>;

/// Screens the operand of a one-operand instruction.
pub(super) fn screen_one(value: Float80) -> Screened {
    match value.class() {
        Class::Unsupported => Err(Rounded::invalid()),
        Class::SignalingNan => Err(Rounded::with(value.quieted(), StatusFlags::INVALID)),
        Class::QuietNan => Err(Rounded::exact(value)),
        Class::Denormal => Ok(StatusFlags::DENORMAL),
        Class::Zero | Class::Normal | Class::Infinity => Ok(StatusFlags::empty()),
    }
}

/// Screens the operands of a two-operand instruction.
pub(super) fn screen_two(a: Float80, b: Float80) -> Screened {
    let (class_a, class_b) = (a.class(), b.class());
    if class_a == Class::Unsupported || class_b == Class::Unsupported {
        return Err(Rounded::invalid());
    }
    if a.is_nan() || b.is_nan() {
        let signaling = class_a == Class::SignalingNan || class_b == Class::SignalingNan;
        let flags = if signaling { StatusFlags::INVALID } else { StatusFlags::empty() };
        return Err(Rounded::with(surviving_nan(a, b), flags));
    }
    let denormal = class_a == Class::Denormal || class_b == Class::Denormal;
    Ok(if denormal { StatusFlags::DENORMAL } else { StatusFlags::empty() })
}

/// The quiet NaN that results from `a` and `b`, at least one of which is a NaN.
fn surviving_nan(a: Float80, b: Float80) -> Float80 {
    let survivor = match (a.class(), b.class()) {
        (Class::QuietNan, Class::SignalingNan) => a,
        (Class::SignalingNan, Class::QuietNan) => b,
        _ if !b.is_nan() => a,
        _ if !a.is_nan() => b,
        _ if a.significand > b.significand => a,
        _ if a.significand < b.significand => b,
        _ if a.is_negative() => b,
        _ => a,
    };
    survivor.quieted()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn nan(sign_exponent: u16, payload: u64) -> Float80 {
        Float80 { sign_exponent, significand: 1 << 63 | payload }
    }

    #[test]
    fn larger_significand_survives_and_sign_breaks_the_tie() {
        let (small, large) = (nan(0x7FFF, 1 << 62), nan(0xFFFF, 3 << 61));
        assert_eq!(screen_two(small, large), Err(Rounded::exact(large)));
        assert_eq!(screen_two(large, small), Err(Rounded::exact(large)));
        let negative = small.with_sign(true);
        assert_eq!(screen_two(negative, small), Err(Rounded::exact(small)));
    }

    #[test]
    fn quiet_nan_survives_a_signalling_one_and_invalid_is_raised() {
        let (signaling, quiet) = (nan(0x7FFF, (1 << 62) - 1), nan(0x7FFF, 1 << 62));
        assert_eq!(screen_two(signaling, quiet), Err(Rounded::with(quiet, StatusFlags::INVALID)));
    }

    #[test]
    fn denormal_is_reported_unless_the_other_operand_is_a_nan() {
        let denormal = Float80 { sign_exponent: 0, significand: 1 };
        assert_eq!(screen_two(denormal, Float80::ONE), Ok(StatusFlags::DENORMAL));
        let quiet = nan(0x7FFF, 1 << 62);
        assert_eq!(screen_two(denormal, quiet), Err(Rounded::exact(quiet)));
    }
}
