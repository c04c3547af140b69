//! LUT contents that sccMerge writes, by its options.
//!
//! Rules: SCC reference §3.3; the values are [`scc::lut`]'s.

use scc::address::LutIndex;
use scc::id::CoreId;
use scc::lut::{self, BoardMemory, LutEntry};
use scc::map;

/// Which entries are written to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LutMap {
    /// sccMerge's default map.
    #[default]
    Default,
    /// The default map with entry 0 on the boot slot too (`-1slot`).
    OneSlot,
    /// Nothing: all entries as after power-on, for boards whose LUTs are all written by options or files.
    Empty,
}

/// What becomes of the entries that the map leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnwrittenEntries {
    /// They stay as they are.
    #[default]
    Kept,
    /// They point at a spare slot of the core's memory controller (`-lut_default`).
    Filled,
}

/// What the LUTs hold before anything else is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LutPreset {
    /// The map.
    pub map: LutMap,
    /// The rest.
    pub unwritten: UnwrittenEntries,
}

impl LutPreset {
    /// Entries written for a core with the private memory and boot slot of `memory_of`, ascending.
    pub fn entries(
        self,
        board: BoardMemory,
        core: CoreId,
        memory_of: CoreId,
    ) -> impl Iterator<Item = (LutIndex, LutEntry)> {
        LutIndex::all().filter_map(move |index| Some((index, self.entry(board, core, memory_of, index)?)))
    }

    fn entry(self, board: BoardMemory, core: CoreId, memory_of: CoreId, index: LutIndex) -> Option<LutEntry> {
        let own_memory = index.get() < board.private_slots() || index == map::index::BOOT_SLOT;
        let source = if own_memory { memory_of } else { core };
        let written = match self.map {
            LutMap::Default => lut::default_entry(board, source, index),
            LutMap::OneSlot => lut::default_entry_one_slot(board, source, index),
            LutMap::Empty => None,
        };
        match self.unwritten {
            UnwrittenEntries::Kept => written,
            UnwrittenEntries::Filled => written.or_else(|| Some(lut::filler_entry(board, memory_of))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lut(map: LutMap, unwritten: UnwrittenEntries, core: u8, memory_of: u8) -> Vec<(u8, u32)> {
        let [core, memory_of] = [core, memory_of].map(|number| CoreId::new(number).unwrap());
        let entries = LutPreset { map, unwritten }.entries(BoardMemory::Gb32, core, memory_of);
        entries.map(|(index, entry)| (index.get(), entry.bits())).collect()
    }

    #[test]
    fn presets_differ_where_scc_merge_says() {
        let default = lut(LutMap::Default, UnwrittenEntries::Kept, 1, 1);
        assert_eq!(default.len(), 41 + 4 + 25 + 25 + 4 + 1);
        assert_eq!(default[0], (0, 0x1829));
        let one_slot = lut(LutMap::OneSlot, UnwrittenEntries::Kept, 1, 1);
        assert_eq!(one_slot[0], (0, 0x1800 + 0x1F5));
        assert_eq!(one_slot[1..], default[1..]);
        let filled = lut(LutMap::Default, UnwrittenEntries::Filled, 1, 1);
        assert_eq!(filled.len(), 256);
        assert_eq!(filled[41], (41, 0x1800 + 0x1ED));
        assert!(default.iter().all(|entry| filled.contains(entry)));
        assert!(lut(LutMap::Empty, UnwrittenEntries::Kept, 1, 1).is_empty());
    }

    #[test]
    fn a_core_on_foreign_memory_keeps_its_own_tile() {
        let own = lut(LutMap::Default, UnwrittenEntries::Kept, 0, 0);
        let foreign = lut(LutMap::Default, UnwrittenEntries::Kept, 0, 47);
        let differing: Vec<u8> =
            own.iter().zip(&foreign).filter(|(a, b)| a != b).map(|(entry, _)| entry.0).collect();
        assert_eq!(differing, (0..41).chain([255]).collect::<Vec<u8>>());
        assert_eq!(foreign.last(), Some(&(255, 0x4B1FF)));
    }
}
