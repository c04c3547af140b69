//! BT BTS BTR BTC, BSF BSR.
//!
//! A memory bit string is addressed by a signed bit offset in the register: the operand accessed is the one
//! that holds the bit. OF, SF, AF and PF after BT and friends keep their values; after BSF and BSR all but ZF
//! are undefined and kept. With a zero source BSF and BSR leave the destination as it was.

use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use std::marker::PhantomData;

/// What happens to the tested bit.
pub(crate) trait Change: 'static {
    const WRITES: bool = true;
    fn change(value: u32, bit: u32) -> u32;
}

/// BT
pub(crate) struct Keep;
/// BTS
pub(crate) struct Set;
/// BTR
pub(crate) struct Clear;
/// BTC
pub(crate) struct Complement;

impl Change for Keep {
    const WRITES: bool = false;
    fn change(value: u32, _: u32) -> u32 {
        value
    }
}
impl Change for Set {
    fn change(value: u32, bit: u32) -> u32 {
        value | bit
    }
}
impl Change for Clear {
    fn change(value: u32, bit: u32) -> u32 {
        value & !bit
    }
}
impl Change for Complement {
    fn change(value: u32, bit: u32) -> u32 {
        value ^ bit
    }
}

fn apply<C: Change, W: Width>(core: &mut Core, value: u32, number: u32) -> u32 {
    let bit = 1 << (number % W::BITS);
    core.flags.set_carry(value & bit != 0);
    C::change(value, bit)
}

/// Bit in a register, number in a register.
pub(crate) struct BitRegReg<C, W>(PhantomData<(C, W)>);
/// Bit in a register, number immediate.
pub(crate) struct BitRegImm<C, W>(PhantomData<(C, W)>);
/// Bit in memory, number in a register.
pub(crate) struct BitMemReg<C, W>(PhantomData<(C, W)>);
/// Bit in memory, number immediate.
pub(crate) struct BitMemImm<C, W>(PhantomData<(C, W)>);

impl<C: Change, W: Width> Step for BitRegReg<C, W> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (value, number) = (W::get(core, op.destination), W::get(core, op.source));
        let value = apply::<C, W>(core, value, number);
        W::set(core, op.destination, value);
        Ok(())
    }
}

impl<C: Change, W: Width> Step for BitRegImm<C, W> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = W::get(core, op.destination);
        let value = apply::<C, W>(core, value, op.immediate);
        W::set(core, op.destination, value);
        Ok(())
    }
}

fn in_memory<M: Model, C: Change, W: Width>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    number: u32,
) -> Result<(), Stop> {
    if !C::WRITES {
        let value = core.load_operand::<M, W>(fabric, op)?;
        apply::<C, W>(core, value, number);
        return Ok(());
    }
    let (value, linear) = core.load_operand_to_modify::<M, W>(fabric, op)?;
    let bit = 1 << (number % W::BITS);
    core.store::<M, W>(fabric, op, linear, C::change(value, bit))?;
    core.flags.set_carry(value & bit != 0);
    Ok(())
}

impl<C: Change, W: Width> Step for BitMemReg<C, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let number = W::get(core, op.source);
        let units = W::sign_extend(number).cast_signed() >> W::BITS.trailing_zeros();
        let mut moved = *op;
        let bytes = units.cast_unsigned().wrapping_mul(W::BYTES);
        moved.displacement = op.displacement.wrapping_add(bytes);
        in_memory::<M, C, W>(core, fabric, &moved, number)
    }
}

impl<C: Change, W: Width> Step for BitMemImm<C, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        in_memory::<M, C, W>(core, fabric, op, op.immediate)
    }
}

/// BSF from a register or memory (`F3 0F BC` is the same instruction on this core).
pub(crate) struct Bsf<S, W>(PhantomData<(S, W)>);
/// BSR from a register or memory.
pub(crate) struct Bsr<S, W>(PhantomData<(S, W)>);

impl<S: super::muldiv::Source, W: Width> Step for Bsf<S, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = S::read::<M, W>(core, fabric, op)?;
        if value != 0 {
            W::set(core, op.destination, value.trailing_zeros());
        }
        core.flags.set_zero(value == 0);
        Ok(())
    }
}

impl<S: super::muldiv::Source, W: Width> Step for Bsr<S, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = S::read::<M, W>(core, fabric, op)?;
        if value != 0 {
            W::set(core, op.destination, 31 - value.leading_zeros());
        }
        core.flags.set_zero(value == 0);
        Ok(())
    }
}
