//! Checks every derived constant of all 48 cores against the reference's per-core table.
//!
//! The table lies beside this file as text, so that it can be compared with the reference by eye.
//! Source: SCC reference appendix A.

use scc::address::LutIndex;
use scc::id::{CoreId, TileCoord};
use scc::lut::{BoardMemory, MemoryController, default_entry};
use scc::map;
use scc::tile::{MyTileId, Requester};

const TABLE: &str = include_str!("per_core_table.txt");

/// Calls `check` with each core and the columns of its line.
fn for_each_core(check: impl Fn(CoreId, &[&str])) {
    let mut cores = CoreId::all();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let core = cores.next().expect("the table has at most 48 lines");
        assert_eq!(columns.len(), 16);
        assert_eq!(columns[0], core.to_string());
        check(core, &columns);
    }
    assert_eq!(cores.next(), None, "the table has 48 lines");
}

fn hexadecimal(column: &str) -> u64 {
    u64::from_str_radix(column.trim_start_matches("0x"), 16).expect("the column is hexadecimal")
}

fn entry(board: BoardMemory, core: CoreId, index: u8) -> u64 {
    default_entry(board, core, LutIndex::new(index)).map_or(0, |entry| u64::from(entry.bits()))
}

#[test]
fn position_and_identity_of_every_core() {
    for_each_core(|core, columns| {
        let tile = core.tile();
        let coord = tile.coord();
        assert_eq!(columns[1], tile.to_string());
        assert_eq!(columns[2], format!("{},{},{}", coord.x(), coord.y(), core.slot()));
        assert_eq!(hexadecimal(columns[3]), u64::from(tile.route()));
        let identity = MyTileId::new(tile, Requester::Core(core));
        assert_eq!(hexadecimal(columns[4]), u64::from(identity.bits()));
        assert_eq!(TileCoord::new(coord.x(), coord.y()).map(TileCoord::tile), Some(tile));
    });
}

#[test]
fn controller_and_order_of_every_core() {
    for_each_core(|core, columns| {
        assert_eq!(columns[5], MemoryController::of_core(core).index().to_string());
        assert_eq!(columns[6], MemoryController::order_of_core(core).to_string());
    });
}

#[test]
fn first_and_last_lut_entry_of_every_core_and_board() {
    for_each_core(|core, columns| {
        for (column, board) in BoardMemory::ALL.into_iter().enumerate() {
            assert_eq!(hexadecimal(columns[7 + column]), entry(board, core, 0));
            assert_eq!(hexadecimal(columns[10 + column]), entry(board, core, 255));
        }
    });
}

#[test]
fn boot_page_of_every_core() {
    for_each_core(|core, columns| {
        let page = map::BOOT_SLOT.wrapping_add(0xFF_F000);
        let boot = default_entry(BoardMemory::Gb32, core, page.lut_index());
        let address = boot.expect("the boot slot is always mapped").translate(page);
        assert_eq!(MemoryController::at(address.route, address.sub), Some(MemoryController::of_core(core)));
        assert_eq!(hexadecimal(columns[13]), address.controller_addr().get());
    });
}

#[test]
fn windows_of_every_core() {
    for_each_core(|core, columns| {
        assert_eq!(hexadecimal(columns[14]), u64::from(map::mpb_of(core).get()));
        assert_eq!(hexadecimal(columns[15]), u64::from(map::crb_of(core.tile()).get()));
    });
}
