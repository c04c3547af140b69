//! Data movement: MOV MOVZX MOVSX LEA XCHG BSWAP, PUSH and POP of general operands, XLAT, SETcc, and
//! conversions of the accumulator.

use super::condition::holds;
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use std::marker::PhantomData;

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident<$($parameter:ident),*>: |$core:ident, $fabric:ident, $op:ident| $body:block
        $(=> $quick:block)?)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name<$($parameter),*>(PhantomData<($($parameter),*,)>);
        impl<$($parameter: Width),*> Step for $name<$($parameter),*> {
            #[inline(always)]
            fn step<M: Model>($core: &mut Core, $fabric: &mut Fabric, $op: &Op) -> Result<(), Stop> { $body }
            $(
                #[inline(always)]
                fn quick($core: &mut Core, $fabric: &mut Fabric, $op: &Op) -> bool { $quick }
            )?
        }
    )*};
}

steps! {
    /// `mov register, register`
    MovRegReg<W>: |core, _fabric, op| {
        let value = W::get(core, op.source);
        W::set(core, op.destination, value);
        Ok(())
    }
    /// `mov register, immediate`
    MovRegImm<W>: |core, _fabric, op| {
        W::set(core, op.destination, op.immediate);
        Ok(())
    }
    /// `mov register, memory`
    MovRegMem<W>: |core, fabric, op| {
        let value = core.load_operand::<M, W>(fabric, op)?;
        W::set(core, op.destination, value);
        Ok(())
    } => {
        let Some(value) = core.quick_load::<W>(fabric, op) else { return false };
        W::set(core, op.destination, value);
        true
    }
    /// `mov memory, register`
    MovMemReg<W>: |core, fabric, op| {
        let value = W::get(core, op.source);
        core.store_operand::<M, W>(fabric, op, value)
    } => {
        let value = W::get(core, op.source);
        core.quick_store::<W>(fabric, op, value)
    }
    /// `mov memory, immediate`
    MovMemImm<W>: |core, fabric, op| {
        core.store_operand::<M, W>(fabric, op, op.immediate)
    } => {
        core.quick_store::<W>(fabric, op, op.immediate)
    }
    /// `movzx register D, register S`
    ZeroExtendReg<D, S>: |core, _fabric, op| {
        let value = S::get(core, op.source);
        D::set(core, op.destination, value);
        Ok(())
    }
    /// `movzx register D, memory S`
    ZeroExtendMem<D, S>: |core, fabric, op| {
        let value = core.load_operand::<M, S>(fabric, op)?;
        D::set(core, op.destination, value);
        Ok(())
    } => {
        let Some(value) = core.quick_load::<S>(fabric, op) else { return false };
        D::set(core, op.destination, value);
        true
    }
    /// `movsx register D, register S`
    SignExtendReg<D, S>: |core, _fabric, op| {
        let value = S::sign_extend(S::get(core, op.source));
        D::set(core, op.destination, value);
        Ok(())
    }
    /// `movsx register D, memory S`
    SignExtendMem<D, S>: |core, fabric, op| {
        let value = S::sign_extend(core.load_operand::<M, S>(fabric, op)?);
        D::set(core, op.destination, value);
        Ok(())
    } => {
        let Some(value) = core.quick_load::<S>(fabric, op) else { return false };
        D::set(core, op.destination, S::sign_extend(value));
        true
    }
    /// `lea register, memory`
    Lea<W>: |core, _fabric, op| {
        let offset = core.effective_offset(op);
        W::set(core, op.destination, offset);
        Ok(())
    }
    /// `xchg register, register`
    XchgRegReg<W>: |core, _fabric, op| {
        let (left, right) = (W::get(core, op.destination), W::get(core, op.source));
        W::set(core, op.destination, right);
        W::set(core, op.source, left);
        Ok(())
    }
    /// `xchg memory, register`
    XchgMemReg<W>: |core, fabric, op| {
        let (value, linear) = core.load_operand_to_modify::<M, W>(fabric, op)?;
        let register = W::get(core, op.source);
        core.store::<M, W>(fabric, op, linear, register)?;
        W::set(core, op.source, value);
        Ok(())
    }
    /// `push register`
    PushReg<W>: |core, fabric, op| {
        let value = W::get(core, op.source);
        core.push::<M, W>(fabric, op, value)
    } => {
        let value = W::get(core, op.source);
        core.quick_push::<W>(fabric, value)
    }
    /// `push immediate`
    PushImm<W>: |core, fabric, op| {
        core.push::<M, W>(fabric, op, op.immediate)
    } => {
        core.quick_push::<W>(fabric, op.immediate)
    }
    /// `push memory`
    PushMem<W>: |core, fabric, op| {
        let value = core.load_operand::<M, W>(fabric, op)?;
        core.push::<M, W>(fabric, op, value)
    } => {
        let Some(value) = core.quick_load::<W>(fabric, op) else { return false };
        core.quick_push::<W>(fabric, value)
    }
    /// `pop register`
    PopReg<W>: |core, fabric, op| {
        let value = core.pop::<M, W>(fabric, op)?;
        W::set(core, op.destination, value);
        Ok(())
    } => {
        let Some(value) = core.quick_top::<W>(fabric) else { return false };
        core.regs[4] = core.regs[4].wrapping_add(W::BYTES);
        W::set(core, op.destination, value);
        true
    }
    /// `pop memory`: the address is computed with ESP already moved.
    PopMem<W>: |core, fabric, op| {
        let before = core.regs[4];
        let value = core.pop::<M, W>(fabric, op)?;
        core.store_operand::<M, W>(fabric, op, value).inspect_err(|_| core.regs[4] = before)
    }
    /// `bswap register`; with a 16-bit operand the result is undefined, here the low word becomes 0.
    Bswap<W>: |core, _fabric, op| {
        let value = u32::get(core, op.destination);
        let swapped = if W::BITS == 32 { value.swap_bytes() } else { value & 0xFFFF_0000 };
        u32::set(core, op.destination, swapped);
        Ok(())
    }
    /// CBW and CWDE: sign-extends the lower half of the accumulator into W.
    ExtendAccumulator<W>: |core, _fabric, _op| {
        let value = if W::BITS == 32 { u16::sign_extend(core.regs[0]) } else { u8::sign_extend(core.regs[0]) };
        W::set(core, 0, value);
        Ok(())
    }
    /// CWD and CDQ: fills (E)DX with the accumulator's sign.
    ExtendToData<W>: |core, _fabric, _op| {
        let negative = core.regs[0] & W::SIGN != 0;
        W::set(core, 2, if negative { W::MASK } else { 0 });
        Ok(())
    }
}

/// XLAT: AL := [rBX + AL].
pub(crate) struct Xlat;

impl Step for Xlat {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let mut at = *op;
        at.displacement = core.regs[0] & 0xFF;
        let value = core.load_operand::<M, u8>(fabric, &at)?;
        u8::set(core, 0, value);
        Ok(())
    }
}

/// `setcc register`
pub(crate) struct SetReg<const CC: u8>;
/// `setcc memory`
pub(crate) struct SetMem<const CC: u8>;

impl<const CC: u8> Step for SetReg<CC> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = u32::from(holds::<CC>(&core.flags));
        u8::set(core, op.destination, value);
        Ok(())
    }
}

impl<const CC: u8> Step for SetMem<CC> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = u32::from(holds::<CC>(&core.flags));
        core.store_operand::<M, u8>(fabric, op, value)
    }
}
