//! Which parts of the own pool are free.

use alloc::vec::Vec;

use scc::address::LINE_BYTES;

use crate::mesh::{POOL_BYTES, PoolRange};
use crate::wire::LeaseRecord;

/// Bytes of the records at the beginning of a pool.
#[expect(clippy::cast_possible_truncation, reason = "sixteen records")]
const RECORDS_BYTES: u32 = LeaseRecord::COUNT as u32 * LINE_BYTES;

/// Where a record lies in its pool.
pub(super) fn place_of(record: LeaseRecord) -> u32 {
    u32::from(record.number()) * LINE_BYTES
}

/// Free stretches of whole lines in ascending order, none of which touches the next one.
#[derive(Debug)]
pub(super) struct Space(Vec<(u32, u32)>);

impl Space {
    /// All of a pool but its records.
    pub(super) fn new() -> Self {
        Self(Vec::from([(RECORDS_BYTES, POOL_BYTES)]))
    }

    /// No room at all.
    pub(super) const fn none() -> Self {
        Self(Vec::new())
    }

    /// Takes room for `length` bytes, at the lowest place.
    pub(super) fn take(&mut self, length: usize) -> Option<PoolRange> {
        let length = u32::try_from(length).ok().filter(|length| *length <= POOL_BYTES)?;
        let bytes = length.next_multiple_of(LINE_BYTES);
        let index = self.0.iter().position(|(first, end)| end - first >= bytes)?;
        let (first, end) = self.0[index];
        let range = PoolRange::new(first, length)?;
        if first + bytes == end {
            self.0.remove(index);
        } else {
            self.0[index].0 += bytes;
        }
        Some(range)
    }

    /// Takes room back.
    pub(super) fn give_back(&mut self, range: PoolRange) {
        let first = range.offset();
        let mut end = first + range.length().next_multiple_of(LINE_BYTES);
        let index = self.0.iter().position(|(other, _)| *other > first).unwrap_or(self.0.len());
        if self.0.get(index).is_some_and(|(next, _)| *next == end) {
            end = self.0.remove(index).1;
        }
        match index.checked_sub(1).and_then(|before| self.0.get_mut(before)) {
            Some((_, last)) if *last == first => *last = end,
            _ => self.0.insert(index, (first, end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_given_back_in_any_order_is_whole_again() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1], [1, 2, 0]] {
            let mut space = Space::new();
            let ranges = [1, 33, 4096].map(|length| space.take(length).unwrap());
            assert_eq!(ranges.map(PoolRange::offset), [512, 544, 608]);
            order.into_iter().for_each(|index: usize| space.give_back(ranges[index]));
            assert_eq!(space.0, [(512, POOL_BYTES)], "{order:?}");
        }
    }

    #[test]
    fn a_pool_lends_all_but_its_records_and_no_more() {
        let mut space = Space::new();
        assert_eq!(space.take(0), None);
        assert_eq!(space.take(usize::MAX), None);
        assert_eq!(space.take(4 << 20), None);
        let all = space.take((4 << 20) - 512).unwrap();
        assert_eq!(space.take(1), None);
        space.give_back(all);
        assert!(space.take(1).is_some());
        assert_eq!(Space::none().take(1), None);
    }
}
