//! CMPXCHG, CMPXCHG8B and XADD.
//!
//! With or without LOCK they are atomic against this core's interrupts only (SCC reference §2.9).

use crate::chip::Fabric;
use crate::cpu::execute::alu::{Add, Binary, Cmp};
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Attributes, Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use crate::mmu::walk::low_word;
use std::marker::PhantomData;

/// `cmpxchg register, register`
pub(crate) struct CmpxchgReg<W>(PhantomData<W>);
/// `cmpxchg memory, register`
pub(crate) struct CmpxchgMem<W>(PhantomData<W>);
/// `xadd register, register`
pub(crate) struct XaddReg<W>(PhantomData<W>);
/// `xadd memory, register`
pub(crate) struct XaddMem<W>(PhantomData<W>);
/// `cmpxchg8b memory`
pub(crate) struct Cmpxchg8b;

impl<W: Width> Step for CmpxchgReg<W> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (accumulator, value) = (W::get(core, 0), W::get(core, op.destination));
        Cmp::apply::<W>(&mut core.flags, accumulator, value);
        if accumulator == value {
            let source = W::get(core, op.source);
            W::set(core, op.destination, source);
        } else {
            W::set(core, 0, value);
        }
        Ok(())
    }
}

impl<W: Width> Step for CmpxchgMem<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (value, linear) = core.load_operand_to_modify::<M, W>(fabric, op)?;
        let accumulator = W::get(core, 0);
        // The memory operand is written in either case, with its own value if the comparison fails.
        let new = if accumulator == value { W::get(core, op.source) } else { value };
        core.store::<M, W>(fabric, op, linear, new)?;
        Cmp::apply::<W>(&mut core.flags, accumulator, value);
        if accumulator != value {
            W::set(core, 0, value);
        }
        Ok(())
    }
}

impl<W: Width> Step for XaddReg<W> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (left, right) = (W::get(core, op.destination), W::get(core, op.source));
        let sum = Add::apply::<W>(&mut core.flags, left, right);
        W::set(core, op.source, left);
        W::set(core, op.destination, sum);
        Ok(())
    }
}

impl<W: Width> Step for XaddMem<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (left, linear) = core.load_operand_to_modify::<M, W>(fabric, op)?;
        let right = W::get(core, op.source);
        let mut flags = core.flags.clone();
        let sum = Add::apply::<W>(&mut flags, left, right);
        core.store::<M, W>(fabric, op, linear, sum)?;
        core.flags = flags;
        W::set(core, op.source, left);
        Ok(())
    }
}

impl Step for Cmpxchg8b {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let linear = core.writable(usize::from(op.segment), core.effective_offset(op), 8)?;
        core.probe_write::<M>(fabric, op, linear, 8)?;
        if M::STRICT && op.is(Attributes::LOCKED) {
            core.begin_locked::<M>(fabric, op, linear, 8)?;
        }
        let value = core.read_to_modify(op, linear, |core| core.load64::<M>(fabric, op, linear))?;
        let expected = u64::from(core.regs[2]) << 32 | u64::from(core.regs[0]);
        let equal = value == expected;
        let new = if equal { u64::from(core.regs[1]) << 32 | u64::from(core.regs[3]) } else { value };
        core.store64::<M>(fabric, op, linear, new)?;
        if !equal {
            core.regs[0] = low_word(value);
            core.regs[2] = low_word(value >> 32);
        }
        core.flags.set_zero(equal);
        Ok(())
    }
}
