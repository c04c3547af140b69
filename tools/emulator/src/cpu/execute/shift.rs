//! Shifts and rotates: ROL ROR RCL RCR SHL SHR SAR, SHLD SHRD.
//!
//! Counts are taken modulo 32; a count of 0 changes nothing. OF is defined for a count of 1 only; for larger
//! counts it is computed by the same formula. AF is undefined after shifts and left clear.

#![expect(
    clippy::cast_possible_truncation,
    reason = "a 64-bit intermediate is narrowed to the operand it came from"
)]

use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::flags::Flags;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use std::marker::PhantomData;

/// A shift or rotate by 1 to 31.
pub(crate) trait Shift: 'static {
    fn apply<W: Width>(flags: &mut Flags, value: u32, count: u32) -> u32;
}

/// Where the count comes from.
pub(crate) trait Count: 'static {
    fn count(core: &Core, op: &Op) -> u32;
}

/// The immediate.
pub(crate) struct Immediate;
/// CL.
pub(crate) struct InCl;

impl Count for Immediate {
    #[inline(always)]
    fn count(_: &Core, op: &Op) -> u32 {
        op.immediate & 31
    }
}

impl Count for InCl {
    #[inline(always)]
    fn count(core: &Core, _: &Op) -> u32 {
        core.regs[1] & 31
    }
}

macro_rules! shifts {
    ($($(#[$doc:meta])* $name:ident: |$flags:ident, $value:ident, $count:ident| $body:block)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Shift for $name {
            #[inline(always)]
            fn apply<W: Width>($flags: &mut Flags, $value: u32, $count: u32) -> u32 $body
        }
    )*};
}

shifts! {
    /// SHL, also SAL.
    Shl: |flags, value, count| {
        let wide = u64::from(value) << count;
        let result = wide as u32 & W::MASK;
        let carry = wide >> W::BITS & 1 != 0;
        flags.set_result(W::sign_extend(result), carry, carry != (result & W::SIGN != 0), false);
        result
    }
    /// SHR
    Shr: |flags, value, count| {
        let carry = value >> (count - 1) & 1 != 0;
        let result = value >> count;
        let overflow = (result ^ (result << 1)) & W::SIGN != 0;
        flags.set_result(W::sign_extend(result), carry, overflow, false);
        result
    }
    /// SAR
    Sar: |flags, value, count| {
        let wide = W::sign_extend(value).cast_signed();
        let carry = wide >> (count - 1) & 1 != 0;
        let result = (wide >> count).cast_unsigned();
        flags.set_result(result, carry, false, false);
        result & W::MASK
    }
    /// ROL
    Rol: |flags, value, count| {
        let turn = count % W::BITS;
        let result = rotate_left::<W>(value, turn);
        let carry = result & 1 != 0;
        flags.set_carry_overflow(carry, carry != (result & W::SIGN != 0));
        result
    }
    /// ROR
    Ror: |flags, value, count| {
        let turn = (W::BITS - count % W::BITS) % W::BITS;
        let result = rotate_left::<W>(value, turn);
        flags.set_carry_overflow(result & W::SIGN != 0, (result ^ (result << 1)) & W::SIGN != 0);
        result
    }
    /// RCL: rotates through CF.
    Rcl: |flags, value, count| {
        let turn = count % (W::BITS + 1);
        if turn == 0 {
            let carry = flags.carry();
            flags.set_carry_overflow(carry, carry != (value & W::SIGN != 0));
            return value;
        }
        let wide = u64::from(flags.carry()) << W::BITS | u64::from(value);
        let turned = wide << turn | wide >> (W::BITS + 1 - turn);
        let result = turned as u32 & W::MASK;
        let carry = turned >> W::BITS & 1 != 0;
        flags.set_carry_overflow(carry, carry != (result & W::SIGN != 0));
        result
    }
    /// RCR: rotates through CF.
    Rcr: |flags, value, count| {
        let turn = count % (W::BITS + 1);
        if turn == 0 {
            let carry = flags.carry();
            flags.set_carry_overflow(carry, (value ^ (value << 1)) & W::SIGN != 0);
            return value;
        }
        let wide = u64::from(flags.carry()) << W::BITS | u64::from(value);
        let turned = wide >> turn | wide << (W::BITS + 1 - turn);
        let result = turned as u32 & W::MASK;
        let carry = turned >> W::BITS & 1 != 0;
        flags.set_carry_overflow(carry, (result ^ (result << 1)) & W::SIGN != 0);
        result
    }
}

#[inline(always)]
fn rotate_left<W: Width>(value: u32, turn: u32) -> u32 {
    let wide = u64::from(value) << turn;
    (wide as u32 | (wide >> W::BITS) as u32) & W::MASK
}

/// `shift register, count`
pub(crate) struct ShiftReg<S, C, W>(PhantomData<(S, C, W)>);
/// `shift memory, count`
pub(crate) struct ShiftMem<S, C, W>(PhantomData<(S, C, W)>);

impl<S: Shift, C: Count, W: Width> Step for ShiftReg<S, C, W> {
    #[inline(always)]
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let count = C::count(core, op);
        if count != 0 {
            let value = W::get(core, op.destination);
            let value = S::apply::<W>(&mut core.flags, value, count);
            W::set(core, op.destination, value);
        }
        Ok(())
    }
}

impl<S: Shift, C: Count, W: Width> Step for ShiftMem<S, C, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let count = C::count(core, op);
        let (value, linear) = core.load_operand_to_modify::<M, W>(fabric, op)?;
        let mut flags = core.flags.clone();
        let value = if count != 0 { S::apply::<W>(&mut flags, value, count) } else { value };
        core.store::<M, W>(fabric, op, linear, value)?;
        core.flags = flags;
        Ok(())
    }
}

/// A shift that takes bits from a second operand, by 1 to 31.
pub(crate) trait DoubleShift: 'static {
    fn apply<W: Width>(flags: &mut Flags, value: u32, filler: u32, count: u32) -> u32;
}

/// SHLD
pub(crate) struct Shld;
/// SHRD
pub(crate) struct Shrd;

// With 16-bit operands a count above 16 is undefined by the manuals. The bits shifted in are then those of
// the destination again, which is what P6 and later cores do; Unverified: P54C silicon would settle it.
impl DoubleShift for Shld {
    fn apply<W: Width>(flags: &mut Flags, value: u32, filler: u32, count: u32) -> u32 {
        let (result, carry) = if W::BITS == 32 {
            let pair = u64::from(value) << 32 | u64::from(filler);
            ((pair << count >> 32) as u32, value >> (32 - count) & 1 != 0)
        } else {
            let triple = u64::from(value) << 48 | u64::from(filler) << 32 | u64::from(value) << 16;
            ((triple << count >> 48) as u32, triple >> (64 - count) & 1 != 0)
        };
        flags.set_result(W::sign_extend(result), carry, (result ^ value) & W::SIGN != 0, false);
        result
    }
}

impl DoubleShift for Shrd {
    fn apply<W: Width>(flags: &mut Flags, value: u32, filler: u32, count: u32) -> u32 {
        let (result, carry) = if W::BITS == 32 {
            let pair = u64::from(filler) << 32 | u64::from(value);
            ((pair >> count) as u32, pair >> (count - 1) & 1 != 0)
        } else {
            let triple = u64::from(value) << 32 | u64::from(filler) << 16 | u64::from(value);
            ((triple >> count) as u32 & W::MASK, triple >> (count - 1) & 1 != 0)
        };
        flags.set_result(W::sign_extend(result), carry, (result ^ value) & W::SIGN != 0, false);
        result
    }
}

/// `shld/shrd register, register, count`
pub(crate) struct DoubleReg<S, C, W>(PhantomData<(S, C, W)>);
/// `shld/shrd memory, register, count`
pub(crate) struct DoubleMem<S, C, W>(PhantomData<(S, C, W)>);

impl<S: DoubleShift, C: Count, W: Width> Step for DoubleReg<S, C, W> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let count = C::count(core, op);
        if count != 0 {
            let (value, filler) = (W::get(core, op.destination), W::get(core, op.source));
            let value = S::apply::<W>(&mut core.flags, value, filler, count);
            W::set(core, op.destination, value);
        }
        Ok(())
    }
}

impl<S: DoubleShift, C: Count, W: Width> Step for DoubleMem<S, C, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let count = C::count(core, op);
        let (value, linear) = core.load_operand_to_modify::<M, W>(fabric, op)?;
        let filler = W::get(core, op.source);
        let mut flags = core.flags.clone();
        let value = if count != 0 { S::apply::<W>(&mut flags, value, filler, count) } else { value };
        core.store::<M, W>(fabric, op, linear, value)?;
        core.flags = flags;
        Ok(())
    }
}
