//! Privileged and segment-related instructions: from mnemonic and operand kinds to handlers.

use super::form::{bytes, immediate, is_memory, register, sized, sized_word};
use super::transfer::{is_segment, operand_bytes, string};
use crate::cpu::execute::branch::{InMemory, InRegister};
use crate::cpu::model::Model;
use crate::cpu::op::{Handler, Op, closing, memory, registers};
use crate::cpu::segment::SegmentName;
use crate::cpu::system::control_registers::{
    Clts, Lmsw, MovFromControl, MovFromDebug, MovToControl, MovToDebug, SmswMem, SmswReg,
};
use crate::cpu::system::descriptor_tables::{
    Global, Interrupts, Lldt, LoadTable, LocalTable, Ltr, StoreSystemMem, StoreSystemReg, StoreTable,
    SystemRegister, Table, Task,
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
use iced_x86::{Instruction, Mnemonic, OpKind, Register};

/// Picks the register or the memory form of a handler over its source operand.
macro_rules! by_source {
    ($memory:expr, |$t:ident| $handler:expr) => {{
        let handler: Handler = if $memory {
            type $t = InMemory;
            $handler
        } else {
            type $t = InRegister;
            $handler
        };
        handler
    }};
}

/// Decodes an instruction of this family; the flag says that it must end its block. `None` if it is in no
/// family.
pub(crate) fn decode<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<(Handler, bool)> {
    use Mnemonic as Is;
    let goes_on = |handler: Handler| Some((handler, false));
    let ends = |handler: Handler| Some((handler, true));
    match instruction.mnemonic() {
        Is::Jmp | Is::Call | Is::Retf | Is::Iret | Is::Iretd => ends(far::<M>(instruction, op)?),
        Is::Int => {
            op.immediate = immediate(instruction, 0);
            ends(closing::<M, Int>)
        }
        Is::Int3 => ends(closing::<M, Int3>),
        Is::Into => ends(closing::<M, Into>),
        Is::Int1 => ends(closing::<M, Int1>),
        Is::Mov => mov::<M>(instruction, op),
        Is::Push => {
            op.source = register(instruction, 0);
            goes_on(sized_word!(operand_bytes(instruction), |W| memory::<M, PushSegment<W>>))
        }
        Is::Pop => {
            op.destination = register(instruction, 0);
            let width = operand_bytes(instruction);
            if names_stack(op.destination) {
                ends(sized_word!(width, |W| closing::<M, PopSegment<W>>))
            } else {
                goes_on(sized_word!(width, |W| memory::<M, PopSegment<W>>))
            }
        }
        Is::Lds => goes_on(far_pointer::<M>(instruction, op, SegmentName::Ds)),
        Is::Les => goes_on(far_pointer::<M>(instruction, op, SegmentName::Es)),
        Is::Lfs => goes_on(far_pointer::<M>(instruction, op, SegmentName::Fs)),
        Is::Lgs => goes_on(far_pointer::<M>(instruction, op, SegmentName::Gs)),
        Is::Lss => goes_on(far_pointer::<M>(instruction, op, SegmentName::Ss)),
        Is::Cli => goes_on(registers::<M, Cli>),
        Is::Sti => ends(closing::<M, Sti>),
        Is::Pushf => goes_on(memory::<M, PushFlags<u16>>),
        Is::Pushfd => goes_on(memory::<M, PushFlags<u32>>),
        Is::Popf => ends(closing::<M, PopFlags<u16>>),
        Is::Popfd => ends(closing::<M, PopFlags<u32>>),
        Is::In => goes_on(input::<M>(instruction, op)),
        Is::Out => goes_on(output::<M>(instruction, op)),
        Is::Insb | Is::Insw | Is::Insd => goes_on(string::<M, Ins>(instruction, op, 0)),
        Is::Outsb | Is::Outsw | Is::Outsd => goes_on(string::<M, Outs>(instruction, op, 1)),
        _ => rare::<M>(instruction, op),
    }
}

/// What only system software executes.
fn rare<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<(Handler, bool)> {
    use Mnemonic as Is;
    let from_memory = source_operand(instruction, op);
    let width = operand_bytes(instruction);
    let (handler, ends): (Handler, bool) = match instruction.mnemonic() {
        Is::Lgdt => (load_table::<M, Global>(width), false),
        Is::Lidt => (load_table::<M, Interrupts>(width), false),
        Is::Sgdt => (store_table::<M, Global>(width), false),
        Is::Sidt => (store_table::<M, Interrupts>(width), false),
        Is::Lldt => (by_source!(from_memory, |T| closing::<M, Lldt<T>>), true),
        Is::Ltr => (by_source!(from_memory, |T| closing::<M, Ltr<T>>), true),
        Is::Sldt => (store_system::<M, LocalTable>(instruction, op), false),
        Is::Str => (store_system::<M, Task>(instruction, op), false),
        Is::Smsw if is_memory(instruction, 0) => (memory::<M, SmswMem>, false),
        Is::Smsw => {
            op.destination = register(instruction, 0);
            (sized_word!(bytes(instruction, 0), |W| registers::<M, SmswReg<W>>), false)
        }
        Is::Lmsw => (by_source!(from_memory, |T| closing::<M, Lmsw<T>>), true),
        Is::Clts => (registers::<M, Clts>, false),
        Is::Lar | Is::Lsl | Is::Verr | Is::Verw | Is::Arpl => (verify::<M>(instruction, op)?, false),
        Is::Cpuid => (registers::<M, Cpuid>, false),
        Is::Rdtsc => (registers::<M, Rdtsc>, false),
        Is::Rdmsr => (registers::<M, Rdmsr>, false),
        Is::Wrmsr => (closing::<M, Wrmsr>, true),
        Is::Invlpg => (closing::<M, Invlpg>, true),
        Is::Invd => (closing::<M, Invd>, true),
        Is::Wbinvd => (closing::<M, Wbinvd>, true),
        Is::Cl1invmb => (registers::<M, Cl1invmb>, false),
        Is::Hlt => (closing::<M, Hlt>, true),
        Is::Rsm => (closing::<M, Rsm>, true),
        _ => return None,
    };
    Some((handler, ends))
}

/// Far JMP and CALL, RETF, IRET.
fn far<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    let width = operand_bytes(instruction);
    match instruction.mnemonic() {
        Mnemonic::Retf => {
            op.immediate = if instruction.op_count() == 0 { 0 } else { immediate(instruction, 0) & 0xFFFF };
            return Some(sized_word!(width, |W| closing::<M, RetFar<W>>));
        }
        Mnemonic::Iret => return Some(closing::<M, Iret<u16>>),
        Mnemonic::Iretd => return Some(closing::<M, Iret<u32>>),
        _ => {}
    }
    let call = instruction.mnemonic() == Mnemonic::Call;
    match instruction.op0_kind() {
        OpKind::FarBranch16 | OpKind::FarBranch32 => {
            op.displacement = u32::from(instruction.far_branch_selector());
            op.immediate = if instruction.op0_kind() == OpKind::FarBranch16 {
                u32::from(instruction.far_branch16())
            } else {
                instruction.far_branch32()
            };
            Some(if call {
                sized_word!(width, |W| closing::<M, CallFarDirect<W>>)
            } else {
                sized_word!(width, |W| closing::<M, JmpFarDirect<W>>)
            })
        }
        OpKind::Memory => Some(if call {
            sized_word!(width, |W| closing::<M, CallFarIndirect<W>>)
        } else {
            sized_word!(width, |W| closing::<M, JmpFarIndirect<W>>)
        }),
        _ => None,
    }
}

/// MOV of segment, control and debug registers.
fn mov<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<(Handler, bool)> {
    if is_segment(instruction, 0) {
        op.destination = register(instruction, 0);
        let from_memory = is_memory(instruction, 1);
        if !from_memory {
            op.source = register(instruction, 1);
        }
        return Some(if names_stack(op.destination) {
            (by_source!(from_memory, |T| closing::<M, MovToSegment<T>>), true)
        } else {
            (by_source!(from_memory, |T| memory::<M, MovToSegment<T>>), false)
        });
    }
    op.source = register(instruction, 1);
    if is_memory(instruction, 0) {
        return is_segment(instruction, 1).then_some((memory::<M, MovFromSegmentMem> as Handler, false));
    }
    op.destination = register(instruction, 0);
    let (to, from) = (instruction.op0_register(), instruction.op1_register());
    Some(match (kind(to), kind(from)) {
        (Kind::General, Kind::Segment) => {
            (sized_word!(to.size(), |W| registers::<M, MovFromSegmentReg<W>>), false)
        }
        (Kind::General, Kind::Control) => (registers::<M, MovFromControl>, false),
        (Kind::General, Kind::Debug) => (registers::<M, MovFromDebug>, false),
        (Kind::Control, Kind::General) => (closing::<M, MovToControl>, true),
        (Kind::Debug, Kind::General) => (closing::<M, MovToDebug>, true),
        _ => return None,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    General,
    Segment,
    Control,
    Debug,
    Other,
}

fn kind(register: Register) -> Kind {
    if register.is_gpr() {
        Kind::General
    } else if register.is_segment_register() {
        Kind::Segment
    } else if register.is_cr() {
        Kind::Control
    } else if register.is_dr() {
        Kind::Debug
    } else {
        Kind::Other
    }
}

fn names_stack(number: u8) -> bool {
    usize::from(number) == SegmentName::Ss.index()
}

fn far_pointer<M: Model>(instruction: &Instruction, op: &mut Op, segment: SegmentName) -> Handler {
    op.destination = register(instruction, 0);
    op.source = segment as u8;
    sized_word!(bytes(instruction, 0), |W| memory::<M, LoadFarPointer<W>>)
}

fn input<M: Model>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 0);
    if instruction.op_kind(1) == OpKind::Register {
        return sized!(width, |W| memory::<M, In<InDx, W>>);
    }
    op.immediate = immediate(instruction, 1) & 0xFF;
    sized!(width, |W| memory::<M, In<Fixed, W>>)
}

fn output<M: Model>(instruction: &Instruction, op: &mut Op) -> Handler {
    let width = bytes(instruction, 1);
    if instruction.op_kind(0) == OpKind::Register {
        return sized!(width, |W| memory::<M, Out<InDx, W>>);
    }
    op.immediate = immediate(instruction, 0) & 0xFF;
    sized!(width, |W| memory::<M, Out<Fixed, W>>)
}

/// Sets `source` for an instruction with one operand that is read; true if the operand is in memory.
fn source_operand(instruction: &Instruction, op: &mut Op) -> bool {
    if instruction.op_count() != 1 {
        return false;
    }
    if instruction.op_kind(0) == OpKind::Register {
        op.source = register(instruction, 0);
    }
    is_memory(instruction, 0)
}

fn load_table<M: Model, T: Table>(width: usize) -> Handler {
    sized_word!(width, |W| memory::<M, LoadTable<T, W>>)
}

fn store_table<M: Model, T: Table>(width: usize) -> Handler {
    sized_word!(width, |W| memory::<M, StoreTable<T, W>>)
}

fn store_system<M: Model, R: SystemRegister>(instruction: &Instruction, op: &mut Op) -> Handler {
    if is_memory(instruction, 0) {
        return memory::<M, StoreSystemMem<R>>;
    }
    op.destination = register(instruction, 0);
    sized_word!(bytes(instruction, 0), |W| registers::<M, StoreSystemReg<R, W>>)
}

/// LAR LSL VERR VERW ARPL.
fn verify<M: Model>(instruction: &Instruction, op: &mut Op) -> Option<Handler> {
    use Mnemonic as Is;
    Some(match instruction.mnemonic() {
        Is::Verr => by_source!(is_memory(instruction, 0), |T| memory::<M, Verr<T>>),
        Is::Verw => by_source!(is_memory(instruction, 0), |T| memory::<M, Verw<T>>),
        Is::Arpl => {
            op.source = register(instruction, 1);
            if is_memory(instruction, 0) {
                memory::<M, ArplMem>
            } else {
                op.destination = register(instruction, 0);
                registers::<M, ArplReg>
            }
        }
        Is::Lar | Is::Lsl => {
            op.destination = register(instruction, 0);
            let from_memory = is_memory(instruction, 1);
            if !from_memory {
                op.source = register(instruction, 1);
            }
            let wide = bytes(instruction, 0) == 4;
            match (instruction.mnemonic(), wide) {
                (Is::Lar, true) => by_source!(from_memory, |T| memory::<M, Lar<T, u32>>),
                (Is::Lar, false) => by_source!(from_memory, |T| memory::<M, Lar<T, u16>>),
                (_, true) => by_source!(from_memory, |T| memory::<M, Lsl<T, u32>>),
                (_, false) => by_source!(from_memory, |T| memory::<M, Lsl<T, u16>>),
            }
        }
        _ => return None,
    })
}
