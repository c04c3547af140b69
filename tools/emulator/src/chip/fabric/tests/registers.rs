//! Tile registers through the mesh: locks, narrow accesses, clocks and resets (checklist "Tile registers").

use scc::address::PhysAddr;
use scc::id::TileId;
use scc::tile::Gcbcfg;
use scc::timing::{MeshClock, tile_period};

use super::{Board, id};
use crate::chip::effects::{Effect, L2Mode, Pin, PinLevel, ResetLine, Signal};
use crate::chip::port::{LineWrite, MeshPort};
use crate::diagnostics::FindingKind;

/// Checklist 15 and 17, with bytes as Linux does.
#[test]
fn locks_work_with_bytes_and_from_anywhere() {
    let mut board = Board::flat();
    assert_eq!(board.read_bytes(5, 0xE300_0200, 1), 1);
    assert_eq!(board.read(30, 0xE300_0200), 0);
    board.write_bytes(30, 0xE300_0200, 1, 0);
    assert_eq!(board.host_read_tile(0x03, 0x200), 1);
    assert_eq!(board.read_bytes(6, 0xF800_0200, 1), 0, "the host took it");
    assert_eq!(board.read(6, 0xF800_0400), 1);
}

/// Checklist 16.
#[test]
fn of_two_cores_reading_a_free_lock_one_gets_it() {
    let mut board = Board::timed();
    for round in 0..1000u32 {
        let first = u8::try_from(round % 48).expect("a core");
        let lock = PhysAddr::new(0xE800_0200);
        let issued = board.now;
        let replies =
            [first, 47 - first].map(|core| board.fabric.read(id(core), lock, 4, issued).expect("an answer"));
        assert_eq!(replies[0].value + replies[1].value, 1);
        board.now = replies[0].done.max(replies[1].done);
        board.write(first, 0xE800_0200, round);
    }
}

/// (U29).
#[test]
fn narrow_accesses_select_bytes_and_the_upper_half_does_not_exist() {
    let mut board = Board::flat();
    assert_eq!(board.read_bytes(0, 0xF800_0011, 1), 0x0D);
    assert_eq!(board.read_bytes(0, 0xF800_0012, 2), 0x0034);
    assert_eq!(board.read_bytes(0, 0xF800_0010, 8), 0x0034_0DF8);
    assert_eq!(board.read_bytes(0, 0xF800_0204, 4), 0);
    assert_eq!(board.read(0, 0xF800_0200), 1, "the upper half did not take the lock");
    board.write_bytes(0, 0xF800_0021, 1, 0x07);
    assert_eq!(board.read(0, 0xF800_0020), 0x7CF);
    assert_eq!(board.findings(0), []);
    assert_eq!(board.read(0, 0xF800_0030), 0);
    assert_eq!(board.findings(0), [FindingKind::UndefinedTileRegister { offset: 0x30 }]);
}

/// (U30).
#[test]
fn a_line_of_registers_has_all_side_effects_and_is_reported() {
    let mut board = Board::flat();
    let line = board.fabric.read_line(id(0), PhysAddr::new(0xF800_0200), board.now).expect("an answer");
    assert_eq!(line.value[..8], [1, 0, 0, 0, 0, 0, 0, 0]);
    assert!(board.findings(0).contains(&FindingKind::RegisterLineRead));
    assert_eq!(board.read(0, 0xF800_0200), 0);
    let lut = PhysAddr::new(0xF800_0800);
    board.fabric.write_line(id(0), lut, &[0x11; 32], LineWrite::WriteBack, board.now).expect("an answer");
    assert_eq!(board.findings(0), [FindingKind::RegisterLineWrite]);
    assert_eq!(board.read(0, 0xF800_0818), 0x0011_1111);
}

/// Checklist 18 and 20.
#[test]
fn a_cores_signals_show_in_its_register() {
    let mut board = Board::flat();
    board.fabric.core_signal(id(7), Signal::Halt);
    assert_eq!(board.read(0, 0xE300_0018), 0x0034_8DF8);
    assert_eq!(board.read(0, 0xE300_0010), 0x0034_0DF8);
    board.write(0, 0xE300_0018, 0x0DF8);
    assert_eq!(board.read(0, 0xE300_0018), 0x0034_0DF8);
}

/// Checklist 21.
#[test]
fn every_divider_of_the_table_sets_the_tiles_period() {
    let mut board = Board::flat();
    for divider in 1..=15 {
        let value = Gcbcfg::for_divider(divider, MeshClock::Mhz800);
        board.write(0, 0xE400_0080, value.into_bits());
        assert_eq!(board.fabric.tile_period(TileId::new(4).expect("tile")), tile_period(divider));
    }
    assert_eq!(board.findings(0), []);
    assert!(board.effects().iter().all(|effect| matches!(effect, Effect::TileClock(..))));
}

/// Checklist 22 and 24.
#[test]
fn releasing_one_core_touches_neither_its_sibling_nor_its_l2() {
    let mut board = Board::flat();
    board.fabric.release_reset(id(8), board.now);
    assert_eq!(
        board.effects(),
        [Effect::L2Reset(id(8), ResetLine::Released), Effect::CoreReset(id(8), ResetLine::Released)]
    );
    board.write(8, 0xF800_0080, 0x00A8_E2FF & !0x5 & !0x2);
    assert_eq!(board.effects(), [Effect::CoreReset(id(9), ResetLine::Released)]);
    board.fabric.pull_reset(id(8), board.now);
    assert_eq!(board.effects().len(), 2);
    assert_eq!(board.read(9, 0xF800_0080), 0x00A8_E2FD);
}

#[test]
fn wrong_clock_values_are_reported() {
    let mut board = Board::flat();
    for (value, finding) in [
        (0x00A8_72FF, FindingKind::MeshRatioChanged { value: 0x00A8_72FF }),
        (0x0070_E2FF, FindingKind::TileRatioMismatch { value: 0x0070_E2FF }),
        (0x0038_E0FF, FindingKind::DividerZero { value: 0x0038_E0FF }),
    ] {
        board.write(2, 0xF800_0080, value);
        assert_eq!(board.findings(2), [finding]);
        board.write(2, 0xF800_0080, 0x00A8_E2FF);
        assert_eq!(board.findings(2), []);
    }
}

/// Checklist 25, the register's part.
#[test]
fn l2_configuration_reaches_the_core() {
    let mut board = Board::flat();
    board.write(0, 0xE100_0028, 0x6DF);
    assert_eq!(board.effects(), [Effect::L2(id(3), L2Mode::WaysDisabled)]);
}

#[test]
fn pins_change_one_way_after_the_write_but_read_back_at_once() {
    let mut board = Board::timed();
    let at = PhysAddr::new(0xF700_0018);
    let issued = board.now;
    let reply = board.fabric.write(id(0), at, 4, 0x0DFA, issued).expect("an answer");
    assert!(!board.fabric.has_effects());
    let arrival = board.fabric.next_event().expect("a pin on its way");
    assert!(issued < arrival && arrival < reply.done);
    board.now = reply.done;
    assert_eq!(board.effects(), [Effect::Pin(id(47), Pin::Intr, PinLevel::Active)]);
    assert_eq!(board.read(0, 0xF700_0018), 0x0034_0DFA);
}
