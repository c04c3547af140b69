//! Operands: a register, or memory by segment, base, index and displacement.

use super::register::{GeneralRegisters, Register};

/// A segment register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// ES
    Es,
    /// CS
    Cs,
    /// SS
    Ss,
    /// DS
    Ds,
    /// FS
    Fs,
    /// GS
    Gs,
}

/// How wide addresses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressSize {
    /// 32 bits, the rule.
    Doubleword,
    /// 16 bits, by a prefix.
    Word,
}

impl AddressSize {
    /// The bits of an address that count.
    #[must_use]
    pub const fn mask(self) -> u32 {
        match self {
            Self::Doubleword => u32::MAX,
            Self::Word => 0xFFFF,
        }
    }
}

/// An operand in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryOperand {
    /// The segment that its offset is in.
    pub segment: Segment,
    /// A register that is added.
    pub base: Option<Register>,
    /// A register that is added as often as two to the power of the number, which is at most 3.
    pub index: Option<(Register, u8)>,
    /// A number that is added.
    pub displacement: u32,
    /// How wide the sum is.
    pub size: AddressSize,
}

impl MemoryOperand {
    /// The offset in the segment. The sum wraps, as the processor's does.
    #[must_use]
    pub fn offset(&self, registers: &GeneralRegisters) -> u32 {
        let base = self.base.map_or(0, |base| registers.get(base));
        let index = self.index.map_or(0, |(index, shift)| registers.get(index) << shift);
        self.displacement.wrapping_add(base).wrapping_add(index) & self.size.mask()
    }
}

/// A register or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The register, of which the instruction may mean a part.
    Register(Register),
    /// Memory.
    Memory(MemoryOperand),
}
