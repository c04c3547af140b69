//! Flags of barriers, notes of locks and claims to them: one word or quadword each, so that it arrives whole.
//!
//! ```text
//! flag: 0..2 incarnation of the barrier   2..4 generation reached
//! note: 0 core that holds the lock        1..6 0   6..8 its life; 0 if nobody does
//! claim: 0 core whose register is claimed 1..6 0   6..8 life of the claimant; 0 without a claim
//! ```

use scc::id::CoreId;

use super::{Epoch, WireError, high_half, low_half, word_at, word_from};
use crate::layout::QUADWORD;

/// How far a neighbour in a dissemination barrier has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BarrierFlag {
    /// Number that all members gave the barrier.
    pub incarnation: u16,
    /// Passages the neighbour has begun; wraps.
    pub generation: u16,
}

impl BarrierFlag {
    /// Every word is a flag; whether it means anything, the incarnation says.
    pub const fn parse(word: u32) -> Self {
        Self { incarnation: low_half(word), generation: high_half(word) }
    }

    /// The word that [`parse`](Self::parse) reads back.
    pub const fn emit(self) -> u32 {
        word_from(self.incarnation, self.generation)
    }
}

/// Who holds a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockNote {
    /// Core that holds it.
    pub owner: CoreId,
    /// Life of that core when it took it.
    pub life: Epoch,
}

impl LockNote {
    /// Checks every field of a quadword.
    pub fn parse(bytes: &[u8; QUADWORD]) -> Result<Self, WireError> {
        let life = Epoch::new(word_at(bytes, 6)).ok_or(WireError::Blank)?;
        let owner = CoreId::new(bytes[0]).ok_or(WireError::Number(bytes[0]))?;
        Ok(Self { owner, life })
    }

    /// The quadword that [`parse`](Self::parse) reads back.
    pub fn emit(self) -> [u8; QUADWORD] {
        let mut bytes = [0; QUADWORD];
        bytes[0] = self.owner.number();
        bytes[6..8].copy_from_slice(&self.life.get().to_le_bytes());
        bytes
    }
}

/// Which lock the owner of the buffer is about to take over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockClaim {
    /// Core whose register the lock is.
    pub register: CoreId,
    /// Life of the claimant.
    pub life: Epoch,
}

impl LockClaim {
    /// Checks every field of a quadword.
    pub fn parse(bytes: &[u8; QUADWORD]) -> Result<Self, WireError> {
        let life = Epoch::new(word_at(bytes, 6)).ok_or(WireError::Blank)?;
        let register = CoreId::new(bytes[0]).ok_or(WireError::Number(bytes[0]))?;
        Ok(Self { register, life })
    }

    /// The quadword that [`parse`](Self::parse) reads back.
    pub fn emit(self) -> [u8; QUADWORD] {
        LockNote { owner: self.register, life: self.life }.emit()
    }
}
