//! Hardware task switches: by JMP, CALL, interrupt and IRET, to 16- and 32-bit task-state segments.
//!
//! ```text
//! 1  check the new descriptor and both limits                     faults belong to the old task
//! 2  probe every write to come, read the new state
//! 3  save the old state, move busy bits, write the back link      from here on nothing may fail
//! 4  load TR, CR0.TS, CR3, EFLAGS, EIP, general registers, bare selectors
//! 5  load LDTR, SS, CS, DS, ES, FS, GS with their descriptors     faults belong to the new task
//! 6  push the error code, if any; T bit
//! ```
//!
//! Before step 3 the core takes its turn in global order, so that nothing after it is started twice.
//!
//! Source: Pentium manual vol. 3 §13.5 (switching), table 13-1 (checks and error codes).

use super::code_segment::selector_word;
use super::cost;
use super::data_segment::{check_data, null_segment, stack_entry, virtual_segment};
use super::debug;
use super::descriptor::{Entry, Origin};
use super::frame::{ReturnFrame, Slot, Stack};
use super::raise::raise_at;
use super::task_state::{Form, TaskState, probe_save, save};
use crate::chip::Fabric;
use crate::cpu::fault::{Fault, Stop};
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::segment::{Segment, SegmentName};
use crate::cpu::state::Core;
use crate::mmu::walk::Mode;
use i586::control::{Cr0, Cr3};
use i586::exception::Exception;
use i586::flags::Eflags;
use i586::segment::{Selector, SystemKind};
use i586::tss::bits32;

/// What asks for a task switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Jump,
    Call,
    Interrupt,
    Return,
}

impl Cause {
    /// Whether the new task is linked to the old one, which stays busy.
    const fn nests(self) -> bool {
        matches!(self, Cause::Call | Cause::Interrupt)
    }
}

/// How far a switch got. Either way the core is in the new task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switched {
    Whole,
    /// An exception that belongs to the new task; EIP names its first instruction.
    Faulted(Fault),
}

/// Checks the task-state segment that a task gate names.
pub(crate) fn task_of_gate<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    selector: Selector,
    origin: Origin,
) -> Result<Entry, Stop> {
    let violation = Exception::GeneralProtection;
    if selector.table_indicator() {
        return Err(origin.fault(violation, selector));
    }
    let entry = Entry::fetch::<M>(core, fabric, op, selector, violation, origin)?;
    let available = matches!(
        entry.descriptor.system_kind(),
        Some(SystemKind::AvailableTss16 | SystemKind::AvailableTss32)
    );
    if !available {
        return Err(origin.fault(violation, selector));
    }
    check_present(entry, origin)
}

/// Checks the privilege of a program to switch to an available task-state segment that it named directly.
pub(crate) fn task_of_selector(core: &Core, entry: Entry) -> Result<Entry, Stop> {
    let selector = entry.selector;
    if selector.table_indicator() || entry.descriptor.dpl() < core.cpl.max(selector.rpl()) {
        return Err(Origin::Program.fault(Exception::GeneralProtection, selector));
    }
    check_present(entry, Origin::Program)
}

fn check_present(entry: Entry, origin: Origin) -> Result<Entry, Stop> {
    if entry.descriptor.present() {
        Ok(entry)
    } else {
        Err(origin.fault(Exception::SegmentNotPresent, entry.selector))
    }
}

/// Switches tasks on behalf of JMP or CALL. An exception of the new task is delivered at once.
pub(crate) fn switch_from_program<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    task: Entry,
    cause: Cause,
) -> Result<(), Stop> {
    let flags = core.flags.get();
    let request = Request { cause, origin: Origin::Program, code: None, flags };
    match switch::<M>(core, fabric, op, task, &request)? {
        Switched::Whole => Ok(()),
        Switched::Faulted(fault) => raise_at::<M>(core, fabric, op, fault),
    }
}

/// IRET with NT set: returns to the task that the back link names.
pub(crate) fn return_to_linked_task<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
) -> Result<(), Stop> {
    let (base, origin, violation) = (core.tr.base, Origin::Program, Exception::InvalidTss);
    let link = core.load_system::<M, u16>(fabric, op, base.wrapping_add(bits32::LINK))?;
    let selector = selector_word(link);
    if selector.table_indicator() {
        return Err(origin.fault(violation, selector));
    }
    let entry = Entry::fetch::<M>(core, fabric, op, selector, violation, origin)?;
    let busy = matches!(entry.descriptor.system_kind(), Some(SystemKind::BusyTss16 | SystemKind::BusyTss32));
    if !busy {
        return Err(origin.fault(violation, selector));
    }
    let task = check_present(entry, origin)?;
    switch_from_program::<M>(core, fabric, op, task, Cause::Return)
}

/// The circumstances of a switch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) cause: Cause,
    pub(crate) origin: Origin,
    /// Error code to push on the new task's stack.
    pub(crate) code: Option<u16>,
    /// EFLAGS to save for the old task.
    pub(crate) flags: Eflags,
}

/// Switches to `task`, whose descriptor has been checked.
///
/// # Errors
/// An exception of the old task, which is unchanged.
pub(crate) fn switch<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    mut task: Entry,
    request: &Request,
) -> Result<Switched, Stop> {
    let (cause, origin) = (request.cause, request.origin);
    let new_base = task.descriptor.base();
    let new_form = Form::of(task.descriptor.system_kind().is_some_and(SystemKind::is_32_bit));
    let old_form = Form::of(core.has_wide_task());
    let (old_base, old_selector) = (core.tr.base, Selector::from_bits(core.tr.selector));
    if task.descriptor.limit() < new_form.limit_min() {
        return Err(origin.fault(Exception::InvalidTss, task.selector));
    }
    if core.tr.limit < old_form.limit_min() {
        return Err(origin.fault(Exception::InvalidTss, old_selector));
    }

    core.claim_order(op)?;
    core.charge(cost::TASK_SWITCH);
    probe_save::<M>(core, fabric, op, old_form, old_base)?;
    let mut old = None;
    if !cause.nests() && !old_selector.is_null() {
        old = Entry::find::<M>(core, fabric, op, old_selector)?;
    }
    if let Some(old) = &old {
        old.probe::<M>(core, fabric, op)?;
    }
    task.probe::<M>(core, fabric, op)?;
    if cause.nests() {
        core.probe_write_slow::<M>(fabric, op, new_base.wrapping_add(bits32::LINK), 2, Mode::Supervisor)?;
    }
    let state = TaskState::read::<M>(core, fabric, op, new_form, new_base)?;

    // A debugger's watchpoint must not tear the switch apart.
    let passes = std::mem::replace(&mut core.pass_watchpoints, true);
    let result = commit::<M>(core, fabric, op, &mut task, old, request, &state, new_form);
    core.pass_watchpoints = passes;
    match result {
        Ok(()) if state.trap => Ok(Switched::Faulted(debug::task_switch_trap(core))),
        Ok(()) => Ok(Switched::Whole),
        Err(Stop::Fault(fault)) => Ok(Switched::Faulted(fault)),
        Err(stop) => Err(stop),
    }
}

#[expect(clippy::too_many_arguments, reason = "the second half of one function")]
fn commit<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    task: &mut Entry,
    old: Option<Entry>,
    request: &Request,
    state: &TaskState,
    form: Form,
) -> Result<(), Stop> {
    let cause = request.cause;
    let (old_form, old_base) = (Form::of(core.has_wide_task()), core.tr.base);
    let old_selector = u32::from(core.tr.selector);
    let saved = if cause == Cause::Return { request.flags - Eflags::NESTED_TASK } else { request.flags };
    save::<M>(core, fabric, op, old_form, old_base, saved)?;
    if let Some(mut old) = old {
        old.mark_busy::<M>(core, fabric, op, false)?;
    }
    if cause.nests() {
        let link = task.descriptor.base().wrapping_add(bits32::LINK);
        core.store_system::<M, u16>(fabric, op, link, old_selector)?;
    }
    if cause != Cause::Return {
        task.mark_busy::<M>(core, fabric, op, true)?;
    }
    core.tr = task.segment();
    // A task that returns to itself finds what it has just saved.
    let reread = old_base == task.descriptor.base();
    let state = if reread { &TaskState::read::<M>(core, fabric, op, form, old_base)? } else { state };
    load_registers(core, state, cause);
    load_segments::<M>(core, fabric, op, state, request.origin)?;
    if let Some(code) = request.code {
        let mut frame = ReturnFrame::new(Slot::of(form == Form::Wide));
        frame.push(u32::from(code));
        let stack = Stack::current(core, request.origin);
        let pointer = frame.store::<M>(core, fabric, op, &stack)?;
        core.set_stack_pointer(pointer);
    }
    if core.eip > core.segment(SegmentName::Cs).limit {
        return Err(request.origin.bare(Exception::GeneralProtection));
    }
    Ok(())
}

/// Step 4: everything that needs no check.
fn load_registers(core: &mut Core, state: &TaskState, cause: Cause) {
    core.cr0 |= Cr0::TASK_SWITCHED.bits();
    if let Some(cr3) = state.cr3
        && core.cr0 & Cr0::PAGING.bits() != 0
    {
        core.cr3 = Cr3::from_bits_truncate(cr3).bits();
    }
    core.flush_translations();
    let mut flags = state.flags;
    flags.set(Eflags::NESTED_TASK, cause.nests() || state.flags.contains(Eflags::NESTED_TASK));
    core.set_eflags(flags, Eflags::all() - Eflags::RESERVED_ONE);
    core.regs[..8].copy_from_slice(&state.general);
    core.eip = state.eip;
    for (name, selector) in SegmentName::ALL.into_iter().zip(state.segments) {
        let bare = null_segment(core, name, selector);
        core.set_segment(name, bare);
    }
    core.ldtr = Segment { selector: state.ldt.into_bits(), usable: false, ..core.ldtr };
    let level = if core.is_virtual_8086() { 3 } else { state.segments[SegmentName::Cs.index()].rpl() };
    core.set_cpl(level);
    debug::leave_task(core);
}

/// Step 5: descriptors, in the new task's context.
fn load_segments<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    state: &TaskState,
    origin: Origin,
) -> Result<(), Stop> {
    let violation = Exception::InvalidTss;
    if !state.ldt.is_null() {
        if state.ldt.table_indicator() {
            return Err(origin.fault(violation, state.ldt));
        }
        let entry = Entry::fetch::<M>(core, fabric, op, state.ldt, violation, origin)?;
        if entry.descriptor.system_kind() != Some(SystemKind::Ldt) || !entry.descriptor.present() {
            return Err(origin.fault(violation, state.ldt));
        }
        core.ldtr = entry.segment();
    }
    if core.is_virtual_8086() {
        for (name, selector) in SegmentName::ALL.into_iter().zip(state.segments) {
            core.set_segment(name, virtual_segment(selector));
        }
        return Ok(());
    }
    // The stack comes before the code, so that an exception of the code segment has a stack (table 13-1).
    let selector = state.segments[SegmentName::Ss.index()];
    let level = core.cpl;
    let stack = stack_entry::<M>(core, fabric, op, selector, level, violation, origin)?;
    core.set_segment(SegmentName::Ss, stack.segment());
    load_code::<M>(core, fabric, op, state, origin)?;
    for name in [SegmentName::Ds, SegmentName::Es, SegmentName::Fs, SegmentName::Gs] {
        let selector = state.segments[name.index()];
        if selector.is_null() {
            continue;
        }
        let mut entry = Entry::fetch::<M>(core, fabric, op, selector, violation, origin)?;
        check_data(&entry, core.cpl, violation, origin)?;
        entry.mark_accessed::<M>(core, fabric, op)?;
        core.set_segment(name, entry.segment());
    }
    Ok(())
}

fn load_code<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    state: &TaskState,
    origin: Origin,
) -> Result<(), Stop> {
    let violation = Exception::InvalidTss;
    let selector = state.segments[SegmentName::Cs.index()];
    if selector.is_null() {
        return Err(origin.bare(violation));
    }
    let mut entry = Entry::fetch::<M>(core, fabric, op, selector, violation, origin)?;
    let descriptor = entry.descriptor;
    let matches = if descriptor.is_conforming() {
        descriptor.dpl() <= selector.rpl()
    } else {
        descriptor.dpl() == selector.rpl()
    };
    if !descriptor.is_code() || !matches {
        return Err(origin.fault(violation, selector));
    }
    if !descriptor.present() {
        return Err(origin.fault(Exception::SegmentNotPresent, selector));
    }
    entry.mark_accessed::<M>(core, fabric, op)?;
    core.set_segment(SegmentName::Cs, entry.segment());
    Ok(())
}

impl Core {
    /// Takes the core's turn in global order: no later access of the running instruction is refused.
    pub(crate) fn claim_order(&mut self, op: &Op) -> Result<(), Stop> {
        let issue = self.issue(op);
        self.order(&issue)?;
        self.in_order = true;
        self.claimed = true;
        self.leave_block = true;
        Ok(())
    }
}
