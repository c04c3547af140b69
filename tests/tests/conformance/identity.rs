//! Checklist 1 to 13: who a core is, and where its addresses lead.

use boot_tests::guest::{Board, Program, Setting, core, own_register, tile, tile_register};
use iced_x86::code_asm::eax;
use scc::address::{LutIndex, PhysAddr, SystemAddr};
use scc::id::{CoreId, TileId};
use scc::lut::{LutEntry, MemoryController, SubDestination};
use scc::map;
use scc::tile::{Requester, TileRegister};
use scc_emu::diagnostics::FindingKind;
use scc_emu::{Activity, Diagnostics, Machine};

fn dram(controller: MemoryController, address: u64) -> SystemAddr {
    SystemAddr { bypass: false, route: controller.route(), sub: controller.sub_destination(), address }
}

/// Conformance item 1.
#[test]
fn own_tile_id_register_tells_every_core_who_it_is() {
    let program = Program::with_body(Setting::Flat, |code| code.report(0, 0xF800_0100));
    let mut board = Board::new();
    for core in CoreId::all() {
        board.launch(core, &program);
    }
    board.run();
    for core in CoreId::all() {
        let coord = core.tile().coord();
        let expected = u32::from(coord.y()) << 7 | u32::from(coord.x()) << 3 | u32::from(core.slot());
        assert_eq!(board.result(core, 0), expected, "core {core}");
    }
}

/// Conformance item 2.
#[test]
fn own_tile_id_register_tells_the_readers_apart() {
    let program = Program::with_body(Setting::Flat, |code| code.report(0, 0xE500_0100));
    let mut board = Board::new();
    board.launch(core(10), &program);
    board.launch(core(11), &program);
    board.run();
    assert_eq!([board.result(core(10), 0) & 7, board.result(core(11), 0) & 7], [0, 1]);
    assert_eq!(board.host_read_tile(tile(5), TileRegister::MyTileId), 0x2D);
}

/// Conformance item 3, (U36).
#[test]
fn every_tile_tells_its_coordinates_to_anybody() {
    let program = Program::with_body(Setting::Flat, |code| {
        (0..24).try_for_each(|tile| code.report(tile, 0xE000_0100 + (tile << 24)))
    });
    let mut board = Board::new();
    board.launch(core(7), &program);
    board.run();
    for (slot, tile) in (0..).zip(TileId::all()) {
        let (x, y) = (u32::from(tile.coord().x()), u32::from(tile.coord().y()));
        assert_eq!(board.result(core(7), slot), y << 7 | x << 3 | 1, "tile {tile}");
    }
}

/// Conformance item 4.
#[test]
fn lut_entries_keep_22_bits() {
    let program = Program::with_body(Setting::Flat, |code| {
        for (slot, value) in [(0, u32::MAX), (1, 0xFFC0_0000), (2, 0x0015_5555)] {
            code.write(0xF800_0800 + 8 * 0x60, value)?;
            code.report(slot, 0xF800_0800 + 8 * 0x60)?;
        }
        Ok(())
    });
    let board = Board::ran(&program);
    assert_eq!(board.results(core(0)), [0x003F_FFFF, 0, 0x0015_5555]);
}

/// Conformance item 5.
#[test]
fn lut_entries_are_eight_bytes_apart_in_two_tables() {
    const INDICES: [u8; 6] = [0, 1, 40, 128, 0xD8, 255];
    let program = Program::with_body(Setting::Flat, |code| {
        for (slot, index) in (0..).zip(INDICES) {
            code.report(2 * slot, 0xE300_0800 + 8 * u32::from(index))?;
            code.report(2 * slot + 1, 0xE300_1000 + 8 * u32::from(index))?;
        }
        code.report(12, 0xE300_1008)
    });
    let board = Board::ran(&program);
    let lut = |owner, index| board.machine().fabric().lut(core(owner), LutIndex::new(index)).bits();
    for (slot, index) in (0..).zip(INDICES) {
        let found = [board.result(core(0), 2 * slot), board.result(core(0), 2 * slot + 1)];
        assert_eq!(found, [lut(6, index), lut(7, index)], "entry {index}");
    }
    assert_eq!(board.result(core(0), 12), lut(7, 1));
}

/// Conformance item 6.
#[test]
fn rewritten_lut_entry_redirects_its_own_core_only() {
    let reader = Program::with_body(Setting::Flat, |code| code.report(0, 0x0500_0040));
    let writer = Program::with_body(Setting::Flat, |code| {
        code.report(0, 0x0500_0040)?;
        code.write(0xF800_0800 + 8 * 5, MemoryController::Mc0.entry(0x1EC).bits())?;
        code.report(1, 0x0500_0040)
    });
    let mut board = Board::new();
    board.write(core(0), 0x0500_0040, 100);
    board.write(core(1), 0x0500_0040, 101);
    board.write(core(0), 0x8000_0040, 102);
    board.launch(core(0), &writer);
    board.run();
    board.launch(core(1), &reader);
    board.run();
    assert_eq!(board.results(core(0)), [100, 102]);
    assert_eq!(board.result(core(1), 0), 101);
}

/// Conformance item 7.
#[test]
fn shared_window_and_host_address_are_the_same_byte() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.report(0, 0x8100_0040)?;
        code.write(0x8100_0040, 0x600D_F00D)
    });
    let mut board = Board::loaded(&program);
    let place = dram(MemoryController::Mc1, 0x1_EC00_0040);
    let now = board.machine().time();
    board.machine_mut().fabric_mut().host_write(place, 4, 0xCAFE, now).unwrap();
    board.start(core(0));
    board.run();
    assert_eq!(board.result(core(0), 0), 0xCAFE);
    assert_eq!(board.machine_mut().fabric_mut().host_read(place, 4, now), Ok(0x600D_F00D));
}

/// Conformance item 8.
#[test]
fn default_lut_entries_match_the_per_core_table() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.report(0, 0xF800_0800)?;
        code.report(1, 0xF800_1000)?;
        code.report(2, 0xF800_17F8)
    });
    let mut board = Board::new();
    for number in [1, 12, 24, 47] {
        board.launch(core(number), &program);
    }
    board.run();
    assert_eq!(board.result(core(1), 1), 0x0_1829);
    assert_eq!(board.result(core(12), 0), 0x0_18F6);
    assert_eq!(board.result(core(24), 0), 0x4_1800);
    assert_eq!(board.result(core(47), 2), 0x4_B1FF);
}

/// Conformance item 9.
#[test]
fn reset_vector_lies_in_the_boot_slot() {
    let program = Program::with_body(Setting::Flat, |code| code.report(0, 0xFFFF_FFF0));
    let mut board = Board::ran(&program);
    let now = board.machine().time();
    let place = dram(MemoryController::Mc0, 0x1_F4FF_FFF0);
    let word = board.machine_mut().fabric_mut().host_read(place, 4, now).unwrap();
    assert_eq!(u64::from(board.result(core(0), 0)), word);
    // The near jump there goes to 0xFFFF_F000.
    assert_eq!(word, 0x00F0_0DE9);
}

/// Conformance item 10.
#[test]
fn own_message_buffer_window_is_the_tiles_buffer() {
    let mut board = Board::new();
    for writer in CoreId::all().skip(1) {
        let own_half = 0xD800_0000 + 0x2000 * u32::from(writer.slot());
        let program = Program::with_body(Setting::Flat, |code| {
            code.write(own_half + 0x104, 0x1000 + u32::from(writer.number()))
        });
        board.launch(writer, &program);
    }
    board.run();
    let reader = Program::with_body(Setting::Flat, |code| {
        code.write(0xD800_0104, 0x1000)?;
        (0..48).try_for_each(|pid| code.report(pid, 0xC000_0104 + (pid >> 1 << 24) + 0x2000 * (pid & 1)))
    });
    board.launch(core(0), &reader);
    board.run();
    for pid in 0..48 {
        assert_eq!(board.result(core(0), pid), 0x1000 + pid);
    }
}

/// Conformance item 11.
#[test]
fn message_buffers_and_tile_registers_repeat_in_their_windows() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.write(0xD800_0010, 0xABCD)?;
        code.report(0, 0xD800_4010)?;
        code.report(1, 0xD8FF_C010)?;
        code.report(2, 0xF800_2100)?;
        code.write(0xF800_2800 + 8 * 0x60, 0x1234)?;
        code.report(3, 0xF800_0800 + 8 * 0x60)
    });
    let mut board = Board::new();
    board.launch(core(22), &program);
    board.run();
    assert_eq!(board.results(core(22)), [0xABCD, 0xABCD, 0x0A8, 0x1234]);
}

/// Conformance item 12, (U24).
#[test]
fn access_to_a_port_without_agent_hangs_the_core() {
    let entry = LutEntry::new(false, tile(3).route(), SubDestination::North, 0);
    let program = Program::with_body(Setting::Flat, |code| {
        let access = code.load_address(eax)?;
        code.result(0, eax)?;
        code.land(access);
        code.report(1, 0x6000_0120)
    });
    let stage = |diagnostics| {
        let mut board = Board::with(Machine::builder().diagnostics(diagnostics));
        board.machine_mut().fabric_mut().set_lut(core(5), LutIndex::new(0x60), entry);
        board.launch(core(5), &program);
        board
    };

    let mut strict = stage(Diagnostics::Stop);
    let report = strict.run_to_finding();
    assert_eq!(report.core, core(5));
    assert_eq!(report.eip, strict.result(core(5), 0));
    assert_eq!(report.finding.kind, FindingKind::NoAgent { entry: entry.bits() });
    assert_eq!(report.finding.physical, Some(PhysAddr::new(0x6000_0120)));

    let mut lenient = stage(Diagnostics::Off);
    lenient.launch(core(0), &Program::with_body(Setting::Flat, |code| code.write(0x9_0000, 7)));
    lenient.run_until("the other core ends", |board| board.result(core(0), 0) == 7);
    lenient.run_for(scc::timing::Time::from_microseconds(100));
    assert!(matches!(lenient.machine().activity(core(5)), Activity::Hung(_)));
}

/// Conformance item 13; reads of the regulator give 0 (U39).
#[test]
fn system_windows_reach_their_agents() {
    let program = Program::with_body(Setting::Flat, |code| {
        for (index, entry) in [(0x60, 0x7500), (0x61, 0x7600), (0x62, 0x1400)] {
            code.write(0xF800_0800 + 8 * index, entry)?;
        }
        code.report(0, 0xF900_8014)?;
        code.report(1, 0x6000_8014)?;
        code.write(0xFA00_0100, 0x1111)?;
        code.report(2, 0x6100_0100)?;
        code.report(3, 0xFB00_0000)?;
        code.report(4, 0x6200_0000)
    });
    let board = Board::ran(&program);
    assert_eq!(board.results(core(0)), [0xA5A5_A5A5, 0xA5A5_A5A5, 0x1111, 0, 0]);
    let lut = |index| board.machine().fabric().lut(core(0), LutIndex::new(index)).bits();
    assert_eq!([lut(249), lut(250), lut(251)], [0x7500, 0x7600, 0x1400]);
}

/// The words the other tests use for addresses agree with the ones written out here.
#[test]
fn register_addresses_follow_the_default_map() {
    assert_eq!(own_register(TileRegister::MyTileId), 0xF800_0100);
    assert_eq!(tile_register(tile(1), TileRegister::Lock(0)), 0xE100_0200);
    assert_eq!(map::mpb_of(core(15)).get(), 0xC700_2000);
    let identity = scc::tile::MyTileId::new(tile(5), Requester::Core(core(11)));
    assert_eq!(identity.core(), Some(core(11)));
}
