//! How much memory a core owns: read off its own LUT.
//!
//! The host's tools map private memory from entry 0 upwards, one 16 MB slot of one memory controller after the other.
//! Entries that were never written, or that all lead to one slot, do not continue the row. Facts: SCC reference §3.3.

use scc::lut::{LutEntry, MemoryController};

/// Entries below the shared memory, which is where private memory can be.
const MOST: usize = scc::map::index::SHARED_DRAM.index();

/// Counts the entries of the row that starts with the first one: slots of one memory controller in ascending order.
///
/// At least 1: the kernel runs from the first one.
#[must_use]
pub fn private_windows(entries: impl Iterator<Item = LutEntry>) -> u32 {
    let mut entries = entries.take(MOST);
    let Some(first) = entries.next() else { return 1 };
    if MemoryController::at(first.route(), first.sub_destination()).is_none() {
        return 1;
    }
    let row = (first.bits() + 1..).zip(entries).take_while(|(expected, entry)| entry.bits() == *expected);
    row.fold(1, |count, _| count + 1)
}

#[cfg(test)]
mod tests {
    use scc::address::LutIndex;
    use scc::id::CoreId;
    use scc::lut::{BoardMemory, default_entry, default_entry_one_slot, filler_entry};

    use super::*;

    #[test]
    fn default_maps_of_all_boards_give_their_private_slots() {
        for board in BoardMemory::ALL {
            for core in CoreId::all() {
                let filled = |index| default_entry(board, core, index).unwrap_or(filler_entry(board, core));
                let empty = |index| default_entry(board, core, index).unwrap_or(LutEntry::RESET);
                let slots = u32::from(board.private_slots());
                assert_eq!(private_windows(LutIndex::all().map(filled)), slots, "{board:?} {core}");
                assert_eq!(private_windows(LutIndex::all().map(empty)), slots, "{board:?} {core}");
            }
        }
    }

    #[test]
    fn one_window_remains_where_the_first_entry_leads_elsewhere() {
        let board = BoardMemory::Gb32;
        for core in CoreId::all() {
            let map = |index| default_entry_one_slot(board, core, index).unwrap_or(LutEntry::RESET);
            assert_eq!(private_windows(LutIndex::all().map(map)), 1);
        }
        assert_eq!(private_windows(core::iter::empty()), 1);
        assert_eq!(private_windows(core::iter::repeat_n(LutEntry::RESET, 5)), 1);
    }
}
