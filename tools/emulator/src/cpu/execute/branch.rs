//! Near control transfers. Far ones are in [`super::super::control_transfer`].
//!
//! A target outside the code segment's limit raises #GP(0) at the branch, before anything changed.

use super::condition::holds;
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Condition, Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use std::marker::PhantomData;

/// Jumps to the op's target: EIP of the next instruction plus the displacement, in the operand width.
#[inline(always)]
fn take(core: &mut Core, op: &Op) -> Result<(), Stop> {
    let target = core.next_eip(op).wrapping_add(op.immediate);
    go(core, if op.is(Attributes::OPERAND32) { target } else { target & 0xFFFF })
}

/// Jumps to an offset of the code segment.
#[inline(always)]
fn go(core: &mut Core, target: u32) -> Result<(), Stop> {
    if target > core.segment(SegmentName::Cs).limit {
        return Err(Stop::PROTECTION);
    }
    core.eip = target;
    core.counters.branch(true);
    Ok(())
}

/// The condition of Jcc. Such a branch does not end its block: it is a side exit.
pub(crate) struct Jcc<const CC: u8>;

impl<const CC: u8> Condition for Jcc<CC> {
    #[inline(always)]
    fn holds(core: &Core) -> bool {
        holds::<CC>(&core.flags)
    }
}

/// `jmp relative`
pub(crate) struct JmpRelative;

impl Step for JmpRelative {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        take(core, op)
    }
}

/// `call relative`
pub(crate) struct CallRelative<W>(PhantomData<W>);

impl<W: Width> Step for CallRelative<W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let back = core.next_eip(op);
        let target = back.wrapping_add(op.immediate) & W::MASK;
        if target > core.segment(SegmentName::Cs).limit {
            return Err(Stop::PROTECTION);
        }
        core.push::<M, W>(fabric, op, back)?;
        core.eip = target;
        core.counters.branch(true);
        Ok(())
    }

    #[inline(always)]
    fn quick(core: &mut Core, fabric: &mut Fabric, op: &Op) -> bool {
        let back = core.next_eip(op);
        let target = back.wrapping_add(op.immediate) & W::MASK;
        if target > core.segment(SegmentName::Cs).limit || !core.quick_push::<W>(fabric, back) {
            return false;
        }
        core.eip = target;
        core.counters.branch(true);
        true
    }
}

/// Where an indirect near branch finds its target.
pub(crate) trait Target: 'static {
    fn target<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<u32, Stop>;
}

/// In a register.
pub(crate) struct InRegister;
/// In memory.
pub(crate) struct InMemory;

impl Target for InRegister {
    fn target<M: Model, W: Width>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<u32, Stop> {
        Ok(W::get(core, op.source))
    }
}

impl Target for InMemory {
    fn target<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<u32, Stop> {
        core.load_operand::<M, W>(fabric, op)
    }
}

/// `jmp` through a register or memory.
pub(crate) struct JmpIndirect<T, W>(PhantomData<(T, W)>);

impl<T: Target, W: Width> Step for JmpIndirect<T, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let target = T::target::<M, W>(core, fabric, op)?;
        go(core, target)
    }
}

/// `call` through a register or memory.
pub(crate) struct CallIndirect<T, W>(PhantomData<(T, W)>);

impl<T: Target, W: Width> Step for CallIndirect<T, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let target = T::target::<M, W>(core, fabric, op)?;
        if target > core.segment(SegmentName::Cs).limit {
            return Err(Stop::PROTECTION);
        }
        let back = core.next_eip(op);
        core.push::<M, W>(fabric, op, back)?;
        core.eip = target;
        core.counters.branch(true);
        Ok(())
    }
}

/// `ret`, and `ret n` with n in the immediate.
pub(crate) struct Ret<W>(PhantomData<W>);

impl<W: Width> Step for Ret<W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let target = core.peek_stack::<M, W>(fabric, op, 0)?;
        go(core, target)?;
        let released = op.immediate.wrapping_add(W::BYTES);
        core.set_stack_pointer(core.stack_pointer().wrapping_add(released));
        Ok(())
    }

    #[inline(always)]
    fn quick(core: &mut Core, fabric: &mut Fabric, op: &Op) -> bool {
        let Some(target) = core.quick_top::<W>(fabric) else { return false };
        if target > core.segment(SegmentName::Cs).limit {
            return false;
        }
        core.eip = target;
        core.counters.branch(true);
        core.regs[4] = core.regs[4].wrapping_add(op.immediate).wrapping_add(W::BYTES);
        true
    }
}

/// LOOP, LOOPE, LOOPNE and JCXZ, told apart by the opcode's low two bits in `source`; the count is CX with
/// a 16-bit address size, ECX otherwise.
pub(crate) struct LoopFamily;

impl Step for LoopFamily {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let mask = if op.is(Attributes::ADDRESS16) { 0xFFFF } else { u32::MAX };
        let before = core.regs[1];
        let count = match op.source & 3 {
            3 => before & mask,
            _ => before.wrapping_sub(1) & mask,
        };
        let zero = core.flags.zero();
        let taken = match op.source & 3 {
            0 => count != 0 && !zero,
            1 => count != 0 && zero,
            2 => count != 0,
            _ => count == 0,
        };
        if taken {
            take(core, op)?;
        }
        if op.source & 3 != 3 {
            core.regs[1] = (before & !mask) | count;
        }
        Ok(())
    }
}
