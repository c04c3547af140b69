//! The unified second-level cache: 256 KB, four ways of 64 KB, 32-byte lines, write-back only, no
//! write-allocate (SCC reference §2.3).
//!
//! The arrays appear at the first fill: a core that never caches anything costs nothing. Whether the cache
//! takes part at all (reset, way disable, stopped clock) is decided by the hierarchy.

use super::line::{self, Line, LineBytes};
use super::plru::{TreeBits, WAYS};

/// Sets of the cache.
const SETS: usize = 2048;
/// Lines of the cache.
const LINES: usize = SETS * WAYS;

const VALID: u32 = 1 << 0;
const DIRTY: u32 = 1 << 1;
/// What must match for a hit.
const MATCH: u32 = !DIRTY;

/// Place of a line in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct L2Slot(usize);

impl L2Slot {
    const fn new(set: usize, way: usize) -> Self {
        Self((set * WAYS + way) % LINES)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrays {
    tags: Vec<[u32; WAYS]>,
    replacement: Vec<TreeBits>,
    data: Vec<LineBytes>,
}

/// The cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct L2 {
    arrays: Option<Box<Arrays>>,
}

impl L2 {
    /// Returns an empty cache.
    pub(crate) const fn new() -> Self {
        Self { arrays: None }
    }

    /// Returns where `line` is held. Does not count as a use.
    pub(crate) fn find(&self, line: Line) -> Option<L2Slot> {
        let arrays = self.arrays.as_ref()?;
        let set = line.set::<SETS>();
        let wanted = line.tag() | VALID;
        let way = arrays.tags[set].iter().position(|tag| tag & MATCH == wanted)?;
        Some(L2Slot::new(set, way))
    }

    /// Returns the line's bytes and counts as a use.
    pub(crate) fn read(&mut self, slot: L2Slot) -> &LineBytes {
        let arrays = self.arrays_mut();
        arrays.replacement[slot.0 / WAYS].touch(slot.0 % WAYS);
        &arrays.data[slot.0]
    }

    /// Returns the line's bytes without side effects.
    pub(crate) fn peek(&self, slot: L2Slot) -> Option<&LineBytes> {
        self.arrays.as_ref().map(|arrays| &arrays.data[slot.0])
    }

    /// Replaces a byte without any other effect.
    pub(crate) fn patch(&mut self, slot: L2Slot, offset: usize, byte: u8) {
        self.arrays_mut().data[slot.0][offset] = byte;
    }

    /// Overwrites 1 to 8 bytes, makes the line dirty and counts as a use.
    pub(crate) fn write(&mut self, slot: L2Slot, offset: usize, bytes: u32, value: u64) {
        line::write(self.modify(slot), offset, bytes, value);
    }

    /// Overwrites the whole line, makes it dirty and counts as a use.
    pub(crate) fn write_line(&mut self, slot: L2Slot, bytes: &LineBytes) {
        *self.modify(slot) = *bytes;
    }

    /// Returns the slot that a fill of `line` replaces: an invalid way if there is one, else the PLRU victim.
    pub(crate) fn victim(&self, line: Line) -> L2Slot {
        let set = line.set::<SETS>();
        let Some(arrays) = self.arrays.as_ref() else {
            return L2Slot::new(set, 0);
        };
        let free = arrays.tags[set].iter().position(|tag| tag & VALID == 0);
        L2Slot::new(set, free.unwrap_or_else(|| arrays.replacement[set].victim()))
    }

    /// Returns address and bytes of the line in `slot` if it is dirty.
    pub(crate) fn dirty_line(&self, slot: L2Slot) -> Option<(Line, LineBytes)> {
        let arrays = self.arrays.as_ref()?;
        let tag = arrays.tags[slot.0 / WAYS][slot.0 % WAYS];
        (tag & DIRTY != 0).then(|| (Line::of_tag(tag), arrays.data[slot.0]))
    }

    /// Records that the line in `slot` has been written back.
    pub(crate) fn set_clean(&mut self, slot: L2Slot) {
        self.arrays_mut().tags[slot.0 / WAYS][slot.0 % WAYS] &= !DIRTY;
    }

    /// Fills `slot` with a clean line and counts as a use.
    pub(crate) fn install(&mut self, slot: L2Slot, line: Line, bytes: &LineBytes) {
        let arrays = self.arrays_mut();
        arrays.tags[slot.0 / WAYS][slot.0 % WAYS] = line.tag() | VALID;
        arrays.data[slot.0] = *bytes;
        arrays.replacement[slot.0 / WAYS].touch(slot.0 % WAYS);
    }

    /// Drops every line without writing any back.
    pub(crate) fn invalidate_all(&mut self) {
        if let Some(arrays) = self.arrays.as_mut() {
            arrays.tags.fill([0; WAYS]);
        }
    }

    /// Returns the first dirty line that satisfies `wanted`.
    pub(crate) fn find_dirty(&self, mut wanted: impl FnMut(Line) -> bool) -> Option<Line> {
        let arrays = self.arrays.as_ref()?;
        let mut dirty = arrays.tags.as_flattened().iter().filter(|&tag| tag & DIRTY != 0);
        dirty.find(|&&tag| wanted(Line::of_tag(tag))).map(|&tag| Line::of_tag(tag))
    }

    fn modify(&mut self, slot: L2Slot) -> &mut LineBytes {
        let arrays = self.arrays_mut();
        arrays.tags[slot.0 / WAYS][slot.0 % WAYS] |= DIRTY;
        arrays.replacement[slot.0 / WAYS].touch(slot.0 % WAYS);
        &mut arrays.data[slot.0]
    }

    fn arrays_mut(&mut self) -> &mut Arrays {
        self.arrays.get_or_insert_with(|| {
            Box::new(Arrays {
                tags: vec![[0; WAYS]; SETS],
                replacement: vec![TreeBits::default(); SETS],
                data: vec![[0; 32]; LINES],
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::address::PhysAddr;

    fn line(address: u32) -> Line {
        Line::of(PhysAddr::new(address))
    }

    #[test]
    fn an_empty_cache_owns_no_arrays() {
        let mut cache = L2::new();
        assert_eq!(cache.find(line(0)), None);
        cache.invalidate_all();
        assert!(cache.arrays.is_none());
    }

    #[test]
    fn one_way_spans_sixty_four_kilobytes() {
        let mut cache = L2::new();
        for way in 0..5 {
            let at = line(0x1240 + way * 0x1_0000);
            cache.install(cache.victim(at), at, &[0; 32]);
        }
        let held = (0..5).filter(|way| cache.find(line(0x1240 + way * 0x1_0000)).is_some()).count();
        assert_eq!(held, 4);
        assert_eq!(cache.find(line(0x1240)), None, "the least recently used line went");
    }

    #[test]
    fn writing_makes_dirty_and_cleaning_keeps_the_line() {
        let mut cache = L2::new();
        let at = line(0x40);
        let slot = cache.victim(at);
        cache.install(slot, at, &[0; 32]);
        assert_eq!(cache.dirty_line(slot), None);
        cache.write(slot, 4, 2, 0xBEEF);
        let (dirty, bytes) = cache.dirty_line(slot).unwrap();
        assert_eq!((dirty, &bytes[4..6]), (at, [0xEF, 0xBE].as_slice()));
        cache.set_clean(slot);
        assert_eq!(cache.find_dirty(|_| true), None);
        assert_eq!(cache.find(at), Some(slot));
    }
}
