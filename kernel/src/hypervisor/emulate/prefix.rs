//! Prefixes, in any number and order.

use super::code::{Code, DecodeError};
use super::operand::{AddressSize, Segment};
use super::register::Width;

/// A prefix.
#[derive(Clone, Copy)]
enum Prefix {
    Segment(Segment),
    WordOperands,
    WordAddresses,
    Lock,
    Repeat,
}

/// A table instead of a `match`, which the compiler would copy, jump table and all, behind every prefix.
const PREFIXES: [(u8, Prefix); 11] = [
    (0x26, Prefix::Segment(Segment::Es)),
    (0x2E, Prefix::Segment(Segment::Cs)),
    (0x36, Prefix::Segment(Segment::Ss)),
    (0x3E, Prefix::Segment(Segment::Ds)),
    (0x64, Prefix::Segment(Segment::Fs)),
    (0x65, Prefix::Segment(Segment::Gs)),
    (0x66, Prefix::WordOperands),
    (0x67, Prefix::WordAddresses),
    (0xF0, Prefix::Lock),
    (0xF2, Prefix::Repeat),
    (0xF3, Prefix::Repeat),
];

/// What the prefixes of an instruction say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefixes {
    /// Operands of 16 bits where they have 32 else.
    pub(super) word_operands: bool,
    /// Width of addresses.
    pub(super) address_size: AddressSize,
    /// The segment instead of the usual one; the last one counts.
    pub(super) segment: Option<Segment>,
    /// REP or REPNE, which is the same before instructions that compare nothing.
    pub(super) repeat: bool,
}

impl Prefixes {
    /// Takes the prefixes, and the byte that follows them.
    ///
    /// # Errors
    /// [`DecodeError`] if they do not end, and for LOCK: that is a #UD before all instructions that are decoded here.
    #[inline(never)]
    pub(super) fn take(code: &mut Code<'_>) -> Result<(Self, u8), DecodeError> {
        let mut prefixes = Self {
            word_operands: false,
            address_size: AddressSize::Doubleword,
            segment: None,
            repeat: false,
        };
        let mut has_lock = false;
        loop {
            let byte = code.byte()?;
            match PREFIXES.iter().find(|(known, _)| *known == byte) {
                Some((_, Prefix::Segment(segment))) => prefixes.segment = Some(*segment),
                Some((_, Prefix::WordOperands)) => prefixes.word_operands = true,
                Some((_, Prefix::WordAddresses)) => prefixes.address_size = AddressSize::Word,
                Some((_, Prefix::Lock)) => has_lock = true,
                Some((_, Prefix::Repeat)) => prefixes.repeat = true,
                None if has_lock => return Err(DecodeError::Other),
                None => return Ok((prefixes, byte)),
            }
        }
    }

    /// Width of an operand: a byte if bit 0 of the opcode is 0.
    pub(super) const fn width(&self, opcode: u8) -> Width {
        match (opcode & 1, self.word_operands) {
            (0, _) => Width::Byte,
            (_, true) => Width::Word,
            (_, false) => Width::Doubleword,
        }
    }
}
