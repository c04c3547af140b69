//! INT n, INT3, INTO and INT1.
//!
//! In V86 mode INT n needs IOPL 3, or VME: then the redirection map of the task-state segment says which
//! vectors the program's own table handles.
//!
//! Source: Pentium manual vol. 3 INT instruction, §22.3, appendix H (VME).

use super::code_segment::selector_word;
use super::cost;
use super::debug;
use super::descriptor::Origin;
use super::far_jump::enter_paragraph;
use super::frame::{ReturnFrame, Slot, Stack};
use super::interrupt::{Delivered, Event, Source, deliver};
use super::raise::raise_at;
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use i586::control::Cr4;
use i586::exception::Exception;
use i586::flags::Eflags;
use i586::tss::{REDIRECTION_BYTES, bits32};

/// `int n`: vector in `immediate`. Closing.
pub(crate) struct Int;
/// `int3`. Closing.
pub(crate) struct Int3;
/// `into`. Closing.
pub(crate) struct Into;
/// INT1 (F1): a debug exception without privilege check. Closing.
pub(crate) struct Int1;

impl Step for Int {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let [vector, ..] = op.immediate.to_le_bytes();
        if core.is_virtual_8086() {
            let extended = core.cr4 & Cr4::VIRTUAL_8086_EXTENSIONS.bits() != 0;
            if extended && is_redirected::<M>(core, fabric, op, vector)? {
                return through_program_table::<M>(core, fabric, op, vector);
            }
            if core.flags.io_privilege() < 3 {
                return Err(Stop::PROTECTION);
            }
        }
        enter::<M>(core, fabric, op, vector, Source::Software)
    }
}

impl Step for Int3 {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        enter::<M>(core, fabric, op, Exception::Breakpoint.vector(), Source::Software)
    }
}

impl Step for Into {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        if core.flags.overflow() {
            enter::<M>(core, fabric, op, Exception::Overflow.vector(), Source::Software)
        } else {
            Ok(())
        }
    }
}

impl Step for Int1 {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        enter::<M>(core, fabric, op, Exception::Debug.vector(), Source::Debug)
    }
}

fn enter<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    vector: u8,
    source: Source,
) -> Result<(), Stop> {
    match deliver::<M>(core, fabric, op, Event { vector, source, code: None })? {
        Delivered::Whole => Ok(()),
        Delivered::Faulted(fault) => raise_at::<M>(core, fabric, op, fault),
    }
}

/// Whether the redirection map leaves a vector to the V86 program: its bit is clear.
fn is_redirected<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op, vector: u8) -> Result<bool, Stop> {
    if !core.has_wide_task() || core.tr.limit < bits32::LIMIT_MIN {
        return Err(Stop::PROTECTION);
    }
    let base = core.tr.base;
    let io_map = core.load_system::<M, u16>(fabric, op, base.wrapping_add(bits32::IO_MAP_BASE))?;
    let offset = io_map.wrapping_sub(REDIRECTION_BYTES).wrapping_add(u32::from(vector / 8));
    if offset > core.tr.limit {
        return Err(Stop::PROTECTION);
    }
    let bits = core.load_system::<M, u8>(fabric, op, base.wrapping_add(offset))?;
    Ok(bits >> (vector % 8) & 1 == 0)
}

/// Enters the handler in the V86 program's vector table at linear address 0.
fn through_program_table<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    vector: u8,
) -> Result<(), Stop> {
    let virtual_interrupts = core.flags.io_privilege() < 3;
    let flags = if virtual_interrupts { core.virtual_flags() } else { core.flags.get() };
    let at = u32::from(vector) * 4;
    let eip = core.load_system::<M, u16>(fabric, op, at)?;
    let selector = selector_word(core.load_system::<M, u16>(fabric, op, at + 2)?);
    let mut frame = ReturnFrame::new(Slot::Word);
    frame.push(flags.bits());
    frame.push(u32::from(core.segment(SegmentName::Cs).selector));
    frame.push(core.eip);
    let stack = Stack::current(core, Origin::Program);
    let pointer = frame.store::<M>(core, fabric, op, &stack)?;
    core.set_stack_pointer(pointer);
    enter_paragraph(core, selector, eip)?;
    let cleared = if virtual_interrupts { Eflags::VIRTUAL_INTERRUPT } else { Eflags::INTERRUPT };
    core.set_eflags(Eflags::empty(), cleared | Eflags::TRAP | Eflags::NESTED_TASK);
    debug::handler_entered(core);
    core.charge(cost::VECTOR);
    Ok(())
}
