//! A set of cores.

use core::fmt;

use scc::id::CoreId;

/// Set of cores: bit n stands for core n.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CoreSet(u64);

const EVERY: u64 = (1 << CoreId::COUNT) - 1;

impl CoreSet {
    /// The empty set.
    pub const EMPTY: Self = Self(0);
    /// All 48 cores.
    pub const ALL: Self = Self(EVERY);

    /// Set of the cores whose bits are 1; the upper 16 bits are ignored.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & EVERY)
    }

    /// One bit per core, the upper 16 bits 0.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Set of one core.
    pub const fn of(core: CoreId) -> Self {
        Self(1 << core.number())
    }

    /// Whether `core` is in the set.
    pub const fn contains(self, core: CoreId) -> bool {
        self.0 & Self::of(core).0 != 0
    }

    /// Whether nobody is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Cores in the set, 0 to 48.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The member, if there is just one.
    #[inline]
    pub fn only(self) -> Option<CoreId> {
        if self.0 & self.0.wrapping_sub(1) != 0 {
            return None;
        }
        u8::try_from(self.0.trailing_zeros()).ok().and_then(CoreId::new)
    }

    /// The set and `core`.
    #[must_use]
    pub const fn with(self, core: CoreId) -> Self {
        Self(self.0 | Self::of(core).0)
    }

    /// The set without `core`.
    #[must_use]
    pub const fn without(self, core: CoreId) -> Self {
        Self(self.0 & !Self::of(core).0)
    }

    /// Cores in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Cores in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Cores in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Members in ascending order; the cost grows with their number only.
    pub fn iter(self) -> impl Iterator<Item = CoreId> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let number = u8::try_from(left.trailing_zeros()).ok().and_then(CoreId::new)?;
            left &= left - 1;
            Some(number)
        })
    }
}

impl fmt::Debug for CoreSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(CoreId::number)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::CoreSet;
    use scc::id::CoreId;
    use std::vec::Vec;

    #[test]
    fn members_come_out_in_ascending_order() {
        let core = |number| CoreId::new(number).unwrap();
        let set = CoreSet::of(core(47)).with(core(0)).with(core(31)).with(core(32)).without(core(31));
        assert_eq!(set.iter().map(CoreId::number).collect::<Vec<_>>(), [0, 32, 47]);
        assert_eq!(CoreSet::ALL.iter().count(), 48);
        assert_eq!(CoreSet::of(core(47)).only(), Some(core(47)));
        assert_eq!([CoreSet::EMPTY.only(), set.only()], [None, None]);
        assert_eq!(CoreSet::EMPTY.iter().count(), 0);
        assert_eq!(CoreSet::from_bits(u64::MAX), CoreSet::ALL);
        let ends = CoreSet::of(core(0)).with(core(47));
        assert_eq!(set.intersection(ends), ends);
        assert_eq!(set.difference(ends), CoreSet::of(core(32)));
    }
}
