//! Runs one core until its time is up or something outside it has to happen.
//!
//! Between two blocks, in this order: things that want attention (NMI, INIT, interrupts, debug traps), the
//! deadline, the next block. An exception is delivered as soon as the instruction that raised it has been
//! abandoned.

use super::again;
use super::block::{Block, CodeCache};
use super::fault::Stop;
use super::model::Model;
use super::observed::{self, Passage};
use super::op::{Exit, Op};
use super::state::{Activity, Attention, Core};
use super::system::debug::Place;
use super::system::{debug, interrupt};
use crate::chip::Fabric;
use i586::flags::Eflags;

/// Why a slice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slice {
    /// The deadline was reached.
    Deadline,
    /// The next access must wait for cores that are earlier.
    Waiting,
    /// The core stopped executing: HLT, shutdown, hang, stopped clock.
    NotRunning,
    /// The chip has effects for the machine to apply.
    Effects,
    /// The observer asked to stop before the instruction at EIP, or a breakpoint is on it.
    Observed,
    /// A debugger's data watchpoint was hit by the instruction at EIP, before the access.
    Watchpoint,
}

/// Sees every instruction before it runs. Used by traces, debuggers and single-stepping tests only.
pub(crate) trait Observer {
    /// Returns false to stop before this instruction.
    fn before(&mut self, core: &Core, fabric: &Fabric) -> bool;
}

/// Runs until `deadline` (in the core's own cycles) or until the slice ends otherwise.
pub(crate) fn run<M: Model>(
    core: &mut Core,
    code: &mut CodeCache,
    fabric: &mut Fabric,
    deadline: u64,
    mut observer: Option<&mut dyn Observer>,
) -> Slice {
    if core.midway.is_some()
        && let Some(passage) = observed::resume(core, fabric, reborrow(&mut observer))
        && let Some(slice) = resumed::<M>(core, fabric, passage)
    {
        return slice;
    }
    let mut takes_its_turn = core.has_waited_enough();
    loop {
        core.in_order |= takes_its_turn;
        let mut single = false;
        let mut shadow = false;
        if !core.attention.is_empty() {
            if core.attention.contains(Attention::NOT_RUNNING) {
                return Slice::NotRunning;
            }
            match attend::<M>(core, fabric) {
                Ok(()) => {}
                Err(stop) => {
                    if let Some(slice) = settle::<M>(core, fabric, stop) {
                        return slice;
                    }
                    continue;
                }
            }
            single = core.attention.intersects(Attention::SHADOW | Attention::STEPPING);
            shadow = core.attention.contains(Attention::SHADOW);
        }
        // Not if the turn was spent on the delivery of an interrupt.
        single |= std::mem::take(&mut takes_its_turn) && core.has_waited_enough();
        if core.cycles >= deadline {
            return Slice::Deadline;
        }
        if core.attention.contains(Attention::BREAKPOINTS) && core.at_breakpoint() {
            return Slice::Observed;
        }
        if let Some(observer) = observer.as_deref_mut()
            && !observer.before(core, fabric)
        {
            return Slice::Observed;
        }
        if shadow {
            core.attention.remove(Attention::SHADOW);
        }
        let slice = if single {
            // The shadow of STI is for interrupts alone.
            let place = if shadow { debug::place_in_shadow(core) } else { Place::Anywhere };
            let slice = run_single::<M>(core, code, fabric, place);
            if place == Place::BehindStackLoad && matches!(slice, Some(Slice::Waiting | Slice::Watchpoint)) {
                debug::stack_segment_loaded(core);
            }
            slice
        } else {
            match code.enter::<M>(core, fabric, false) {
                Ok(block) => {
                    core.block_eip = core.eip;
                    let exit = if observer.is_some() || has_breakpoint(core, block) {
                        match observed::run_block(core, fabric, block, reborrow(&mut observer)) {
                            Passage::Ended(exit) => exit,
                            Passage::Observed => return Slice::Observed,
                        }
                    } else {
                        again::run::<M>(core, fabric, block, deadline)
                    };
                    match exit {
                        Exit::Left if !core.leave_block => continue,
                        Exit::Left => None,
                        Exit::Stopped => {
                            observed::note_watchpoint(core, block);
                            stopped::<M>(core, fabric)
                        }
                    }
                }
                Err(stop) => settle::<M>(core, fabric, stop),
            }
        };
        core.in_order = false;
        core.claimed = false;
        if let Some(slice) = slice {
            core.leave_block = false;
            if shadow && matches!(slice, Slice::Waiting | Slice::Watchpoint) {
                // The instruction in the shadow is still to come.
                core.attention |= Attention::SHADOW;
            }
            return slice;
        }
        if core.leave_block {
            core.leave_block = false;
            if std::mem::take(&mut core.leave_slice) || fabric.has_effects() {
                return Slice::Effects;
            }
        }
    }
}

/// An observer for one call.
fn reborrow<'a>(observer: &'a mut Option<&mut dyn Observer>) -> Option<&'a mut dyn Observer> {
    match observer {
        Some(observer) => Some(&mut **observer),
        None => None,
    }
}

/// Ends the block that a core was stopped inside and has gone on with; the slice may end with it.
#[cold]
fn resumed<M: Model>(core: &mut Core, fabric: &mut Fabric, passage: Passage) -> Option<Slice> {
    let slice = match passage {
        Passage::Observed => return Some(Slice::Observed),
        Passage::Ended(Exit::Left) => None,
        Passage::Ended(Exit::Stopped) => stopped::<M>(core, fabric),
    };
    core.in_order = false;
    core.claimed = false;
    let left = std::mem::take(&mut core.leave_block);
    if slice.is_none() && left && (std::mem::take(&mut core.leave_slice) || fabric.has_effects()) {
        return Some(Slice::Effects);
    }
    slice
}

/// Whether a debugger's breakpoint lies in the block about to run.
#[inline(always)]
fn has_breakpoint(core: &Core, block: &Block) -> bool {
    core.attention.contains(Attention::BREAKPOINTS)
        && core.breakpoints.any_within(core.linear_eip(), block.byte_count())
}

/// Runs one instruction with the debugging facilities of the core looking on.
#[cold]
fn run_single<M: Model>(
    core: &mut Core,
    code: &mut CodeCache,
    fabric: &mut Fabric,
    place: Place,
) -> Option<Slice> {
    let trap_flag = core.flags.has(Eflags::TRAP);
    if core.attention.contains(Attention::STEPPING)
        && let Some(fault) = debug::instruction_breakpoint(core, place)
    {
        return settle::<M>(core, fabric, Stop::Fault(fault));
    }
    let before = core.instructions;
    let exit = match code.enter::<M>(core, fabric, true) {
        Ok(block) => {
            core.block_eip = core.eip;
            block.ops.first().map(|op| op.run).map(|run| run(core, fabric, &block.ops))
        }
        Err(stop) => return settle::<M>(core, fabric, stop),
    };
    if exit == Some(Exit::Stopped) {
        return stopped::<M>(core, fabric);
    }
    if core.instructions != before {
        core.flags.assign(Eflags::RESUME, core.flags.has(Eflags::RESUME) && core.keeps_resume());
        if trap_flag {
            debug::single_step(core);
        }
    }
    None
}

#[cold]
fn stopped<M: Model>(core: &mut Core, fabric: &mut Fabric) -> Option<Slice> {
    match core.stop.take() {
        Some(stop) => settle::<M>(core, fabric, stop),
        None => None,
    }
}

/// Deals with an instruction that did not complete.
#[cold]
fn settle<M: Model>(core: &mut Core, fabric: &mut Fabric, stop: Stop) -> Option<Slice> {
    match stop {
        Stop::Fault(fault) => match interrupt::raise::<M>(core, fabric, fault) {
            Ok(()) => None,
            Err(stop) => settle_delivery(core, stop),
        },
        other => settle_delivery(core, other),
    }
}

fn settle_delivery(core: &mut Core, stop: Stop) -> Option<Slice> {
    match stop {
        Stop::NotYet => {
            core.note_refusal();
            Some(Slice::Waiting)
        }
        Stop::Watchpoint => Some(Slice::Watchpoint),
        Stop::Hang(finding) => {
            core.activity = Activity::Hung(finding);
            core.attention |= Attention::NOT_RUNNING;
            Some(Slice::NotRunning)
        }
        // Delivery turns faults of its own into double faults and shutdown.
        Stop::Fault(_) => unreachable!("a fault during delivery is handled by delivery"),
    }
}

/// Takes what is due between two instructions.
fn attend<M: Model>(core: &mut Core, fabric: &mut Fabric) -> Result<(), Stop> {
    if core.attention.contains(Attention::INIT) {
        core.attention.remove(Attention::INIT);
        core.init_reset();
        return Ok(());
    }
    if core.attention.contains(Attention::DEBUG_TRAP) {
        core.attention.remove(Attention::DEBUG_TRAP);
        return interrupt::debug_trap::<M>(core, fabric);
    }
    if core.attention.contains(Attention::SHADOW) {
        return Ok(());
    }
    if core.attention.contains(Attention::NMI) && !core.nmi_blocked {
        core.attention.remove(Attention::NMI);
        return interrupt::non_maskable::<M>(core, fabric);
    }
    if core.attention.contains(Attention::INTERRUPT) {
        core.apic.advance(core.cycle_at(&Op::BOUNDARY));
        if core.apic.pending_vector().is_none() {
            core.attention.remove(Attention::INTERRUPT);
        } else if core.flags.has(Eflags::INTERRUPT) {
            return interrupt::external::<M>(core, fabric);
        }
    }
    Ok(())
}
