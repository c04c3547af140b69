//! The work of the benchmarks that needs no bare machine.
//!
//! Every function takes a number of rounds and a seed and returns a checksum. Rounds depend on each other, so that
//! no compiler can leave one out; with 0 rounds only the preparation is done. Arithmetic is exact: integers wrap,
//! doubles hold small integers. So the checksums do not depend on the machine.

pub(crate) mod block;
pub(crate) mod chase;
pub(crate) mod integer;
pub(crate) mod matrix;
pub(crate) mod mixed;

/// Steps of the generator behind all test data: a 32-bit linear congruential one, upper bits used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random(u32);

impl Random {
    /// A generator that starts at `seed`.
    pub(crate) const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// The next number; its low bits are mixed from the high ones.
    pub(crate) const fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 ^ self.0 >> 15
    }
}
