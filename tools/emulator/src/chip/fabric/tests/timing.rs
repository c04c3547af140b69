//! Round trips as cores see them (checklist 76) and what they leave in the statistics.

use scc::address::PhysAddr;
use scc::lut::{LutEntry, MemoryController, SubDestination};
use scc::timing::{Time, tile_period};

use super::{Board, id};
use crate::chip::port::MeshPort;

/// Core cycles at 533 MHz in thirds, in which a mesh cycle at 800 MHz is two.
fn thirds(board: &mut Board, core: u8, physical: u32) -> u64 {
    let issued = board.now;
    board.read(core, physical);
    (board.now - issued).as_picoseconds() / 625
}

/// Checklist 76.
#[test]
fn own_buffer_takes_fifty_cycles_and_a_hop_five_and_a_third() {
    let mut board = Board::timed();
    let own = thirds(&mut board, 0, 0xD800_0000);
    assert_eq!(own / 3, 50);
    // Tiles 1 to 5 lie 1 to 5 hops away.
    let remote: Vec<u64> =
        (1..6).map(|tile| thirds(&mut board, 0, 0xC000_0000 + tile * 0x0100_0000)).collect();
    assert!(remote.windows(2).all(|pair| pair[1] - pair[0] == 16));
    assert_eq!(thirds(&mut board, 0, 0xD700_0000), 102 * 3);
}

/// Checklist 76: distances 0, 5, 2 and 7 from core 0.
#[test]
fn memory_reads_grow_with_the_distance_of_the_controller() {
    let mut board = Board::timed();
    let nearest = thirds(&mut board, 0, 0x8000_0000);
    for (window, hops) in [(0x8100_0000, 5), (0x8200_0000, 2), (0x8300_0000, 7)] {
        assert_eq!(thirds(&mut board, 0, window) - nearest, 16 * hops);
    }
}

#[test]
fn bypass_reads_the_same_data_in_twenty_cycles() {
    let mut board = Board::timed();
    board.write(0, 0xD800_0040, 0x77);
    let index = PhysAddr::new(0x7000_0000).lut_index();
    board.fabric.set_lut(id(0), index, LutEntry::new(true, 0, SubDestination::Mpb, 0));
    assert_eq!(thirds(&mut board, 0, 0x7000_0040), 60);
    assert_eq!(board.read(0, 0x7000_0040), 0x77);
}

#[test]
fn a_slower_tile_waits_longer_for_the_same_memory() {
    let mut board = Board::timed();
    let before = thirds(&mut board, 0, 0x8000_0000);
    board.write(0, 0xF800_0080, 0x0380_EFFF);
    assert!(thirds(&mut board, 0, 0x8000_0000) > before);
    assert_eq!(board.fabric.tile_period(id(0).tile()), tile_period(15));
}

/// Six nanoseconds per transaction: 48 at once take 47 times that longer than one.
#[test]
fn simultaneous_reads_queue_at_the_controller() {
    let mut board = Board::timed();
    let at = PhysAddr::new(0x8000_0000);
    let alone = board.fabric.read_line(id(0), at, Time::ZERO).expect("an answer").done;
    let start = Time::from_microseconds(1);
    let mut last = Time::ZERO;
    for _ in 0..48 {
        last = board.fabric.read_line(id(0), at, start).expect("an answer").done;
    }
    assert_eq!(last - start, alone + Time::from_nanoseconds(47 * 6));
}

#[test]
fn statistics_count_transactions_flits_and_bytes() {
    let mut board = Board::flat();
    board.read(0, 0x8100_0000);
    board.fabric.read_line(id(0), PhysAddr::new(0xD800_0000), board.now).expect("an answer");
    let statistics = board.fabric.statistics();
    assert_eq!((statistics.cores[0].reads, statistics.cores[0].line_reads), (1, 1));
    assert_eq!(statistics.controllers[MemoryController::Mc1.index()].bytes_read, 4);
    assert_eq!((statistics.flits, statistics.flit_hops), (3 + 4, 3 * 6 + 4));
}
