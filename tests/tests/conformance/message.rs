//! Checklist 40 to 44: message lines in L1, and CL1INVMB.

use boot_tests::guest::{Board, Code, Draft, Program, Result, Setting, core, layout};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;
use scc_emu::diagnostics::FindingKind;
use scc_emu::{Diagnostics, Machine};

const LINE: u32 = layout::DATA;
/// The same memory as [`LINE`], as message lines.
const MESSAGE: u32 = 0x0050_0000;
/// The same memory as [`LINE`], as write-through message lines.
const MESSAGE_THROUGH: u32 = 0x0060_0000;

fn program() -> Draft {
    Program::draft(Setting::Cached)
        .map(MESSAGE, PhysAddr::new(LINE), 4, MemoryType::MpbtWriteBack)
        .map(MESSAGE_THROUGH, PhysAddr::new(LINE), 4, MemoryType::MpbtWriteThrough)
        .data(LINE, &1u32.to_le_bytes())
}

/// Runs a body with one hand-shake, at which memory becomes 2.
fn with_memory_changed(body: impl FnOnce(&mut Code) -> Result) -> Board {
    let mut board = Board::loaded(&program().body(body));
    board.start(core(0));
    board.at(core(0), 1, |board| board.write(core(0), LINE, 2));
    board.run();
    board
}

/// Conformance item 40.
#[test]
fn message_line_hits_until_it_is_invalidated() {
    let nothing = |_: &mut Code| Ok(());
    let second_load = super::traffic_of(program(), |code| code.read(MESSAGE), |code| code.read(MESSAGE + 4));
    assert_eq!(second_load.line_reads, 0);
    let after_invalidate = super::traffic_of(program(), nothing, |code| {
        code.cl1invmb()?;
        code.read(MESSAGE)?;
        code.read(MESSAGE + 28)
    });
    assert_eq!(after_invalidate.line_reads, 1);
}

/// Conformance item 41: L2 holds the old line and is not asked.
#[test]
fn message_load_does_not_look_in_l2() {
    let board = with_memory_changed(|code| {
        code.read(LINE)?;
        code.wbinvd()?;
        code.wait_for_host(1)?;
        code.report(0, MESSAGE)?;
        code.cl1invmb()?;
        code.report(1, LINE)
    });
    assert_eq!(board.results(core(0)), [2, 1]);
}

/// Conformance item 41: a message line leaves nothing in L2.
#[test]
fn message_load_does_not_fill_l2() {
    let board = with_memory_changed(|code| {
        code.report(0, MESSAGE)?;
        code.cl1invmb()?;
        code.wait_for_host(1)?;
        code.report(1, LINE)
    });
    assert_eq!(board.results(core(0)), [1, 2]);
}

/// Conformance item 42.
#[test]
fn message_invalidate_keeps_other_lines() {
    let (clean, dirty) = (LINE + 0x1000, LINE + 0x2000);
    let program = program().body(|code| {
        code.read(clean)?;
        code.read(dirty)?;
        code.write(dirty, 5)?;
        code.read(MESSAGE)?;
        code.wait_for_host(1)?;
        code.cl1invmb()?;
        code.report(0, clean)?;
        code.report(1, dirty)?;
        code.report(2, MESSAGE)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    board.at(core(0), 1, |board| [clean, dirty, LINE].map(|at| board.write(core(0), at, 2)));
    board.run();
    assert_eq!(board.results(core(0)), [0, 5, 2]);

    let only_l1 = super::traffic_of(
        self::program(),
        |code| {
            code.read(clean)?;
            code.read(dirty)?;
            code.write(dirty, 5)
        },
        |code| {
            code.cl1invmb()?;
            code.read(clean)?;
            code.read(dirty)
        },
    );
    assert_eq!([only_l1.line_reads, only_l1.write_backs], [0, 0]);
}

/// Conformance item 43 (W).
#[test]
fn store_that_hits_a_message_line_is_lost_by_the_invalidate() {
    let program = program().body(|code| {
        code.read(MESSAGE)?;
        code.write(MESSAGE, 5)?;
        code.report(0, MESSAGE)?;
        code.cl1invmb()?;
        code.report(1, MESSAGE)
    });
    let stage = |diagnostics| {
        let mut board = Board::with(Machine::builder().diagnostics(diagnostics));
        board.launch(core(0), &program);
        board
    };
    let report = stage(Diagnostics::Stop).run_to_finding();
    assert_eq!(report.finding.kind, FindingKind::MessageInvalidateDiscardsDirtyLines);
    let mut board = stage(Diagnostics::Warn);
    board.run();
    assert_eq!(board.results(core(0)), [5, 1]);
    assert_eq!(board.read(core(0), LINE), 1);
}

/// Conformance item 44.
#[test]
fn store_through_a_write_through_message_line_survives_the_invalidate() {
    let program = program().body(|code| {
        code.read(MESSAGE_THROUGH)?;
        code.write(MESSAGE_THROUGH, 5)?;
        code.report(0, MESSAGE_THROUGH)?;
        code.cl1invmb()?;
        // Another line flushes the write-combining buffer.
        code.write(MESSAGE_THROUGH + 0x100, 9)?;
        code.report(1, MESSAGE_THROUGH)
    });
    let board = Board::ran(&program);
    assert_eq!(board.results(core(0)), [5, 5]);
    assert_eq!(board.read(core(0), LINE), 5);
}
