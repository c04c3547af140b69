//! IRET: real mode, V86 mode, protected mode to the same or an outer level, to V86 mode, and to the task that
//! the back link names.
//!
//! Source: Pentium manual vol. 3 IRET instruction, §22.2 (V86), appendix H (VME).

use super::code_segment::{check_offset, return_target, selector_word};
use super::cost;
use super::data_segment::virtual_segment;
use super::descriptor::Origin;
use super::eflags::{ALWAYS, ALWAYS_HIGH, LOW};
use super::far_jump::enter_paragraph;
use super::far_return::Outer;
use super::task_switch::return_to_linked_task;
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::control::Cr4;
use i586::flags::Eflags;
use std::marker::PhantomData;

/// IRET and IRETD by operand size W. Ends the blocking of NMI. Closing.
pub(crate) struct Iret<W>(PhantomData<W>);

/// Flags IRET changes in real mode, and in V86 mode with IOPL 3 except for IOPL.
const REAL: Eflags =
    ALWAYS.union(ALWAYS_HIGH).union(Eflags::RESUME).union(Eflags::INTERRUPT).union(Eflags::IO_PRIVILEGE);

impl<W: Width> Step for Iret<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        if core.is_protected() && !core.is_virtual_8086() {
            if core.flags.has(Eflags::NESTED_TASK) {
                return_to_linked_task::<M>(core, fabric, op)?;
            } else {
                protected::<M, W>(core, fabric, op)?;
            }
        } else {
            paragraph::<M, W>(core, fabric, op)?;
        }
        core.nmi_blocked = false;
        Ok(())
    }
}

/// What IRET pops: EIP, CS, EFLAGS.
struct Popped {
    eip: u32,
    selector: i586::segment::Selector,
    flags: Eflags,
}

#[inline(always)]
fn pop<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<Popped, Stop> {
    if W::BITS == 32
        && let Some([eip, selector, flags]) = core.quick_stack_words::<M, 3>(fabric, 0)
    {
        let flags = Eflags::from_bits_retain(flags);
        return Ok(Popped { eip, selector: selector_word(selector), flags });
    }
    let eip = core.peek_stack::<M, W>(fabric, op, 0)?;
    let selector = selector_word(core.peek_stack::<M, W>(fabric, op, W::BYTES)?);
    let flags = Eflags::from_bits_retain(core.peek_stack::<M, W>(fabric, op, 2 * W::BYTES)?);
    Ok(Popped { eip, selector, flags })
}

/// The part of `mask` that an instruction of operand size W changes.
fn in_width<W: Width>(mask: Eflags) -> Eflags {
    if W::BITS == 16 { mask & LOW } else { mask }
}

/// Real and V86 mode.
fn paragraph<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
    let mut mask = REAL;
    let mut virtual_interrupt = false;
    let extended = core.cr4 & Cr4::VIRTUAL_8086_EXTENSIONS.bits() != 0;
    if core.is_virtual_8086() {
        mask -= Eflags::IO_PRIVILEGE;
        if core.flags.io_privilege() < 3 {
            if !extended || W::BITS == 32 {
                return Err(Stop::PROTECTION);
            }
            mask -= Eflags::INTERRUPT;
            virtual_interrupt = true;
        }
    }
    let popped = pop::<M, W>(core, fabric, op)?;
    if virtual_interrupt {
        core.check_virtual_enable(popped.flags)?;
    }
    let pointer = core.stack_pointer().wrapping_add(3 * W::BYTES);
    enter_paragraph(core, popped.selector, popped.eip)?;
    core.set_stack_pointer(pointer);
    core.set_eflags(popped.flags, in_width::<W>(mask));
    if virtual_interrupt {
        core.flags.assign(Eflags::VIRTUAL_INTERRUPT, popped.flags.contains(Eflags::INTERRUPT));
    }
    Ok(())
}

fn protected<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
    let popped = pop::<M, W>(core, fabric, op)?;
    if W::BITS == 32 && core.cpl == 0 && popped.flags.contains(Eflags::VIRTUAL_8086) {
        return to_virtual_8086::<M>(core, fabric, op, &popped);
    }
    let mut mask = ALWAYS | ALWAYS_HIGH | Eflags::RESUME | core.privileged_flags();
    if core.cpl == 0 {
        mask |= Eflags::VIRTUAL_INTERRUPT | Eflags::VIRTUAL_INTERRUPT_PENDING;
    }
    let mask = in_width::<W>(mask);
    let mut target = return_target::<M>(core, fabric, op, popped.selector)?;
    if popped.selector.rpl() == core.cpl {
        check_offset(&target, popped.eip, Origin::Program)?;
        target.mark_accessed::<M>(core, fabric, op)?;
        core.enter_code(target.segment(), core.cpl, popped.eip);
        core.charge(cost::IRET);
        core.set_stack_pointer(core.stack_pointer().wrapping_add(3 * W::BYTES));
    } else {
        let outer = Outer::pop::<M, W>(core, fabric, op, 3 * W::BYTES, &target)?;
        check_offset(&target, popped.eip, Origin::Program)?;
        target.mark_accessed::<M>(core, fabric, op)?;
        outer.enter(core, target, popped.eip, 0);
        core.charge(cost::OUTER_IRET);
    }
    core.set_eflags(popped.flags, mask);
    Ok(())
}

/// Pops ESP, SS, ES, DS, FS and GS as well and enters V86 mode at CPL 3.
fn to_virtual_8086<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    popped: &Popped,
) -> Result<(), Stop> {
    let mut words = [0; 6];
    for (depth, word) in (12..).step_by(4).zip(&mut words) {
        *word = core.peek_stack::<M, u32>(fabric, op, depth)?;
    }
    if popped.eip > 0xFFFF {
        return Err(Stop::PROTECTION);
    }
    core.set_eflags(popped.flags, Eflags::all() - Eflags::RESERVED_ONE);
    core.enter_code(virtual_segment(popped.selector), 3, popped.eip);
    let [esp, rest @ ..] = words;
    let names = [SegmentName::Ss, SegmentName::Es, SegmentName::Ds, SegmentName::Fs, SegmentName::Gs];
    for (name, word) in names.into_iter().zip(rest) {
        core.set_segment(name, virtual_segment(selector_word(word)));
    }
    core.regs[4] = esp;
    Ok(())
}
