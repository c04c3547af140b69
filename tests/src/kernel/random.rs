//! Numbers that a seed makes: SplitMix64.

/// The numbers.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// The next one, below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// The next one from half of `middle` to one and a half.
    pub(super) fn between(&mut self, middle: u64) -> u64 {
        middle / 2 + self.below(middle.max(1))
    }
}
