//! Two-operand arithmetic and logic: ADD OR ADC SBB AND SUB XOR CMP TEST, and the one-operand INC DEC NEG NOT.
//!
//! An operation is a type implementing [`Binary`] or [`Unary`]; the operand forms are steps generic over it.

use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::flags::Flags;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use std::marker::PhantomData;

/// A two-operand operation.
pub(crate) trait Binary: 'static {
    /// False for CMP and TEST, which only set flags.
    const WRITES: bool = true;
    fn apply<W: Width>(flags: &mut Flags, left: u32, right: u32) -> u32;
}

/// A one-operand operation.
pub(crate) trait Unary: 'static {
    fn apply<W: Width>(flags: &mut Flags, value: u32) -> u32;
}

/// Carry out of every bit of `left + right (+ carry)`, given the sum.
#[inline(always)]
const fn sum_carries(left: u32, right: u32, sum: u32) -> u32 {
    (left & right) | ((left | right) & !sum)
}

/// Borrow out of every bit of `left - right (- borrow)`, given the difference.
#[inline(always)]
const fn difference_borrows(left: u32, right: u32, difference: u32) -> u32 {
    (!left & right) | ((!left | right) & difference)
}

/// Moves the two carries of the top bit to bits 31 and 30, keeping bit 3.
#[inline(always)]
fn align<W: Width>(carries: u32) -> u32 {
    if W::BITS == 32 { carries } else { (carries << (32 - W::BITS)) & 0xC000_0000 | carries & 8 }
}

#[inline(always)]
fn add<W: Width>(flags: &mut Flags, left: u32, right: u32, carry: bool) -> u32 {
    let sum = left.wrapping_add(right).wrapping_add(u32::from(carry));
    flags.set_carries(W::sign_extend(sum), align::<W>(sum_carries(left, right, sum)));
    sum & W::MASK
}

#[inline(always)]
fn subtract<W: Width>(flags: &mut Flags, left: u32, right: u32, borrow: bool) -> u32 {
    let difference = left.wrapping_sub(right).wrapping_sub(u32::from(borrow));
    flags.set_carries(W::sign_extend(difference), align::<W>(difference_borrows(left, right, difference)));
    difference & W::MASK
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($writes:literal): |$flags:ident, $left:ident, $right:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Binary for $name {
            const WRITES: bool = $writes;
            #[inline(always)]
            fn apply<W: Width>($flags: &mut Flags, $left: u32, $right: u32) -> u32 { $body }
        }
    )*};
}

operations! {
    /// ADD
    Add(true): |flags, left, right| add::<W>(flags, left, right, false);
    /// ADC
    Adc(true): |flags, left, right| { let carry = flags.carry(); add::<W>(flags, left, right, carry) };
    /// SUB
    Sub(true): |flags, left, right| subtract::<W>(flags, left, right, false);
    /// SBB
    Sbb(true): |flags, left, right| { let borrow = flags.carry(); subtract::<W>(flags, left, right, borrow) };
    /// CMP
    Cmp(false): |flags, left, right| subtract::<W>(flags, left, right, false);
    /// AND
    And(true): |flags, left, right| logic::<W>(flags, left & right);
    /// OR
    Or(true): |flags, left, right| logic::<W>(flags, left | right);
    /// XOR
    Xor(true): |flags, left, right| logic::<W>(flags, left ^ right);
    /// TEST
    Test(false): |flags, left, right| logic::<W>(flags, left & right);
}

#[inline(always)]
fn logic<W: Width>(flags: &mut Flags, value: u32) -> u32 {
    flags.set_logic(W::sign_extend(value));
    value
}

/// INC
pub(crate) struct Inc;
/// DEC
pub(crate) struct Dec;
/// NEG
pub(crate) struct Neg;
/// NOT
pub(crate) struct Not;

impl Unary for Inc {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u32) -> u32 {
        let sum = value.wrapping_add(1);
        flags.set_carries_keeping_carry(W::sign_extend(sum), align::<W>(sum_carries(value, 1, sum)));
        sum & W::MASK
    }
}

impl Unary for Dec {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u32) -> u32 {
        let difference = value.wrapping_sub(1);
        let borrows = difference_borrows(value, 1, difference);
        flags.set_carries_keeping_carry(W::sign_extend(difference), align::<W>(borrows));
        difference & W::MASK
    }
}

impl Unary for Neg {
    #[inline(always)]
    fn apply<W: Width>(flags: &mut Flags, value: u32) -> u32 {
        subtract::<W>(flags, 0, value, false)
    }
}

impl Unary for Not {
    #[inline(always)]
    fn apply<W: Width>(_: &mut Flags, value: u32) -> u32 {
        !value & W::MASK
    }
}

/// `op register, register`
pub(crate) struct RegReg<O, W>(PhantomData<(O, W)>);
/// `op register, immediate`
pub(crate) struct RegImm<O, W>(PhantomData<(O, W)>);
/// `op register, memory`
pub(crate) struct RegMem<O, W>(PhantomData<(O, W)>);
/// `op memory, register`
pub(crate) struct MemReg<O, W>(PhantomData<(O, W)>);
/// `op memory, immediate`
pub(crate) struct MemImm<O, W>(PhantomData<(O, W)>);
/// `op register`
pub(crate) struct OneReg<O, W>(PhantomData<(O, W)>);
/// `op memory`
pub(crate) struct OneMem<O, W>(PhantomData<(O, W)>);

#[inline(always)]
fn to_register<O: Binary, W: Width>(core: &mut Core, register: u8, right: u32) {
    let left = W::get(core, register);
    let value = O::apply::<W>(&mut core.flags, left, right);
    if O::WRITES {
        W::set(core, register, value);
    }
}

#[inline(always)]
fn to_memory<M: Model, O: Binary, W: Width>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    right: u32,
) -> Result<(), Stop> {
    if !O::WRITES {
        let left = core.load_operand::<M, W>(fabric, op)?;
        O::apply::<W>(&mut core.flags, left, right);
        return Ok(());
    }
    let (left, linear) = core.load_operand_to_modify::<M, W>(fabric, op)?;
    let mut flags = core.flags.clone();
    let value = O::apply::<W>(&mut flags, left, right);
    core.store::<M, W>(fabric, op, linear, value)?;
    core.flags = flags;
    Ok(())
}

#[inline(always)]
fn quick_to_memory<O: Binary, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op, right: u32) -> bool {
    if O::WRITES {
        return core.quick_modify::<W>(fabric, op, |core, left| O::apply::<W>(&mut core.flags, left, right));
    }
    let Some(left) = core.quick_load::<W>(fabric, op) else { return false };
    O::apply::<W>(&mut core.flags, left, right);
    true
}

impl<O: Binary, W: Width> Step for RegReg<O, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let right = W::get(core, op.source);
        to_register::<O, W>(core, op.destination, right);
        Ok(())
    }
}

impl<O: Binary, W: Width> Step for RegImm<O, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        to_register::<O, W>(core, op.destination, op.immediate);
        Ok(())
    }
}

impl<O: Binary, W: Width> Step for RegMem<O, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let right = core.load_operand::<M, W>(fabric, op)?;
        to_register::<O, W>(core, op.destination, right);
        Ok(())
    }

    #[inline(always)]
    fn quick(core: &mut Core, fabric: &mut Fabric, op: &Op) -> bool {
        let Some(right) = core.quick_load::<W>(fabric, op) else { return false };
        to_register::<O, W>(core, op.destination, right);
        true
    }
}

impl<O: Binary, W: Width> Step for MemReg<O, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let right = W::get(core, op.source);
        to_memory::<M, O, W>(core, fabric, op, right)
    }

    #[inline(always)]
    fn quick(core: &mut Core, fabric: &mut Fabric, op: &Op) -> bool {
        let right = W::get(core, op.source);
        quick_to_memory::<O, W>(core, fabric, op, right)
    }
}

impl<O: Binary, W: Width> Step for MemImm<O, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        to_memory::<M, O, W>(core, fabric, op, op.immediate)
    }

    #[inline(always)]
    fn quick(core: &mut Core, fabric: &mut Fabric, op: &Op) -> bool {
        quick_to_memory::<O, W>(core, fabric, op, op.immediate)
    }
}

impl<O: Unary, W: Width> Step for OneReg<O, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = W::get(core, op.destination);
        let value = O::apply::<W>(&mut core.flags, value);
        W::set(core, op.destination, value);
        Ok(())
    }
}

impl<O: Unary, W: Width> Step for OneMem<O, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let (value, linear) = core.load_operand_to_modify::<M, W>(fabric, op)?;
        let mut flags = core.flags.clone();
        let value = O::apply::<W>(&mut flags, value);
        core.store::<M, W>(fabric, op, linear, value)?;
        core.flags = flags;
        Ok(())
    }

    #[inline(always)]
    fn quick(core: &mut Core, fabric: &mut Fabric, op: &Op) -> bool {
        core.quick_modify::<W>(fabric, op, |core, value| O::apply::<W>(&mut core.flags, value))
    }
}
