//! Identity, LUTs, aliases, and addresses nobody answers at (checklist "Identity and map").

use scc::address::{PhysAddr, SystemAddr};
use scc::id::CoreId;
use scc::lut::{LutEntry, MemoryController, SubDestination};

use super::{Board, id};
use crate::chip::port::{LineWrite, MeshPort, Refusal};
use crate::diagnostics::FindingKind;

/// Checklist 1 and 2.
#[test]
fn every_core_reads_its_own_identity() {
    let mut board = Board::flat();
    for core in CoreId::all() {
        let coord = core.tile().coord();
        let expected = u32::from(coord.y()) << 7 | u32::from(coord.x()) << 3 | u32::from(core.slot());
        assert_eq!(board.read(core.number(), 0xF800_0100), expected, "core {core}");
        assert_eq!(board.host_read_tile(core.tile().route(), 0x100) & 7, 5);
    }
}

/// Checklist 3 (U36: the requester is the reading core's z).
#[test]
fn another_tiles_identity_holds_its_coordinates() {
    let mut board = Board::flat();
    assert_eq!(board.read(1, 0xE000_0100 + 23 * 0x0100_0000), 3 << 7 | 5 << 3 | 1);
}

/// Checklist 4, 5 and 8.
#[test]
fn lut_registers_hold_22_bits_at_their_offsets() {
    let mut board = Board::flat();
    assert_eq!(board.read(1, 0xF800_1000), 0x1829);
    assert_eq!(board.read(0, 0xF700_17F8), 0x4B1FF);
    assert_eq!(board.read(0, 0xEC00_0800), 0x41800);
    assert_eq!(board.read(0, 0xE600_0800), 0x18F6);
    board.write(3, 0xE000_1008, 0xFFFF_FFFF);
    assert_eq!(board.read(3, 0xE000_1008), 0x003F_FFFF);
    assert_eq!(board.fabric.lut(id(1), PhysAddr::new(0x0100_0000).lut_index()).bits(), 0x003F_FFFF);
}

/// Checklist 6.
#[test]
fn a_lut_write_redirects_the_next_access_of_that_core_only() {
    let mut board = Board::flat();
    board.write(0, 0x0500_0000, 0x1111);
    board.write(1, 0x0500_0000, 0x2222);
    board.write(47, 0xE000_0800 + 8 * 5, 0x1829 + 5);
    assert_eq!(board.read(0, 0x0500_0000), 0x2222);
    assert_eq!(board.read(1, 0x0500_0000), 0x2222);
    assert_eq!(board.effects().len(), 1);
}

/// Checklist 7.
#[test]
fn shared_memory_is_the_hosts_memory() {
    let mut board = Board::flat();
    board.fabric.load_dram(MemoryController::Mc1, 0x1_EC00_0040, &[0x5A, 0xA5]);
    assert_eq!(board.read_bytes(0, 0x8100_0040, 2), 0xA55A);
}

/// Checklist 10.
#[test]
fn own_and_global_window_reach_the_same_buffer() {
    let mut board = Board::flat();
    for core in CoreId::all().map(CoreId::number) {
        let half = u32::from(core & 1) * 0x2000;
        board.write(core, 0xD800_0000 + half, 0xC0DE_0000 + u32::from(core));
    }
    for core in CoreId::all().map(CoreId::number) {
        let at = 0xC000_0000 + u32::from(core >> 1) * 0x0100_0000 + u32::from(core & 1) * 0x2000;
        assert_eq!(board.read(0, at), 0xC0DE_0000 + u32::from(core));
    }
}

/// Checklist 11.
#[test]
fn buffers_and_register_blocks_repeat_in_their_windows() {
    let mut board = Board::flat();
    board.write(0, 0xC300_0010, 77);
    assert_eq!(board.read(0, 0xC300_4010), 77);
    assert_eq!(board.read(0, 0xE300_2100), board.read(0, 0xE300_0100));
}

/// Checklist 12.
#[test]
fn a_port_without_an_agent_hangs_the_core() {
    let mut board = Board::flat();
    board.fabric.set_lut(
        id(9),
        PhysAddr::new(0x7000_0000).lut_index(),
        LutEntry::new(false, 0x12, SubDestination::North, 0),
    );
    let entry = 0x12 << 13 | 7 << 10;
    assert_eq!(board.hang(9, 0x7000_0000), FindingKind::NoAgent { entry });
    let line =
        board.fabric.write_line(id(9), PhysAddr::new(0x7000_0020), &[0; 32], LineWrite::WriteBack, board.now);
    assert!(matches!(line, Err(Refusal::NoAnswer(_))));
    assert_eq!(board.hang(9, 0x7F00_0000), FindingKind::NoAgent { entry: 0 });
}

/// Checklist 13.
#[test]
fn fpga_entries_select_registers_host_and_regulator() {
    let mut board = Board::flat();
    assert_eq!(board.read(0, 0xF900_8014), 0xA5A5_A5A5);
    board.write(0, 0xFA00_0040, 0x1234);
    assert_eq!(board.read(47, 0xFA00_0040), 0x1234);
    assert_eq!(board.read(0, 0xFB00_0000), 0);
    assert_eq!(board.findings(0), []);
}

/// (U25).
#[test]
fn memory_beyond_the_installed_size_wraps_and_is_reported() {
    let mut board = Board::flat();
    let index = PhysAddr::new(0x7000_0000).lut_index();
    board.fabric.set_lut(id(0), index, MemoryController::Mc0.entry(0x200));
    board.write(0, 0x7000_0010, 0xABCD);
    assert_eq!(board.findings(0), [FindingKind::BeyondMemory { gigabytes: 8 }]);
    assert_eq!(board.read(0, 0x10), 0xABCD);
}

/// (U27).
#[test]
fn misused_bypass_is_reported_and_ignored() {
    let mut board = Board::flat();
    let index = PhysAddr::new(0x7000_0000).lut_index();
    let entry = LutEntry::new(true, 0x01, SubDestination::Mpb, 0);
    board.fabric.set_lut(id(0), index, entry);
    board.write(0, 0x7000_0000, 5);
    assert_eq!(board.findings(0), [FindingKind::BypassMisuse { entry: entry.bits() }]);
    assert_eq!(board.read(0, 0xC100_0000), 5);
}

#[test]
fn peeking_leaves_locks_and_counters_alone() {
    let mut board = Board::flat();
    board.write(0, 0xF900_E004, 5);
    let mut bytes = [0; 4];
    for at in [0xF900_E000, 0xF900_E004] {
        assert_eq!(board.fabric.peek_core(id(0), PhysAddr::new(at), &mut bytes), 4);
        assert_eq!(u32::from_le_bytes(bytes), 5);
    }
    assert_eq!(board.fabric.peek_core(id(0), PhysAddr::new(0xF800_0200), &mut bytes), 4);
    assert_eq!(u32::from_le_bytes(bytes), 1);
    assert_eq!(board.read(0, 0xF800_0200), 1);
    assert_eq!(board.fabric.peek_core(id(0), PhysAddr::new(0xF900_FFF0), &mut bytes), 0);
}

#[test]
fn the_host_meets_the_same_holes() {
    let mut board = Board::flat();
    let at = SystemAddr { bypass: false, route: 0x33, sub: SubDestination::West, address: 0 };
    assert_eq!(board.fabric.host_read(at, 4, board.now), Err(FindingKind::NoAgent { entry: 0 }));
}
