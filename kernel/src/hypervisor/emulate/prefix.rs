//! Prefixes, in any number and order.

use super::code::{Code, DecodeError};
use super::operand::{AddressSize, Segment};
use super::register::Width;

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
    /// LOCK, which no instruction here may have.
    lock: bool,
}

impl Prefixes {
    /// Takes the prefixes, and the byte that follows them.
    ///
    /// # Errors
    /// [`DecodeError`] if they do not end, and for LOCK: that is a #UD before all instructions that are decoded here.
    pub(super) fn take(code: &mut Code<'_>) -> Result<(Self, u8), DecodeError> {
        let mut prefixes = Self {
            word_operands: false,
            address_size: AddressSize::Doubleword,
            segment: None,
            repeat: false,
            lock: false,
        };
        loop {
            match code.byte()? {
                0x26 => prefixes.segment = Some(Segment::Es),
                0x2E => prefixes.segment = Some(Segment::Cs),
                0x36 => prefixes.segment = Some(Segment::Ss),
                0x3E => prefixes.segment = Some(Segment::Ds),
                0x64 => prefixes.segment = Some(Segment::Fs),
                0x65 => prefixes.segment = Some(Segment::Gs),
                0x66 => prefixes.word_operands = true,
                0x67 => prefixes.address_size = AddressSize::Word,
                0xF0 => prefixes.lock = true,
                0xF2 | 0xF3 => prefixes.repeat = true,
                _ if prefixes.lock => return Err(DecodeError::Other),
                opcode => return Ok((prefixes, opcode)),
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
