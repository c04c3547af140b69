//! Breakpoint registers, single step, and the debug exceptions that come of them.
//!
//! Causes gather in [`Debugging::pending`] and reach DR6 when the exception is delivered. The run loop, as long
//! as [`Attention::STEPPING`] is set, calls [`instruction_breakpoint`] before each instruction and
//! [`single_step`] after one that began with TF set; [`Attention::DEBUG_TRAP`] asks it for
//! [`super::interrupt::debug_trap`].
//!
//! Source: Pentium manual vol. 3 ch. 17; RF: §17.3.1.1.

use crate::cpu::fault::{Fault, Stop};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::{Attention, Core};
use crate::mmu::walk::Intent;
use i586::control::Cr4;
use i586::debug::{BREAKPOINTS, BreakCondition, Dr6, Dr7};
use i586::exception::Exception;
use i586::flags::Eflags;

/// Number of the status register in the register file.
const STATUS: usize = 6;
/// Number of the control register.
const CONTROL: usize = 7;
const PAGE_BYTES: u32 = 0x1000;

/// What the debug unit remembers between instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Debugging {
    /// Causes of the debug exception that is due.
    pending: Dr6,
    /// The instruction that just ended loaded RF: it holds for the next one.
    resume_loaded: bool,
    /// The instruction that just ended loaded SS: no debug trap before the next one is over.
    stack_loaded: bool,
    /// The instruction that just ended entered a handler: it is not stepped into.
    handler_entered: bool,
}

impl Debugging {
    pub(crate) const fn new() -> Self {
        Debugging { pending: Dr6::RESET, resume_loaded: false, stack_loaded: false, handler_entered: false }
    }
}

const EXCEPTION: Fault = Fault { exception: Exception::Debug, code: None };

/// Where an instruction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    /// Behind an instruction that loaded SS: no debug exception before it is over (Pentium manual vol. 3 §14.5.3).
    BehindStackLoad,
}

/// Starts an instruction in stepping mode: #DB if an instruction breakpoint is set on it and RF is clear.
pub(crate) fn instruction_breakpoint(core: &mut Core, place: Place) -> Option<Fault> {
    core.debugging =
        Debugging { resume_loaded: false, stack_loaded: false, handler_entered: false, ..core.debugging };
    if !wants_stepping(core) {
        core.attention.remove(Attention::STEPPING);
    }
    if place == Place::BehindStackLoad || core.flags.has(Eflags::RESUME) {
        return None;
    }
    if control(core).enables() == 0 {
        return None;
    }
    let linear = core.segment(SegmentName::Cs).base.wrapping_add(core.eip);
    let matched = matches(core, |condition, start, bytes| {
        condition == BreakCondition::Execute && bytes == 1 && start == linear
    });
    tally(core, matched);
    let matched = hit(core, matched)?;
    core.debugging.pending = Dr6::new().with_matched(matched);
    Some(EXCEPTION)
}

/// Ends an instruction that began with TF set.
pub(crate) fn single_step(core: &mut Core) {
    if !core.debugging.handler_entered && !core.debugging.stack_loaded {
        core.debugging.pending.set_single_step(true);
        core.attention |= Attention::DEBUG_TRAP;
    }
}

/// Whether TF, RF or an enabled breakpoint needs a look at every instruction.
pub(crate) fn wants_stepping(core: &Core) -> bool {
    control(core).enables() != 0 || core.flags.has(Eflags::TRAP) || core.flags.has(Eflags::RESUME)
}

/// Notes a data access for data breakpoints. The trap comes after the instruction.
pub(crate) fn note_data_access(core: &mut Core, linear: u32, bytes: u32, intent: Intent) {
    if control(core).enables() == 0 {
        return;
    }
    let write = intent == Intent::Write;
    let matched = matches(core, |condition, start, length| {
        (condition == BreakCondition::Access || write && condition == BreakCondition::Write)
            && overlap(start, length, linear, bytes)
    });
    note(core, matched);
}

/// Notes a port access for I/O breakpoints.
#[inline]
pub(crate) fn note_io_access(core: &mut Core, port: u16, bytes: u32) {
    if control(core).enables() == 0 || core.cr4 & Cr4::DEBUGGING_EXTENSIONS.bits() == 0 {
        return;
    }
    let matched = matches(core, |condition, start, length| {
        condition == BreakCondition::Io && overlap(start, length, u32::from(port), bytes)
    });
    note(core, matched);
}

/// Whether accesses to the page at `linear` must be looked at one by one.
pub(crate) fn watches_page(core: &Core, linear: u32) -> bool {
    if control(core).enables() == 0 {
        return false;
    }
    let page = linear & !(PAGE_BYTES - 1);
    let matched = matches(core, |condition, start, length| {
        matches!(condition, BreakCondition::Access | BreakCondition::Write)
            && overlap(start, length, page, PAGE_BYTES)
    });
    hit(core, matched).is_some()
}

/// Tells the performance counters.
fn tally(core: &mut Core, matched: u8) {
    for n in (0..BREAKPOINTS).filter(|n| matched >> n & 1 != 0) {
        core.counters.breakpoint_match(n);
    }
}

fn note(core: &mut Core, matched: u8) {
    tally(core, matched);
    if let Some(matched) = hit(core, matched) {
        let pending = core.debugging.pending;
        core.debugging.pending = pending.with_matched(pending.matched() | matched);
        core.attention |= Attention::DEBUG_TRAP;
        core.leave_block = true;
    }
}

/// All breakpoints that match, as bits, if at least one of them is enabled.
fn hit(core: &Core, matched: u8) -> Option<u8> {
    let control = control(core);
    let any = (0..BREAKPOINTS).any(|n| matched >> n & 1 != 0 && control.is_enabled(n));
    any.then_some(matched)
}

/// Breakpoints, enabled or not, whose condition, address and length satisfy `test`.
fn matches(core: &Core, test: impl Fn(BreakCondition, u32, u32) -> bool) -> u8 {
    let control = control(core);
    (0..BREAKPOINTS).fold(0, |set, n| {
        // The undefined length is taken as 1 byte.
        let bytes = u32::from(control.length(n).unwrap_or(1));
        let start = core.dr[usize::from(n)] & !(bytes - 1);
        set | u8::from(test(control.condition(n), start, bytes)) << n
    })
}

fn overlap(start: u32, length: u32, other: u32, other_length: u32) -> bool {
    other.wrapping_sub(start) < length || start.wrapping_sub(other) < other_length
}

fn control(core: &Core) -> Dr7 {
    Dr7::from_bits(core.dr[CONTROL])
}

/// Brings the run loop in line with a new DR7, DR0..DR3 or CR4.DE.
pub(crate) fn breakpoints_changed(core: &mut Core) {
    if control(core).enables() != 0 {
        core.attention |= Attention::STEPPING;
    }
    core.forget_hot_translations();
}

/// #DB for MOV to or from a debug register while DR7.GD is set.
pub(crate) fn register_access(core: &mut Core) -> Result<(), Stop> {
    if control(core).general_detect() {
        core.debugging.pending.set_register_access(true);
        return Err(Stop::Fault(EXCEPTION));
    }
    Ok(())
}

/// Whether the debug exception that is due is a fault of [`register_access`].
pub(crate) fn is_register_access_fault(core: &Core) -> bool {
    core.debugging.pending.register_access()
}

/// #DB of a task whose T bit is set.
pub(crate) fn task_switch_trap(core: &mut Core) -> Fault {
    core.debugging.pending.set_task_switch(true);
    EXCEPTION
}

/// A task switch clears the local enables.
pub(crate) fn leave_task(core: &mut Core) {
    let control = control(core);
    let enables = control.enables() & !Dr7::LOCAL_ENABLES;
    core.dr[CONTROL] = control.with_enables(enables).with_local_exact(false).into_bits();
}

/// The debug exception that is due, if any, unless SS was loaded just now.
pub(crate) fn due(core: &mut Core) -> Option<Fault> {
    if core.debugging.pending == Dr6::RESET {
        return None;
    }
    if core.debugging.stack_loaded {
        core.attention |= Attention::DEBUG_TRAP;
        return None;
    }
    Some(EXCEPTION)
}

/// The debug handler is being entered: causes go to DR6, DR7.GD is cleared.
pub(crate) fn enter_handler(core: &mut Core) {
    core.dr[STATUS] |= core.debugging.pending.into_bits() & Dr6::WRITABLE;
    core.dr[CONTROL] = control(core).with_general_detect(false).into_bits();
    forget_traps(core);
}

/// An instruction did not complete: what it touched does not count.
pub(crate) fn forget_traps(core: &mut Core) {
    core.debugging.pending = Dr6::RESET;
    core.attention.remove(Attention::DEBUG_TRAP);
}

/// A handler was entered by the running instruction: no single-step trap before its first instruction.
pub(crate) fn handler_entered(core: &mut Core) {
    core.debugging.handler_entered = true;
}

/// Where the instruction is that is about to start in an interrupt shadow; if it has to wait,
/// [`stack_segment_loaded`] must be called again.
pub(crate) fn place_in_shadow(core: &Core) -> Place {
    if core.debugging.stack_loaded { Place::BehindStackLoad } else { Place::Anywhere }
}

/// SS was loaded by the running instruction: no interrupt and no debug trap before the next one is over.
pub(crate) fn stack_segment_loaded(core: &mut Core) {
    core.debugging.stack_loaded = true;
    core.attention |= Attention::SHADOW;
}

/// RF was loaded by the running instruction.
pub(crate) fn resume_flag_loaded(core: &mut Core) {
    core.debugging.resume_loaded = true;
}

impl Core {
    /// Whether RF outlives the instruction that just ended.
    pub(crate) fn keeps_resume(&self) -> bool {
        self.debugging.resume_loaded
    }
}
