//! FPGA registers, regulator, host window and port I/O through the mesh (checklist "FPGA", "Power and misc").

use scc::address::PhysAddr;
use scc::host::Uart;
use scc::id::TileId;
use scc::timing::Time;

use super::{Board, id};
use crate::chip::effects::Effect;
use crate::chip::port::{MeshPort, Refusal};
use crate::diagnostics::FindingKind;

/// Checklist 65.
#[test]
fn all_cores_draw_distinct_numbers_from_a_counter() {
    let mut board = Board::flat();
    let mut seen = vec![false; 48_000];
    for _ in 0..1000 {
        for core in 0..48 {
            let value = board.read(core, 0xF900_E010);
            assert!(!std::mem::replace(&mut seen[value as usize], true), "{value} twice");
        }
    }
}

/// (U40): an 8-byte access touches two registers, low first; narrow ones select bytes.
#[test]
fn accesses_of_all_widths_touch_the_registers_they_cover() {
    let mut board = Board::flat();
    board.write(0, 0xF900_E004, 9);
    assert_eq!(board.read_bytes(0, 0xF900_E000, 8), 10 << 32 | 9);
    assert_eq!(board.read_bytes(0, 0xF900_801A, 2), 0xDEAD);
    board.write_bytes(0, 0xF900_8015, 1, 0x77);
    assert_eq!(board.read(0, 0xF900_8014), 0xA5A5_77A5);
}

/// Checklist 67.
#[test]
fn undefined_offsets_hang_the_core_without_side_effects() {
    let mut board = Board::flat();
    assert_eq!(board.hang(3, 0xF900_8160), FindingKind::UndefinedFpgaRegister { offset: 0x8160 });
    assert_eq!(board.hang(3, 0xF900_0004), FindingKind::HostFpgaRegister { offset: 4 });
    // The first half of this line is counters, the second is beyond them.
    let line = board.fabric.read_line(id(3), PhysAddr::new(0xF900_E180), board.now);
    assert!(matches!(line, Err(Refusal::NoAnswer(_))));
    assert_eq!(board.findings(3), []);
}

#[test]
fn ethernet_registers_are_reported_as_not_modelled() {
    let mut board = Board::flat();
    assert_eq!(board.read(0, 0xF900_9200), 0);
    assert_eq!(board.findings(0), [FindingKind::FpgaRegisterNotModelled { offset: 0x9200 }]);
    // Once for each core and register.
    board.read(0, 0xF900_9200);
    assert_eq!(board.findings(0), []);
    board.read(0, 0xF900_9204);
    assert_eq!(board.findings(0), [FindingKind::FpgaRegisterNotModelled { offset: 0x9204 }]);
    board.read(3, 0xF900_9200);
    assert_eq!(board.findings(3), [FindingKind::FpgaRegisterNotModelled { offset: 0x9200 }]);
}

/// (U41).
#[test]
fn the_register_bank_repeats_beyond_64_kb_and_is_reported() {
    let mut board = Board::flat();
    assert_eq!(board.read(0, 0xF901_8014), 0xA5A5_A5A5);
    assert_eq!(board.findings(0), [FindingKind::FpgaOffsetWraps { offset: 0x1_8014 }]);
}

/// Checklist 74.
#[test]
fn a_second_voltage_command_waits_for_the_first() {
    let mut board = Board::timed();
    let milliseconds = |time: Time| time.as_picoseconds() / 1_000_000_000;
    let command = 0x1_04B0;
    board.write(0, 0xFB00_0000, command);
    assert_eq!(milliseconds(board.now), 1);
    board.write(0, 0xFB00_0000, command);
    assert_eq!(milliseconds(board.now), 2);
    board.write(0, 0xFB00_0000, command & 0xFFFF);
    assert_eq!(milliseconds(board.now), 2, "a word without bit 16 is ignored");
    assert_eq!(board.findings(0), []);
}

#[test]
fn voltage_and_frequency_are_judged_together() {
    let mut board = Board::flat();
    // Domain V4, tile 0 among others, at 0.8 V: 533 MHz is fine, 800 MHz is not.
    board.write(0, 0xFB00_0000, 0x1_0480);
    assert_eq!(board.findings(0), []);
    board.write(0, 0xF800_0080, 0x0070_E1FF);
    let tile = TileId::new(0).expect("tile");
    let finding = FindingKind::FrequencyAboveVoltage { tile, megahertz: 800, limit: 598 };
    assert_eq!(board.findings(0), [finding]);
    board.write(0, 0xFB00_0000, 0x1_02B0);
    assert_eq!(board.findings(0), [FindingKind::MeshVoltage { command: 0x1_02B0 }]);
}

/// (U39).
#[test]
fn switching_a_domain_off_loses_its_tiles() {
    let mut board = Board::flat();
    board.write(0, 0xC500_0000, 1);
    board.effects();
    board.write(0, 0xFB00_0000, 0x1_0700);
    let lost: Vec<TileId> = board
        .effects()
        .into_iter()
        .map(|effect| match effect {
            Effect::PowerLost(tile) => tile,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lost, [4, 5, 10, 11].map(|number| TileId::new(number).expect("tile")));
    assert_eq!(board.hang(0, 0xC500_0000), FindingKind::TileWithoutPower { tile: lost[1] });
    board.write(0, 0xFB00_0000, 0x1_07B0);
    assert_eq!(board.read(0, 0xC500_0000), 0);
}

#[test]
fn host_memory_ends_after_a_gigabyte() {
    let mut board = Board::flat();
    let index = PhysAddr::new(0x7000_0000).lut_index();
    board.fabric.set_lut(id(0), index, scc::lut::LutEntry::from_bits(0x7640));
    assert_eq!(board.hang(0, 0x7000_0000), FindingKind::NoHostMemory { address: 0x2_4000_0000 });
    board.fabric.set_lut(id(0), index, scc::lut::LutEntry::from_bits(0x7580));
    assert!(matches!(board.hang(0, 0x7000_0000), FindingKind::FpgaPortNotModelled { .. }));
}

/// Checklist 75.
#[test]
fn port_output_reaches_the_cores_console() {
    let mut board = Board::timed();
    for byte in *b"hi" {
        let reply = board.fabric.io_write(id(40), 0x3F8, 1, byte.into(), board.now).expect("an answer");
        board.now = reply.done;
    }
    assert_eq!(board.fabric.console(id(40), Uart::Com1), b"hi");
    assert_eq!(board.fabric.console(id(41), Uart::Com1), b"");
    let reply = board.fabric.io_read(id(41), 0x80, 2, board.now).expect("an answer");
    assert_eq!(reply.value, 0xFFFF);
    assert_eq!(board.findings(41), [FindingKind::UnknownPort { port: 0x80 }]);
}

/// SCC reference §8.7: the FPGA acknowledges writes to the host unless told not to.
#[test]
fn the_host_acknowledges_slower_than_the_fpga() {
    let mut board = Board::timed();
    let output = |board: &mut Board| {
        let reply = board.fabric.io_write(id(0), 0x3F8, 1, 0x20, board.now).expect("an answer");
        let taken = reply.done - board.now;
        board.now = reply.done;
        taken
    };
    let by_fpga = output(&mut board);
    board.write(0, 0xF900_801C, 0);
    assert!(output(&mut board) > by_fpga);
}
