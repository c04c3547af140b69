//! Rounds an exact or sticky 128-bit significand to an x87 result.
//!
//! Every operation produces a normalized significand whose lowest bit is sticky (set if anything nonzero was
//! discarded below it) and hands it here. Tininess is detected after rounding; masked underflow denormalizes,
//! unmasked underflow and overflow keep the significand and wrap the exponent by 24576. Only FSCALE can be so far
//! out of range that this does not suffice; it then yields infinity or zero.
//! Source: Intel SDM vol. 1 §4.9.1.4-4.9.1.6, §8.5.4-8.5.6.

#![expect(clippy::cast_possible_truncation, reason = "splits 128-bit significands into machine words")]

use super::control::{ControlWord, Precision, Rounding, StatusFlags};
use super::float80::{Float80, INTEGER_BIT, MAXIMUM_EXPONENT};

/// Added to or taken from the exponent of an unmasked underflow or overflow result.
const EXPONENT_ADJUST: i32 = 24576;

/// A result with the exceptions it raised, and C1 if its magnitude was rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rounded {
    /// The masked response; not to be written where a raised exception of
    /// [`StatusFlags::BEFORE_RESULT`] is unmasked.
    pub value: Float80,
    /// Exceptions and C1.
    pub flags: StatusFlags,
}

impl Rounded {
    #[inline]
    pub(super) const fn exact(value: Float80) -> Self {
        Self { value, flags: StatusFlags::empty() }
    }

    pub(super) const fn with(value: Float80, flags: StatusFlags) -> Self {
        Self { value, flags }
    }

    /// The masked response to an invalid operand: real indefinite.
    pub(super) const fn invalid() -> Self {
        Self { value: Float80::INDEFINITE, flags: StatusFlags::INVALID }
    }

    #[inline]
    pub(super) fn raising(self, flags: StatusFlags) -> Self {
        Self { value: self.value, flags: self.flags | flags }
    }
}

/// A significand cut to some number of leading bits.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// The kept bits, in place; normalized again if rounding carried out of the top.
    pub(super) significand: u128,
    /// Rounding carried out of bit 127: the value is 2^128.
    pub(super) carried: bool,
    /// Discarded bits were nonzero.
    pub(super) inexact: bool,
    /// The magnitude was rounded up.
    pub(super) up: bool,
}

impl Cut {
    pub(super) fn flags(self) -> StatusFlags {
        inexact_flags(self.inexact, self.up)
    }
}

/// Decides the direction for a value between two neighbours: `rest` against `half` of the last kept place.
#[inline]
fn rounds_up(rounding: Rounding, negative: bool, odd: bool, rest: u128, half: u128) -> bool {
    match rounding {
        Rounding::Nearest => rest > half || rest == half && odd,
        Rounding::Down => negative && rest != 0,
        Rounding::Up => !negative && rest != 0,
        Rounding::Chop => false,
    }
}

/// Rounds `significand` to its `bits` (1..=127) leading bit positions.
pub(super) fn cut(negative: bool, significand: u128, bits: u32, rounding: Rounding) -> Cut {
    let ulp = 1u128 << (128 - bits);
    let rest = significand & (ulp - 1);
    let kept = significand - rest;
    let up = rounds_up(rounding, negative, kept & ulp != 0, rest, ulp >> 1);
    let (rounded, carried) = kept.overflowing_add(if up { ulp } else { 0 });
    Cut { significand: if carried { 1 << 127 } else { rounded }, carried, inexact: rest != 0, up }
}

/// Shifts right; the lowest bit of the result collects every bit shifted out.
#[inline]
pub(super) const fn shift_right_sticky(value: u128, count: u32) -> u128 {
    if count == 0 {
        value
    } else if count < 128 {
        value >> count | (value << (128 - count) != 0) as u128
    } else {
        (value != 0) as u128
    }
}

/// The high and the low word of a 128-bit significand.
#[inline]
pub(super) const fn halves(significand: u128) -> (u64, u64) {
    ((significand >> 64) as u64, significand as u64)
}

/// Rounds a number with biased `exponent` (any value) and a normalized significand in two words to `precision`.
#[inline(always)]
pub(super) fn round(
    negative: bool,
    exponent: i32,
    high: u64,
    low: u64,
    precision: Precision,
    control: ControlWord,
) -> Rounded {
    // Exponents 1..=0x7FFD can neither overflow nor be tiny, even if rounding carries.
    if !(1..=0x7FFD).contains(&exponent) {
        return round_any(negative, exponent, high, low, precision, control);
    }
    let (kept, rest, shift) = match precision {
        Precision::Extended => (high, low, 0),
        Precision::Double => (high >> 11, high << 53 | u64::from(low != 0), 11),
        Precision::Single => (high >> 40, high << 24 | u64::from(low != 0), 40),
    };
    // Whether a result is inexact or rounded up is as good as random, so neither is a branch.
    let up = match control.rounding() {
        Rounding::Nearest => rest > INTEGER_BIT - (kept & 1),
        Rounding::Down => negative && rest != 0,
        Rounding::Up => !negative && rest != 0,
        Rounding::Chop => false,
    };
    let flags = inexact_flags(rest != 0, up);
    let sum = kept.wrapping_add(u64::from(up)) << shift;
    // Rounding that carries out of the top leaves zero.
    if sum == 0 {
        return Rounded::with(Float80::new(negative, exponent + 1, INTEGER_BIT), flags);
    }
    Rounded::with(Float80::new(negative, exponent, sum), flags)
}

/// [`StatusFlags::PRECISION`] and [`StatusFlags::C1`], each if it applies.
#[inline(always)]
pub(super) fn inexact_flags(inexact: bool, up: bool) -> StatusFlags {
    StatusFlags::from_bits_truncate(u16::from(inexact) << 5 | u16::from(up) << 9)
}

#[cold]
fn round_any(
    negative: bool,
    exponent: i32,
    high: u64,
    low: u64,
    precision: Precision,
    control: ControlWord,
) -> Rounded {
    let significand = u128::from(high) << 64 | u128::from(low);
    let bits = precision.bits();
    let unbounded = cut(negative, significand, bits, control.rounding());
    let rounded_exponent = exponent + i32::from(unbounded.carried);
    let high = (unbounded.significand >> 64) as u64;
    if (1..MAXIMUM_EXPONENT).contains(&rounded_exponent) {
        return Rounded::with(Float80::new(negative, rounded_exponent, high), unbounded.flags());
    }
    if rounded_exponent >= MAXIMUM_EXPONENT {
        let adjusted = rounded_exponent - EXPONENT_ADJUST;
        let masked = control.unmasked(StatusFlags::OVERFLOW).is_empty();
        if masked {
            return overflow(negative, bits, control.rounding());
        }
        if adjusted >= MAXIMUM_EXPONENT {
            return overflow(negative, bits, Rounding::Nearest);
        }
        let value = Float80::new(negative, adjusted, high);
        return Rounded::with(value, unbounded.flags() | StatusFlags::OVERFLOW);
    }
    if !control.unmasked(StatusFlags::UNDERFLOW).is_empty() {
        let adjusted = rounded_exponent + EXPONENT_ADJUST;
        if adjusted <= 0 {
            let flags = StatusFlags::UNDERFLOW | StatusFlags::PRECISION;
            return Rounded::with(Float80::ZERO.with_sign(negative), flags);
        }
        let value = Float80::new(negative, adjusted, high);
        return Rounded::with(value, unbounded.flags() | StatusFlags::UNDERFLOW);
    }
    let distance = 1i32.saturating_sub(exponent).min(128).unsigned_abs();
    let denormal = cut(negative, shift_right_sticky(significand, distance), bits, control.rounding());
    let high = (denormal.significand >> 64) as u64;
    let value = Float80::new(negative, i32::from(high >= INTEGER_BIT), high);
    let tiny = if denormal.inexact { StatusFlags::UNDERFLOW } else { StatusFlags::empty() };
    Rounded::with(value, denormal.flags() | tiny)
}

/// The masked response to overflow: infinity or the largest finite number with `bits` significand bits.
fn overflow(negative: bool, bits: u32, rounding: Rounding) -> Rounded {
    let flags = StatusFlags::OVERFLOW | StatusFlags::PRECISION;
    let to_infinity = match rounding {
        Rounding::Nearest => true,
        Rounding::Down => negative,
        Rounding::Up => !negative,
        Rounding::Chop => false,
    };
    if to_infinity {
        return Rounded::with(Float80::INFINITY.with_sign(negative), flags | StatusFlags::C1);
    }
    Rounded::with(Float80::new(negative, MAXIMUM_EXPONENT - 1, u64::MAX << (64 - bits)), flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tie_goes_to_the_even_significand_and_is_not_counted_as_up() {
        let result = round(false, 0x3FFF, INTEGER_BIT, 1 << 63, Precision::Extended, ControlWord::INITIAL);
        assert_eq!(result, Rounded::with(Float80::ONE, StatusFlags::PRECISION));
    }

    #[test]
    fn carry_out_of_the_significand_raises_the_exponent() {
        let result = round(true, 0x3FFE, u64::MAX, u64::MAX, Precision::Extended, ControlWord::INITIAL);
        assert_eq!(result.value, Float80::ONE.negated());
        assert_eq!(result.flags, StatusFlags::PRECISION | StatusFlags::C1);
    }

    #[test]
    fn value_that_rounds_up_to_the_smallest_normal_is_not_tiny() {
        let result = round(false, 0, u64::MAX, u64::MAX, Precision::Extended, ControlWord::INITIAL);
        assert_eq!(result.value, Float80::new(false, 1, INTEGER_BIT));
        assert_eq!(result.flags, StatusFlags::PRECISION | StatusFlags::C1);
    }

    #[test]
    fn exact_denormal_underflows_only_when_unmasked() {
        let masked = round(false, 0, 1 << 63, 0, Precision::Extended, ControlWord::INITIAL);
        assert_eq!(masked, Rounded::exact(Float80::new(false, 0, 1 << 62)));
        let unmasked = round(false, 0, 1 << 63, 0, Precision::Extended, ControlWord::from_bits(0x36F));
        let expected = Float80::new(false, 24576, INTEGER_BIT);
        assert_eq!(unmasked, Rounded::with(expected, StatusFlags::UNDERFLOW));
    }

    #[test]
    fn overflow_towards_zero_stays_finite_in_the_chosen_precision() {
        let control = ControlWord::from_bits(0x0C7F);
        let result = round(false, 0x7FFF, 1 << 63, 0, Precision::Single, control);
        assert_eq!(result.value, Float80::new(false, 0x7FFE, 0xFFFF_FF00_0000_0000));
        assert_eq!(result.flags, StatusFlags::OVERFLOW | StatusFlags::PRECISION);
    }
}
