//! Flags of barriers, notes of locks and claims to them: one quadword each, so that it arrives whole.
//!
//! ```text
//! flag: 0..2 incarnation of the barrier   2..4 0   4..8 generation reached
//! note: 0 core that holds the lock        1..6 0   6..8 its life; 0 if nobody does
//! claim: 0 core whose register is claimed 1..6 0   6..8 life of the claimant; 0 without a claim
//! ```

use scc::id::CoreId;

use super::{Epoch, WireError, dword_at, word_at};
use crate::layout::QUADWORD;

/// How far a neighbour in a dissemination barrier has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BarrierFlag {
    /// Number that all members gave the barrier.
    pub incarnation: u16,
    /// Passages the neighbour has begun; wraps.
    pub generation: u32,
}

impl BarrierFlag {
    /// Every quadword is a flag; whether it means anything, the incarnation says.
    pub fn parse(bytes: &[u8; QUADWORD]) -> Self {
        Self { incarnation: word_at(bytes, 0), generation: dword_at(bytes, 4) }
    }

    /// The quadword that [`parse`](Self::parse) reads back.
    pub fn emit(self) -> [u8; QUADWORD] {
        let mut bytes = [0; QUADWORD];
        bytes[0..2].copy_from_slice(&self.incarnation.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.generation.to_le_bytes());
        bytes
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
