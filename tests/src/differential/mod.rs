//! Differential tests: random single instructions on the host CPU and on the emulator in both memory models.
//!
//! A [`groups::Group`] makes cases, [`comparison::Comparison`] runs them on both sides; [`undefined`] says which
//! flags do not count. Every stream of cases is determined by its group's seed.

mod address;
pub mod comparison;
pub mod draft;
pub mod effect;
pub mod emulated;
pub mod groups;
pub mod random;
pub mod regressions;
pub mod report;
pub mod undefined;

use iced_x86::{Decoder, DecoderOptions, Instruction};
use native_runner::{Case, Mode};

/// A case's instructions.
pub fn instructions(case: &Case) -> impl Iterator<Item = Instruction> {
    let bits = if case.mode == Mode::Code16 { 16 } else { 32 };
    let code = &case.code[..usize::from(case.length)];
    let eip = u64::from(case.mode.eip(case.entry));
    Decoder::with_ip(bits, code, eip, DecoderOptions::NONE).into_iter()
}

/// A case's first instruction.
pub fn decode(case: &Case) -> Instruction {
    instructions(case).next().unwrap_or_default()
}
