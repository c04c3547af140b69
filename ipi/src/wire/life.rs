//! Lives of cores and positions within them.

use core::num::NonZeroU16;

/// Number of a core's life, 1 to 65535; a restarted core has a later one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Epoch(NonZeroU16);

impl Epoch {
    /// Accepts 1 to 65535; 0 stands for a line that nobody has written.
    pub const fn new(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Life after `lives` earlier ones, round the 65535 numbers.
    pub fn after(lives: u32) -> Self {
        let number = u16::try_from(lives % u32::from(u16::MAX) + 1);
        number.ok().and_then(Self::new).expect("a remainder of 65535 plus 1 is 1 to 65535")
    }

    /// Number of the life, 1 to 65535.
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// Whether this life began after `other`: within the next half of all numbers, which wrap.
    pub const fn is_after(self, other: Self) -> bool {
        self.get().wrapping_sub(other.get()).cast_signed() > 0
    }
}

/// Number of a letter from one core to another; wraps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sequence(u16);

impl Sequence {
    /// Every 16-bit number is one.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Number of the following letter.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// What a sender writes on a receiver's board to say that a letter is new: another byte each time, and never that of a
/// board that was cleared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Bell(u8);

impl Bell {
    /// Every byte is one.
    pub const fn new(byte: u8) -> Self {
        Self(byte)
    }

    /// The byte.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The next one: 1 to 255, round and round.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 == u8::MAX { Self(1) } else { Self(self.0 + 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bell, Epoch, Sequence};

    #[test]
    fn lives_count_on_round_the_end_without_zero() {
        let life = |lives| Epoch::after(lives);
        assert_eq!(life(0).get(), 1);
        assert_eq!(life(65_534).get(), 65_535);
        assert_eq!(life(65_535).get(), 1);
        assert!(life(65_535).is_after(life(65_534)));
        assert!(life(1).is_after(life(0)));
        assert!(!life(0).is_after(life(0)) && !life(0).is_after(life(1)));
        assert_eq!(Epoch::new(0), None);
    }

    #[test]
    fn bells_go_round_without_the_byte_of_a_cleared_board() {
        let rounds = core::iter::successors(Some(Bell::new(0)), |bell| Some(bell.next()));
        assert!(rounds.skip(1).take(255).map(Bell::get).eq(1..=255));
        assert_eq!(Bell::new(255).next(), Bell::new(1));
    }

    #[test]
    fn sequence_numbers_wrap() {
        assert_eq!(Sequence::new(u16::MAX).next(), Sequence::new(0));
    }
}
