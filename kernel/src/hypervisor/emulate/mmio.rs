//! Accesses to device registers in memory: MOV between a register or a constant and memory, MOVZX, MOVSX.
//!
//! That is what compilers make of the accessors that Linux uses for devices. Everything else is [`DecodeError::Other`]: a
//! device has no memory that one could count in or move strings from.

use super::code::{Code, DecodeError};
use super::modrm::ModRm;
use super::operand::{AddressSize, MemoryOperand, Operand, Segment};
use super::prefix::Prefixes;
use super::register::{GeneralRegisters, Part, Register, Width};

/// A decoded access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The memory.
    pub operand: MemoryOperand,
    /// How much of it.
    pub width: Width,
    /// In which direction.
    pub direction: Direction,
    /// Bytes of the instruction: EIP moves on by so many when it is done.
    pub length: u8,
}

/// Which way the value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Into memory.
    Store(Source),
    /// Out of memory.
    Load {
        /// Where it goes.
        to: Part,
        /// What its upper bits become, if there is room for them.
        extension: Extension,
    },
}

/// Where a stored value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A register or part of one.
    Register(Part),
    /// The instruction itself.
    Constant(u32),
}

/// How a loaded value fills a wider register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// With zeros.
    Zero,
    /// With its highest bit.
    Sign,
}

impl Source {
    /// The value, in the lowest bits.
    #[must_use]
    pub const fn value(self, registers: &GeneralRegisters) -> u32 {
        match self {
            Self::Register(part) => registers.part(part),
            Self::Constant(value) => value,
        }
    }
}

impl Extension {
    /// Extends the lowest bits of `value`.
    #[must_use]
    pub const fn extend(self, value: u32, width: Width) -> u32 {
        let value = value & width.mask();
        let is_negative = value > width.mask() >> 1;
        match self {
            Self::Sign if is_negative => value | !width.mask(),
            _ => value,
        }
    }
}

impl Access {
    /// Ends a load of `value`: changes the register that it goes to. A store changes none.
    pub const fn complete(&self, value: u32, registers: &mut GeneralRegisters) {
        if let Direction::Load { to, extension } = self.direction {
            registers.set_part(to, extension.extend(value, self.width));
        }
    }
}

/// Decodes the instruction that `bytes` begin with.
///
/// # Errors
/// [`DecodeError::Other`] unless it moves between memory and a register or constant; else the bytes do not suffice, or
/// are too many.
pub fn decode(bytes: &[u8]) -> Result<Access, DecodeError> {
    let mut code = Code::new(bytes);
    let (prefixes, opcode) = Prefixes::take(&mut code)?;
    let width = prefixes.width(opcode);
    let store = |source| Direction::Store(source);
    let load = |to, extension| Direction::Load { to, extension };
    let (operand, width, direction) = match opcode {
        0x0F => return widening(&mut code, &prefixes),
        0x88 | 0x89 => {
            let (reg, operand) = with_memory(&mut code, &prefixes)?;
            (operand, width, store(Source::Register(Part::from_bits(reg, width))))
        }
        0x8A | 0x8B => {
            let (reg, operand) = with_memory(&mut code, &prefixes)?;
            (operand, width, load(Part::from_bits(reg, width), Extension::Zero))
        }
        0xA0 | 0xA1 => {
            let operand = absolute(&mut code, &prefixes)?;
            (operand, width, load(Part::Low(Register::Eax, width), Extension::Zero))
        }
        0xA2 | 0xA3 => {
            let operand = absolute(&mut code, &prefixes)?;
            (operand, width, store(Source::Register(Part::Low(Register::Eax, width))))
        }
        0xC6 | 0xC7 => {
            let (0, operand) = with_memory(&mut code, &prefixes)? else { return Err(DecodeError::Other) };
            let value = match width {
                Width::Byte => u32::from(code.byte()?),
                Width::Word => u32::from(code.word()?),
                Width::Doubleword => code.doubleword()?,
            };
            (operand, width, store(Source::Constant(value)))
        }
        _ => return Err(DecodeError::Other),
    };
    Ok(Access { operand, width, direction, length: code.length() })
}

/// MOVZX and MOVSX: 0F B6, B7, BE and BF. Bit 0 is the width of the memory.
fn widening(code: &mut Code<'_>, prefixes: &Prefixes) -> Result<Access, DecodeError> {
    let opcode = code.byte()?;
    let extension = match opcode {
        0xB6 | 0xB7 => Extension::Zero,
        0xBE | 0xBF => Extension::Sign,
        _ => return Err(DecodeError::Other),
    };
    let (reg, operand) = with_memory(code, prefixes)?;
    let (from, to) = (if opcode & 1 == 0 { Width::Byte } else { Width::Word }, prefixes.width(1));
    let direction = Direction::Load { to: Part::from_bits(reg, to), extension };
    Ok(Access { operand, width: from, direction, length: code.length() })
}

/// An operand in memory, and the register's bits.
fn with_memory(code: &mut Code<'_>, prefixes: &Prefixes) -> Result<(u8, MemoryOperand), DecodeError> {
    match ModRm::take(code, prefixes)? {
        ModRm { reg, operand: Operand::Memory(operand) } => Ok((reg, operand)),
        ModRm { operand: Operand::Register(_), .. } => Err(DecodeError::Other),
    }
}

/// An address without registers.
fn absolute(code: &mut Code<'_>, prefixes: &Prefixes) -> Result<MemoryOperand, DecodeError> {
    let displacement = match prefixes.address_size {
        AddressSize::Doubleword => code.doubleword()?,
        AddressSize::Word => u32::from(code.word()?),
    };
    let segment = prefixes.segment.unwrap_or(Segment::Ds);
    Ok(MemoryOperand { segment, base: None, index: None, displacement, size: prefixes.address_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_fill_the_register_as_the_instruction_says() {
        for (bytes, value, eax) in [
            (&[0x8B, 0x01][..], 0x8182_8384, 0x8182_8384),
            (&[0x66, 0x8B, 0x01], 0x8182_8384, 0x1122_8384),
            (&[0x8A, 0x01], 0x8182_8384, 0x1122_3384),
            (&[0x8A, 0x21], 0x8182_8384, 0x1122_8444),
            (&[0xA1, 0, 0, 0, 0], 0x8182_8384, 0x8182_8384),
            (&[0x0F, 0xB6, 0x01], 0x8182_8384, 0x84),
            (&[0x0F, 0xB7, 0x01], 0x8182_8384, 0x8384),
            (&[0x0F, 0xBE, 0x01], 0x84, 0xFFFF_FF84),
            (&[0x0F, 0xBE, 0x01], 0x7F, 0x7F),
            (&[0x0F, 0xBF, 0x01], 0x8384, 0xFFFF_8384),
            (&[0x66, 0x0F, 0xBE, 0x01], 0x84, 0x1122_FF84),
            (&[0x66, 0x0F, 0xB6, 0x01], 0x84, 0x1122_0084),
        ] {
            let mut registers = GeneralRegisters([0x1122_3344; 8]);
            decode(bytes).unwrap().complete(value, &mut registers);
            assert_eq!(registers.get(Register::Eax), eax, "{bytes:02x?}");
        }
    }

    #[test]
    fn stores_take_what_the_instruction_names_and_change_nothing() {
        for (bytes, value) in [
            (&[0x89, 0x01][..], 0x1122_3344),
            (&[0x66, 0x89, 0x01], 0x3344),
            (&[0x88, 0x01], 0x44),
            (&[0x88, 0x21], 0x33),
            (&[0xA2, 0, 0, 0, 0], 0x44),
            (&[0xC7, 0x01, 1, 2, 3, 4], 0x0403_0201),
            (&[0x66, 0xC7, 0x01, 1, 2], 0x0201),
            (&[0xC6, 0x01, 0xFF], 0xFF),
        ] {
            let mut registers = GeneralRegisters([0x1122_3344; 8]);
            let access = decode(bytes).unwrap();
            access.complete(0, &mut registers);
            assert_eq!(registers, GeneralRegisters([0x1122_3344; 8]));
            let Direction::Store(source) = access.direction else { panic!("a store: {bytes:02x?}") };
            assert_eq!(source.value(&registers), value, "{bytes:02x?}");
        }
    }
}
