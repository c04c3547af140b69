//! The first-level code cache: 16 KB, four ways, 32-byte lines, read only (SCC reference §2.3).
//!
//! Every slot carries a stamp that changes whenever the slot is filled or invalidated. Whoever keeps decoded
//! instructions remembers slot and stamp: while the stamp is the same, the slot holds exactly the bytes that
//! were decoded, stale or not.

use super::line::{Line, LineBytes};
use super::plru::{TreeBits, WAYS};

/// Sets of the cache.
const SETS: usize = 128;
/// Lines of the cache.
const LINES: usize = SETS * WAYS;

const VALID: u32 = 1;

/// Place of a line in the code cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeSlot(u16);

impl CodeSlot {
    /// Returns the slot's position, 0 to 511.
    #[inline(always)]
    pub fn index(self) -> usize {
        usize::from(self.0) % LINES
    }

    fn new(set: usize, way: usize) -> Self {
        let index = (set * WAYS + way) % LINES;
        Self(u16::try_from(index).expect("the cache has 512 slots"))
    }
}

/// The cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct L1Code {
    tags: Box<[[u32; WAYS]; SETS]>,
    stamps: Box<[u32; LINES]>,
    data: Box<[LineBytes; LINES]>,
    replacement: Box<[TreeBits; SETS]>,
}

impl L1Code {
    /// Returns an empty cache.
    pub(crate) fn new() -> Self {
        Self {
            tags: Box::new([[0; WAYS]; SETS]),
            stamps: Box::new([0; LINES]),
            data: Box::new([[0; 32]; LINES]),
            replacement: Box::new([TreeBits::default(); SETS]),
        }
    }

    /// Returns where `line` is held. Does not count as a use.
    #[inline]
    pub(crate) fn find(&self, line: Line) -> Option<CodeSlot> {
        let set = line.set::<SETS>();
        let wanted = line.tag() | VALID;
        self.tags[set].iter().position(|&tag| tag == wanted).map(|way| CodeSlot::new(set, way))
    }

    /// Returns the slot's stamp.
    #[inline(always)]
    pub(crate) fn stamp(&self, slot: CodeSlot) -> u32 {
        self.stamps[slot.index()]
    }

    /// Returns the slot's bytes.
    #[inline(always)]
    pub(crate) fn bytes(&self, slot: CodeSlot) -> &LineBytes {
        &self.data[slot.index()]
    }

    /// Records a use of the line.
    #[inline(always)]
    pub(crate) fn touch(&mut self, slot: CodeSlot) {
        self.replacement[slot.index() / WAYS].touch(slot.index() % WAYS);
    }

    /// Puts `line` into an invalid way of its set or over the PLRU victim; counts as a use.
    pub(crate) fn fill(&mut self, line: Line, bytes: &LineBytes) -> CodeSlot {
        let set = line.set::<SETS>();
        let free = self.tags[set].iter().position(|tag| tag & VALID == 0);
        let slot = CodeSlot::new(set, free.unwrap_or_else(|| self.replacement[set].victim()));
        self.set_tag(slot, line.tag() | VALID);
        self.data[slot.index()] = *bytes;
        self.touch(slot);
        slot
    }

    /// Replaces a byte; the slot's stamp changes.
    pub(crate) fn patch(&mut self, slot: CodeSlot, offset: usize, byte: u8) {
        self.data[slot.index()][offset] = byte;
        let stamp = &mut self.stamps[slot.index()];
        *stamp = stamp.wrapping_add(1);
    }

    /// Drops `line` if it is held.
    pub(crate) fn invalidate(&mut self, line: Line) {
        if let Some(slot) = self.find(line) {
            self.set_tag(slot, 0);
        }
    }

    /// Drops every line.
    pub(crate) fn invalidate_all(&mut self) {
        for (tag, stamp) in self.tags.as_flattened_mut().iter_mut().zip(self.stamps.iter_mut()) {
            if *tag != 0 {
                *tag = 0;
                *stamp = stamp.wrapping_add(1);
            }
        }
    }

    fn set_tag(&mut self, slot: CodeSlot, tag: u32) {
        self.tags[slot.index() / WAYS][slot.index() % WAYS] = tag;
        let stamp = &mut self.stamps[slot.index()];
        *stamp = stamp.wrapping_add(1);
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
    fn a_stamp_changes_at_fill_invalidation_and_replacement_only() {
        let mut cache = L1Code::new();
        let slot = cache.fill(line(0x1000), &[1; 32]);
        let filled = cache.stamp(slot);
        cache.touch(slot);
        cache.invalidate(line(0x2000));
        assert_eq!(cache.stamp(slot), filled);

        cache.invalidate(line(0x1000));
        let invalidated = cache.stamp(slot);
        assert_ne!(invalidated, filled);
        assert_eq!(cache.find(line(0x1000)), None);

        assert_eq!(cache.fill(line(0x1000), &[1; 32]), slot);
        assert!(cache.stamp(slot) > invalidated);
        let refilled = cache.stamp(slot);
        cache.invalidate_all();
        assert!(cache.stamp(slot) > refilled);
    }

    #[test]
    fn replacement_changes_the_stamp_of_the_evicted_slot() {
        let mut cache = L1Code::new();
        let filled: Vec<_> = (0..4)
            .map(|way| {
                let slot = cache.fill(line(way * 4096), &[0; 32]);
                (slot, cache.stamp(slot))
            })
            .collect();
        let replaced = cache.fill(line(5 * 4096), &[9; 32]);
        let changed: Vec<_> = filled
            .iter()
            .filter(|&&(slot, stamp)| cache.stamp(slot) != stamp)
            .map(|&(slot, _)| slot)
            .collect();
        assert_eq!(changed, [replaced]);
        assert_eq!(cache.bytes(replaced), &[9; 32]);
    }
}
