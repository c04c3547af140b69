//! The byte that names a register and an operand, and the bytes that may follow it.
//!
//! Source: Pentium manual vol. 3, tables 25-2 (16-bit addresses), 25-3 (32-bit addresses) and 25-4 (SIB).

use super::code::{Code, DecodeError};
use super::operand::{AddressSize, MemoryOperand, Operand, Segment};
use super::prefix::Prefixes;
use super::register::Register;

/// The two things that the byte names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ModRm {
    /// Bits 5:3: a register, or part of the opcode.
    pub(super) reg: u8,
    /// Bits 7:6 and 2:0, with what follows.
    pub(super) operand: Operand,
}

impl ModRm {
    /// Takes the byte and those that belong to it.
    #[inline(never)]
    pub(super) fn take(code: &mut Code<'_>, prefixes: &Prefixes) -> Result<Self, DecodeError> {
        let byte = code.byte()?;
        let (mode, reg, rm) = (byte >> 6, byte >> 3 & 7, byte & 7);
        let operand = match (mode, prefixes.address_size) {
            (3, _) => Operand::Register(Register::from_bits(rm)),
            (_, AddressSize::Doubleword) => Operand::Memory(with_32_bits(code, prefixes, mode, rm)?),
            (_, AddressSize::Word) => Operand::Memory(with_16_bits(code, prefixes, mode, rm)?),
        };
        Ok(Self { reg, operand })
    }
}

/// The usual segment: that of the stack if the base is one of its registers.
const fn segment(prefixes: &Prefixes, base: Option<Register>) -> Segment {
    match (prefixes.segment, base) {
        (Some(segment), _) => segment,
        (None, Some(Register::Esp | Register::Ebp)) => Segment::Ss,
        (None, _) => Segment::Ds,
    }
}

fn with_32_bits(
    code: &mut Code<'_>,
    prefixes: &Prefixes,
    mode: u8,
    rm: u8,
) -> Result<MemoryOperand, DecodeError> {
    let (base, index) = if rm == 4 {
        let sib = code.byte()?;
        // 4 would be ESP, which cannot be an index: there is none.
        let index = (sib >> 3 & 7 != 4).then(|| (Register::from_bits(sib >> 3), sib >> 6));
        (sib & 7, index)
    } else {
        (rm, None)
    };
    // EBP without a displacement means a displacement without EBP.
    let absolute = mode == 0 && base == 5;
    let displacement = match mode {
        1 => code.signed_byte()?,
        2 => code.doubleword()?,
        _ if absolute => code.doubleword()?,
        _ => 0,
    };
    let base = (!absolute).then(|| Register::from_bits(base));
    let segment = segment(prefixes, base);
    Ok(MemoryOperand { segment, base, index, displacement, size: AddressSize::Doubleword })
}

fn with_16_bits(
    code: &mut Code<'_>,
    prefixes: &Prefixes,
    mode: u8,
    rm: u8,
) -> Result<MemoryOperand, DecodeError> {
    let absolute = mode == 0 && rm == 6;
    let (base, index) = match rm {
        0 => (Some(Register::Ebx), Some(Register::Esi)),
        1 => (Some(Register::Ebx), Some(Register::Edi)),
        2 => (Some(Register::Ebp), Some(Register::Esi)),
        3 => (Some(Register::Ebp), Some(Register::Edi)),
        4 => (Some(Register::Esi), None),
        5 => (Some(Register::Edi), None),
        6 if absolute => (None, None),
        6 => (Some(Register::Ebp), None),
        _ => (Some(Register::Ebx), None),
    };
    let displacement = match mode {
        1 => code.signed_byte()? & 0xFFFF,
        2 => u32::from(code.word()?),
        _ if absolute => u32::from(code.word()?),
        _ => 0,
    };
    let segment = segment(prefixes, base);
    let index = index.map(|index| (index, 0));
    Ok(MemoryOperand { segment, base, index, displacement, size: AddressSize::Word })
}
