//! Blocks under observation: the same blocks, an instruction at a time.
//!
//! Looking must not change what is looked at, so an observed core enters the blocks it would enter unobserved,
//! with the same fetches and the same looks at interrupts between them. Only inside a block its ops run one by
//! one, with the core's state brought up to date for whoever looks. A core that is stopped inside a block
//! remembers the place ([`Midway`]) and goes on there, not in a new block.

use super::block::Block;
use super::fault::Stop;
use super::op::{Exit, Op};
use super::run::Observer;
use super::state::{Attention, Core};
use crate::chip::Fabric;

/// The rest of a block that an observer or a debugger's point stopped before one of its instructions.
#[derive(Debug, Clone)]
pub(crate) struct Midway {
    block: Block,
    at: usize,
    block_eip: u32,
    place: Place,
    generation: u32,
    /// [`Core::in_order`] and [`Core::leave_block`] of the block so far.
    in_order: bool,
    leave_block: bool,
}

/// A core's place between two instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    eip: u32,
    cycles: u64,
    instructions: u64,
}

impl Place {
    fn of(core: &Core) -> Self {
        Place { eip: core.eip, cycles: core.cycles, instructions: core.instructions }
    }

    fn put(self, core: &mut Core) {
        core.eip = self.eip;
        core.cycles = self.cycles;
        core.instructions = self.instructions;
    }

    /// The place before `op` of the running block.
    fn before(op: &Op, core: &Core) -> Self {
        Place {
            eip: core.offset_in_block(op.start),
            cycles: core.cycle_at(op),
            instructions: core.instructions + u64::from(op.number),
        }
    }

    /// The block's count of cycles and instructions that makes `op` begin at this place.
    fn rewind(self, op: &Op, block_eip: u32) -> Self {
        Place {
            eip: block_eip,
            cycles: self.cycles - u64::from(op.cycles - op.cost),
            instructions: self.instructions - u64::from(op.number),
        }
    }
}

/// How a block under observation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// As an unobserved block ends.
    Ended(Exit),
    /// Stopped before an instruction that the core has a [`Midway`] for.
    Observed,
}

/// Whether `op` is an instruction, not the end of a block without a branch.
fn is_instruction(op: &Op) -> bool {
    op.next > op.start
}

/// Runs a block that was entered at its first op, which has been looked at.
pub(super) fn run_block(
    core: &mut Core,
    fabric: &mut Fabric,
    block: &Block,
    observer: Option<&mut dyn Observer>,
) -> Passage {
    run_from(core, fabric, block, 0, observer)
}

/// Goes on in the block that the core was stopped inside, if it still is there and may run.
pub(super) fn resume(
    core: &mut Core,
    fabric: &mut Fabric,
    mut observer: Option<&mut dyn Observer>,
) -> Option<Passage> {
    if core.attention.contains(Attention::NOT_RUNNING) {
        return None;
    }
    let midway = core.midway.take()?;
    let op = midway.block.ops.get(midway.at)?;
    let single = core.attention.intersects(Attention::STEPPING | Attention::SHADOW);
    if single || Place::of(core) != midway.place || core.code_generation != midway.generation {
        return None;
    }
    if stops(core, fabric, &mut observer) {
        core.midway = Some(midway);
        return Some(Passage::Observed);
    }
    midway.place.rewind(op, midway.block_eip).put(core);
    core.block_eip = midway.block_eip;
    core.in_order = midway.in_order;
    core.leave_block = midway.leave_block;
    let passage = run_from(core, fabric, &midway.block, midway.at, observer);
    note_watchpoint(core, &midway.block);
    Some(passage)
}

/// If a data watchpoint has ended the block, remembers the place to go on with the same block.
pub(super) fn note_watchpoint(core: &mut Core, block: &Block) {
    if core.stop != Some(Stop::Watchpoint) {
        return;
    }
    let offset = core.eip.wrapping_sub(core.block_eip);
    if let Some(at) = block.ops.iter().position(|op| u32::from(op.start) == offset) {
        remember(core, block, at);
    }
}

fn remember(core: &mut Core, block: &Block, at: usize) {
    core.midway = Some(Box::new(Midway {
        block: block.clone(),
        at,
        block_eip: core.block_eip,
        place: Place::of(core),
        generation: core.code_generation,
        in_order: std::mem::take(&mut core.in_order),
        leave_block: std::mem::take(&mut core.leave_block),
    }));
}

/// Runs a block from its op `first`, which has been looked at.
fn run_from(
    core: &mut Core,
    fabric: &mut Fabric,
    block: &Block,
    first: usize,
    mut observer: Option<&mut dyn Observer>,
) -> Passage {
    for (at, op) in block.ops.iter().enumerate().skip(first) {
        if at > first && is_instruction(op) {
            let running = Place::of(core);
            Place::before(op, core).put(core);
            if stops(core, fabric, &mut observer) {
                remember(core, block, at);
                return Passage::Observed;
            }
            running.put(core);
        }
        let instructions = core.instructions;
        let Some(handler) = block.handler(at) else { break };
        match handler(core, fabric, std::slice::from_ref(op)) {
            Exit::Left if core.instructions == instructions => {}
            exit => return Passage::Ended(exit),
        }
    }
    Passage::Ended(Exit::Left)
}

/// Whether a breakpoint or the observer stops the core before the instruction at EIP.
fn stops(core: &mut Core, fabric: &Fabric, observer: &mut Option<&mut dyn Observer>) -> bool {
    core.attention.contains(Attention::BREAKPOINTS) && core.at_breakpoint()
        || observer.as_deref_mut().is_some_and(|observer| !observer.before(core, fabric))
}
