//! Accesses to device registers in memory: MOV between a register or a constant and memory, MOVZX, MOVSX, CMP, TEST.
//!
//! MOV is what compilers make of the accessors that Linux uses for devices; of a volatile read that is compared with
//! something Rust's makes a comparison. Everything else is [`DecodeError::Other`]: a device has no memory that one could count
//! in or move strings from.

use i586::flags::Eflags;

use super::code::{Code, DecodeError};
use super::compare::Comparison;
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
    /// Out of memory, of which nothing but flags is left.
    Compare {
        /// What is done.
        comparison: Comparison,
        /// The other value.
        with: Source,
        /// Which of them is the first.
        order: Order,
    },
}

/// Where memory stands in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// First.
    MemoryFirst,
    /// Second.
    MemorySecond,
}

/// Where a stored value comes from, or one that is compared.
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
    /// Ends a load of `value`: changes the register that it goes to, or gives the arithmetic flags after a comparison. A
    /// store changes nothing.
    #[must_use = "a comparison changes flags"]
    pub fn complete(&self, value: u32, registers: &mut GeneralRegisters) -> Option<Eflags> {
        match self.direction {
            Direction::Store(_) => None,
            Direction::Load { to, extension } => {
                registers.set_part(to, extension.extend(value, self.width));
                None
            }
            Direction::Compare { comparison, with, order } => {
                let other = with.value(registers);
                let (first, second) = match order {
                    Order::MemoryFirst => (value, other),
                    Order::MemorySecond => (other, value),
                };
                Some(comparison.flags(first, second, self.width))
            }
        }
    }
}

/// Decodes the instruction that `bytes` begin with.
///
/// # Errors
/// [`DecodeError::Other`] unless it moves between memory and a register or constant, or compares them; else the bytes do
/// not suffice, or are too many.
pub fn decode(bytes: &[u8]) -> Result<Access, DecodeError> {
    let mut code = Code::new(bytes);
    let (prefixes, opcode) = Prefixes::take(&mut code)?;
    let width = prefixes.width(opcode);
    let store = |source| Direction::Store(source);
    let load = |to, extension| Direction::Load { to, extension };
    let compare = |comparison, with, order| Direction::Compare { comparison, with, order };
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
            (operand, width, store(constant(&mut code, width)?))
        }
        0x38..=0x3B => {
            let (reg, operand) = with_memory(&mut code, &prefixes)?;
            let order = if opcode & 2 == 0 { Order::MemoryFirst } else { Order::MemorySecond };
            let with = Source::Register(Part::from_bits(reg, width));
            (operand, width, compare(Comparison::Subtract, with, order))
        }
        0x84 | 0x85 => {
            let (reg, operand) = with_memory(&mut code, &prefixes)?;
            let with = Source::Register(Part::from_bits(reg, width));
            (operand, width, compare(Comparison::And, with, Order::MemoryFirst))
        }
        0x80 | 0x81 | 0x83 => {
            let (7, operand) = with_memory(&mut code, &prefixes)? else { return Err(DecodeError::Other) };
            let with = match opcode {
                0x83 => Source::Constant(code.signed_byte()? & width.mask()),
                _ => constant(&mut code, width)?,
            };
            (operand, width, compare(Comparison::Subtract, with, Order::MemoryFirst))
        }
        0xF6 | 0xF7 => {
            let (0, operand) = with_memory(&mut code, &prefixes)? else { return Err(DecodeError::Other) };
            let with = constant(&mut code, width)?;
            (operand, width, compare(Comparison::And, with, Order::MemoryFirst))
        }
        _ => return Err(DecodeError::Other),
    };
    Ok(Access { operand, width, direction, length: code.length() })
}

/// A constant of the operand's width.
fn constant(code: &mut Code<'_>, width: Width) -> Result<Source, DecodeError> {
    Ok(Source::Constant(match width {
        Width::Byte => u32::from(code.byte()?),
        Width::Word => u32::from(code.word()?),
        Width::Doubleword => code.doubleword()?,
    }))
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
            assert_eq!(decode(bytes).unwrap().complete(value, &mut registers), None);
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
            assert_eq!(access.complete(0, &mut registers), None);
            assert_eq!(registers, GeneralRegisters([0x1122_3344; 8]));
            let Direction::Store(source) = access.direction else { panic!("a store: {bytes:02x?}") };
            assert_eq!(source.value(&registers), value, "{bytes:02x?}");
        }
    }

    #[test]
    fn comparisons_leave_flags_and_change_nothing() {
        let (less, equal) = (Eflags::CARRY, Eflags::ZERO);
        for (bytes, value, shown) in [
            // cmp dword [ecx], 5 and the same with a register; memory is first, then second.
            (&[0x83, 0x39, 5][..], 4, less),
            (&[0x83, 0x39, 5], 5, equal),
            (&[0x81, 0x39, 5, 0, 0, 0], 6, Eflags::empty()),
            (&[0x66, 0x83, 0x39, 0xFF], 0x7_FFFF, equal),
            (&[0x80, 0x39, 0x45], 0x144, less),
            (&[0x39, 0x01], 0x1122_3343, less),
            (&[0x3B, 0x01], 0x1122_3345, less),
            (&[0x3A, 0x21], 0x33, equal),
            // test dword [ecx], 4; test [ecx], ah
            (&[0xF7, 0x01, 4, 0, 0, 0], 3, equal),
            (&[0xF6, 0x01, 4], 4, Eflags::empty()),
            (&[0x84, 0x21], 0x0C, equal),
        ] {
            let mut registers = GeneralRegisters([0x1122_3344; 8]);
            let flags = decode(bytes).unwrap().complete(value, &mut registers).unwrap();
            assert_eq!(flags & (less | equal), shown, "{bytes:02x?}");
            assert_eq!(registers, GeneralRegisters([0x1122_3344; 8]));
        }
    }
}
