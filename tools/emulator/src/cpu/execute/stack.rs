//! PUSHA POPA ENTER LEAVE, and BOUND.

use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::exception::Exception;
use std::marker::PhantomData;

/// PUSHA and PUSHAD.
pub(crate) struct PushAll<W>(PhantomData<W>);
/// POPA and POPAD.
pub(crate) struct PopAll<W>(PhantomData<W>);
/// ENTER: frame size in `immediate`, nesting level in `source`.
pub(crate) struct Enter<W>(PhantomData<W>);
/// LEAVE
pub(crate) struct Leave<W>(PhantomData<W>);
/// BOUND: index in `source`, the pair of bounds in memory.
pub(crate) struct Bound<W>(PhantomData<W>);

impl<W: Width> Step for PushAll<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let stack = core.regs[4];
        for register in 0..8 {
            let value = if register == 4 { stack & W::MASK } else { W::get(core, register) };
            core.push::<M, W>(fabric, op, value).inspect_err(|_| core.regs[4] = stack)?;
        }
        Ok(())
    }
}

impl<W: Width> Step for PopAll<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let mut values = [0; 8];
        let mut depth = 0;
        for register in (0..8).rev() {
            // The slot of ESP is read and thrown away: it may fault as well.
            values[register] = core.peek_stack::<M, W>(fabric, op, depth)?;
            depth += W::BYTES;
        }
        for register in [7, 6, 5, 3, 2, 1, 0] {
            W::set(core, register, values[usize::from(register)]);
        }
        core.set_stack_pointer(core.stack_pointer().wrapping_add(depth));
        Ok(())
    }
}

impl<W: Width> Step for Enter<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (stack, frame_register) = (core.regs[4], core.regs[5]);
        let result = enter::<M, W>(core, fabric, op);
        if result.is_err() {
            core.regs[4] = stack;
            core.regs[5] = frame_register;
        }
        result
    }
}

fn enter<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
    let level = op.source & 31;
    let frame = W::get(core, 5);
    core.push::<M, W>(fabric, op, frame)?;
    let new_frame = core.regs[4];
    if level > 0 {
        let mut at = core.regs[5];
        for _ in 1..level {
            at = at.wrapping_sub(W::BYTES);
            let linear = core.readable(SegmentName::Ss.index(), at & core.stack_mask, W::BYTES)?;
            let value = core.load::<M, W>(fabric, op, linear)?;
            core.push::<M, W>(fabric, op, value)?;
        }
        core.push::<M, W>(fabric, op, new_frame & W::MASK)?;
    }
    W::set(core, 5, new_frame & W::MASK);
    let top = core.stack_pointer().wrapping_sub(op.immediate) & core.stack_mask;
    // The last check: a write at the new top of stack would be allowed.
    let linear = core.writable(SegmentName::Ss.index(), top, W::BYTES)?;
    core.probe_write::<M>(fabric, op, linear, W::BYTES)?;
    core.set_stack_pointer(top);
    Ok(())
}

impl<W: Width> Step for Leave<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let at = core.regs[5] & core.stack_mask;
        let linear = core.readable(SegmentName::Ss.index(), at, W::BYTES)?;
        let frame = core.load::<M, W>(fabric, op, linear)?;
        core.set_stack_pointer(at.wrapping_add(W::BYTES));
        W::set(core, 5, frame);
        Ok(())
    }
}

impl<W: Width> Step for Bound<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let signed = |value: u32| W::sign_extend(value).cast_signed();
        let index = signed(W::get(core, op.source));
        let lower = signed(core.load_operand::<M, W>(fabric, op)?);
        let mut second = *op;
        second.displacement = op.displacement.wrapping_add(W::BYTES);
        let upper = signed(core.load_operand::<M, W>(fabric, &second)?);
        if index < lower || index > upper { Err(Stop::plain(Exception::Bound)) } else { Ok(()) }
    }
}
