//! Pseudo-random numbers that are the same on every run (xorshift64*, Vigna 2016).

/// A stream of numbers, determined by its seed.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring streams, and the state must not be zero.
        Random { state: seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// The next 32 bits.
    pub fn bits(&mut self) -> u32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let product = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D);
        u32::try_from(product >> 32).expect("the upper half has 32 bits")
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.bits() % bound
    }

    /// As [`Random::below`], for a byte.
    pub fn byte_below(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        let [byte, ..] = (self.bits() >> 8).to_le_bytes();
        byte
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    /// One of the choices.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let count = u32::try_from(choices.len()).expect("a list of choices is short");
        choices[self.below(count) as usize]
    }

    /// An operand: often a value at an edge of an operand size.
    pub fn word(&mut self) -> u32 {
        match self.below(8) {
            0 => self.pick(&EDGES),
            1 => self.pick(&EDGES) ^ self.pick(&EDGES) << 8,
            2 => self.bits() >> self.below(32),
            3 => self.pick(&EDGES).wrapping_add(self.below(5)).wrapping_sub(2),
            _ => self.bits(),
        }
    }
}

const EDGES: [u32; 14] = [
    0,
    1,
    2,
    0x0F,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
];
