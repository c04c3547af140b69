//! Memory that a core can lend to others.
//!
//! Each core sets aside one stretch of its private memory, its pool, and sees those of others through a few windows.
//! Both are seen as message buffers are: through the L1 alone and the write-combining buffer, with the same duties.

use scc::address::LINE_BYTES;

/// Bytes of a pool. It begins at a multiple of that in its owner's core-physical space.
pub const POOL_BYTES: u32 = 4 << 20;

/// Where a pool begins, as its owner's core-physical address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PoolBase(u32);

impl PoolBase {
    /// Accepts multiples of [`POOL_BYTES`].
    pub const fn new(address: u32) -> Option<Self> {
        if address.is_multiple_of(POOL_BYTES) { Some(Self(address)) } else { None }
    }

    /// The core-physical address.
    pub const fn address(self) -> u32 {
        self.0
    }
}

/// Window of a core onto the pool of another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PoolWindow(u8);

impl PoolWindow {
    /// Windows of one core.
    pub const COUNT: usize = 4;

    /// Accepts window numbers 0 to 3.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Window number, 0 to 3.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// All windows in ascending order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..4).map(Self)
    }
}

/// A pool as a core sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pool {
    /// Its own.
    Own,
    /// The one that a window shows.
    Behind(PoolWindow),
}

/// Whole lines of a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolRange {
    offset: u32,
    length: u32,
}

impl PoolRange {
    /// `length` bytes from `offset` on; `None` if they do not begin with a line, do not end within the pool, or are none.
    pub const fn new(offset: u32, length: u32) -> Option<Self> {
        let is_within = length > 0 && offset < POOL_BYTES && length <= POOL_BYTES - offset;
        if is_within && offset.is_multiple_of(LINE_BYTES) { Some(Self { offset, length }) } else { None }
    }

    /// First byte within the pool.
    pub const fn offset(self) -> u32 {
        self.offset
    }

    /// Bytes.
    pub const fn length(self) -> u32 {
        self.length
    }

    /// Place within the pool of `length` bytes from byte `offset` of the range on; `None` if that is not the beginning of a
    /// line, or they end behind the range.
    pub fn place(self, offset: usize, length: usize) -> Option<u32> {
        let end = u32::try_from(offset.checked_add(length)?).ok()?;
        let offset = u32::try_from(offset).ok()?;
        (end <= self.length && offset.is_multiple_of(LINE_BYTES)).then_some(self.offset + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_begin_with_a_line_and_end_within_the_pool() {
        assert_eq!(PoolRange::new(0, 0), None);
        assert_eq!(PoolRange::new(16, 32), None);
        assert_eq!(PoolRange::new(POOL_BYTES, 1), None);
        assert_eq!(PoolRange::new(POOL_BYTES - 32, 33), None);
        let range = PoolRange::new(64, 100).unwrap();
        assert_eq!(range.place(32, 68), Some(96));
        assert_eq!(range.place(32, 69), None);
        assert_eq!(range.place(8, 1), None);
        assert_eq!(range.place(usize::MAX, 2), None);
        assert_eq!(PoolBase::new(POOL_BYTES + 32), None);
    }
}
