//! Instructions decoded before, found again by their bytes.
//!
//! Programs are made of few different instructions, so most of a block that was never seen consists of some that
//! were. What an instruction decodes to depends on its bytes and the code size alone. A table of hints says how long
//! an instruction that begins with two given bytes was the last time; the bytes of that length then select one entry.
//! A wrong hint costs a decoding, nothing else.

use super::Decoded;

/// Longest instruction kept, in bytes: with the byte for length and code size it fills a word.
const LONGEST: usize = 7;
const ENTRIES: usize = 1024;
const HINTS: usize = 4096;

/// The table of one core; it takes memory when it is first written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    entries: Vec<(u64, Option<Decoded>)>,
    hints: Vec<u8>,
}

/// An instruction's first bytes as a number, the later ones higher.
pub(crate) fn word(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

impl Known {
    /// What the instruction at the start of `word` decodes to, if it is known and inside the first `available` bytes.
    #[inline]
    pub(crate) fn get(&self, word: u64, available: usize, wide: bool) -> Option<&Decoded> {
        let length = *self.hints.get(hint(word))?;
        let key = key(word, length, wide);
        match self.entries.get(slot(key)) {
            Some((known, decoded)) if *known == key && usize::from(length) <= available => decoded.as_ref(),
            _ => None,
        }
    }

    /// Remembers an instruction if it is short enough.
    pub(crate) fn put(&mut self, word: u64, wide: bool, decoded: &Decoded) {
        if usize::from(decoded.length) > LONGEST {
            return;
        }
        if self.entries.is_empty() {
            self.entries = vec![(0, None); ENTRIES];
            self.hints = vec![0; HINTS];
        }
        let key = key(word, decoded.length, wide);
        self.hints[hint(word)] = decoded.length;
        self.entries[slot(key)] = (key, Some(*decoded));
    }
}

/// The first `length` bytes, and in the top byte the length and the code size.
#[inline(always)]
fn key(word: u64, length: u8, wide: bool) -> u64 {
    let bits = 8 * (u32::from(length) & 7);
    word & ((1 << bits) - 1) | u64::from(length | u8::from(wide) << 7) << 56
}

#[inline(always)]
fn slot(key: u64) -> usize {
    scatter(key, ENTRIES)
}

/// Where the hint for an instruction's first two bytes is.
#[inline(always)]
fn hint(word: u64) -> usize {
    scatter(word & 0xFFFF, HINTS)
}

/// A place in a table of `size` entries, a power of two.
#[inline(always)]
fn scatter(value: u64, size: usize) -> usize {
    let product = value.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (product >> 40) as usize & (size - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::decode::decode;
    use crate::cpu::model::Fast;

    fn decoded(bytes: &[u8], wide: bool) -> Decoded {
        decode::<Fast>(bytes, wide).unwrap()
    }

    #[test]
    fn an_instruction_is_found_by_all_its_bytes_and_the_code_size() {
        let mut known = Known::default();
        let add = [0x83, 0xC0, 0x11, 0x90, 0x90, 0x90, 0x90, 0x90];
        assert!(known.get(word(&add), 8, true).is_none());
        known.put(word(&add), true, &decoded(&add, true));
        assert_eq!(known.get(word(&add), 8, true).unwrap().op.immediate, 0x11);
        assert!(known.get(word(&add), 8, false).is_none());
        assert!(known.get(word(&add), 2, true).is_none());
        let mut other = add;
        other[3] = 0xF4;
        assert_eq!(known.get(word(&other), 8, true).unwrap().length, 3);
        other[2] = 0x12;
        assert!(known.get(word(&other), 8, true).is_none());
    }

    #[test]
    fn what_does_not_fit_is_not_kept() {
        let mut known = Known::default();
        let long = [0xC7, 0x44, 0x24, 0x08, 1, 2, 3, 4];
        known.put(word(&long), true, &decoded(&long, true));
        assert!(known.get(word(&long), 8, true).is_none());
    }
}
