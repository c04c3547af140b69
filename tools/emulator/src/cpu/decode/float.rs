//! x87 instructions: the ESC opcodes D8 to DF, and WAIT.

use crate::cpu::execute::float::{Escape, Wait, operation};
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Handler, Op, memory, registers};
use iced_x86::{Instruction, Mnemonic};

/// Decodes an x87 instruction; `None` if it is none, or an encoding the core's FPU does not have.
pub(crate) fn decode<M: Model>(instruction: &Instruction, bytes: &[u8], op: &mut Op) -> Option<Handler> {
    if instruction.mnemonic() == Mnemonic::Wait {
        return Some(registers::<M, Wait>);
    }
    let at = bytes.iter().position(|byte| !super::cost::is_prefix(*byte))?;
    let (opcode, modrm) = (*bytes.get(at)?, *bytes.get(at + 1)?);
    if !(0xD8..=0xDF).contains(&opcode) {
        return None;
    }
    let operation = operation(opcode, modrm)?;
    op.immediate = u32::from(opcode) << 8 | u32::from(modrm);
    if operand_is_wide(instruction, &bytes[..at]) {
        op.attributes |= Attributes::OPERAND32;
    }
    Some(if operation.memory().is_some() { memory::<M, Escape> } else { registers::<M, Escape> })
}

/// The environment and state images follow the operand size: the code segment's default, inverted by 66.
fn operand_is_wide(instruction: &Instruction, prefixes: &[u8]) -> bool {
    let default = matches!(instruction.code_size(), iced_x86::CodeSize::Code32);
    default != prefixes.contains(&0x66)
}
