//! JMP far: to a code segment, through a call gate or a task gate, to a task-state segment.
//!
//! Source: Pentium manual vol. 3 JMP instruction, §12.6 (gates), §13.4 (tasks).

use super::code_segment::{
    check_direct, check_gate, check_offset, check_present, gate_target, selector_word,
};
use super::cost;
use super::descriptor::{Entry, Origin};
use super::task_switch::{Cause, switch_from_program, task_of_gate, task_of_selector};
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::exception::Exception;
use i586::segment::{Selector, SystemKind};
use std::marker::PhantomData;

/// `jmp selector:offset`: offset in `immediate`, selector in `displacement`. W is the operand size. Closing.
pub(crate) struct JmpFarDirect<W>(PhantomData<W>);
/// `jmp far [memory]`: the memory operand holds a W offset and, behind it, the selector. Closing.
pub(crate) struct JmpFarIndirect<W>(PhantomData<W>);

impl<W: Width> Step for JmpFarDirect<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let selector = selector_word(op.displacement);
        jump::<M>(core, fabric, op, selector, op.immediate & W::MASK)
    }
}

impl<W: Width> Step for JmpFarIndirect<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (selector, offset) = load_far_pointer::<M, W>(core, fabric, op)?;
        jump::<M>(core, fabric, op, selector, offset)
    }
}

/// Loads a far pointer: a W offset, then a selector.
pub(crate) fn load_far_pointer<M: Model, W: Width>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
) -> Result<(Selector, u32), Stop> {
    let linear = core.readable(usize::from(op.segment), core.effective_offset(op), W::BYTES + 2)?;
    let offset = core.load::<M, W>(fabric, op, linear)?;
    let selector = core.load::<M, u16>(fabric, op, linear.wrapping_add(W::BYTES))?;
    Ok((selector_word(selector), offset))
}

fn jump<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    selector: Selector,
    offset: u32,
) -> Result<(), Stop> {
    if core.has_real_segments() {
        return enter_paragraph(core, selector, offset);
    }
    if selector.is_null() {
        return Err(Stop::PROTECTION);
    }
    let violation = Exception::GeneralProtection;
    let entry = Entry::fetch::<M>(core, fabric, op, selector, violation, Origin::Program)?;
    if entry.descriptor.is_code() {
        check_direct(core, &entry)?;
        return enter::<M>(core, fabric, op, entry, offset);
    }
    match (entry.descriptor.system_kind(), entry.descriptor.gate()) {
        (Some(SystemKind::CallGate16 | SystemKind::CallGate32), Some(gate)) => {
            check_gate(core, selector, gate)?;
            let target = gate_target::<M>(core, fabric, op, gate.selector(), Origin::Program)?;
            // A jump cannot change the privilege level.
            if !target.descriptor.is_conforming() && target.descriptor.dpl() != core.cpl {
                return Err(Origin::Program.fault(violation, target.selector));
            }
            check_present(&target, Origin::Program)?;
            core.charge(cost::CALL_GATE - cost::FAR_JUMP);
            enter::<M>(core, fabric, op, target, gate.offset())
        }
        (Some(SystemKind::TaskGate), Some(gate)) => {
            check_gate(core, selector, gate)?;
            let task = task_of_gate::<M>(core, fabric, op, gate.selector(), Origin::Program)?;
            switch_from_program::<M>(core, fabric, op, task, Cause::Jump)
        }
        (Some(SystemKind::AvailableTss16 | SystemKind::AvailableTss32), _) => {
            let task = task_of_selector(core, entry)?;
            switch_from_program::<M>(core, fabric, op, task, Cause::Jump)
        }
        _ => Err(Origin::Program.fault(violation, selector)),
    }
}

/// Loads CS with a checked code segment of the current privilege level.
fn enter<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    mut entry: Entry,
    offset: u32,
) -> Result<(), Stop> {
    check_offset(&entry, offset, Origin::Program)?;
    entry.mark_accessed::<M>(core, fabric, op)?;
    core.enter_code(entry.segment_with_rpl(core.cpl), core.cpl, offset);
    core.charge(cost::FAR_JUMP);
    Ok(())
}

/// Loads CS:EIP in real or V86 mode.
pub(crate) fn enter_paragraph(core: &mut Core, selector: Selector, offset: u32) -> Result<(), Stop> {
    let segment = core.paragraph_segment(SegmentName::Cs, selector);
    if offset > segment.limit {
        return Err(Stop::PROTECTION);
    }
    core.set_segment(SegmentName::Cs, segment);
    core.eip = offset;
    core.charge(cost::FAR_JUMP);
    Ok(())
}
