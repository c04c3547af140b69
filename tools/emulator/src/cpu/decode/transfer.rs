//! Data movement, stack, string and near-branch instructions: from mnemonic and operand kinds to handlers.

use super::form::{bytes, immediate, is_memory, mask, register, sized, sized_word};
use super::integer::implied_lock;
use super::traits::{self, Traits};
use crate::cpu::execute::branch::{
    CallIndirect, CallRelative, InMemory, InRegister, Jcc, JmpIndirect, JmpRelative, LoopFamily, Ret,
};
use crate::cpu::execute::stack::{Bound, Enter, Leave, PopAll, PushAll};
use crate::cpu::execute::string::{Cmps, Element, Lods, Movs, Repeated, Scas, Single, Stos};
use crate::cpu::execute::transfer::{
    Bswap, ExtendAccumulator, ExtendToData, Lea, MovMemImm, MovMemReg, MovRegImm, MovRegMem, MovRegReg,
    PopMem, PopReg, PushImm, PushMem, PushReg, SetMem, SetReg, SignExtendMem, SignExtendReg, XchgMemReg,
    XchgRegReg, Xlat, ZeroExtendMem, ZeroExtendReg,
};
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Handler, Op, closing, memory, registers, side_exit};
use iced_x86::{ConditionCode, Instruction, Mnemonic, OpKind};

/// Picks one of sixteen condition-code instances.
macro_rules! by_condition {
    ($condition:expr, |$cc:ident| $handler:expr) => {{
        macro_rules! instance {
            ($value:literal) => {{
                const $cc: u8 = $value;
                $handler
            }};
        }
        let handler: $crate::cpu::op::Handler = match $condition {
            0 => instance!(0),
            1 => instance!(1),
            2 => instance!(2),
            3 => instance!(3),
            4 => instance!(4),
            5 => instance!(5),
            6 => instance!(6),
            7 => instance!(7),
            8 => instance!(8),
            9 => instance!(9),
            10 => instance!(10),
            11 => instance!(11),
            12 => instance!(12),
            13 => instance!(13),
            14 => instance!(14),
            _ => instance!(15),
        };
        handler
    }};
}

pub(super) use by_condition;

/// Decodes an instruction of this family; `None` if it is in none of the unprivileged integer families.
pub(crate) fn decode<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    use Mnemonic as Is;
    Some(match instruction.mnemonic() {
        Is::Mov => return mov::<M>(instruction, op),
        Is::Movzx => extend::<M>(instruction, op, false),
        Is::Movsx => extend::<M>(instruction, op, true),
        Is::Lea => {
            op.destination = register(instruction, 0);
            sized_word!(bytes(instruction, 0), |W| registers::<M, Lea<W>>)
        }
        Is::Xchg => xchg::<M>(instruction, op),
        Is::Bswap => {
            op.destination = register(instruction, 0);
            sized_word!(bytes(instruction, 0), |W| registers::<M, Bswap<W>>)
        }
        Is::Push => return push::<M>(instruction, op),
        Is::Pop => return pop::<M>(instruction, op),
        Is::Pusha => memory::<M, PushAll<u16>>,
        Is::Pushad => memory::<M, PushAll<u32>>,
        Is::Popa => memory::<M, PopAll<u16>>,
        Is::Popad => memory::<M, PopAll<u32>>,
        Is::Enter => {
            op.immediate = immediate(instruction, 0) & 0xFFFF;
            op.source = immediate(instruction, 1).to_le_bytes()[0];
            sized_word!(operand_bytes(instruction), |W| memory::<M, Enter<W>>)
        }
        Is::Leave => sized_word!(operand_bytes(instruction), |W| memory::<M, Leave<W>>),
        Is::Bound => {
            op.source = register(instruction, 0);
            sized_word!(bytes(instruction, 0), |W| memory::<M, Bound<W>>)
        }
        Is::Xlatb => {
            xlat(instruction, op);
            memory::<M, Xlat>
        }
        Is::Cbw => registers::<M, ExtendAccumulator<u16>>,
        Is::Cwde => registers::<M, ExtendAccumulator<u32>>,
        Is::Cwd => registers::<M, ExtendToData<u16>>,
        Is::Cdq => registers::<M, ExtendToData<u32>>,
        Is::Movsb | Is::Movsw | Is::Movsd => string::<M, Movs>(instruction, op, 1),
        Is::Cmpsb | Is::Cmpsw | Is::Cmpsd => string::<M, Cmps>(instruction, op, 0),
        Is::Scasb | Is::Scasw | Is::Scasd => string::<M, Scas>(instruction, op, 1),
        Is::Lodsb | Is::Lodsw | Is::Lodsd => string::<M, Lods>(instruction, op, 1),
        Is::Stosb | Is::Stosw | Is::Stosd => string::<M, Stos>(instruction, op, 0),
        Is::Jmp | Is::Call | Is::Ret => return branch::<M>(instruction, op),
        Is::Loop | Is::Loope | Is::Loopne | Is::Jcxz | Is::Jecxz => {
            op.source = match instruction.mnemonic() {
                Is::Loopne => 0,
                Is::Loope => 1,
                Is::Loop => 2,
                _ => 3,
            };
            relative(instruction, op);
            closing::<M, LoopFamily>
        }
        _ => return conditional::<M>(instruction, op),
    })
}

fn xlat(instruction: &Instruction, op: &mut Op) {
    op.index = super::super::op::NONE;
    op.segment = instruction.memory_segment().number().to_le_bytes()[0];
}

fn conditional<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    if instruction.condition_code() == ConditionCode::None {
        return None;
    }
    // Only Jcc and SETcc get here: CMOVcc is refused by its CPUID feature.
    let condition = condition_number(instruction.condition_code());
    if instruction.is_jcc_short_or_near() {
        relative(instruction, op);
        return Some(by_condition!(condition, |CC| side_exit::<Jcc<CC>>));
    }
    if is_memory(instruction, 0) {
        return Some(by_condition!(condition, |CC| memory::<M, SetMem<CC>>));
    }
    op.destination = register(instruction, 0);
    Some(by_condition!(condition, |CC| registers::<M, SetReg<CC>>))
}

/// The encoding of a condition.
pub(super) fn condition_number(condition: ConditionCode) -> u8 {
    match condition {
        ConditionCode::o => 0,
        ConditionCode::no => 1,
        ConditionCode::b => 2,
        ConditionCode::ae => 3,
        ConditionCode::e => 4,
        ConditionCode::ne => 5,
        ConditionCode::be => 6,
        ConditionCode::a => 7,
        ConditionCode::s => 8,
        ConditionCode::ns => 9,
        ConditionCode::p => 10,
        ConditionCode::np => 11,
        ConditionCode::l => 12,
        ConditionCode::ge => 13,
        ConditionCode::le => 14,
        ConditionCode::g | ConditionCode::None => 15,
    }
}

/// Stores a branch's distance from the next instruction and its operand width.
fn relative(instruction: &Instruction, op: &mut Op) {
    let (target, wide) = match instruction.op0_kind() {
        OpKind::NearBranch16 => (u32::from(instruction.near_branch16()), false),
        _ => (instruction.near_branch32(), true),
    };
    op.immediate = target.wrapping_sub(instruction.next_ip32());
    if wide {
        op.attributes |= Attributes::OPERAND32;
    }
}

/// Operand width of an instruction whose operands do not show it.
pub(super) fn operand_bytes(instruction: &Instruction) -> usize {
    if traits::of(instruction).contains(Traits::OPERAND16) { 2 } else { 4 }
}

pub(super) fn is_segment(instruction: &Instruction, operand: u32) -> bool {
    instruction.op_kind(operand) == OpKind::Register && instruction.op_register(operand).is_segment_register()
}

fn is_general(instruction: &Instruction, operand: u32) -> bool {
    instruction.op_kind(operand) == OpKind::Register && instruction.op_register(operand).is_gpr()
}

/// MOV between general registers, memory and immediates; `None` for segment, control and debug registers.
fn mov<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    let width = bytes(instruction, 0);
    let (to_memory, from_memory) = (is_memory(instruction, 0), is_memory(instruction, 1));
    if to_memory {
        if is_general(instruction, 1) {
            op.source = register(instruction, 1);
            return Some(sized!(width, |W| memory::<M, MovMemReg<W>>));
        }
        if is_segment(instruction, 1) {
            return None;
        }
        op.immediate = immediate(instruction, 1) & mask(width);
        return Some(sized!(width, |W| memory::<M, MovMemImm<W>>));
    }
    if !is_general(instruction, 0) {
        return None;
    }
    op.destination = register(instruction, 0);
    if from_memory {
        return Some(sized!(width, |W| memory::<M, MovRegMem<W>>));
    }
    if is_general(instruction, 1) {
        op.source = register(instruction, 1);
        return Some(sized!(width, |W| registers::<M, MovRegReg<W>>));
    }
    if instruction.op_kind(1) == OpKind::Register {
        return None;
    }
    op.immediate = immediate(instruction, 1) & mask(width);
    Some(sized!(width, |W| registers::<M, MovRegImm<W>>))
}

fn extend<M: Model>(instruction: &Instruction, op: &mut Op, signed: bool) -> Handler {
    let wide = bytes(instruction, 0) == 4;
    let from_byte = bytes(instruction, 1) == 1;
    let from_memory = is_memory(instruction, 1);
    op.destination = register(instruction, 0);
    if !from_memory {
        op.source = register(instruction, 1);
    }
    match (signed, from_memory, wide, from_byte) {
        (false, false, true, true) => registers::<M, ZeroExtendReg<u32, u8>>,
        (false, false, true, false) => registers::<M, ZeroExtendReg<u32, u16>>,
        (false, false, false, true) => registers::<M, ZeroExtendReg<u16, u8>>,
        (false, false, false, false) => registers::<M, ZeroExtendReg<u16, u16>>,
        (false, true, true, true) => memory::<M, ZeroExtendMem<u32, u8>>,
        (false, true, true, false) => memory::<M, ZeroExtendMem<u32, u16>>,
        (false, true, false, true) => memory::<M, ZeroExtendMem<u16, u8>>,
        (false, true, false, false) => memory::<M, ZeroExtendMem<u16, u16>>,
        (true, false, true, true) => registers::<M, SignExtendReg<u32, u8>>,
        (true, false, true, false) => registers::<M, SignExtendReg<u32, u16>>,
        (true, false, false, true) => registers::<M, SignExtendReg<u16, u8>>,
        (true, false, false, false) => registers::<M, SignExtendReg<u16, u16>>,
        (true, true, true, true) => memory::<M, SignExtendMem<u32, u8>>,
        (true, true, true, false) => memory::<M, SignExtendMem<u32, u16>>,
        (true, true, false, true) => memory::<M, SignExtendMem<u16, u8>>,
        (true, true, false, false) => memory::<M, SignExtendMem<u16, u16>>,
    }
}

fn xchg<M: Model>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 1);
    op.source = register(instruction, 1);
    if is_memory(instruction, 0) {
        implied_lock(op);
        return sized!(width, |W| memory::<M, XchgMemReg<W>>);
    }
    op.destination = register(instruction, 0);
    sized!(width, |W| registers::<M, XchgRegReg<W>>)
}

fn push<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    if is_segment(instruction, 0) {
        return None;
    }
    let width = operand_bytes(instruction);
    if is_memory(instruction, 0) {
        return Some(sized_word!(width, |W| memory::<M, PushMem<W>>));
    }
    if instruction.op_kind(0) == OpKind::Register {
        op.source = register(instruction, 0);
        return Some(sized_word!(width, |W| memory::<M, PushReg<W>>));
    }
    op.immediate = immediate(instruction, 0) & mask(width);
    Some(sized_word!(width, |W| memory::<M, PushImm<W>>))
}

fn pop<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    if is_segment(instruction, 0) {
        return None;
    }
    let width = operand_bytes(instruction);
    if is_memory(instruction, 0) {
        return Some(sized_word!(width, |W| memory::<M, PopMem<W>>));
    }
    op.destination = register(instruction, 0);
    Some(sized_word!(width, |W| memory::<M, PopReg<W>>))
}

/// `operand` is where the element's width can be read off.
pub(super) fn string<M: Model, E: Element>(instruction: &Instruction, op: &mut Op, operand: u32) -> Handler {
    let width = bytes(instruction, operand);
    op.segment = instruction.memory_segment().number().to_le_bytes()[0];
    if op.attributes.intersects(Attributes::REPEAT | Attributes::REPEAT_NOT_EQUAL) {
        sized!(width, |W| closing::<M, Repeated<E, W>>)
    } else {
        sized!(width, |W| memory::<M, Single<E, W>>)
    }
}

/// Near JMP, CALL and RET; `None` for far ones.
fn branch<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    let width = operand_bytes(instruction);
    if instruction.mnemonic() == Mnemonic::Ret {
        op.immediate = if instruction.op_count() == 0 { 0 } else { immediate(instruction, 0) & 0xFFFF };
        return Some(sized_word!(width, |W| closing::<M, Ret<W>>));
    }
    let call = instruction.mnemonic() == Mnemonic::Call;
    match instruction.op0_kind() {
        OpKind::NearBranch16 | OpKind::NearBranch32 => {
            relative(instruction, op);
            Some(if call {
                sized_word!(width, |W| closing::<M, CallRelative<W>>)
            } else {
                closing::<M, JmpRelative>
            })
        }
        OpKind::Register => {
            op.source = register(instruction, 0);
            Some(if call {
                sized_word!(width, |W| closing::<M, CallIndirect<InRegister, W>>)
            } else {
                sized_word!(width, |W| closing::<M, JmpIndirect<InRegister, W>>)
            })
        }
        OpKind::Memory if instruction.is_jmp_near_indirect() || instruction.is_call_near_indirect() => {
            Some(if call {
                sized_word!(width, |W| closing::<M, CallIndirect<InMemory, W>>)
            } else {
                sized_word!(width, |W| closing::<M, JmpIndirect<InMemory, W>>)
            })
        }
        _ => None,
    }
}
