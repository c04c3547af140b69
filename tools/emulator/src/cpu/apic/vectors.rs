//! A set of interrupt vectors: one of the APIC's 256-bit registers (ISR, TMR, IRR).
//!
//! Word `n` of the register holds vectors 32n to 32n + 31, the lowest vector in bit 0 (SCC reference §2.10).

use i586::apic::VECTOR_WORDS;

/// A set of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct VectorSet {
    words: [u32; VECTOR_WORDS as usize],
}

impl VectorSet {
    pub(super) fn insert(&mut self, vector: u8) {
        let (word, bit) = place(vector);
        self.words[word] |= bit;
    }

    pub(super) fn remove(&mut self, vector: u8) {
        let (word, bit) = place(vector);
        self.words[word] &= !bit;
    }

    pub(super) fn contains(&self, vector: u8) -> bool {
        let (word, bit) = place(vector);
        self.words[word] & bit != 0
    }

    /// The vector of highest priority.
    pub(super) fn highest(&self) -> Option<u8> {
        (0..=u8::MAX).step_by(32).zip(&self.words).rev().find_map(|(first, word)| {
            let below_top = word.checked_ilog2()?.to_le_bytes()[0];
            Some(first + below_top)
        })
    }

    /// The register's word `number`; numbers wrap at 8.
    pub(super) fn word(&self, number: u8) -> u32 {
        self.words[usize::from(number % VECTOR_WORDS)]
    }
}

fn place(vector: u8) -> (usize, u32) {
    (usize::from(vector / 32), 1 << (vector % 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highest_is_the_largest_member() {
        let mut set = VectorSet::default();
        assert_eq!(set.highest(), None);
        for vector in [0, 31, 32, 63, 200, 255] {
            set.insert(vector);
            assert_eq!(set.highest(), Some(vector));
        }
        set.remove(255);
        assert_eq!(set.highest(), Some(200));
        assert!(set.contains(32) && !set.contains(33));
    }

    #[test]
    fn words_hold_32_vectors_each_from_bit_0() {
        let mut set = VectorSet::default();
        set.insert(0x21);
        set.insert(0xFF);
        assert_eq!((set.word(1), set.word(7), set.word(0)), (2, 0x8000_0000, 0));
    }
}
