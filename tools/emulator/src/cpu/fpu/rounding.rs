//! Rounds an exact or sticky 128-bit significand to an x87 result.
//!
//! Every operation produces a normalized significand whose lowest bit is sticky (set if anything nonzero was
//! discarded below it) and hands it here. Tininess is detected after rounding; masked underflow denormalizes,
//! unmasked underflow and overflow keep the significand and wrap the exponent by 24576.
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
        match (self.inexact, self.up) {
            (false, _) => StatusFlags::empty(),
            (true, false) => StatusFlags::PRECISION,
            (true, true) => StatusFlags::PRECISION | StatusFlags::C1,
        }
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

/// Rounds a number with biased `exponent` (any value) and a normalized `significand` to `precision`.
#[inline]
pub(super) fn round(
    negative: bool,
    exponent: i32,
    significand: u128,
    precision: Precision,
    control: ControlWord,
) -> Rounded {
    // Exponents 1..=0x7FFD can neither overflow nor be tiny, even if rounding carries.
    if precision == Precision::Extended && (1..=0x7FFD).contains(&exponent) {
        let (high, low) = ((significand >> 64) as u64, significand as u64);
        if low == 0 {
            return Rounded::exact(Float80::new(negative, exponent, high));
        }
        let half = INTEGER_BIT;
        let up = match control.rounding() {
            Rounding::Nearest => low > half || low == half && high & 1 != 0,
            Rounding::Down => negative,
            Rounding::Up => !negative,
            Rounding::Chop => false,
        };
        if !up {
            return Rounded::with(Float80::new(negative, exponent, high), StatusFlags::PRECISION);
        }
        let value = match high.checked_add(1) {
            Some(sum) => Float80::new(negative, exponent, sum),
            None => Float80::new(negative, exponent + 1, INTEGER_BIT),
        };
        return Rounded::with(value, StatusFlags::PRECISION.union(StatusFlags::C1));
    }
    round_any(negative, exponent, significand, precision, control)
}

fn round_any(
    negative: bool,
    exponent: i32,
    significand: u128,
    precision: Precision,
    control: ControlWord,
) -> Rounded {
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
        if !masked && adjusted < MAXIMUM_EXPONENT {
            let value = Float80::new(negative, adjusted, high);
            return Rounded::with(value, unbounded.flags() | StatusFlags::OVERFLOW);
        }
        return overflow(negative, bits, control.rounding());
    }
    if !control.unmasked(StatusFlags::UNDERFLOW).is_empty() {
        let adjusted = rounded_exponent + EXPONENT_ADJUST;
        if adjusted > 0 {
            let value = Float80::new(negative, adjusted, high);
            return Rounded::with(value, unbounded.flags() | StatusFlags::UNDERFLOW);
        }
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

    const SUM: u128 = (1 << 127) | (1 << 63);

    #[test]
    fn tie_goes_to_the_even_significand_and_is_not_counted_as_up() {
        let result = round(false, 0x3FFF, SUM, Precision::Extended, ControlWord::INITIAL);
        assert_eq!(result, Rounded::with(Float80::ONE, StatusFlags::PRECISION));
    }

    #[test]
    fn carry_out_of_the_significand_raises_the_exponent() {
        let result = round(true, 0x3FFE, u128::MAX, Precision::Extended, ControlWord::INITIAL);
        assert_eq!(result.value, Float80::ONE.negated());
        assert_eq!(result.flags, StatusFlags::PRECISION | StatusFlags::C1);
    }

    #[test]
    fn value_that_rounds_up_to_the_smallest_normal_is_not_tiny() {
        let result = round(false, 0, u128::MAX, Precision::Extended, ControlWord::INITIAL);
        assert_eq!(result.value, Float80::new(false, 1, INTEGER_BIT));
        assert_eq!(result.flags, StatusFlags::PRECISION | StatusFlags::C1);
    }

    #[test]
    fn exact_denormal_underflows_only_when_unmasked() {
        let masked = round(false, 0, 1 << 127, Precision::Extended, ControlWord::INITIAL);
        assert_eq!(masked, Rounded::exact(Float80::new(false, 0, 1 << 62)));
        let unmasked = round(false, 0, 1 << 127, Precision::Extended, ControlWord::from_bits(0x36F));
        let expected = Float80::new(false, 24576, INTEGER_BIT);
        assert_eq!(unmasked, Rounded::with(expected, StatusFlags::UNDERFLOW));
    }

    #[test]
    fn overflow_towards_zero_stays_finite_in_the_chosen_precision() {
        let control = ControlWord::from_bits(0x0C7F);
        let result = round(false, 0x7FFF, 1 << 127, Precision::Single, control);
        assert_eq!(result.value, Float80::new(false, 0x7FFE, 0xFFFF_FF00_0000_0000));
        assert_eq!(result.flags, StatusFlags::OVERFLOW | StatusFlags::PRECISION);
    }
}
