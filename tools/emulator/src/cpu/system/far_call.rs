//! CALL far: direct, through call gates of both sizes with or without a change of stack, and to tasks.
//!
//! Everything is checked, and the stack written, before a register changes.
//!
//! Source: Pentium manual vol. 3 CALL instruction, §12.6.3 (stack switching).

use super::code_segment::{
    check_direct, check_gate, check_offset, check_present, gate_target, inner_stack, selector_word,
};
use super::cost;
use super::descriptor::{Entry, Origin};
use super::far_jump::{enter_paragraph, load_far_pointer};
use super::frame::{GateFrame, ReturnFrame, Slot, Stack};
use super::task_switch::{Cause, switch_from_program, task_of_gate, task_of_selector};
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::exception::Exception;
use i586::segment::{Gate, Selector, SystemKind};
use std::marker::PhantomData;

/// `call selector:offset`: offset in `immediate`, selector in `displacement`. W is the operand size. Closing.
pub(crate) struct CallFarDirect<W>(PhantomData<W>);
/// `call far [memory]`: the memory operand holds a W offset and, behind it, the selector. Closing.
pub(crate) struct CallFarIndirect<W>(PhantomData<W>);

impl<W: Width> Step for CallFarDirect<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let selector = selector_word(op.displacement);
        call::<M>(core, fabric, op, selector, op.immediate & W::MASK, Slot::of(W::BYTES == 4))
    }
}

impl<W: Width> Step for CallFarIndirect<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (selector, offset) = load_far_pointer::<M, W>(core, fabric, op)?;
        call::<M>(core, fabric, op, selector, offset, Slot::of(W::BYTES == 4))
    }
}

fn call<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    selector: Selector,
    offset: u32,
    slot: Slot,
) -> Result<(), Stop> {
    if core.has_real_segments() {
        let (return_cs, return_eip) = return_address(core, op);
        let mut frame = ReturnFrame::new(slot);
        frame.push(return_cs);
        frame.push(return_eip);
        let stack = Stack::current(core, Origin::Program);
        frame.check_room(&stack, 2)?;
        if offset > core.paragraph_segment(SegmentName::Cs, selector).limit {
            return Err(Stop::PROTECTION);
        }
        let pointer = frame.store::<M>(core, fabric, op, &stack)?;
        core.set_stack_pointer(pointer);
        return enter_paragraph(core, selector, offset);
    }
    if selector.is_null() {
        return Err(Stop::PROTECTION);
    }
    let violation = Exception::GeneralProtection;
    let entry = Entry::fetch::<M>(core, fabric, op, selector, violation, Origin::Program)?;
    if entry.descriptor.is_code() {
        check_direct(core, &entry)?;
        return call_same_level::<M>(core, fabric, op, entry, offset, slot, cost::FAR_CALL);
    }
    match (entry.descriptor.system_kind(), entry.descriptor.gate()) {
        (Some(SystemKind::CallGate16 | SystemKind::CallGate32), Some(gate)) => {
            check_gate(core, selector, gate)?;
            call_gate::<M>(core, fabric, op, gate)
        }
        (Some(SystemKind::TaskGate), Some(gate)) => {
            check_gate(core, selector, gate)?;
            let task = task_of_gate::<M>(core, fabric, op, gate.selector(), Origin::Program)?;
            switch_from_program::<M>(core, fabric, op, task, Cause::Call)
        }
        (Some(SystemKind::AvailableTss16 | SystemKind::AvailableTss32), _) => {
            let task = task_of_selector(core, entry)?;
            switch_from_program::<M>(core, fabric, op, task, Cause::Call)
        }
        _ => Err(Origin::Program.fault(violation, selector)),
    }
}

fn call_gate<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op, gate: Gate) -> Result<(), Stop> {
    let target = gate_target::<M>(core, fabric, op, gate.selector(), Origin::Program)?;
    check_present(&target, Origin::Program)?;
    let slot = Slot::of(gate.kind().is_32_bit());
    if target.descriptor.is_conforming() || target.descriptor.dpl() == core.cpl {
        return call_same_level::<M>(core, fabric, op, target, gate.offset(), slot, cost::CALL_GATE);
    }
    call_inner::<M>(core, fabric, op, gate, target, slot)
}

/// Pushes the return address on the current stack and goes on in `target`.
fn call_same_level<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    mut target: Entry,
    offset: u32,
    slot: Slot,
    cycles: u64,
) -> Result<(), Stop> {
    let (return_cs, return_eip) = return_address(core, op);
    let stack = Stack::current(core, Origin::Program);
    let mut frame = ReturnFrame::new(slot);
    frame.push(return_cs);
    frame.push(return_eip);
    frame.check_room(&stack, 2)?;
    check_offset(&target, offset, Origin::Program)?;
    target.mark_accessed::<M>(core, fabric, op)?;
    let pointer = frame.store::<M>(core, fabric, op, &stack)?;
    core.set_stack_pointer(pointer);
    core.enter_code(target.segment_with_rpl(core.cpl), core.cpl, offset);
    core.charge(cycles);
    Ok(())
}

/// Switches to the stack of the more privileged `target` and copies the parameters.
fn call_inner<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    gate: Gate,
    mut target: Entry,
    slot: Slot,
) -> Result<(), Stop> {
    let level = target.descriptor.dpl();
    let stack = inner_stack::<M>(core, fabric, op, level, Origin::Program)?;
    let parameters = u32::from(gate.parameter_count());
    let mut frame = GateFrame::new(slot);
    frame.check_room(&stack, usize::from(gate.parameter_count()) + 4)?;
    check_offset(&target, gate.offset(), Origin::Program)?;
    frame.push(u32::from(core.segment(SegmentName::Ss).selector));
    frame.push(core.regs[4]);
    for parameter in (0..parameters).rev() {
        let depth = parameter * slot.bytes();
        frame.push(match slot {
            Slot::Word => core.peek_stack::<M, u16>(fabric, op, depth)?,
            Slot::Doubleword => core.peek_stack::<M, u32>(fabric, op, depth)?,
        });
    }
    let (return_cs, return_eip) = return_address(core, op);
    frame.push(return_cs);
    frame.push(return_eip);
    target.mark_accessed::<M>(core, fabric, op)?;
    let pointer = frame.store::<M>(core, fabric, op, &stack)?;
    core.enter_code(target.segment_with_rpl(level), level, gate.offset());
    core.enter_stack(&stack, pointer);
    core.charge(cost::INNER_CALL + cost::PARAMETER * u64::from(gate.parameter_count()));
    Ok(())
}

fn return_address(core: &Core, op: &Op) -> (u32, u32) {
    (u32::from(core.segment(SegmentName::Cs).selector), core.next_eip(op))
}
