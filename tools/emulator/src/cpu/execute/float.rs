//! x87 instructions: the core's side (memory operands, #NM, #MF, instruction pointers) of [`crate::cpu::fpu`].

use crate::chip::Fabric;
use crate::chip::effects::Signal;
use crate::cpu::fault::Stop;
use crate::cpu::fpu::{
    Direction, Extent, Layout, MemoryAccess, OperandSize, Operation, PointerFormat, decode,
};
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::system::eflags::check_alignment;
use crate::cpu::width::Width;
use crate::diagnostics::{Finding, FindingKind};
use i586::control::Cr0;
use i586::exception::Exception;

/// An operation with everything about it that depends on nothing else.
#[derive(Clone, Copy)]
struct Entry {
    operation: Operation,
    memory: Option<MemoryAccess>,
    waits: bool,
    updates_pointers: bool,
    /// The FLOPs event counts it.
    counts: bool,
}

/// Every ESC encoding, by opcode byte minus D8 and ModRM byte.
static OPERATIONS: [Option<Entry>; 0x800] = {
    let mut table = [None; 0x800];
    let mut index = 0;
    while index < table.len() {
        let [modrm, opcode, ..] = (index + 0xD800).to_le_bytes();
        if let Some(operation) = decode(opcode, modrm) {
            table[index] = Some(Entry {
                operation,
                memory: operation.memory(),
                waits: operation.waits(),
                updates_pointers: operation.updates_pointers(),
                counts: matches!(
                    operation,
                    Operation::Arithmetic(..)
                        | Operation::ArithmeticTo(..)
                        | Operation::PartialRemainder(_)
                        | Operation::SquareRoot
                ),
            });
        }
        index += 1;
    }
    table
};

#[inline(always)]
fn entry(opcode: u8, modrm: u8) -> Option<&'static Entry> {
    OPERATIONS[usize::from(opcode & 7) << 8 | usize::from(modrm)].as_ref()
}

/// The operation of an ESC instruction, if its encoding is one.
pub(crate) fn operation(opcode: u8, modrm: u8) -> Option<Operation> {
    entry(opcode, modrm).map(|entry| entry.operation)
}

/// Any ESC instruction; opcode byte in `immediate` [15:8], ModRM byte in [7:0].
pub(crate) struct Escape;

impl Step for Escape {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let [modrm, opcode, ..] = op.immediate.to_le_bytes();
        let entry = entry(opcode, modrm).ok_or(Stop::UNDEFINED)?;
        let operation = entry.operation;
        if core.cr0 & (Cr0::EMULATION.bits() | Cr0::TASK_SWITCHED.bits()) != 0 {
            return Err(Stop::DEVICE_NOT_AVAILABLE);
        }
        if entry.waits && core.fpu.pending_error() {
            numeric_error(core, fabric)?;
        }
        match entry.memory {
            None => {
                count(core, entry);
                core.fpu.execute(operation, 0);
                if operation == Operation::StoreStatusAx {
                    let status = u32::from(core.fpu.status_word());
                    u16::set(core, 0, status);
                }
            }
            Some(access) => with_memory::<M>(core, fabric, op, entry, access)?,
        }
        if entry.updates_pointers {
            let offset = core.offset_in_block(op.start);
            let selector = core.segment(SegmentName::Cs).selector;
            core.fpu.record_instruction(selector, offset, opcode, modrm);
            if entry.memory.is_some() {
                let data = core.effective_offset(op);
                let selector = core.segments[usize::from(op.segment & 7)].selector;
                core.fpu.record_data(selector, data);
            }
        }
        Ok(())
    }
}

/// Tallies what the FLOPs event counts.
#[inline(always)]
fn count(core: &mut Core, entry: &Entry) {
    if entry.counts {
        core.counters.floating_point_operation();
    }
}

/// WAIT: #NM with MP and TS, #MF for a pending error.
pub(crate) struct Wait;

impl Step for Wait {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, _: &Op) -> Result<(), Stop> {
        let both = Cr0::MONITOR_COPROCESSOR.bits() | Cr0::TASK_SWITCHED.bits();
        if core.cr0 & both == both {
            return Err(Stop::DEVICE_NOT_AVAILABLE);
        }
        if core.fpu.pending_error() {
            numeric_error(core, fabric)?;
        }
        Ok(())
    }
}

/// #MF, or with CR0.NE clear the FERR# pin, which nothing on this chip answers: the core freezes unless
/// IGNNE# tells it to go on.
#[cold]
fn numeric_error(core: &Core, fabric: &mut Fabric) -> Result<(), Stop> {
    if core.cr0 & Cr0::NUMERIC_ERROR.bits() != 0 {
        return Err(Stop::plain(Exception::FloatingPoint));
    }
    fabric.core_signal(core.id, Signal::FloatingPointError);
    if core.ignores_numeric_errors {
        return Ok(());
    }
    Err(Stop::Hang(Box::new(Finding {
        kind: FindingKind::NumericErrorWithoutHandler,
        physical: None,
        system: None,
    })))
}

fn layout(core: &Core, op: &Op) -> Layout {
    let size = if op.is(Attributes::OPERAND32) { OperandSize::Double } else { OperandSize::Word };
    let real = !core.is_protected() || core.is_virtual_8086();
    Layout { size, format: if real { PointerFormat::Real } else { PointerFormat::Protected } }
}

fn with_memory<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    entry: &Entry,
    access: MemoryAccess,
) -> Result<(), Stop> {
    let operation = entry.operation;
    let layout = layout(core, op);
    match (access.direction, access.extent) {
        (Direction::Load, Extent::Bytes(bytes)) => {
            let linear = operand::<false>(core, op, bytes)?;
            let input = load_number::<M>(core, fabric, op, linear, bytes)?;
            count(core, entry);
            core.fpu.execute(operation, input);
        }
        (Direction::Store, Extent::Bytes(bytes)) => {
            let linear = operand::<true>(core, op, bytes)?;
            if let Some(store) = core.fpu.prepare_store(operation) {
                if let Some(bits) = store.bits {
                    store_number::<M>(core, fabric, op, linear, bytes, bits)?;
                }
                core.fpu.commit_store(operation, store);
            }
        }
        (Direction::Load, Extent::Environment) => {
            let mut image = [0; 28];
            load_image::<M>(core, fabric, op, layout, &mut image[..layout.environment_bytes()])?;
            core.fpu.load_environment(&image, layout);
        }
        (Direction::Store, Extent::Environment) => {
            let image = core.fpu.environment(layout);
            store_image::<M>(core, fabric, op, layout, &image[..layout.environment_bytes()])?;
            core.fpu.commit_environment();
        }
        (Direction::Load, Extent::State) => {
            let mut image = [0; 108];
            load_image::<M>(core, fabric, op, layout, &mut image[..layout.state_bytes()])?;
            core.fpu.restore(&image, layout);
        }
        (Direction::Store, Extent::State) => {
            let image = core.fpu.image(layout);
            store_image::<M>(core, fabric, op, layout, &image[..layout.state_bytes()])?;
            core.fpu.initialize();
        }
    }
    Ok(())
}

fn operand<const WRITE: bool>(core: &Core, op: &Op, bytes: usize) -> Result<u32, Stop> {
    let (segment, offset) = (usize::from(op.segment), core.effective_offset(op));
    let bytes = u32::try_from(bytes).expect("an operand has at most 108 bytes");
    if WRITE { core.writable(segment, offset, bytes) } else { core.readable(segment, offset, bytes) }
}

fn load_number<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    linear: u32,
    bytes: usize,
) -> Result<u128, Stop> {
    Ok(match bytes {
        2 => core.load::<M, u16>(fabric, op, linear)?.into(),
        4 => core.load::<M, u32>(fabric, op, linear)?.into(),
        8 => core.load_double::<M>(fabric, op, linear)?.into(),
        _ => {
            let low = core.load_double::<M>(fabric, op, linear)?;
            let high = core.load::<M, u16>(fabric, op, linear.wrapping_add(8))?;
            u128::from(high) << 64 | u128::from(low)
        }
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the operand is the low part of the 128 bits")]
fn store_number<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    linear: u32,
    bytes: usize,
    bits: u128,
) -> Result<(), Stop> {
    match bytes {
        2 => core.store::<M, u16>(fabric, op, linear, bits as u32),
        4 => core.store::<M, u32>(fabric, op, linear, bits as u32),
        8 => core.store_double::<M>(fabric, op, linear, bits as u64),
        _ => {
            core.probe_write::<M>(fabric, op, linear, 10)?;
            core.store_double::<M>(fabric, op, linear, bits as u64)?;
            core.store::<M, u16>(fabric, op, linear.wrapping_add(8), (bits >> 64) as u32)
        }
    }
}

/// Reads an image word by word; a fault leaves nothing behind, so its alignment is looked at last.
fn load_image<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    layout: Layout,
    image: &mut [u8],
) -> Result<(), Stop> {
    let start = operand::<false>(core, op, image.len())?;
    let mut linear = start;
    for pair in image.chunks_mut(2) {
        let word = core.load::<M, u16>(fabric, op, linear)?;
        pair.copy_from_slice(&word.to_le_bytes()[..2]);
        linear = linear.wrapping_add(2);
    }
    check_alignment(core, start, layout.word_bytes())
}

fn store_image<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    layout: Layout,
    image: &[u8],
) -> Result<(), Stop> {
    let mut linear = operand::<true>(core, op, image.len())?;
    let bytes = u32::try_from(image.len()).expect("an image has at most 108 bytes");
    core.probe_write::<M>(fabric, op, linear, bytes)?;
    check_alignment(core, linear, layout.word_bytes())?;
    for pair in image.chunks(2) {
        let word = u32::from(pair[0]) | u32::from(pair[1]) << 8;
        core.store::<M, u16>(fabric, op, linear, word)?;
        linear = linear.wrapping_add(2);
    }
    Ok(())
}
