//! A decoded instruction and the chain of handlers that executes a block of them.
//!
//! A block is a slice of [`Op`]s. Each handler does its work and then calls its successor in tail position;
//! optimised builds turn that into a jump, unoptimised ones nest at most one block deep
//! ([`super::block::BLOCK_OPS`]). Position and cycle count are not kept per instruction: an op knows both
//! relative to its block, and they are written back when the block is left.

use super::fault::Stop;
use super::model::{Fast, Model};
use super::segment::SegmentName;
use super::state::Core;
use crate::chip::Fabric;

/// How a block was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All of it ran, or it ended early between two instructions; EIP names the next one.
    Left,
    /// An instruction did not complete; `Core::stop` says why, EIP names it.
    Stopped,
}

/// Executes the first op of the slice and goes on to its successors.
pub(crate) type Handler = fn(&mut Core, &mut Fabric, &[Op]) -> Exit;

/// One decoded instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Op {
    pub(crate) run: Handler,
    /// Immediate operand, branch displacement or family-specific value.
    pub(crate) immediate: u32,
    pub(crate) displacement: u32,
    /// Base register of the effective address, [`NONE`] for none.
    pub(crate) base: u8,
    /// Index register of the effective address, [`NONE`] for none.
    pub(crate) index: u8,
    /// Left shift of the index.
    pub(crate) scale: u8,
    /// Segment of the effective address.
    pub(crate) segment: u8,
    /// Register operand that is written (or the only one).
    pub(crate) destination: u8,
    /// Register operand that is read.
    pub(crate) source: u8,
    /// Offset of the first byte from the block's EIP.
    pub(crate) start: u16,
    /// Offset of the next instruction.
    pub(crate) next: u16,
    /// Cycles of the block up to the end of this op.
    pub(crate) cycles: u16,
    /// Cycles of this op alone, caches permitting.
    pub(crate) cost: u16,
    /// Instructions of the block before this one.
    pub(crate) number: u8,
    /// Boolean attributes.
    pub(crate) attributes: Attributes,
}

/// Register number that always reads zero: "no base", "no index".
pub(crate) const NONE: u8 = 8;

bitflags::bitflags! {
    /// Attributes of an op.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Attributes: u8 {
        /// The effective address wraps at 64 KB.
        const ADDRESS16 = 1;
        /// A LOCK prefix, or the implied one of XCHG.
        const LOCKED = 2;
        /// The operand size is 32 bits, for families that look at run time.
        const OPERAND32 = 4;
        /// A REP or REPE prefix.
        const REPEAT = 8;
        /// A REPNE prefix.
        const REPEAT_NOT_EQUAL = 16;
    }
}

impl Op {
    /// Stands for "between two instructions": interrupt delivery, debugger accesses.
    pub(crate) const BOUNDARY: Op = Op {
        run: unreachable_handler,
        immediate: 0,
        displacement: 0,
        base: NONE,
        index: NONE,
        scale: 0,
        segment: 3,
        destination: 0,
        source: 0,
        start: 0,
        next: 0,
        cycles: 0,
        cost: 0,
        number: 0,
        attributes: Attributes::empty(),
    };

    pub(crate) fn is(&self, attribute: Attributes) -> bool {
        self.attributes.contains(attribute)
    }
}

fn unreachable_handler(_: &mut Core, _: &mut Fabric, _: &[Op]) -> Exit {
    unreachable!("Op::BOUNDARY is never part of a block")
}

/// The meaning of an instruction.
///
/// A step either completes or returns before it changed anything that restarting it would notice.
pub(crate) trait Step {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop>;

    /// The whole step on the fast model's shortest path ([`super::quick`]). False, with nothing changed, if
    /// the step needs more than that.
    #[inline(always)]
    fn quick(_: &mut Core, _: &mut Fabric, _: &Op) -> bool {
        false
    }
}

/// Runs a step that touches registers only.
pub(crate) fn registers<M: Model, S: Step>(core: &mut Core, fabric: &mut Fabric, ops: &[Op]) -> Exit {
    let Some((op, rest)) = ops.split_first() else { return Exit::Left };
    match S::step::<M>(core, fabric, op) {
        Ok(()) => chain(core, fabric, rest),
        Err(stop) => abandon(core, op, stop),
    }
}

/// Runs a step that accesses memory: afterwards the block may have to be left (its own code was overwritten,
/// or the access was visible to other agents).
pub(crate) fn memory<M: Model, S: Step>(core: &mut Core, fabric: &mut Fabric, ops: &[Op]) -> Exit {
    let Some((op, rest)) = ops.split_first() else { return Exit::Left };
    if !M::STRICT && S::quick(core, fabric, op) {
        return chain(core, fabric, rest);
    }
    memory_in_full::<M, S>(core, fabric, ops)
}

#[inline(never)]
fn memory_in_full<M: Model, S: Step>(core: &mut Core, fabric: &mut Fabric, ops: &[Op]) -> Exit {
    let Some((op, rest)) = ops.split_first() else { return Exit::Left };
    match S::step::<M>(core, fabric, op) {
        Ok(()) if core.leave_block => leave_after(core, op),
        Ok(()) => {
            core.in_order = false;
            chain(core, fabric, rest)
        }
        Err(stop) => abandon(core, op, stop),
    }
}

/// Runs a step that ends its block: EIP is set to the next instruction before the step, which may change it.
pub(crate) fn closing<M: Model, S: Step>(core: &mut Core, fabric: &mut Fabric, ops: &[Op]) -> Exit {
    let Some((op, _)) = ops.split_first() else { return Exit::Left };
    core.eip = core.next_eip(op);
    if !M::STRICT && S::quick(core, fabric, op) {
        core.commit(op);
        return Exit::Left;
    }
    closing_in_full::<M, S>(core, fabric, ops)
}

#[inline(never)]
fn closing_in_full<M: Model, S: Step>(core: &mut Core, fabric: &mut Fabric, ops: &[Op]) -> Exit {
    let Some((op, _)) = ops.split_first() else { return Exit::Left };
    match S::step::<M>(core, fabric, op) {
        Ok(()) => {
            core.leave_block |= core.in_order;
            core.commit(op);
            Exit::Left
        }
        Err(stop) => abandon(core, op, stop),
    }
}

/// A condition under which a branch inside a block leaves it.
pub(crate) trait Condition: 'static {
    fn holds(core: &Core) -> bool;
}

/// Leaves the block to the op's branch target if the condition holds, otherwise goes on behind the branch.
pub(crate) fn side_exit<C: Condition>(core: &mut Core, fabric: &mut Fabric, ops: &[Op]) -> Exit {
    let Some((op, rest)) = ops.split_first() else { return Exit::Left };
    if C::holds(core) { take_branch(core, op, ops) } else { pass_branch(core, fabric, rest) }
}

/// Runs a step on registers and the conditional branch after it as one.
pub(crate) fn fused<M: Model, S: Step, C: Condition>(
    core: &mut Core,
    fabric: &mut Fabric,
    ops: &[Op],
) -> Exit {
    let [op, branch, rest @ ..] = ops else { return Exit::Left };
    match S::step::<M>(core, fabric, op) {
        Ok(()) if C::holds(core) => take_branch(core, branch, &ops[1..]),
        Ok(()) => pass_branch(core, fabric, rest),
        Err(stop) => abandon(core, op, stop),
    }
}

/// As [`fused`], on the fast model's shortest memory path; otherwise the two run one after the other.
pub(crate) fn fused_quick<S: Step, C: Condition>(core: &mut Core, fabric: &mut Fabric, ops: &[Op]) -> Exit {
    let [op, branch, rest @ ..] = ops else { return Exit::Left };
    if !S::quick(core, fabric, op) {
        return memory_in_full::<Fast, S>(core, fabric, ops);
    }
    if C::holds(core) { take_branch(core, branch, &ops[1..]) } else { pass_branch(core, fabric, rest) }
}

#[inline(always)]
fn take_branch(core: &mut Core, op: &Op, ops: &[Op]) -> Exit {
    let target = core.next_eip(op).wrapping_add(op.immediate);
    let target = if op.is(Attributes::OPERAND32) { target } else { target & 0xFFFF };
    if target > core.segment(SegmentName::Cs).limit {
        return refuse(core, ops, Stop::PROTECTION);
    }
    core.eip = target;
    core.counters.branch(true);
    core.commit(op);
    Exit::Left
}

#[inline(always)]
fn pass_branch(core: &mut Core, fabric: &mut Fabric, rest: &[Op]) -> Exit {
    core.counters.branch(false);
    chain(core, fabric, rest)
}

/// Ends a block that has no branch at its end.
pub(crate) fn fall_through(core: &mut Core, _: &mut Fabric, ops: &[Op]) -> Exit {
    let Some((op, _)) = ops.split_first() else { return Exit::Left };
    core.eip = core.offset_in_block(op.start);
    core.cycles += u64::from(op.cycles);
    core.instructions += u64::from(op.number);
    Exit::Left
}

/// Ends a block at its first op with `stop`.
pub(crate) fn refuse(core: &mut Core, ops: &[Op], stop: Stop) -> Exit {
    match ops.first() {
        Some(op) => abandon(core, op, stop),
        None => Exit::Left,
    }
}

#[inline(always)]
fn chain(core: &mut Core, fabric: &mut Fabric, rest: &[Op]) -> Exit {
    match rest.first() {
        Some(next) => (next.run)(core, fabric, rest),
        None => Exit::Left,
    }
}

#[cold]
fn leave_after(core: &mut Core, op: &Op) -> Exit {
    core.eip = core.next_eip(op);
    core.commit(op);
    Exit::Left
}

#[cold]
#[inline(never)]
fn abandon(core: &mut Core, op: &Op, stop: Stop) -> Exit {
    core.eip = core.offset_in_block(op.start);
    core.instructions += u64::from(op.number);
    // A stopped instruction's own cost is not charged: delivery charges the exception instead.
    core.cycles += u64::from(op.cycles - op.cost);
    core.stop = Some(stop);
    Exit::Stopped
}
