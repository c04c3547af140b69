//! The sixteen conditions of Jcc and SETcc.

use crate::cpu::flags::Flags;

/// Evaluates condition `CC` (the low four bits of the opcode).
#[inline(always)]
pub(crate) fn holds<const CC: u8>(flags: &Flags) -> bool {
    let positive = match CC >> 1 {
        0 => flags.overflow(),
        1 => flags.carry(),
        2 => flags.zero(),
        3 => flags.carry() || flags.zero(),
        4 => flags.sign(),
        5 => flags.parity(),
        6 => flags.sign() != flags.overflow(),
        _ => flags.zero() || flags.sign() != flags.overflow(),
    };
    positive != (CC & 1 == 1)
}
