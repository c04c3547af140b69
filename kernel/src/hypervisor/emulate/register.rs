//! General registers and the parts of them that instructions name.

/// A general register, numbered as instructions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Register {
    /// EAX
    Eax,
    /// ECX
    Ecx,
    /// EDX
    Edx,
    /// EBX
    Ebx,
    /// ESP
    Esp,
    /// EBP
    Ebp,
    /// ESI
    Esi,
    /// EDI
    Edi,
}

impl Register {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] =
        [Self::Eax, Self::Ecx, Self::Edx, Self::Ebx, Self::Esp, Self::Ebp, Self::Esi, Self::Edi];

    /// The register of the lowest three bits of `number`.
    #[must_use]
    pub const fn from_bits(number: u8) -> Self {
        Self::ALL[(number & 7) as usize]
    }

    /// Its number, below 8.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Eax => 0,
            Self::Ecx => 1,
            Self::Edx => 2,
            Self::Ebx => 3,
            Self::Esp => 4,
            Self::Ebp => 5,
            Self::Esi => 6,
            Self::Edi => 7,
        }
    }
}

/// How much an instruction moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Word,
    /// 32 bits.
    Doubleword,
}

impl Width {
    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Word => 2,
            Self::Doubleword => 4,
        }
    }

    /// Its bits, set from bit 0 up.
    #[must_use]
    pub const fn mask(self) -> u32 {
        match self {
            Self::Byte => 0xFF,
            Self::Word => 0xFFFF,
            Self::Doubleword => u32::MAX,
        }
    }
}

/// A register, or the part of it that an instruction names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The lowest bits of a register.
    Low(Register, Width),
    /// Bits 15:8 of EAX, ECX, EDX or EBX: AH, CH, DH or BH.
    High(Register),
}

impl Part {
    /// The register of the lowest three bits of `number`, as an operand of `width`: of bytes, 4 to 7 are AH to BH.
    #[must_use]
    pub const fn from_bits(number: u8, width: Width) -> Self {
        match width {
            Width::Byte if number & 4 != 0 => Self::High(Register::from_bits(number & 3)),
            _ => Self::Low(Register::from_bits(number), width),
        }
    }

    /// Its width.
    #[must_use]
    pub const fn width(self) -> Width {
        match self {
            Self::Low(_, width) => width,
            Self::High(_) => Width::Byte,
        }
    }

    /// The register that it is part of.
    #[must_use]
    pub const fn register(self) -> Register {
        self.place().0
    }

    /// The register and where in it the part begins.
    const fn place(self) -> (Register, u32) {
        match self {
            Self::Low(register, _) => (register, 0),
            Self::High(register) => (register, 8),
        }
    }
}

/// Values of the general registers, in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GeneralRegisters(pub [u32; 8]);

impl GeneralRegisters {
    /// A whole register.
    #[must_use]
    pub const fn get(&self, register: Register) -> u32 {
        self.0[register.number() as usize]
    }

    /// A part, in the lowest bits; the others are 0.
    #[must_use]
    pub const fn part(&self, part: Part) -> u32 {
        let (register, shift) = part.place();
        self.get(register) >> shift & part.width().mask()
    }

    /// Sets a part to the lowest bits of `value`; the rest of the register stays.
    pub const fn set_part(&mut self, part: Part, value: u32) {
        let (register, shift) = part.place();
        let mask = part.width().mask() << shift;
        let whole = &mut self.0[register.number() as usize];
        *whole = *whole & !mask | value << shift & mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_found_by_their_numbers() {
        for (number, register) in (0..).zip(Register::ALL) {
            assert_eq!(register.number(), number);
            assert_eq!(Register::from_bits(number | 0xF8), register);
        }
    }

    #[test]
    fn parts_leave_the_rest_of_their_register() {
        let mut registers = GeneralRegisters([0x1122_3344; 8]);
        for (part, before, after) in [
            (Part::from_bits(1, Width::Byte), 0x44, 0x1122_33CC),
            (Part::from_bits(6, Width::Byte), 0x33, 0x1122_CC44),
            (Part::from_bits(6, Width::Word), 0x3344, 0x1122_BBCC),
            (Part::from_bits(7, Width::Doubleword), 0x1122_3344, 0x99AA_BBCC),
        ] {
            assert_eq!(registers.part(part), before);
            registers.set_part(part, 0x99AA_BBCC);
            assert_eq!(registers.get(part.place().0), after);
        }
        let others = [Register::Eax, Register::Ebx, Register::Esp, Register::Ebp];
        assert!(others.iter().all(|register| registers.get(*register) == 0x1122_3344));
    }
}
