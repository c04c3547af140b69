//! Segment, system, far-transfer and port instructions: from mnemonic and operand kinds to handlers.

use super::form::{bytes, immediate, is_memory, register, sized, sized_word};
use crate::cpu::execute::branch::{InMemory, InRegister};
use crate::cpu::execute::string::Repeated;
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Handler, Op, closing};
use crate::cpu::system::control_registers::{
    Clts, Lmsw, MovFromControl, MovFromDebug, MovToControl, MovToDebug, SmswMem, SmswReg,
};
use crate::cpu::system::descriptor_tables::{
    Global, Interrupts, Lldt, LoadTable, LocalTable, Ltr, StoreSystemMem, StoreSystemReg, StoreTable, Task,
};
use crate::cpu::system::far_call::{CallFarDirect, CallFarIndirect};
use crate::cpu::system::far_jump::{JmpFarDirect, JmpFarIndirect};
use crate::cpu::system::far_return::RetFar;
use crate::cpu::system::interrupt_flag::{Cli, PopFlags, PushFlags, Sti};
use crate::cpu::system::interrupt_return::Iret;
use crate::cpu::system::maintenance::{Cl1invmb, Hlt, Invd, Invlpg, Rsm, Wbinvd};
use crate::cpu::system::model_specific::{Cpuid, Rdmsr, Rdtsc, Wrmsr};
use crate::cpu::system::ports::{Fixed, In, InDx, Ins, Out, Outs};
use crate::cpu::system::segment_moves::{
    LoadFarPointer, MovFromSegmentMem, MovFromSegmentReg, MovToSegment, PopSegment, PushSegment,
};
use crate::cpu::system::software_interrupt::{Int, Int1, Int3, Into};
use crate::cpu::system::verify::{ArplMem, ArplReg, Lar, Lsl, Verr, Verw};
use iced_x86::{Instruction, Mnemonic, OpKind};

/// Picks the register or the memory instance of a step; the register goes to `source`.
macro_rules! by_place {
    ($instruction:expr, $op:expr, $operand:expr, |$t:ident| $handler:expr) => {{
        let handler: Handler = if is_memory($instruction, $operand) {
            type $t = InMemory;
            $handler
        } else {
            $op.source = register($instruction, $operand);
            type $t = InRegister;
            $handler
        };
        handler
    }};
}

/// Decodes an instruction of these families. All of them end their block: what they change (segments,
/// privilege, paging, flags, time, activity) is looked at between blocks.
pub(crate) fn decode<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    use Mnemonic as Is;
    let wide = operand_bytes(instruction);
    Some(match instruction.mnemonic() {
        Is::Mov => mov::<M>(instruction, op)?,
        Is::Push => {
            op.source = register(instruction, 0);
            sized_word!(wide, |W| closing::<M, PushSegment<W>>)
        }
        Is::Pop => {
            op.destination = register(instruction, 0);
            sized_word!(wide, |W| closing::<M, PopSegment<W>>)
        }
        Is::Lds | Is::Les | Is::Lfs | Is::Lgs | Is::Lss => {
            op.destination = register(instruction, 0);
            op.source = match instruction.mnemonic() {
                Is::Les => 0,
                Is::Lss => 2,
                Is::Lds => 3,
                Is::Lfs => 4,
                _ => 5,
            };
            sized_word!(bytes(instruction, 0), |W| closing::<M, LoadFarPointer<W>>)
        }
        Is::Jmp | Is::Call => far_branch::<M>(instruction, op),
        Is::Retf => {
            op.immediate = if instruction.op_count() == 0 { 0 } else { immediate(instruction, 0) & 0xFFFF };
            sized_word!(wide, |W| closing::<M, RetFar<W>>)
        }
        Is::Iret => closing::<M, Iret<u16>>,
        Is::Iretd => closing::<M, Iret<u32>>,
        Is::Int => {
            op.immediate = immediate(instruction, 0) & 0xFF;
            closing::<M, Int>
        }
        Is::Int3 => closing::<M, Int3>,
        Is::Into => closing::<M, Into>,
        Is::Int1 => closing::<M, Int1>,
        Is::Cli => closing::<M, Cli>,
        Is::Sti => closing::<M, Sti>,
        Is::Pushf => closing::<M, PushFlags<u16>>,
        Is::Pushfd => closing::<M, PushFlags<u32>>,
        Is::Popf => closing::<M, PopFlags<u16>>,
        Is::Popfd => closing::<M, PopFlags<u32>>,
        Is::In => in_out::<M>(instruction, op, 0, 1),
        Is::Out => in_out::<M>(instruction, op, 1, 0),
        Is::Insb | Is::Insw | Is::Insd => ports_string::<M>(instruction, op, 0),
        Is::Outsb | Is::Outsw | Is::Outsd => ports_string::<M>(instruction, op, 1),
        _ => return system::<M>(instruction, op),
    })
}

fn system<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    use Mnemonic as Is;
    let wide = operand_bytes(instruction);
    Some(match instruction.mnemonic() {
        Is::Clts => closing::<M, Clts>,
        Is::Lmsw => by_place!(instruction, op, 0, |T| closing::<M, Lmsw<T>>),
        Is::Smsw if is_memory(instruction, 0) => closing::<M, SmswMem>,
        Is::Smsw => {
            op.destination = register(instruction, 0);
            sized_word!(bytes(instruction, 0), |W| closing::<M, SmswReg<W>>)
        }
        Is::Lgdt => sized_word!(wide, |W| closing::<M, LoadTable<Global, W>>),
        Is::Lidt => sized_word!(wide, |W| closing::<M, LoadTable<Interrupts, W>>),
        Is::Sgdt => sized_word!(wide, |W| closing::<M, StoreTable<Global, W>>),
        Is::Sidt => sized_word!(wide, |W| closing::<M, StoreTable<Interrupts, W>>),
        Is::Lldt => by_place!(instruction, op, 0, |T| closing::<M, Lldt<T>>),
        Is::Ltr => by_place!(instruction, op, 0, |T| closing::<M, Ltr<T>>),
        Is::Sldt if is_memory(instruction, 0) => closing::<M, StoreSystemMem<LocalTable>>,
        Is::Str if is_memory(instruction, 0) => closing::<M, StoreSystemMem<Task>>,
        Is::Sldt => {
            op.destination = register(instruction, 0);
            sized_word!(bytes(instruction, 0), |W| closing::<M, StoreSystemReg<LocalTable, W>>)
        }
        Is::Str => {
            op.destination = register(instruction, 0);
            sized_word!(bytes(instruction, 0), |W| closing::<M, StoreSystemReg<Task, W>>)
        }
        Is::Lar | Is::Lsl => {
            op.destination = register(instruction, 0);
            let width = bytes(instruction, 0);
            if instruction.mnemonic() == Is::Lar {
                by_place!(instruction, op, 1, |T| sized_word!(width, |W| closing::<M, Lar<T, W>>))
            } else {
                by_place!(instruction, op, 1, |T| sized_word!(width, |W| closing::<M, Lsl<T, W>>))
            }
        }
        Is::Verr => by_place!(instruction, op, 0, |T| closing::<M, Verr<T>>),
        Is::Verw => by_place!(instruction, op, 0, |T| closing::<M, Verw<T>>),
        Is::Arpl => {
            op.source = register(instruction, 1);
            if is_memory(instruction, 0) {
                closing::<M, ArplMem>
            } else {
                op.destination = register(instruction, 0);
                closing::<M, ArplReg>
            }
        }
        Is::Invlpg => closing::<M, Invlpg>,
        Is::Invd => closing::<M, Invd>,
        Is::Wbinvd => closing::<M, Wbinvd>,
        Is::Cl1invmb => closing::<M, Cl1invmb>,
        Is::Hlt => closing::<M, Hlt>,
        Is::Rsm => closing::<M, Rsm>,
        Is::Cpuid => closing::<M, Cpuid>,
        Is::Rdtsc => closing::<M, Rdtsc>,
        Is::Rdmsr => closing::<M, Rdmsr>,
        Is::Wrmsr => closing::<M, Wrmsr>,
        _ => return None,
    })
}

fn operand_bytes(instruction: &Instruction) -> usize {
    if instruction.op_code().operand_size() == 16 { 2 } else { 4 }
}

/// MOV of segment, control and debug registers.
fn mov<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    if is_memory(instruction, 0) {
        op.source = register(instruction, 1);
        return Some(closing::<M, MovFromSegmentMem>);
    }
    let target = instruction.op0_register();
    op.destination = register(instruction, 0);
    if target.is_segment_register() {
        return Some(by_place!(instruction, op, 1, |T| closing::<M, MovToSegment<T>>));
    }
    op.source = register(instruction, 1);
    if target.is_cr() {
        return Some(closing::<M, MovToControl>);
    }
    if target.is_dr() {
        return Some(closing::<M, MovToDebug>);
    }
    let origin = instruction.op1_register();
    if origin.is_cr() {
        Some(closing::<M, MovFromControl>)
    } else if origin.is_dr() {
        Some(closing::<M, MovFromDebug>)
    } else if origin.is_segment_register() {
        Some(sized_word!(bytes(instruction, 0), |W| closing::<M, MovFromSegmentReg<W>>))
    } else {
        None
    }
}

fn far_branch<M: Model>(instruction: &Instruction, op: &mut Op) -> Handler {
    let call = instruction.mnemonic() == Mnemonic::Call;
    let wide = operand_bytes(instruction);
    match instruction.op0_kind() {
        OpKind::FarBranch16 | OpKind::FarBranch32 => {
            op.immediate = if instruction.op0_kind() == OpKind::FarBranch16 {
                u32::from(instruction.far_branch16())
            } else {
                instruction.far_branch32()
            };
            op.displacement = u32::from(instruction.far_branch_selector());
            if call {
                sized_word!(wide, |W| closing::<M, CallFarDirect<W>>)
            } else {
                sized_word!(wide, |W| closing::<M, JmpFarDirect<W>>)
            }
        }
        _ if call => sized_word!(wide, |W| closing::<M, CallFarIndirect<W>>),
        _ => sized_word!(wide, |W| closing::<M, JmpFarIndirect<W>>),
    }
}

/// IN and OUT: `accumulator` and `port` are operand numbers.
fn in_out<M: Model>(instruction: &Instruction, op: &mut Op, accumulator: u32, port: u32) -> Handler {
    let width = bytes(instruction, accumulator);
    let input = accumulator == 0;
    if instruction.op_kind(port) == OpKind::Register {
        return if input {
            sized!(width, |W| closing::<M, In<InDx, W>>)
        } else {
            sized!(width, |W| closing::<M, Out<InDx, W>>)
        };
    }
    op.immediate = immediate(instruction, port) & 0xFF;
    if input {
        sized!(width, |W| closing::<M, In<Fixed, W>>)
    } else {
        sized!(width, |W| closing::<M, Out<Fixed, W>>)
    }
}

/// INS (memory operand 0) and OUTS (memory operand 1), single or repeated.
fn ports_string<M: Model>(instruction: &Instruction, op: &mut Op, memory: u32) -> Handler {
    let width = bytes(instruction, memory);
    op.segment = instruction.memory_segment().number().to_le_bytes()[0];
    let repeated = op.attributes.intersects(Attributes::REPEAT | Attributes::REPEAT_NOT_EQUAL);
    match (memory == 0, repeated) {
        (true, true) => sized!(width, |W| closing::<M, Repeated<Ins, W>>),
        (true, false) => sized!(width, |W| closing::<M, crate::cpu::execute::string::Single<Ins, W>>),
        (false, true) => sized!(width, |W| closing::<M, Repeated<Outs, W>>),
        (false, false) => sized!(width, |W| closing::<M, crate::cpu::execute::string::Single<Outs, W>>),
    }
}
