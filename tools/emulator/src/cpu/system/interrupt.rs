//! Delivery of interrupts and exceptions: real-mode vector table, interrupt, trap and task gates.
//!
//! EIP must name the instruction that the handler returns to: the faulting one for faults, the next one for
//! everything else. Nothing but memory below the stack's top and accessed bits changes before success; a task
//! gate is the exception (see [`super::task_switch`]).
//!
//! Source: Pentium manual vol. 3 INT instruction, §14.5 to §14.8, §22.3 (V86).

use super::code_segment::{check_offset, check_present, gate_target, inner_stack, selector_word};
use super::cost;
use super::data_segment::null_segment;
use super::descriptor::{Entry, Origin, load_descriptor};
use super::frame::{ReturnFrame, Slot, Stack};
pub(crate) use super::raise::{debug_trap, external, non_maskable, raise};
use super::task_switch::{Cause, Request, Switched, switch, task_of_gate};
use crate::chip::Fabric;
use crate::cpu::fault::{Fault, Stop};
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use i586::exception::Exception;
use i586::flags::Eflags;
use i586::segment::{Gate, Selector, SystemKind};

/// What asks for a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// INTR, the local APIC or NMI.
    Hardware,
    /// An exception. `resume` if the pushed EFLAGS get RF set: faults other than instruction breakpoints.
    Exception {
        /// RF of the pushed flags.
        resume: bool,
    },
    /// INT n, INT3 or INTO: the gate's DPL is checked.
    Software,
    /// INT1: no privilege check.
    Debug,
}

impl Source {
    const fn origin(self) -> Origin {
        match self {
            Source::Software => Origin::Program,
            Source::Hardware | Source::Exception { .. } | Source::Debug => Origin::External,
        }
    }
}

/// One request for a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) vector: u8,
    pub(crate) source: Source,
    /// Error code, pushed in protected mode only.
    pub(crate) code: Option<u16>,
}

/// A delivered event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// The handler is next.
    Whole,
    /// A task gate switched tasks, and the new task has an exception of its own.
    Faulted(Fault),
}

const PROTECTION: Exception = Exception::GeneralProtection;
/// Bytes of an entry of the real-mode vector table.
const VECTOR_BYTES: u32 = 4;

/// Enters the handler of `event`.
///
/// # Errors
/// The exception that stands in the way, or what the memory answers.
pub(crate) fn deliver<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    event: Event,
) -> Result<Delivered, Stop> {
    let before = core.interrupted();
    let delivered = if core.is_protected() {
        through_gate::<M>(core, fabric, op, event)?
    } else {
        through_vector_table::<M>(core, fabric, op, event.vector)?;
        Delivered::Whole
    };
    super::debug::handler_entered(core);
    core.record_delivery(event, before);
    Ok(delivered)
}

fn through_vector_table<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    vector: u8,
) -> Result<(), Stop> {
    let offset = u32::from(vector) * VECTOR_BYTES;
    if offset + (VECTOR_BYTES - 1) > u32::from(core.idtr.limit) {
        return Err(Origin::External.gate(PROTECTION, vector));
    }
    let mut frame = ReturnFrame::new(Slot::Word);
    frame.push(core.flags.get().bits());
    frame.push(u32::from(core.segment(SegmentName::Cs).selector));
    frame.push(core.eip);
    let at = core.idtr.base.wrapping_add(offset);
    let eip = core.load_system::<M, u16>(fabric, op, at)?;
    let selector = selector_word(core.load_system::<M, u16>(fabric, op, at.wrapping_add(2))?);
    let stack = Stack::current(core, Origin::Program);
    let pointer = frame.store::<M>(core, fabric, op, &stack)?;
    core.set_stack_pointer(pointer);
    let cleared = Eflags::INTERRUPT | Eflags::TRAP | Eflags::RESUME | Eflags::ALIGNMENT_CHECK;
    core.set_eflags(Eflags::empty(), cleared);
    let segment = core.paragraph_segment(SegmentName::Cs, selector);
    core.enter_code(segment, core.cpl, eip);
    core.charge(cost::VECTOR);
    Ok(())
}

fn through_gate<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    event: Event,
) -> Result<Delivered, Stop> {
    let origin = event.source.origin();
    let gate = fetch_gate::<M>(core, fabric, op, event)?;
    let mut flags = core.flags.get();
    if event.source == (Source::Exception { resume: true }) {
        flags |= Eflags::RESUME;
    }
    if gate.kind() == SystemKind::TaskGate {
        let task = task_of_gate::<M>(core, fabric, op, gate.selector(), origin)?;
        let request = Request { cause: Cause::Interrupt, origin, code: event.code, flags };
        return Ok(match switch::<M>(core, fabric, op, task, &request)? {
            Switched::Whole => Delivered::Whole,
            Switched::Faulted(fault) => Delivered::Faulted(fault),
        });
    }
    let target = gate_target::<M>(core, fabric, op, gate.selector(), origin)?;
    let level = target.descriptor.dpl();
    let inner = !target.descriptor.is_conforming() && level < core.cpl;
    check_present(&target, origin)?;
    // A handler for V86 mode must run at level 0, in a non-conforming segment.
    if core.is_virtual_8086() && !(inner && level == 0) {
        return Err(origin.fault(PROTECTION, target.selector));
    }
    let entry = Handler { gate, target, flags, code: event.code, origin };
    if inner {
        entry.enter_inner::<M>(core, fabric, op, level)?;
    } else {
        entry.enter_same_level::<M>(core, fabric, op)?;
    }
    let mut cleared = Eflags::TRAP | Eflags::NESTED_TASK | Eflags::RESUME | Eflags::VIRTUAL_8086;
    let closes = matches!(gate.kind(), SystemKind::InterruptGate16 | SystemKind::InterruptGate32);
    cleared.set(Eflags::INTERRUPT, closes);
    core.set_eflags(Eflags::empty(), cleared);
    Ok(Delivered::Whole)
}

/// Reads and checks the gate of a vector.
#[inline(always)]
fn fetch_gate<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op, event: Event) -> Result<Gate, Stop> {
    let (origin, vector) = (event.source.origin(), event.vector);
    let offset = u32::from(vector) * i586::segment::DESCRIPTOR_BYTES;
    if offset + (i586::segment::DESCRIPTOR_BYTES - 1) > u32::from(core.idtr.limit) {
        return Err(origin.gate(PROTECTION, vector));
    }
    let linear = core.idtr.base.wrapping_add(offset);
    let gate = match load_descriptor::<M>(core, fabric, op, linear)?.gate() {
        Some(gate) if !matches!(gate.kind(), SystemKind::CallGate16 | SystemKind::CallGate32) => gate,
        _ => return Err(origin.gate(PROTECTION, vector)),
    };
    if event.source == Source::Software && gate.dpl() < core.cpl {
        return Err(origin.gate(PROTECTION, vector));
    }
    if !gate.present() {
        return Err(origin.gate(Exception::SegmentNotPresent, vector));
    }
    Ok(gate)
}

/// A checked interrupt or trap gate.
struct Handler {
    gate: Gate,
    target: Entry,
    /// EFLAGS to push.
    flags: Eflags,
    code: Option<u16>,
    origin: Origin,
}

/// Data segment registers in the order in which a V86 task's are pushed.
const PUSHED: [SegmentName; 4] = [SegmentName::Gs, SegmentName::Fs, SegmentName::Ds, SegmentName::Es];

impl Handler {
    fn slot(&self) -> Slot {
        Slot::of(self.gate.kind().is_32_bit())
    }

    /// EFLAGS, CS, EIP and the error code.
    #[inline(always)]
    fn push_return(&self, core: &Core, frame: &mut ReturnFrame) {
        frame.push(self.flags.bits());
        frame.push(u32::from(core.segment(SegmentName::Cs).selector));
        frame.push(core.eip);
        if let Some(code) = self.code {
            frame.push(u32::from(code));
        }
    }

    #[inline(always)]
    fn enter_same_level<M: Model>(
        mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
    ) -> Result<(), Stop> {
        let stack = Stack::current(core, self.origin);
        let mut frame = ReturnFrame::new(self.slot());
        self.push_return(core, &mut frame);
        frame.check_room(&stack, frame.len())?;
        check_offset(&self.target, self.gate.offset(), self.origin)?;
        self.target.mark_accessed::<M>(core, fabric, op)?;
        let pointer = frame.store::<M>(core, fabric, op, &stack)?;
        core.set_stack_pointer(pointer);
        core.enter_code(self.target.segment_with_rpl(core.cpl), core.cpl, self.gate.offset());
        core.charge(cost::GATE);
        Ok(())
    }

    #[inline(always)]
    fn enter_inner<M: Model>(
        mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        level: u8,
    ) -> Result<(), Stop> {
        let stack = inner_stack::<M>(core, fabric, op, level, self.origin)?;
        let from_virtual = core.is_virtual_8086();
        let mut frame = ReturnFrame::new(self.slot());
        if from_virtual {
            for name in PUSHED {
                frame.push(u32::from(core.segment(name).selector));
            }
        }
        frame.push(u32::from(core.segment(SegmentName::Ss).selector));
        frame.push(core.regs[4]);
        self.push_return(core, &mut frame);
        frame.check_room(&stack, frame.len())?;
        check_offset(&self.target, self.gate.offset(), self.origin)?;
        self.target.mark_accessed::<M>(core, fabric, op)?;
        let pointer = frame.store::<M>(core, fabric, op, &stack)?;
        if from_virtual {
            core.set_eflags(Eflags::empty(), Eflags::VIRTUAL_8086);
            for name in PUSHED {
                let null = null_segment(core, name, Selector::NULL);
                core.set_segment(name, null);
            }
        }
        core.enter_code(self.target.segment_with_rpl(level), level, self.gate.offset());
        core.enter_stack(&stack, pointer);
        core.charge(if from_virtual { cost::VIRTUAL_GATE } else { cost::INNER_GATE });
        Ok(())
    }
}
