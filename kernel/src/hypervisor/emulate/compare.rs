//! Comparisons: what they do to the flags.
//!
//! Source: Pentium manual vol. 3, descriptions of CMP and TEST.

use i586::flags::Eflags;

use super::register::Width;

/// What is done to two values, of which nothing but flags is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// CMP: the second is taken from the first.
    Subtract,
    /// TEST: they are joined by AND. The auxiliary flag, which the manual leaves open, is cleared.
    And,
}

impl Comparison {
    /// The arithmetic flags after comparing the lowest bits of two values.
    #[must_use]
    pub fn flags(self, first: u32, second: u32, width: Width) -> Eflags {
        let (first, second) = (first & width.mask(), second & width.mask());
        let sign = width.mask() ^ width.mask() >> 1;
        let (result, carry, overflow, auxiliary) = match self {
            Self::Subtract => {
                // The processor's difference is one modulo 2 to the width.
                let result = first.wrapping_sub(second) & width.mask();
                let overflow = (first ^ second) & (first ^ result) & sign != 0;
                (result, first < second, overflow, (first ^ second ^ result) & 0x10 != 0)
            }
            Self::And => (first & second, false, false, false),
        };
        let is_even = (result & 0xFF).count_ones().is_multiple_of(2);
        let mut flags = Eflags::empty();
        for (flag, is_set) in [
            (Eflags::CARRY, carry),
            (Eflags::PARITY, is_even),
            (Eflags::AUXILIARY, auxiliary),
            (Eflags::ZERO, result == 0),
            (Eflags::SIGN, result & sign != 0),
            (Eflags::OVERFLOW, overflow),
        ] {
            flags.set(flag, is_set);
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_bytes_compares_as_signed_and_unsigned_numbers_do() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let flags = Comparison::Subtract.flags(first.into(), second.into(), Width::Byte);
                let is = |flag| flags.contains(flag);
                assert_eq!(is(Eflags::CARRY), first < second);
                assert_eq!(is(Eflags::ZERO), first == second);
                let is_less = first.cast_signed() < second.cast_signed();
                assert_eq!(is(Eflags::SIGN) != is(Eflags::OVERFLOW), is_less);
                assert_eq!(is(Eflags::SIGN), first.wrapping_sub(second) >= 0x80);
                assert_eq!(is(Eflags::AUXILIARY), first & 0xF < second & 0xF);
                assert_eq!(is(Eflags::PARITY), first.wrapping_sub(second).count_ones() % 2 == 0);
            }
        }
    }

    #[test]
    fn widths_differ_in_where_the_sign_is() {
        let flags =
            |comparison: Comparison, first, second, width| comparison.flags(first, second, width).bits();
        // Carry, parity, auxiliary, zero, sign and overflow are bits 0, 2, 4, 6, 7 and 11.
        assert_eq!(flags(Comparison::Subtract, 0x8000_0000, 1, Width::Doubleword), 0x814);
        assert_eq!(flags(Comparison::Subtract, 0x8000, 1, Width::Word), 0x814);
        assert_eq!(flags(Comparison::Subtract, 0x1_0005, 5, Width::Word), 0x44);
        assert_eq!(flags(Comparison::And, 0x8001, 0x8000, Width::Word), 0x84);
        assert_eq!(flags(Comparison::And, 0x8000, 0x8000, Width::Doubleword), 0x04);
        assert_eq!(flags(Comparison::And, 0xFF00, 0xFF, Width::Doubleword), 0x44);
    }
}
