//! The emulated x87 FPU against the host's own, instruction by instruction.
//!
//! Random states and operands of every class go through both; results, flags, tags and memory must be equal, those of
//! transcendental instructions within one unit in the last place. `comparison` lists the excused differences. The
//! excuses and the choice of steps in FPREM were established on AMD processors (Zen 3); other vendors may need
//! further ones.

#![cfg(target_arch = "x86_64")]

mod comparison;
mod host;
mod operands;
mod reference;

use comparison::{Case, encodings};
use operands::Random;
use scc_emu::fpu::{Operation, Source};

/// Runs `count` cases of the operations that `selects` picks.
fn compare(seed: u64, count: usize, selects: fn(Operation) -> bool) {
    let selected: Vec<_> = encodings().into_iter().filter(|(operation, _)| selects(*operation)).collect();
    assert!(!selected.is_empty());
    let mut random = Random::new(seed);
    for number in 0..count {
        let case = Case::random(selected[number % selected.len()], &mut random);
        let differences = case.differences();
        assert!(
            differences.is_empty(),
            "seed {seed} case {number}: {}\n{}",
            case.describe(),
            differences.join("\n")
        );
    }
}

#[test]
fn basic_arithmetic_equals_the_host() {
    compare(1, 300_000, |operation| {
        matches!(operation, Operation::Arithmetic(..) | Operation::ArithmeticTo(..))
    });
}

#[test]
fn square_root_rounding_scaling_and_extraction_equal_the_host() {
    compare(2, 100_000, |operation| {
        matches!(
            operation,
            Operation::SquareRoot | Operation::RoundToInteger | Operation::Scale | Operation::Extract
        )
    });
}

#[test]
fn partial_remainders_equal_the_host() {
    compare(3, 100_000, |operation| matches!(operation, Operation::PartialRemainder(_)));
}

#[test]
fn comparisons_equal_the_host() {
    compare(4, 100_000, |operation| {
        matches!(operation, Operation::Compare(..) | Operation::Test | Operation::Examine)
    });
}

#[test]
fn loads_equal_the_host() {
    compare(5, 150_000, |operation| {
        matches!(operation, Operation::Load(Source::Memory(_)) | Operation::LoadConstant(_))
    });
}

#[test]
fn stores_equal_the_host() {
    compare(6, 200_000, |operation| {
        matches!(
            operation,
            Operation::StoreMemory(..) | Operation::StoreControlWord | Operation::StoreStatusWord
        )
    });
}

#[test]
fn stack_and_control_operations_equal_the_host() {
    compare(7, 100_000, |operation| {
        matches!(
            operation,
            Operation::Load(Source::Register(_))
                | Operation::StoreRegister(..)
                | Operation::MoveAndPop(_)
                | Operation::Exchange(_)
                | Operation::Free(..)
                | Operation::ChangeSign
                | Operation::AbsoluteValue
                | Operation::IncrementTop
                | Operation::DecrementTop
                | Operation::Nop
                | Operation::ClearExceptions
                | Operation::Initialize
                | Operation::StoreStatusAx
                | Operation::StoreEnvironment
                | Operation::Save
                | Operation::LoadControlWord
                | Operation::LoadEnvironment
                | Operation::Restore
        )
    });
}

#[test]
fn transcendentals_are_within_one_unit_of_the_host() {
    compare(8, 300_000, |operation| {
        matches!(
            operation,
            Operation::PowerOfTwoMinusOne
                | Operation::Logarithm(_)
                | Operation::Arctangent
                | Operation::Circular(_)
        )
    });
}
