//! MUL IMUL DIV IDIV.
//!
//! SF, ZF, AF and PF after a multiplication are undefined by the manuals; here they follow the low half of
//! the product. A division leaves all flags as they were.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "products and quotients are taken apart into operand-sized halves"
)]

use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use std::marker::PhantomData;

/// Where the explicit operand is.
pub(crate) trait Source: 'static {
    fn read<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<u32, Stop>;
}

/// A register.
pub(crate) struct Register;
/// Memory.
pub(crate) struct Memory;

impl Source for Register {
    #[inline(always)]
    fn read<M: Model, W: Width>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<u32, Stop> {
        Ok(W::get(core, op.source))
    }
}

impl Source for Memory {
    #[inline(always)]
    fn read<M: Model, W: Width>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<u32, Stop> {
        core.load_operand::<M, W>(fabric, op)
    }
}

fn signed<W: Width>(value: u32) -> i64 {
    i64::from(W::sign_extend(value).cast_signed())
}

/// Splits a product into rDX:rAX (AX for bytes).
fn set_product<W: Width>(core: &mut Core, product: u64) {
    if W::BITS == 8 {
        u16::set(core, 0, product as u32);
    } else {
        W::set(core, 0, product as u32);
        W::set(core, 2, (product >> W::BITS) as u32);
    }
}

/// Reads rDX:rAX (AX for bytes).
fn dividend<W: Width>(core: &Core) -> u64 {
    if W::BITS == 8 {
        u64::from(u16::get(core, 0))
    } else {
        u64::from(W::get(core, 0)) | u64::from(W::get(core, 2)) << W::BITS
    }
}

fn set_quotient<W: Width>(core: &mut Core, quotient: u64, remainder: u64) {
    if W::BITS == 8 {
        u8::set(core, 0, quotient as u32);
        u8::set(core, 4, remainder as u32);
    } else {
        W::set(core, 0, quotient as u32);
        W::set(core, 2, remainder as u32);
    }
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident: |$core:ident, $op:ident, $value:ident| $body:block)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name<S, W>(PhantomData<(S, W)>);
        impl<S: Source, W: Width> Step for $name<S, W> {
            fn step<M: Model>($core: &mut Core, fabric: &mut Fabric, $op: &Op) -> Result<(), Stop> {
                let $value = S::read::<M, W>($core, fabric, $op)?;
                $body
            }
        }
    )*};
}

steps! {
    /// MUL: CF and OF say whether the upper half is non-zero.
    Mul: |core, _op, value| {
        let product = u64::from(W::get(core, 0)) * u64::from(value);
        let wide = product >> W::BITS != 0;
        core.flags.set_result(W::sign_extend(product as u32), wide, wide, false);
        set_product::<W>(core, product);
        Ok(())
    }
    /// One-operand IMUL: CF and OF say whether the upper half is more than a sign.
    Imul: |core, _op, value| {
        let product = signed::<W>(W::get(core, 0)) * signed::<W>(value);
        let wide = product != signed::<W>(product as u32);
        core.flags.set_result(W::sign_extend(product as u32), wide, wide, false);
        set_product::<W>(core, product.cast_unsigned());
        Ok(())
    }
    /// `imul register, operand`
    ImulInto: |core, op, value| {
        let product = signed::<W>(W::get(core, op.destination)) * signed::<W>(value);
        let wide = product != signed::<W>(product as u32);
        core.flags.set_result(W::sign_extend(product as u32), wide, wide, false);
        W::set(core, op.destination, product as u32);
        Ok(())
    }
    /// `imul register, operand, immediate`
    ImulImmediate: |core, op, value| {
        let product = signed::<W>(value) * signed::<W>(op.immediate);
        let wide = product != signed::<W>(product as u32);
        core.flags.set_result(W::sign_extend(product as u32), wide, wide, false);
        W::set(core, op.destination, product as u32);
        Ok(())
    }
    /// DIV
    Div: |core, _op, value| {
        let divisor = u64::from(value);
        let dividend = dividend::<W>(core);
        let quotient = dividend.checked_div(divisor).ok_or(Stop::DIVIDE)?;
        if quotient > u64::from(W::MASK) {
            return Err(Stop::DIVIDE);
        }
        set_quotient::<W>(core, quotient, dividend % divisor);
        Ok(())
    }
    /// IDIV
    Idiv: |core, _op, value| {
        let divisor = signed::<W>(value);
        let shift = 64 - 2 * W::BITS;
        let dividend = (dividend::<W>(core) << shift).cast_signed() >> shift;
        let quotient = dividend.checked_div(divisor).ok_or(Stop::DIVIDE)?;
        if quotient != signed::<W>(quotient as u32) {
            return Err(Stop::DIVIDE);
        }
        set_quotient::<W>(core, quotient.cast_unsigned(), (dividend % divisor).cast_unsigned());
        Ok(())
    }
}
