//! Integer instructions: from mnemonic and operand kinds to handlers.

use super::form::{binary, bytes, immediate, is_memory, mask, register, sized, sized_word, unary};
use crate::cpu::execute::alu::{Adc, Add, And, Cmp, Dec, Inc, Neg, Not, Or, Sbb, Sub, Test, Xor};
use crate::cpu::execute::atomic::{Cmpxchg8b, CmpxchgMem, CmpxchgReg, XaddMem, XaddReg};
use crate::cpu::execute::bits::{
    BitMemImm, BitMemReg, BitRegImm, BitRegReg, Bsf, Bsr, Change, Clear, Complement, Keep, Set,
};
use crate::cpu::execute::decimal::{
    Aaa, Aad, Aam, Aas, Clc, Cld, Cmc, Daa, Das, Lahf, Nop, Sahf, Salc, Stc, Std,
};
use crate::cpu::execute::muldiv::{Div, Idiv, Imul, ImulImmediate, ImulInto, Memory, Mul, Register};
use crate::cpu::execute::shift::{
    DoubleMem, DoubleReg, DoubleShift, Immediate, InCl, Rcl, Rcr, Rol, Ror, Sar, Shift, ShiftMem, ShiftReg,
    Shl, Shld, Shr, Shrd,
};
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Handler, Op, memory, registers};
use iced_x86::{Instruction, Mnemonic, OpKind};

/// Decodes an integer instruction that goes on to the next one; `None` if it is not in this family.
pub(crate) fn decode<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    use Mnemonic as Is;
    Some(match instruction.mnemonic() {
        Is::Add => binary::<M, Add>(instruction, op),
        Is::Or => binary::<M, Or>(instruction, op),
        Is::Adc => binary::<M, Adc>(instruction, op),
        Is::Sbb => binary::<M, Sbb>(instruction, op),
        Is::And => binary::<M, And>(instruction, op),
        Is::Sub => binary::<M, Sub>(instruction, op),
        Is::Xor => binary::<M, Xor>(instruction, op),
        Is::Cmp => binary::<M, Cmp>(instruction, op),
        Is::Test => binary::<M, Test>(instruction, op),
        Is::Inc => unary::<M, Inc>(instruction, op),
        Is::Dec => unary::<M, Dec>(instruction, op),
        Is::Neg => unary::<M, Neg>(instruction, op),
        Is::Not => unary::<M, Not>(instruction, op),
        Is::Rol => shift::<M, Rol>(instruction, op),
        Is::Ror => shift::<M, Ror>(instruction, op),
        Is::Rcl => shift::<M, Rcl>(instruction, op),
        Is::Rcr => shift::<M, Rcr>(instruction, op),
        Is::Shl | Is::Sal => shift::<M, Shl>(instruction, op),
        Is::Shr => shift::<M, Shr>(instruction, op),
        Is::Sar => shift::<M, Sar>(instruction, op),
        Is::Shld => double_shift::<M, Shld>(instruction, op),
        Is::Shrd => double_shift::<M, Shrd>(instruction, op),
        Is::Bt => bit::<M, Keep>(instruction, op),
        Is::Bts => bit::<M, Set>(instruction, op),
        Is::Btr => bit::<M, Clear>(instruction, op),
        Is::Btc => bit::<M, Complement>(instruction, op),
        Is::Bsf | Is::Bsr => scan::<M>(instruction, op),
        Is::Mul | Is::Imul | Is::Div | Is::Idiv => multiply_divide::<M>(instruction, op),
        Is::Cmpxchg => exchange_form::<M>(instruction, op, true),
        Is::Xadd => exchange_form::<M>(instruction, op, false),
        Is::Cmpxchg8b => memory::<M, Cmpxchg8b>,
        Is::Daa => registers::<M, Daa>,
        Is::Das => registers::<M, Das>,
        Is::Aaa => registers::<M, Aaa>,
        Is::Aas => registers::<M, Aas>,
        Is::Aam => with_base(instruction, op, registers::<M, Aam>),
        Is::Aad => with_base(instruction, op, registers::<M, Aad>),
        Is::Salc => registers::<M, Salc>,
        Is::Sahf => registers::<M, Sahf>,
        Is::Lahf => registers::<M, Lahf>,
        Is::Clc => registers::<M, Clc>,
        Is::Stc => registers::<M, Stc>,
        Is::Cmc => registers::<M, Cmc>,
        Is::Cld => registers::<M, Cld>,
        Is::Std => registers::<M, Std>,
        Is::Nop | Is::Pause => registers::<M, Nop>,
        _ => return super::transfer::decode::<M>(instruction, op),
    })
}

fn with_base(instruction: &Instruction, op: &mut Op, handler: Handler) -> Handler {
    op.immediate = immediate(instruction, 0) & 0xFF;
    handler
}

fn shift<M: Model, S: Shift>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 0);
    let by_cl = instruction.op_kind(1) == OpKind::Register;
    if !by_cl {
        op.immediate = immediate(instruction, 1);
    }
    if is_memory(instruction, 0) {
        return if by_cl {
            sized!(width, |W| memory::<M, ShiftMem<S, InCl, W>>)
        } else {
            sized!(width, |W| memory::<M, ShiftMem<S, Immediate, W>>)
        };
    }
    op.destination = register(instruction, 0);
    if by_cl {
        sized!(width, |W| registers::<M, ShiftReg<S, InCl, W>>)
    } else {
        sized!(width, |W| registers::<M, ShiftReg<S, Immediate, W>>)
    }
}

fn double_shift<M: Model, S: DoubleShift>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 1);
    let by_cl = instruction.op_kind(2) == OpKind::Register;
    op.source = register(instruction, 1);
    if !by_cl {
        op.immediate = immediate(instruction, 2);
    }
    if is_memory(instruction, 0) {
        return if by_cl {
            sized_word!(width, |W| memory::<M, DoubleMem<S, InCl, W>>)
        } else {
            sized_word!(width, |W| memory::<M, DoubleMem<S, Immediate, W>>)
        };
    }
    op.destination = register(instruction, 0);
    if by_cl {
        sized_word!(width, |W| registers::<M, DoubleReg<S, InCl, W>>)
    } else {
        sized_word!(width, |W| registers::<M, DoubleReg<S, Immediate, W>>)
    }
}

fn bit<M: Model, C: Change>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 0);
    let by_register = instruction.op_kind(1) == OpKind::Register;
    if by_register {
        op.source = register(instruction, 1);
    } else {
        op.immediate = immediate(instruction, 1);
    }
    if is_memory(instruction, 0) {
        return if by_register {
            sized_word!(width, |W| memory::<M, BitMemReg<C, W>>)
        } else {
            sized_word!(width, |W| memory::<M, BitMemImm<C, W>>)
        };
    }
    op.destination = register(instruction, 0);
    if by_register {
        sized_word!(width, |W| registers::<M, BitRegReg<C, W>>)
    } else {
        sized_word!(width, |W| registers::<M, BitRegImm<C, W>>)
    }
}

fn scan<M: Model>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 0);
    op.destination = register(instruction, 0);
    let forward = instruction.mnemonic() == Mnemonic::Bsf;
    match (is_memory(instruction, 1), forward) {
        (true, true) => sized_word!(width, |W| memory::<M, Bsf<Memory, W>>),
        (true, false) => sized_word!(width, |W| memory::<M, Bsr<Memory, W>>),
        (false, _) => {
            op.source = register(instruction, 1);
            if forward {
                sized_word!(width, |W| registers::<M, Bsf<Register, W>>)
            } else {
                sized_word!(width, |W| registers::<M, Bsr<Register, W>>)
            }
        }
    }
}

fn multiply_divide<M: Model>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 0);
    let count = instruction.op_count();
    let explicit = if count == 1 { 0 } else { 1 };
    let from_memory = is_memory(instruction, explicit);
    if !from_memory {
        op.source = register(instruction, explicit);
    }
    if count > 1 {
        op.destination = register(instruction, 0);
    }
    if count == 3 {
        op.immediate = immediate(instruction, 2) & mask(width);
    }
    match (instruction.mnemonic(), count, from_memory) {
        (Mnemonic::Mul, _, false) => sized!(width, |W| registers::<M, Mul<Register, W>>),
        (Mnemonic::Mul, _, true) => sized!(width, |W| memory::<M, Mul<Memory, W>>),
        (Mnemonic::Div, _, false) => sized!(width, |W| registers::<M, Div<Register, W>>),
        (Mnemonic::Div, _, true) => sized!(width, |W| memory::<M, Div<Memory, W>>),
        (Mnemonic::Idiv, _, false) => sized!(width, |W| registers::<M, Idiv<Register, W>>),
        (Mnemonic::Idiv, _, true) => sized!(width, |W| memory::<M, Idiv<Memory, W>>),
        (_, 1, false) => sized!(width, |W| registers::<M, Imul<Register, W>>),
        (_, 1, true) => sized!(width, |W| memory::<M, Imul<Memory, W>>),
        (_, 2, false) => sized_word!(width, |W| registers::<M, ImulInto<Register, W>>),
        (_, 2, true) => sized_word!(width, |W| memory::<M, ImulInto<Memory, W>>),
        (_, _, false) => sized_word!(width, |W| registers::<M, ImulImmediate<Register, W>>),
        (_, _, true) => sized_word!(width, |W| memory::<M, ImulImmediate<Memory, W>>),
    }
}

/// CMPXCHG and XADD.
fn exchange_form<M: Model>(instruction: &Instruction, op: &mut Op, compare: bool) -> Handler {
    let width = bytes(instruction, 1);
    op.source = register(instruction, 1);
    if is_memory(instruction, 0) {
        return if compare {
            sized!(width, |W| memory::<M, CmpxchgMem<W>>)
        } else {
            sized!(width, |W| memory::<M, XaddMem<W>>)
        };
    }
    op.destination = register(instruction, 0);
    if compare {
        sized!(width, |W| registers::<M, CmpxchgReg<W>>)
    } else {
        sized!(width, |W| registers::<M, XaddReg<W>>)
    }
}

/// Marks XCHG with memory, which locks without a prefix.
pub(crate) fn implied_lock(op: &mut Op) {
    op.attributes |= Attributes::LOCKED;
}
