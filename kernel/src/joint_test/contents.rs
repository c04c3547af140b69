//! Contents of messages, of which every byte depends on sender, receiver, length and place.

use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;

use scc::address::LINE_BYTES;
use scc::id::CoreId;

use super::JointError;

/// Contents of one message.
#[derive(Clone, Copy)]
pub(super) struct Contents {
    seed: u8,
    length: usize,
}

impl Contents {
    pub(super) fn new(from: CoreId, to: CoreId, length: usize) -> Self {
        let [low, high, ..] = length.to_le_bytes();
        let cores = from.number().wrapping_mul(5) ^ to.number().wrapping_mul(83);
        Self { seed: cores ^ low ^ high.wrapping_mul(7), length }
    }

    fn byte(self, at: usize) -> u8 {
        let [low, high, ..] = at.to_le_bytes();
        self.seed ^ low.wrapping_mul(37) ^ high.wrapping_mul(101)
    }

    /// Writes the contents. Each line is read first: no cache of the chip allocates on a write miss, so every byte of a
    /// line that is not cached would be a transaction of its own.
    pub(super) fn fill(self, bytes: &mut [u8]) {
        for (index, line) in bytes.chunks_mut(LINE).enumerate() {
            black_box(line.first().copied());
            line.iter_mut().enumerate().for_each(|(at, byte)| *byte = self.byte(index * LINE + at));
        }
    }

    /// The contents.
    pub(super) fn to_vec(self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        self.fill(&mut bytes);
        bytes
    }

    /// Compares what came with what should have come.
    pub(super) fn check(self, found: &[u8]) -> Result<(), JointError> {
        let differs = found.iter().enumerate().position(|(at, byte)| *byte != self.byte(at));
        let differs = differs.or_else(|| (found.len() != self.length).then_some(found.len()));
        differs.map_or(Ok(()), |at| Err(JointError::Content { at, length: self.length }))
    }
}

const LINE: usize = LINE_BYTES as usize;
