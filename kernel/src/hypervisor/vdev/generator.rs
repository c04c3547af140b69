//! A generator of random numbers: ChaCha20 that replaces its key with every block, so that what it has given is not found in
//! what it holds afterwards.
//!
//! Its numbers are as hard to guess as its seed, and no harder.
//!
//! Sources: RFC 8439 §2.3 for the block; D. J. Bernstein, "Fast-key-erasure random-number generators", 2017.

/// Words of a key.
pub const KEY_WORDS: usize = 8;
/// Words of a block.
const BLOCK_WORDS: usize = 16;
/// "expand 32-byte k"
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574]; // not an address: text
/// Bytes of a block that are given.
const GIVEN_BYTES: usize = 4 * (BLOCK_WORDS - KEY_WORDS);

/// A generator.
#[derive(Clone, Debug)]
pub struct Generator {
    key: [u32; KEY_WORDS],
}

impl Generator {
    /// A generator that all who know `seed` can follow.
    #[must_use]
    pub fn new(seed: [u32; KEY_WORDS]) -> Self {
        let mut generator = Self { key: [0; KEY_WORDS] };
        generator.stir(seed);
        generator
    }

    /// Mixes `sample` into the state, which is then no easier to guess than it was, or than the sample.
    pub fn stir(&mut self, sample: [u32; KEY_WORDS]) {
        for (word, sample) in self.key.iter_mut().zip(sample) {
            *word ^= sample;
        }
        self.next_block();
    }

    /// Fills `into`.
    pub fn fill(&mut self, into: &mut [u8]) {
        for piece in into.chunks_mut(GIVEN_BYTES) {
            let given = self.next_block();
            piece.copy_from_slice(&given.map(u32::to_le_bytes).as_flattened()[..piece.len()]);
        }
    }

    /// Replaces the key by one half of a block and gives the other.
    fn next_block(&mut self) -> [u32; BLOCK_WORDS - KEY_WORDS] {
        let block = block(&self.key, [0; 4]);
        let (key, given) = block.split_at(KEY_WORDS);
        self.key.copy_from_slice(key);
        given.try_into().expect("a block has as many words more")
    }
}

/// The block function; `position` is the counter and the nonce.
fn block(key: &[u32; KEY_WORDS], position: [u32; 4]) -> [u32; BLOCK_WORDS] {
    let mut start = [0; BLOCK_WORDS];
    start[..4].copy_from_slice(&CONSTANTS);
    start[4..12].copy_from_slice(key);
    start[12..].copy_from_slice(&position);
    let mut state = start;
    for _ in 0..10 {
        for column in 0..4 {
            quarter_round(&mut state, [column, 4 + column, 8 + column, 12 + column]);
        }
        for diagonal in 0..4 {
            let place = |row: usize| 4 * row + (diagonal + row) % 4;
            quarter_round(&mut state, [place(0), place(1), place(2), place(3)]);
        }
    }
    for (word, start) in state.iter_mut().zip(start) {
        *word = word.wrapping_add(start);
    }
    state
}

/// Arithmetic modulo 2³², as the cipher defines it.
fn quarter_round(state: &mut [u32; BLOCK_WORDS], [a, b, c, d]: [usize; 4]) {
    for (left, right) in [(16, 12), (8, 7)] {
        state[a] = state[a].wrapping_add(state[b]);
        state[d] = (state[d] ^ state[a]).rotate_left(left);
        state[c] = state[c].wrapping_add(state[d]);
        state[b] = (state[b] ^ state[c]).rotate_left(right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_is_that_of_the_rfc() {
        let bytes: [u8; 32] = core::array::from_fn(|index| u8::try_from(index).unwrap());
        let key = core::array::from_fn(|word| u32::from_le_bytes(bytes.as_chunks().0[word]));
        // RFC 8439 §2.3.2.
        let expected = [
            0xE4E7_F110,
            0x1559_3BD1,
            0x1FDD_0F50,
            0xC471_20A3,
            0xC7F4_D1C7,
            0x0368_C033,
            0x9AAA_2204,
            0x4E6C_D4C3,
            0x4664_82D2,
            0x09AA_9F07,
            0x05D7_C214,
            0xA202_8BD9,
            0xD19C_12B5,
            0xB94E_16DE,
            0xE883_D0CB,
            0x4E3C_50A2,
        ];
        assert_eq!(block(&key, [1, 0x0900_0000, 0x4A00_0000, 0]), expected);
    }

    #[test]
    fn same_seed_gives_the_same_numbers_and_stirring_others() {
        let [mut one, mut two, mut three] = [7, 7, 8].map(|seed| Generator::new([seed; KEY_WORDS]));
        let taken = |generator: &mut Generator| {
            let mut bytes = [0; 40];
            generator.fill(&mut bytes);
            bytes
        };
        let first = taken(&mut one);
        assert_eq!(first, taken(&mut two));
        assert_ne!(first, taken(&mut three));
        assert_ne!(first, taken(&mut one));
        taken(&mut two);
        two.stir([0, 0, 0, 0, 0, 0, 0, 1]);
        assert_ne!(taken(&mut one), taken(&mut two));
    }
}
