//! The first-level data cache: 16 KB, four ways, 32-byte lines, MESI states, one message (MPBT) tag per line
//! (SCC reference §2.3, §2.6).
//!
//! A tag word is the line address with flags in its five low bits, so that a look-up is one masked comparison
//! per way. The message tags are a bit map beside them, so that CL1INVMB, which software executes before every
//! poll, costs as much as there are tagged lines. The cache only stores; what misses, stores and evictions do is decided by the hierarchy.
//!
//! ```text
//!   31                             5   4   3      2        1       0
//!   +------------------------------+-----+------+--------+-------+-------+
//!   |  core-physical line address  |  0  | CODE | SHARED | DIRTY | VALID |
//!   +------------------------------+-----+------+--------+-------+-------+
//!     invalid: 0     E: VALID     S: VALID+SHARED     M: VALID+DIRTY
//! ```

use super::line::{self, Line, LineBytes};
use super::plru::{TreeBits, WAYS};

/// Sets of the cache.
const SETS: usize = 128;
/// Lines of the cache.
const LINES: usize = SETS * WAYS;

const VALID: u32 = 1 << 0;
const DIRTY: u32 = 1 << 1;
const SHARED: u32 = 1 << 2;
/// The code cache may hold the line too: a store has to look there. Never missing, sometimes stale.
const CODE: u32 = 1 << 3;
/// What must match for a hit.
const MATCH: u32 = !(DIRTY | SHARED | CODE);

/// Place of a line in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(usize);

impl Slot {
    #[inline(always)]
    const fn new(set: usize, way: usize) -> Self {
        Self((set * WAYS + way) % LINES)
    }

    /// All slots, in order.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..LINES).map(Self)
    }
}

/// What a line is filled as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FillState {
    /// E: later stores stay in the cache.
    Exclusive,
    /// S: later stores also go out (write-through pages).
    Shared,
}

/// The cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct L1Data {
    tags: Box<[[u32; WAYS]; SETS]>,
    data: Box<[LineBytes; LINES]>,
    replacement: Box<[TreeBits; SETS]>,
    /// The message tags, by slot.
    messages: [u64; LINES / 64],
}

impl L1Data {
    /// Returns an empty cache.
    pub(crate) fn new() -> Self {
        Self {
            tags: Box::new([[0; WAYS]; SETS]),
            data: Box::new([[0; 32]; LINES]),
            replacement: Box::new([TreeBits::default(); SETS]),
            messages: [0; LINES / 64],
        }
    }

    /// Returns where `line` is held. Does not count as a use.
    #[inline(always)]
    pub(crate) fn find(&self, line: Line) -> Option<Slot> {
        let set = line.set::<SETS>();
        let wanted = line.tag() | VALID;
        let tags = &self.tags[set];
        let latest = self.replacement[set].latest();
        if tags[latest] & MATCH == wanted {
            return Some(Slot::new(set, latest));
        }
        let mut hits = 0_u32;
        for (way, tag) in tags.iter().enumerate() {
            hits |= u32::from(tag & MATCH == wanted) << way;
        }
        (hits != 0).then(|| Slot::new(set, hits.trailing_zeros() as usize))
    }

    /// Records a use of the line.
    #[inline(always)]
    pub(crate) fn touch(&mut self, slot: Slot) {
        let replacement = &mut self.replacement[slot.0 / WAYS % SETS];
        if replacement.latest() != slot.0 % WAYS {
            replacement.touch(slot.0 % WAYS);
        }
    }

    /// Returns the slot that a fill of `line` replaces: an invalid way if there is one, else the PLRU victim.
    pub(crate) fn victim(&self, line: Line) -> Slot {
        let set = line.set::<SETS>();
        let free = self.tags[set].iter().position(|tag| tag & VALID == 0);
        Slot::new(set, free.unwrap_or_else(|| self.replacement[set].victim()))
    }

    /// Reads 1 to 8 bytes.
    #[inline(always)]
    pub(crate) fn read(&self, slot: Slot, offset: usize, bytes: u32) -> u64 {
        line::read(&self.data[slot.0 % LINES], offset, bytes)
    }

    /// Overwrites 1 to 8 bytes without changing the line's state.
    #[inline(always)]
    pub(crate) fn write(&mut self, slot: Slot, offset: usize, bytes: u32, value: u64) {
        line::write(&mut self.data[slot.0 % LINES], offset, bytes, value);
    }

    /// Returns the bytes of the line.
    pub(crate) fn bytes(&self, slot: Slot) -> &LineBytes {
        &self.data[slot.0 % LINES]
    }

    /// Returns the address of the line in `slot`; meaningless if the slot is invalid.
    pub(crate) fn line(&self, slot: Slot) -> Line {
        Line::of_tag(self.tag(slot))
    }

    /// Fills `slot` with a line that is neither dirty nor tagged, and counts as a use.
    pub(crate) fn install(&mut self, slot: Slot, line: Line, bytes: &LineBytes, state: FillState) {
        let shared = if state == FillState::Shared { SHARED } else { 0 };
        *self.tag_mut(slot) = line.tag() | VALID | shared;
        self.clear_message(slot);
        self.data[slot.0 % LINES] = *bytes;
        self.touch(slot);
    }

    /// Whether a store may hit the line with nothing but a change to M: it is E or M and not in the code cache.
    #[inline(always)]
    pub(crate) fn takes_stores(&self, slot: Slot) -> bool {
        self.tag(slot) & (SHARED | CODE) == 0
    }

    /// Whether the line is in state S.
    pub(crate) fn is_shared(&self, slot: Slot) -> bool {
        self.tag(slot) & SHARED != 0
    }

    /// Whether the line is in state M.
    pub(crate) fn is_dirty(&self, slot: Slot) -> bool {
        self.tag(slot) & DIRTY != 0
    }

    /// Whether the line carries the message tag.
    pub(crate) fn is_message(&self, slot: Slot) -> bool {
        self.messages[slot.0 / 64] >> (slot.0 % 64) & 1 != 0
    }

    /// Makes the line M.
    #[inline(always)]
    pub(crate) fn set_dirty(&mut self, slot: Slot) {
        // Almost always dirty already; not writing spares the next look-up a wait for this store.
        if self.tag(slot) & DIRTY == 0 {
            *self.tag_mut(slot) |= DIRTY;
        }
    }

    /// Makes a written-back or written-through line E.
    pub(crate) fn set_exclusive(&mut self, slot: Slot) {
        *self.tag_mut(slot) &= !(DIRTY | SHARED);
    }

    /// Sets the message tag.
    #[inline(always)]
    pub(crate) fn set_message(&mut self, slot: Slot) {
        self.messages[slot.0 / 64] |= 1 << (slot.0 % 64);
    }

    /// Records that the code cache may hold the line.
    pub(crate) fn set_code(&mut self, slot: Slot) {
        *self.tag_mut(slot) |= CODE;
    }

    /// Records that the code cache does not hold the line.
    pub(crate) fn clear_code(&mut self, slot: Slot) {
        *self.tag_mut(slot) &= !CODE;
    }

    /// Drops the line, whatever it holds.
    pub(crate) fn invalidate(&mut self, slot: Slot) {
        *self.tag_mut(slot) = 0;
        self.clear_message(slot);
    }

    /// Drops every line.
    pub(crate) fn invalidate_all(&mut self) {
        self.tags.fill([0; WAYS]);
        self.messages.fill(0);
    }

    /// Drops every line with the message tag; returns one of those that were dirty.
    pub(crate) fn invalidate_messages(&mut self) -> Option<Line> {
        let mut dirty = None;
        for word in 0..self.messages.len() {
            while self.messages[word] != 0 {
                let slot = Slot(word * 64 + self.messages[word].trailing_zeros() as usize);
                if self.is_dirty(slot) {
                    dirty = Some(self.line(slot));
                }
                self.invalidate(slot);
            }
        }
        dirty
    }

    /// Returns the first dirty line that satisfies `wanted`.
    pub(crate) fn find_dirty(&self, mut wanted: impl FnMut(Line) -> bool) -> Option<Line> {
        let mut dirty = self.tags.as_flattened().iter().filter(|&tag| tag & DIRTY != 0);
        dirty.find(|&&tag| wanted(Line::of_tag(tag))).map(|&tag| Line::of_tag(tag))
    }

    fn clear_message(&mut self, slot: Slot) {
        self.messages[slot.0 / 64] &= !(1 << (slot.0 % 64));
    }

    #[inline(always)]
    fn tag(&self, slot: Slot) -> u32 {
        self.tags[slot.0 / WAYS % SETS][slot.0 % WAYS]
    }

    #[inline(always)]
    fn tag_mut(&mut self, slot: Slot) -> &mut u32 {
        &mut self.tags[slot.0 / WAYS % SETS][slot.0 % WAYS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::address::PhysAddr;

    fn line(address: u32) -> Line {
        Line::of(PhysAddr::new(address))
    }

    fn fill(cache: &mut L1Data, address: u32) -> Slot {
        let slot = cache.victim(line(address));
        cache.install(slot, line(address), &[0; 32], FillState::Exclusive);
        slot
    }

    #[test]
    fn four_lines_of_one_set_fit_and_the_fifth_evicts() {
        let mut cache = L1Data::new();
        for way in 0..4 {
            fill(&mut cache, 0x40 + way * 4096);
        }
        assert!((0..4).all(|way| cache.find(line(0x40 + way * 4096)).is_some()));
        fill(&mut cache, 0x40 + 4 * 4096);
        assert_eq!((0..5).filter(|way| cache.find(line(0x40 + way * 4096)).is_some()).count(), 4);
    }

    #[test]
    fn the_line_at_address_zero_is_not_found_in_an_empty_cache() {
        assert_eq!(L1Data::new().find(line(0)), None);
    }

    #[test]
    fn invalid_ways_are_filled_before_the_victim() {
        let mut cache = L1Data::new();
        let slots: Vec<_> = (0..4).map(|way| fill(&mut cache, way * 4096)).collect();
        cache.invalidate(slots[2]);
        assert_eq!(cache.victim(line(9 * 4096)), slots[2]);
    }

    #[test]
    fn a_fill_clears_the_tag_of_the_line_before() {
        let mut cache = L1Data::new();
        let slot = fill(&mut cache, 0x1000);
        cache.set_message(slot);
        cache.set_dirty(slot);
        cache.install(slot, line(0x2000), &[0; 32], FillState::Shared);
        assert!(!cache.is_message(slot) && !cache.is_dirty(slot) && cache.is_shared(slot));
    }

    #[test]
    fn only_message_lines_are_dropped_by_the_message_invalidate() {
        let mut cache = L1Data::new();
        let plain = fill(&mut cache, 0x1000);
        let message = fill(&mut cache, 0x1020);
        cache.set_dirty(plain);
        cache.set_message(message);
        assert_eq!(cache.invalidate_messages(), None);
        assert_eq!(cache.find(line(0x1000)), Some(plain));
        assert!(cache.is_dirty(plain));
        assert_eq!(cache.find(line(0x1020)), None);
    }
}
