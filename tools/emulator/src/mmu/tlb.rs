//! Translation look-aside buffers.
//!
//! Two layers. The *architectural* TLB is what the guest can notice: it holds whole translations with their
//! permission bits, and keeps them, however wrong they have become, until the guest flushes them, they are
//! replaced, or a page fault on their page drops them. In the strict model it has the P54C's geometry
//! (64 data and 32 code entries, 4 ways; SCC reference §2.1); in the fast model it is larger.
//! The *hot* table in front of it answers "may this privilege level read (write) this page, and where is it"
//! with one comparison; it is only ever a subset of the architectural TLB.

/// One architectural translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Translation {
    /// Linear page number; valid entries have [`Translation::generation`] equal to the TLB's.
    page: u32,
    generation: u32,
    /// Page frame in [31:12]; page-table entry bits (RW and US combined over both levels) below.
    pub(crate) entry: u32,
}

const INVALID: Translation = Translation { page: 0, generation: 0, entry: 0 };

/// How many entries a TLB has, as sets of ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) sets: u32,
    pub(crate) ways: u32,
}

impl Geometry {
    /// The P54C's TLB for data.
    pub(crate) const DATA: Geometry = Geometry { sets: 16, ways: 4 };
    /// The P54C's TLB for code.
    pub(crate) const CODE: Geometry = Geometry { sets: 8, ways: 4 };
    /// The fast model's, for both.
    pub(crate) const LARGE: Geometry = Geometry { sets: 4096, ways: 1 };
}

/// An architectural TLB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tlb {
    geometry: Geometry,
    entries: Vec<Translation>,
    /// Next victim of each set: round robin among the ways.
    victims: Vec<u8>,
    generation: u32,
    /// A 4 MB page was entered since the last flush: INVLPG cannot tell its fragments apart.
    large: bool,
}

impl Tlb {
    pub(crate) fn new(geometry: Geometry) -> Self {
        let sets = geometry.sets as usize;
        Tlb {
            geometry,
            entries: vec![INVALID; sets * geometry.ways as usize],
            victims: vec![0; sets],
            generation: 1,
            large: false,
        }
    }

    fn set(&self, page: u32) -> usize {
        ((page & (self.geometry.sets - 1)) * self.geometry.ways) as usize
    }

    /// Looks a linear page up; the answer is an entry as [`Translation::entry`].
    pub(crate) fn lookup(&self, linear: u32) -> Option<u32> {
        let page = linear >> 12;
        let first = self.set(page);
        self.entries[first..first + self.geometry.ways as usize]
            .iter()
            .find(|entry| entry.page == page && entry.generation == self.generation)
            .map(|entry| entry.entry)
    }

    /// The valid translations, as linear page address and entry; for debuggers.
    pub(crate) fn translations(&self) -> impl Iterator<Item = (u32, u32)> {
        let valid = self.entries.iter().filter(|entry| entry.generation == self.generation);
        valid.map(|entry| (entry.page << 12, entry.entry))
    }

    /// Enters a translation; the answer is the linear address of the page it displaced, if any.
    pub(crate) fn insert(&mut self, linear: u32, entry: u32, large: bool) -> Option<u32> {
        let page = linear >> 12;
        let first = self.set(page);
        let ways = self.geometry.ways as usize;
        let generation = self.generation;
        self.large |= large;
        let set = &mut self.entries[first..first + ways];
        let way = set
            .iter()
            .position(|old| old.generation == generation && old.page == page)
            .or_else(|| set.iter().position(|old| old.generation != generation));
        let way = way.unwrap_or_else(|| {
            let victim = &mut self.victims[first / ways];
            let way = usize::from(*victim);
            *victim = (*victim + 1) % self.geometry.ways.to_le_bytes()[0];
            way
        });
        let old = std::mem::replace(&mut set[way], Translation { page, generation, entry });
        (old.generation == generation && old.page != page).then_some(old.page << 12)
    }

    /// Drops the translation of one page (INVLPG, or a page fault on it).
    pub(crate) fn invalidate(&mut self, linear: u32) {
        if self.large {
            self.flush();
            return;
        }
        let page = linear >> 12;
        let first = self.set(page);
        for entry in &mut self.entries[first..first + self.geometry.ways as usize] {
            if entry.page == page {
                entry.generation = 0;
            }
        }
    }

    /// Drops every translation.
    pub(crate) fn flush(&mut self) {
        self.large = false;
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.entries.fill(INVALID);
            self.generation = 1;
        }
    }
}

/// Entries of the hot table for one privilege level.
pub(crate) const HOT_ENTRIES: usize = 4096;

/// One entry of the hot table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(align(16))]
pub(crate) struct HotEntry {
    /// Linear page | generation if this privilege level may read the page without further checks.
    pub(crate) read: u32,
    /// The same for writes.
    pub(crate) write: u32,
    /// Fast model: index of the DRAM page. Strict model: core-physical page address.
    pub(crate) place: u32,
}

/// The table in front of the architectural data TLB.
#[derive(Debug, Clone)]
pub(crate) struct HotTable {
    entries: Box<[HotEntry; 2 * HOT_ENTRIES]>,
    /// 1..=0xFFF; part of every tag, so that a flush is one increment.
    generation: u32,
}

impl HotTable {
    pub(crate) fn new() -> Self {
        let entries = vec![HotEntry::default(); 2 * HOT_ENTRIES].into_boxed_slice();
        HotTable { entries: entries.try_into().expect("the table has this length"), generation: 1 }
    }

    /// The entry that would hold `linear`. `slot` is 0 for CPL 0-2, [`HOT_ENTRIES`] for CPL 3.
    #[inline(always)]
    pub(crate) fn entry(&self, linear: u32, slot: usize) -> &HotEntry {
        &self.entries[(((linear >> 12) as usize & (HOT_ENTRIES - 1)) | slot) & (2 * HOT_ENTRIES - 1)]
    }

    /// The tag a valid entry for `linear` carries.
    #[inline(always)]
    pub(crate) fn tag(&self, linear: u32) -> u32 {
        (linear & 0xFFFF_F000) | self.generation
    }

    pub(crate) fn insert(&mut self, linear: u32, slot: usize, entry: HotEntry) {
        self.entries[((linear >> 12) as usize & (HOT_ENTRIES - 1)) | slot] = entry;
    }

    /// Forgets one page at both privilege levels.
    pub(crate) fn forget(&mut self, linear: u32) {
        self.insert(linear, 0, HotEntry::default());
        self.insert(linear, HOT_ENTRIES, HotEntry::default());
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        self.generation += 1;
        if self.generation > 0xFFF {
            self.entries.fill(HotEntry::default());
            self.generation = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_translation_stays_until_it_is_dropped_flushed_or_displaced() {
        let mut tlb = Tlb::new(Geometry::DATA);
        tlb.insert(0x1000, 0x5067, false);
        assert_eq!(tlb.lookup(0x1FFF), Some(0x5067));
        tlb.invalidate(0x1000);
        assert_eq!(tlb.lookup(0x1000), None);
        tlb.insert(0x1000, 0x5067, false);
        tlb.flush();
        assert_eq!(tlb.lookup(0x1000), None);
        // Five pages of one set: the first is displaced.
        let displaced: Vec<_> = (0..5).map(|way| tlb.insert(way << 16, 0x67, false)).collect();
        assert_eq!(displaced, [None, None, None, None, Some(0)]);
    }

    #[test]
    fn a_hot_entry_does_not_survive_4096_flushes() {
        let mut hot = HotTable::new();
        let tag = hot.tag(0x7000);
        hot.insert(0x7000, 0, HotEntry { read: tag, write: tag, place: 1 });
        for _ in 0..0xFFF {
            hot.flush();
            assert_ne!(hot.entry(0x7000, 0).read, hot.tag(0x7000));
        }
    }
}
