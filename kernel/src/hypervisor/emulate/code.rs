//! The bytes of one instruction, taken one after the other.

/// Most bytes of an instruction, prefixes and all.
pub const LENGTH_MAX: usize = 15;

/// Why bytes are no instruction of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the instruction does: the guest has no code behind them.
    #[error("instruction ends behind its mapped bytes")]
    Ends,
    /// It has more than [`LENGTH_MAX`] bytes, which is a #GP.
    #[error("instruction of more than {LENGTH_MAX} bytes")]
    TooLong,
    /// It is another instruction than those of the decoder, or none.
    #[error("no instruction that is emulated")]
    Other,
}

/// A place in the code.
#[derive(Clone, Debug)]
pub(super) struct Code<'a> {
    bytes: &'a [u8],
    taken: usize,
}

impl<'a> Code<'a> {
    /// At the first byte of an instruction.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, taken: 0 }
    }

    /// The next byte. Decoding is rare and has many of these: one copy is enough.
    #[inline(never)]
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        if self.taken == LENGTH_MAX {
            return Err(DecodeError::TooLong);
        }
        let byte = *self.bytes.get(self.taken).ok_or(DecodeError::Ends)?;
        self.taken += 1;
        Ok(byte)
    }

    /// The next two bytes.
    pub(super) fn word(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    /// The next four bytes.
    pub(super) fn doubleword(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]))
    }

    /// The next byte as a number from -128 to 127, extended to 32 bits.
    pub(super) fn signed_byte(&mut self) -> Result<u32, DecodeError> {
        Ok(i32::from(self.byte()?.cast_signed()).cast_unsigned())
    }

    /// Bytes taken, at most [`LENGTH_MAX`].
    pub(super) fn length(&self) -> u8 {
        u8::try_from(self.taken).unwrap_or(u8::MAX)
    }
}
