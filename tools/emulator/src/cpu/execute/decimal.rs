//! Decimal adjustment (DAA DAS AAA AAS AAM AAD) and the flag and accumulator one-byte instructions.

use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::flags::ARITHMETIC;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::flags::Eflags;

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident: |$core:ident, $op:ident| $body:block)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Step for $name {
            fn step<M: Model>($core: &mut Core, _: &mut Fabric, $op: &Op) -> Result<(), Stop> {
                $body
                Ok(())
            }
        }
    )*};
}

fn al(core: &Core) -> u32 {
    u8::get(core, 0)
}

fn adjust(core: &mut Core, subtract: bool) {
    let old = al(core);
    let (old_carry, half) = (core.flags.carry(), old & 0xF > 9 || core.flags.auxiliary());
    let mut value = old;
    let mut carry = false;
    if half {
        carry = old_carry || if subtract { value < 6 } else { value > 0xF9 };
        value = if subtract { value.wrapping_sub(6) } else { value + 6 } & 0xFF;
    }
    if old > 0x99 || old_carry {
        value = if subtract { value.wrapping_sub(0x60) } else { value + 0x60 } & 0xFF;
        carry = true;
    }
    u8::set(core, 0, value);
    core.flags.set_result(u8::sign_extend(value), carry, false, half);
}

fn adjust_unpacked(core: &mut Core, subtract: bool) {
    let half = al(core) & 0xF > 9 || core.flags.auxiliary();
    if half {
        let ax = u16::get(core, 0);
        // AX as a whole moves by 0x106, so a carry out of AL reaches AH.
        let moved = if subtract { ax.wrapping_sub(0x106) } else { ax.wrapping_add(0x106) };
        u16::set(core, 0, moved);
    }
    let value = al(core) & 0xF;
    u8::set(core, 0, value);
    core.flags.set_result(u8::sign_extend(value), half, false, half);
}

steps! {
    /// DAA
    Daa: |core, _op| { adjust(core, false); }
    /// DAS
    Das: |core, _op| { adjust(core, true); }
    /// AAA
    Aaa: |core, _op| { adjust_unpacked(core, false); }
    /// AAS
    Aas: |core, _op| { adjust_unpacked(core, true); }
    /// AAM with any base; base 0 raises #DE.
    Aam: |core, op| {
        let value = al(core);
        let high = value.checked_div(op.immediate).ok_or(Stop::DIVIDE)?;
        let low = value % op.immediate;
        u16::set(core, 0, high << 8 | low);
        core.flags.set_logic(u8::sign_extend(low));
    }
    /// AAD with any base.
    Aad: |core, op| {
        let ax = u16::get(core, 0);
        let value = (ax & 0xFF).wrapping_add((ax >> 8).wrapping_mul(op.immediate)) & 0xFF;
        u16::set(core, 0, value);
        core.flags.set_logic(u8::sign_extend(value));
    }
    /// SALC (D6): AL := CF ? 0xFF : 0.
    Salc: |core, _op| {
        let value = if core.flags.carry() { 0xFF } else { 0 };
        u8::set(core, 0, value);
    }
    /// SAHF
    Sahf: |core, _op| {
        let high = u8::get(core, 4);
        let overflow = core.flags.arithmetic() & Eflags::OVERFLOW;
        core.flags.set_arithmetic(Eflags::from_bits_truncate(high) & (ARITHMETIC - Eflags::OVERFLOW) | overflow);
    }
    /// LAHF
    Lahf: |core, _op| {
        let low = core.flags.get().bits() & 0xFF;
        u8::set(core, 4, low);
    }
    /// CLC
    Clc: |core, _op| { core.flags.set_carry(false); }
    /// STC
    Stc: |core, _op| { core.flags.set_carry(true); }
    /// CMC
    Cmc: |core, _op| { let carry = core.flags.carry(); core.flags.set_carry(!carry); }
    /// CLD
    Cld: |core, _op| { core.flags.assign(Eflags::DIRECTION, false); }
    /// STD
    Std: |core, _op| { core.flags.assign(Eflags::DIRECTION, true); }
    /// NOP, WAIT without a pending error, and PAUSE.
    Nop: |_core, _op| {}
}
