//! Comparisons that run as one with the conditional branch behind them.
//!
//! Only operand forms without an own way to fail, and in the fast model those on its shortest memory path,
//! are fused. The branch keeps its own op: if the pair cannot run as one, it runs as two.

use super::form::{bytes, is_memory};
use crate::cpu::execute::alu::{Cmp, Dec, MemImm, OneReg, RegImm, RegMem, RegReg, Test};
use crate::cpu::execute::branch::Jcc;
use crate::cpu::model::{Fast, Model};
use crate::cpu::op::{Handler, fused, fused_quick};
use iced_x86::{Instruction, Mnemonic, OpKind};

/// The first half of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    CmpRegReg32,
    CmpRegImm32,
    CmpRegReg8,
    CmpRegImm8,
    CmpRegMem32,
    CmpMemImm32,
    CmpMemImm8,
    TestRegReg32,
    TestRegImm32,
    TestRegReg8,
    TestRegImm8,
    TestMemImm8,
    DecReg32,
}

/// Whether an instruction can be the first half of a pair.
pub(super) fn comparison<M: Model>(instruction: &Instruction) -> Option<Comparison> {
    let mnemonic = instruction.mnemonic();
    if !matches!(mnemonic, Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Dec) {
        return None;
    }
    let wide = match bytes(instruction, 0) {
        1 => false,
        4 => true,
        _ => return None,
    };
    if mnemonic == Mnemonic::Dec {
        return (wide && !is_memory(instruction, 0)).then_some(Comparison::DecReg32);
    }
    let cmp = mnemonic == Mnemonic::Cmp;
    let to_memory = is_memory(instruction, 0);
    let from_memory = is_memory(instruction, 1);
    if (to_memory || from_memory) && M::STRICT {
        return None;
    }
    let immediate = !from_memory && instruction.op_kind(1) != OpKind::Register;
    Some(match (cmp, to_memory, from_memory, immediate, wide) {
        (true, false, false, false, true) => Comparison::CmpRegReg32,
        (true, false, false, true, true) => Comparison::CmpRegImm32,
        (true, false, false, false, false) => Comparison::CmpRegReg8,
        (true, false, false, true, false) => Comparison::CmpRegImm8,
        (true, false, true, _, true) => Comparison::CmpRegMem32,
        (true, true, _, true, true) => Comparison::CmpMemImm32,
        (true, true, _, true, false) => Comparison::CmpMemImm8,
        (false, false, false, false, true) => Comparison::TestRegReg32,
        (false, false, false, true, true) => Comparison::TestRegImm32,
        (false, false, false, false, false) => Comparison::TestRegReg8,
        (false, false, false, true, false) => Comparison::TestRegImm8,
        (false, true, _, true, false) => Comparison::TestMemImm8,
        _ => return None,
    })
}

/// The handler that runs a comparison and a branch on condition `CC` as one.
fn pair<const CC: u8>(comparison: Comparison) -> Handler {
    // Steps on registers are the same in both models; those on memory are fused in the fast model only.
    match comparison {
        Comparison::CmpRegReg32 => fused::<Fast, RegReg<Cmp, u32>, Jcc<CC>>,
        Comparison::CmpRegImm32 => fused::<Fast, RegImm<Cmp, u32>, Jcc<CC>>,
        Comparison::CmpRegReg8 => fused::<Fast, RegReg<Cmp, u8>, Jcc<CC>>,
        Comparison::CmpRegImm8 => fused::<Fast, RegImm<Cmp, u8>, Jcc<CC>>,
        Comparison::CmpRegMem32 => fused_quick::<RegMem<Cmp, u32>, Jcc<CC>>,
        Comparison::CmpMemImm32 => fused_quick::<MemImm<Cmp, u32>, Jcc<CC>>,
        Comparison::CmpMemImm8 => fused_quick::<MemImm<Cmp, u8>, Jcc<CC>>,
        Comparison::TestRegReg32 => fused::<Fast, RegReg<Test, u32>, Jcc<CC>>,
        Comparison::TestRegImm32 => fused::<Fast, RegImm<Test, u32>, Jcc<CC>>,
        Comparison::TestRegReg8 => fused::<Fast, RegReg<Test, u8>, Jcc<CC>>,
        Comparison::TestRegImm8 => fused::<Fast, RegImm<Test, u8>, Jcc<CC>>,
        Comparison::TestMemImm8 => fused_quick::<MemImm<Test, u8>, Jcc<CC>>,
        Comparison::DecReg32 => fused::<Fast, OneReg<Dec, u32>, Jcc<CC>>,
    }
}

/// The handler that runs a comparison and a branch on `condition` (0 to 15) as one.
pub(crate) fn fuse(comparison: Comparison, condition: u8) -> Handler {
    super::transfer::by_condition!(condition, |CC| pair::<CC>(comparison))
}
