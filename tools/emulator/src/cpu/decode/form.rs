//! Operand forms: which generic handler an instruction's operands select, and the op's operand fields.

#![expect(clippy::cast_possible_truncation, reason = "immediates are narrowed to the machine word")]

use super::traits::Traits;
use crate::chip::Fabric;
use crate::cpu::execute::alu::{Binary, MemImm, MemReg, OneMem, OneReg, RegImm, RegMem, RegReg, Unary};
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Exit, Handler, NONE, Op, memory, registers};
use crate::cpu::state::Core;
use iced_x86::{Instruction, OpKind, Register};

/// Picks a handler for an operand width in bytes; `$w` names the width type inside the expression.
macro_rules! sized {
    ($bytes:expr, |$w:ident| $handler:expr) => {{
        let handler: $crate::cpu::op::Handler = match $bytes {
            1 => {
                type $w = u8;
                $handler
            }
            2 => {
                type $w = u16;
                $handler
            }
            _ => {
                type $w = u32;
                $handler
            }
        };
        handler
    }};
}
pub(crate) use sized;

/// Picks a handler for a 16- or 32-bit operand.
macro_rules! sized_word {
    ($bytes:expr, |$w:ident| $handler:expr) => {{
        let handler: $crate::cpu::op::Handler = if $bytes == 2 {
            type $w = u16;
            $handler
        } else {
            type $w = u32;
            $handler
        };
        handler
    }};
}
pub(crate) use sized_word;

/// A memory operand, wherever it stands among the operands.
pub(crate) fn is_memory(instruction: &Instruction, operand: u32) -> bool {
    matches!(
        instruction.op_kind(operand),
        OpKind::Memory
            | OpKind::MemorySegSI
            | OpKind::MemorySegESI
            | OpKind::MemorySegDI
            | OpKind::MemorySegEDI
            | OpKind::MemoryESDI
            | OpKind::MemoryESEDI
    )
}

/// Width in bytes of an operand.
pub(crate) fn bytes(instruction: &Instruction, operand: u32) -> usize {
    match instruction.op_kind(operand) {
        OpKind::Register => instruction.op_register(operand).size(),
        OpKind::Immediate8 => 1,
        OpKind::Immediate16 | OpKind::Immediate8to16 => 2,
        OpKind::Immediate32 | OpKind::Immediate8to32 => 4,
        _ => instruction.memory_size().size(),
    }
}

/// Encoding number of a register operand.
pub(crate) fn register(instruction: &Instruction, operand: u32) -> u8 {
    number(instruction.op_register(operand))
}

/// An immediate operand, sign-extended as the encoding says, in the low 32 bits.
pub(crate) fn immediate(instruction: &Instruction, operand: u32) -> u32 {
    instruction.immediate(operand) as u32
}

fn number(register: Register) -> u8 {
    if register == Register::None { NONE } else { register.number() as u8 }
}

/// Fills the operand fields that have the same meaning in every instruction.
pub(crate) fn operands(instruction: &Instruction, op: &mut Op) {
    if instruction.op_count() > 0 && (0..instruction.op_count()).any(|n| is_memory(instruction, n)) {
        op.base = number(instruction.memory_base());
        op.index = number(instruction.memory_index());
        op.scale = instruction.memory_index_scale().trailing_zeros() as u8;
        op.displacement = instruction.memory_displacement32();
        op.segment = instruction.memory_segment().number() as u8;
    }
    if super::traits::of(instruction).contains(Traits::ADDRESS16) || addresses_16(instruction) {
        op.attributes |= Attributes::ADDRESS16;
    }
    if instruction.has_lock_prefix() {
        op.attributes |= Attributes::LOCKED;
    }
    if instruction.has_rep_prefix() {
        op.attributes |= Attributes::REPEAT;
    }
    if instruction.has_repne_prefix() {
        op.attributes |= Attributes::REPEAT_NOT_EQUAL;
    }
}

fn addresses_16(instruction: &Instruction) -> bool {
    let by_string = (0..instruction.op_count()).any(|operand| {
        matches!(instruction.op_kind(operand), OpKind::MemorySegSI | OpKind::MemorySegDI | OpKind::MemoryESDI)
    });
    let has_memory = (0..instruction.op_count()).any(|n| instruction.op_kind(n) == OpKind::Memory);
    let by_registers = instruction.memory_base().is_gpr16() || instruction.memory_index().is_gpr16();
    let absolute =
        instruction.memory_base() == Register::None && instruction.memory_index() == Register::None;
    by_string || has_memory && (by_registers || absolute && instruction.memory_displ_size() == 2)
}

/// ADD, OR, ... TEST in all their operand forms.
pub(crate) fn binary<M: Model, O: Binary>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 0);
    let immediate_source = !is_memory(instruction, 1) && instruction.op_kind(1) != OpKind::Register;
    if immediate_source {
        op.immediate = immediate(instruction, 1) & mask(width);
        if is_memory(instruction, 0) {
            return sized!(width, |W| memory::<M, MemImm<O, W>>);
        }
        op.destination = register(instruction, 0);
        return sized!(width, |W| registers::<M, RegImm<O, W>>);
    }
    if is_memory(instruction, 0) {
        op.source = register(instruction, 1);
        return sized!(width, |W| memory::<M, MemReg<O, W>>);
    }
    op.destination = register(instruction, 0);
    if is_memory(instruction, 1) {
        return sized!(width, |W| memory::<M, RegMem<O, W>>);
    }
    op.source = register(instruction, 1);
    sized!(width, |W| registers::<M, RegReg<O, W>>)
}

/// The value bits of an operand of `width` bytes.
pub(crate) fn mask(width: usize) -> u32 {
    match width {
        1 => 0xFF,
        2 => 0xFFFF,
        _ => u32::MAX,
    }
}

/// INC, DEC, NEG, NOT.
pub(crate) fn unary<M: Model, O: Unary>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 0);
    if is_memory(instruction, 0) {
        return sized!(width, |W| memory::<M, OneMem<O, W>>);
    }
    op.destination = register(instruction, 0);
    sized!(width, |W| registers::<M, OneReg<O, W>>)
}

/// Handler of everything this core does not have: #UD.
pub(crate) fn undefined(core: &mut Core, _: &mut Fabric, ops: &[Op]) -> Exit {
    crate::cpu::op::refuse(core, ops, crate::cpu::fault::Stop::UNDEFINED)
}

/// Handler of an instruction of more than 15 bytes: #GP(0).
pub(crate) fn too_long(core: &mut Core, _: &mut Fabric, ops: &[Op]) -> Exit {
    crate::cpu::op::refuse(core, ops, crate::cpu::fault::Stop::PROTECTION)
}
