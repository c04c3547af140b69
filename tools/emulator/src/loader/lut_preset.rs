//! LUT contents that sccMerge writes, by its options.
//!
//! Rules: SCC reference §3.3; the values are [`scc::lut`]'s.

use scc::address::LutIndex;
use scc::id::CoreId;
use scc::lut::{self, BoardMemory, LutEntry};

/// What the LUTs hold before anything else is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LutPreset {
    /// The default map; other entries stay unwritten.
    #[default]
    Default,
    /// The default map with all other entries on a spare slot of the own controller (`-lut_default`).
    Filled,
    /// The default map with entry 0 on the boot slot (`-1slot`).
    OneSlot,
    /// Nothing: all entries as after power-on, for boards whose LUTs are all written by options or files.
    Empty,
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
        let own_memory = index.get() < board.private_slots() || index == scc::map::index::BOOT_SLOT;
        let source = if own_memory { memory_of } else { core };
        match self {
            Self::Default => lut::default_entry(board, source, index),
            Self::Filled => {
                lut::default_entry(board, source, index).or_else(|| Some(lut::filler_entry(board, memory_of)))
            }
            Self::OneSlot => lut::default_entry_one_slot(board, source, index),
            Self::Empty => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lut(preset: LutPreset, core: u8, memory_of: u8) -> Vec<(u8, u32)> {
        let [core, memory_of] = [core, memory_of].map(|number| CoreId::new(number).unwrap());
        let entries = preset.entries(BoardMemory::Gb32, core, memory_of);
        entries.map(|(index, entry)| (index.get(), entry.bits())).collect()
    }

    #[test]
    fn presets_differ_where_scc_merge_says() {
        let default = lut(LutPreset::Default, 1, 1);
        assert_eq!(default.len(), 41 + 4 + 25 + 25 + 4 + 1);
        assert_eq!(default[0], (0, 0x1829));
        let one_slot = lut(LutPreset::OneSlot, 1, 1);
        assert_eq!(one_slot[0], (0, 0x1800 + 0x1F5));
        assert_eq!(one_slot[1..], default[1..]);
        let filled = lut(LutPreset::Filled, 1, 1);
        assert_eq!(filled.len(), 256);
        assert_eq!(filled[41], (41, 0x1800 + 0x1ED));
        assert!(lut(LutPreset::Empty, 1, 1).is_empty());
    }

    #[test]
    fn a_core_on_foreign_memory_keeps_its_own_tile() {
        let own = lut(LutPreset::Default, 0, 0);
        let foreign = lut(LutPreset::Default, 0, 47);
        let differing: Vec<u8> =
            own.iter().zip(&foreign).filter(|(a, b)| a != b).map(|(entry, _)| entry.0).collect();
        assert_eq!(differing, (0..41).chain([255]).collect::<Vec<u8>>());
        assert_eq!(foreign.last(), Some(&(255, 0x4B1FF)));
    }
}
