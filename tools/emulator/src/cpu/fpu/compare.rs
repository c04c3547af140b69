//! Comparison, FTST and FXAM.
//!
//! Source: Intel SDM vol. 2 FCOM, FUCOM, FTST, FXAM.

use core::cmp::Ordering;

use super::control::StatusFlags;
use super::float80::{Class, Float80};

/// Whether a quiet NaN makes a comparison invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// FCOM, FICOM, FTST: any NaN is invalid.
    Ordered,
    /// FUCOM: only signalling NaNs are invalid.
    Unordered,
}

/// Compares `a` with `b`: condition bits C0, C2, C3 and exceptions.
#[inline]
pub(super) fn compare(a: Float80, b: Float80, comparison: Comparison) -> StatusFlags {
    if a.is_normal() && b.is_normal() {
        return condition(order(a, b));
    }
    compare_special(a, b, comparison)
}

fn compare_special(a: Float80, b: Float80, comparison: Comparison) -> StatusFlags {
    let (class_a, class_b) = (a.class(), b.class());
    let either = |class| class_a == class || class_b == class;
    if either(Class::Unsupported) || either(Class::SignalingNan) {
        return StatusFlags::UNORDERED | StatusFlags::INVALID;
    }
    if either(Class::QuietNan) {
        let quiet = comparison == Comparison::Unordered;
        return StatusFlags::UNORDERED | if quiet { StatusFlags::empty() } else { StatusFlags::INVALID };
    }
    let denormal = if either(Class::Denormal) { StatusFlags::DENORMAL } else { StatusFlags::empty() };
    condition(order(a, b)) | denormal
}

/// Orders two numbers that are no NaNs. A pseudo-denormal equals the smallest normal number.
fn order(a: Float80, b: Float80) -> Ordering {
    if a.significand == 0 && b.significand == 0 {
        return Ordering::Equal;
    }
    let magnitude = |value: Float80| {
        let exponent = value.exponent();
        (if exponent == 0 { 1 } else { exponent }, value.significand)
    };
    match (a.is_negative(), b.is_negative()) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => magnitude(a).cmp(&magnitude(b)),
        (true, true) => magnitude(b).cmp(&magnitude(a)),
    }
}

fn condition(order: Ordering) -> StatusFlags {
    match order {
        Ordering::Greater => StatusFlags::empty(),
        Ordering::Less => StatusFlags::C0,
        Ordering::Equal => StatusFlags::C3,
    }
}

/// Classifies a register for FXAM: C3, C2 and C0 are the class, C1 the sign. `empty` hides the contents' class.
pub(super) fn examine(value: Float80, empty: bool) -> StatusFlags {
    let class = match value.class() {
        _ if empty => StatusFlags::C3 | StatusFlags::C0,
        Class::Unsupported => StatusFlags::empty(),
        Class::QuietNan | Class::SignalingNan => StatusFlags::C0,
        Class::Normal => StatusFlags::C2,
        Class::Infinity => StatusFlags::C2 | StatusFlags::C0,
        Class::Zero => StatusFlags::C3,
        Class::Denormal => StatusFlags::C3 | StatusFlags::C2,
    };
    class | if value.is_negative() { StatusFlags::C1 } else { StatusFlags::empty() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_magnitudes_are_ordered() {
        let one = Float80::ONE;
        let two = Float80 { sign_exponent: 0x4000, significand: 1 << 63 };
        let ordered = |a, b| compare(a, b, Comparison::Ordered);
        assert_eq!(ordered(one, two), StatusFlags::C0);
        assert_eq!(ordered(two, one), StatusFlags::empty());
        assert_eq!(ordered(two.negated(), one), StatusFlags::C0);
        assert_eq!(ordered(two.negated(), one.negated()), StatusFlags::C0);
        assert_eq!(ordered(Float80::ZERO, Float80::ZERO.negated()), StatusFlags::C3);
        assert_eq!(ordered(Float80::INFINITY, two), StatusFlags::empty());
    }

    #[test]
    fn quiet_nan_is_invalid_only_in_an_ordered_comparison() {
        let nan = Float80::INDEFINITE;
        assert_eq!(compare(nan, nan, Comparison::Unordered), StatusFlags::UNORDERED);
        let invalid = StatusFlags::UNORDERED | StatusFlags::INVALID;
        assert_eq!(compare(nan, nan, Comparison::Ordered), invalid);
    }

    #[test]
    fn examine_reports_empty_with_the_sign_of_the_contents() {
        let flags = examine(Float80::ONE.negated(), true);
        assert_eq!(flags, StatusFlags::C3 | StatusFlags::C0 | StatusFlags::C1);
    }
}
