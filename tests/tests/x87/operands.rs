//! Seeded random operands of every class, and whole FPU states made of them.

use scc_emu::fpu::{IntegerWidth, Number, Operation, Source};

/// A xorshift generator.
pub(crate) struct Random(u64);

impl Random {
    /// Starts from a seed other than zero.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`, which is far below 2^64.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.bits() >> 11) % limit
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// 64 bits with long runs of equal bits, which provoke carries and ties.
    pub(crate) fn pattern(&mut self) -> u64 {
        match self.below(6) {
            0 => self.bits(),
            1 => self.bits() & !0 << self.below(64),
            2 => !0 << self.below(64),
            3 => !0 >> self.below(64),
            4 => 1 << self.below(64) | 1 << self.below(64),
            _ => self.bits() & self.bits() & self.bits(),
        }
    }

    /// The ten bytes of an 80-bit real of any class, in the low bits.
    pub(crate) fn extended(&mut self) -> u128 {
        const INTEGER: u64 = 1 << 63;
        let any = self.bits() & 0x7FFF;
        let (exponent, significand) = match self.below(24) {
            0 => (0, 0),
            1 => (0, self.pattern() & !INTEGER),
            2 => (0, self.pattern() | INTEGER),
            3 => (0x7FFF, INTEGER),
            4 => (0x7FFF, self.pattern() | 3 << 62),
            5 => (0x7FFF, (self.pattern() | INTEGER) & !(1 << 62)),
            6 => (any, self.pattern() & !INTEGER),
            7 => (1 + self.below(70), self.pattern() | INTEGER),
            8 => (0x7FFE - self.below(70), self.pattern() | INTEGER),
            9 => (any.clamp(1, 0x7FFE), self.pattern() | INTEGER),
            10 => (0x3FFF, INTEGER),
            // Values around the limits of single and double reals.
            11 => (0x3FFF + 127 - 2 + self.below(4), self.pattern() | INTEGER),
            12 => (0x3FFF - 126 - 26 + self.below(30), self.pattern() | INTEGER),
            13 => (0x3FFF + 1023 - 2 + self.below(4), self.pattern() | INTEGER),
            14 => (0x3FFF - 1022 - 56 + self.below(60), self.pattern() | INTEGER),
            // Exponents whose products and quotients are near the limits.
            15 => (0x1FFF - 40 + self.below(80), self.pattern() | INTEGER),
            16 => (0x5FFF - 40 + self.below(80), self.pattern() | INTEGER),
            17 => (0x3FFF + self.below(66), self.pattern() | INTEGER),
            18 => (0x3FFF + self.below(16), self.pattern() & !0 << 48 | INTEGER),
            _ => (0x3FFF - 35 + self.below(70), self.pattern() | INTEGER),
        };
        let sign = self.bits() & 0x8000;
        u128::from(sign | exponent) << 64 | u128::from(significand)
    }

    /// The bits of a single or double real, most of them of interest at the limits of the format.
    fn narrow(&mut self, exponent_bits: u32, fraction_bits: u32) -> u64 {
        let maximum = (1 << exponent_bits) - 1;
        let exponent = match self.below(6) {
            0 => 0,
            1 => maximum,
            2 => 1,
            3 => maximum - 1,
            4 => (maximum >> 1) - 3 + self.below(6),
            _ => self.below(maximum),
        };
        let fraction = if self.one_in(6) { 0 } else { self.pattern() & ((1 << fraction_bits) - 1) };
        let sign = self.bits() & 1;
        sign << (exponent_bits + fraction_bits) | exponent << fraction_bits | fraction
    }

    /// An 18-digit packed decimal with valid digits.
    fn decimal(&mut self) -> u128 {
        let digits = self.below(19);
        let sign = u128::from(self.bits() & 0x80) << 72;
        (0..digits).fold(0, |sum, _| sum << 4 | u128::from(self.below(10))) | sign
    }

    /// A memory operand for an operation; arbitrary bits if it has none.
    pub(crate) fn memory(&mut self, operation: Operation) -> u128 {
        let number = match operation {
            Operation::Arithmetic(_, Source::Memory(number))
            | Operation::Compare(_, Source::Memory(number), _)
            | Operation::Load(Source::Memory(number)) => number,
            _ => return u128::from(self.bits()) << 64 | u128::from(self.bits()),
        };
        match number {
            Number::Single => u128::from(self.narrow(8, 23)),
            Number::Double => u128::from(self.narrow(11, 52)),
            Number::Extended => self.extended(),
            Number::Decimal => self.decimal(),
            Number::Integer(IntegerWidth::Word) => u128::from(self.pattern() & 0xFFFF),
            Number::Integer(IntegerWidth::Short) => u128::from(self.pattern() & 0xFFFF_FFFF),
            Number::Integer(IntegerWidth::Long) => u128::from(self.pattern()),
        }
    }

    /// A control word; half of them mask every exception.
    pub(crate) fn control(&mut self) -> u16 {
        let masks = if self.one_in(2) { 0x3F } else { self.bits() & 0x3F };
        let precision = if self.one_in(2) { 3 } else { self.below(2) * 2 };
        let word = 0x40 | masks | precision << 8 | (self.bits() & 3) << 10;
        u16::try_from(word).expect("fields end at bit 11")
    }

    /// Arbitrary control, status and tag words of an image.
    pub(crate) fn words(&mut self) -> [u8; 12] {
        core::array::from_fn(|_| self.bits().to_le_bytes()[0])
    }

    /// A whole state image (32-bit protected format) without pending exceptions.
    pub(crate) fn image(&mut self) -> [u8; 108] {
        let control = self.control();
        let old = if self.one_in(4) { self.bits() & u64::from(control) & 0x3F } else { 0 };
        let top = self.below(8);
        let status = old | (self.bits() & 0x4700) | top << 11;
        let empty: u64 = match self.below(4) {
            // Everything occupied, everything below TOP empty, or any.
            0 => 0,
            1 | 2 => (0..8).filter(|n| *n < top).fold(0, |mask, n| mask | 3 << (2 * n)),
            _ => (0..8).filter(|_| self.one_in(3)).fold(0, |mask, n| mask | 3 << (2 * n)),
        };
        let mut image = [0; 108];
        image[..2].copy_from_slice(&control.to_le_bytes());
        image[4..6].copy_from_slice(&status.to_le_bytes()[..2]);
        image[8..10].copy_from_slice(&empty.to_le_bytes()[..2]);
        let mut previous = 0;
        for register in image[28..].chunks_exact_mut(10) {
            let mut value = self.extended();
            // Neighbours of the same magnitude make differences, quotients and comparisons interesting.
            match self.below(8) {
                0 => value = previous,
                1 => value = previous ^ 1 << 79,
                2 => value = (previous & !0 << 64) | (value & u128::from(u64::MAX)),
                _ => {}
            }
            previous = value;
            register.copy_from_slice(&value.to_le_bytes()[..10]);
        }
        image
    }
}
