//! Transcendental instructions.
//!
//! Arguments are reduced exactly, power series are summed in 128-bit fixed point and the result, good to more than
//! 110 bits, is rounded once in the direction of the control word. That is at most one unit in the last place from
//! the true value, as the Pentium promises, and nearly always the correctly rounded one.
//! Source: Pentium Processor Family Developer's Manual vol. 3, appendix G (accuracy of transcendentals); special
//! operands: Intel SDM vol. 2 F2XM1, FYL2X, FYL2XP1, FPATAN, FSIN, FCOS, FPTAN.

mod arctangent;
mod circular;
mod exponential;
mod logarithm;
mod series;
mod wide;

pub(super) use arctangent::arctangent;
pub(super) use circular::{circular, out_of_range};
pub(super) use exponential::power_of_two_minus_one;
pub(super) use logarithm::logarithm;

pub use circular::Circular;
pub use logarithm::LogarithmArgument;

/// To 128 bits: pi, exponent 1.
pub(super) const PI: u128 = 0xC90F_DAA2_2168_C234_C4C6_628B_80DC_1CD1;
/// To 128 bits: the binary logarithm of ten, exponent 1.
pub(super) const LOG2_OF_10: u128 = 0xD49A_784B_CD1B_8AFE_492B_F6FF_4DAF_DB4D;
/// To 128 bits: the binary logarithm of e, exponent 0.
pub(super) const LOG2_OF_E: u128 = 0xB8AA_3B29_5C17_F0BB_BE87_FED0_691D_3E89;
/// To 128 bits: the decimal logarithm of two, exponent -2.
pub(super) const LOG10_OF_2: u128 = 0x9A20_9A84_FBCF_F798_8F89_59AC_0B7C_9178;
/// To 128 bits: the natural logarithm of two, exponent -1.
pub(super) const LN_OF_2: u128 = 0xB172_17F7_D1CF_79AB_C9E3_B398_03F2_F6AF;
