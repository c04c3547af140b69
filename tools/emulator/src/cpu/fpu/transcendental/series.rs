//! Power series in fixed point: coefficients computed exactly at compile time, summed by Horner's rule.
//!
//! Coefficients and sums are in units of 2^-127, the variable in units of 2^-128. Every sum starts with 1, and the
//! lengths below make the first omitted term smaller than 2^-127 over the range the reductions leave.

use super::wide::multiply_high;

/// `1/1, 1/3, 1/5, ...`: the inverse tangents; 32 terms for a variable up to 1/16.
pub(super) const INVERSE_ODD: [u128; 32] = inverse_odd();
/// `1/1!, 1/2!, 1/3!, ...`: the exponential less one; 31 terms for a variable up to ln 2.
pub(super) const EXPONENTIAL: [u128; 31] = inverse_factorials(1, 1);
/// `1/1!, 1/3!, 1/5!, ...`: the sine; 18 terms for a variable up to (pi/4)^2.
pub(super) const SINE: [u128; 18] = inverse_factorials(1, 2);
/// `1/0!, 1/2!, 1/4!, ...`: the cosine; 18 terms for a variable up to (pi/4)^2.
pub(super) const COSINE: [u128; 18] = inverse_factorials(0, 2);

/// The number one as a coefficient.
pub(super) const UNIT: u128 = 1 << 127;

const fn inverse_odd() -> [u128; 32] {
    let mut table = [0; 32];
    let (mut index, mut odd) = (0, 1);
    while index < table.len() {
        table[index] = UNIT / odd;
        (index, odd) = (index + 1, odd + 2);
    }
    table
}

/// Reciprocals of the factorials of `first`, `first + step`, ...; successive floors equal the floor of the whole.
const fn inverse_factorials<const COUNT: usize>(first: u128, step: u128) -> [u128; COUNT] {
    let mut table = [0; COUNT];
    let (mut value, mut factor, mut index) = (UNIT, 1, 0);
    while index < COUNT {
        let target = first + step * index as u128;
        while factor <= target {
            value /= factor;
            factor += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

/// `c0 + c1 z + c2 z^2 + ...`; the sum is below two.
pub(super) fn sum(coefficients: &[u128], z: u128) -> u128 {
    coefficients.iter().rev().fold(0, |sum, coefficient| coefficient + multiply_high(sum, z))
}

/// `c0 - c1 z + c2 z^2 - ...`, for decreasing coefficients.
pub(super) fn alternating_sum(coefficients: &[u128], z: u128) -> u128 {
    coefficients.iter().rev().fold(0, |sum, coefficient| coefficient - multiply_high(sum, z))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_omitted_terms_are_negligible() {
        // (1/16)^32 is 2^-128; (ln 2)^31 / 32! and (pi/4)^36 / 36! are far below 2^-127.
        assert_eq!(INVERSE_ODD[1], UNIT / 3);
        assert!(EXPONENTIAL[30] < 1 << 15);
        assert_eq!((SINE[17], COSINE[17]), (0, 0));
    }

    #[test]
    fn exponential_series_at_one_half() {
        // (e^(1/2) - 1) / (1/2) = 1.297442541400256293697301575628...
        let value = sum(&EXPONENTIAL, 1 << 127);
        assert_eq!(value >> 72, 0xA6_1298_E1E0_69BC);
    }
}
