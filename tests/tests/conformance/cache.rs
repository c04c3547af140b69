//! Checklist 36 to 39 and 50 to 52: L1, L2 and memory behind them.

use boot_tests::guest::{Board, Program, Setting, core, layout};
use iced_x86::code_asm::eax;
use scc::address::{LutIndex, PhysAddr};
use scc::lut::MemoryController;
use scc::memory_type::MemoryType;
use scc_emu::diagnostics::FindingKind;
use scc_emu::{Diagnostics, Machine};

const LINE: u32 = layout::DATA;
/// A linear address of its own for tests that need a second mapping.
const ALIAS: u32 = 0x0050_0000;

fn word(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

/// Conformance item 36.
#[test]
fn cached_line_stays_old_until_it_is_evicted() {
    let program = Program::draft(Setting::Cached).data(LINE, &word(1)).body(|code| {
        code.report(0, LINE)?;
        code.wait_for_host(1)?;
        code.report(1, LINE)?;
        code.wbinvd()?;
        code.report(2, LINE)?;
        code.wbinvd()?;
        code.evict(LINE)?;
        code.report(3, LINE)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    board.at(core(0), 1, |board| board.write(core(0), LINE, 2));
    board.run();
    // In L1, then in L2, then gone.
    assert_eq!(board.results(core(0)), [1, 1, 1, 2]);
}

/// Conformance items 37 and 39: a store hit stays in L1; WBINVD moves the line to L2; only the reads of
/// SCC reference §2.4 get it to memory.
#[test]
fn dirty_line_reaches_memory_through_write_back_and_l2_eviction() {
    let program = Program::draft(Setting::Cached).data(LINE, &word(1)).body(|code| {
        code.read(LINE)?;
        code.write(LINE, 2)?;
        code.wait_for_host(1)?;
        code.wbinvd()?;
        code.wait_for_host(2)?;
        code.evict(LINE)?;
        code.wait_for_host(3)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    let memory = [1, 2, 3].map(|stage| board.at(core(0), stage, |board| board.read(core(0), LINE)));
    board.run();
    assert_eq!(memory, [1, 1, 2]);
}

/// Conformance item 39: write-back of L1 alone leaves memory old.
#[test]
fn write_back_and_invalidate_does_not_reach_past_l2() {
    let traffic = super::traffic_of(
        Program::draft(Setting::Cached).data(LINE, &word(1)),
        |code| {
            code.read(LINE)?;
            code.write(LINE, 2)
        },
        |code| code.wbinvd(),
    );
    assert_eq!(traffic.write_backs, 0);
}

/// Conformance item 38.
#[test]
fn store_miss_allocates_nowhere() {
    let program = Program::draft(Setting::Cached).body(|code| {
        code.write(LINE, 7)?;
        code.wait_for_host(1)?;
        code.report(0, LINE)
    });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    let memory = board.at(core(0), 1, |board| {
        let memory = board.read(core(0), LINE);
        board.write(core(0), LINE, 8);
        memory
    });
    board.run();
    assert_eq!([memory, board.result(core(0), 0)], [7, 8]);

    let traffic = super::traffic_of(
        Program::draft(Setting::Cached),
        |code| {
            code.wbinvd()?;
            code.evict(LINE)
        },
        |code| {
            code.write(LINE, 7)?;
            code.read(LINE)
        },
    );
    assert_eq!([traffic.writes, traffic.line_reads], [1, 1]);
}

/// Conformance item 50, (U11).
#[test]
fn message_bit_means_nothing_without_its_enable() {
    let program = Program::draft(Setting::Cached)
        .map(ALIAS, PhysAddr::new(LINE), 1, MemoryType::MpbtWriteBack)
        .data(LINE, &word(1))
        .body(|code| {
            code.set_cr4(0)?;
            code.mov(eax, iced_x86::code_asm::cr3)?;
            code.mov(iced_x86::code_asm::cr3, eax)?;
            // Filled into L1 and L2: survives CL1INVMB, and WBINVD too.
            code.report(0, ALIAS)?;
            code.wait_for_host(1)?;
            code.cl1invmb()?;
            code.report(1, ALIAS)?;
            code.wbinvd()?;
            code.report(2, ALIAS)?;
            // A store that misses does not stay in the write-combining buffer.
            code.write(ALIAS + 64, 5)?;
            code.wait_for_host(2)
        });
    let mut board = Board::loaded(&program);
    board.start(core(0));
    board.at(core(0), 1, |board| board.write(core(0), LINE, 2));
    let stored = board.at(core(0), 2, |board| board.read(core(0), LINE + 64));
    board.run();
    assert_eq!(board.results(core(0)), [1, 1, 1]);
    assert_eq!(stored, 5);
}

/// Conformance item 51 (W).
#[test]
fn dirty_line_of_a_remapped_window_goes_to_the_new_target() {
    let line = 0x0500_0040;
    let elsewhere = MemoryController::Mc0.entry(0x1ED).bits();
    let program = Program::draft(Setting::Cached)
        .map(0x0500_0000, PhysAddr::new(0x0500_0000), 1, MemoryType::WriteBack)
        .body(|code| {
            code.read(line)?;
            code.write(line, 2)?;
            code.write(0xF800_0800 + 8 * 5, elsewhere)?;
            code.report(0, line)?;
            code.wbinvd()?;
            code.evict(line)
        });
    let stage = |diagnostics| {
        let mut board = Board::with(Machine::builder().diagnostics(diagnostics));
        board.write(core(0), line, 1);
        board.launch(core(0), &program);
        board
    };
    let report = stage(Diagnostics::Stop).run_to_finding();
    let index = LutIndex::new(5);
    assert_eq!(report.finding.kind, FindingKind::LutChangedUnderDirtyLines { index });

    let mut board = stage(Diagnostics::Warn);
    let before = board.machine().fabric().lut(core(0), index);
    board.run();
    assert_eq!(board.machine().reports().len(), 1);
    // The hit never looked at the LUT.
    assert_eq!(board.result(core(0), 0), 2);
    assert_eq!(board.read(core(0), line), 2);
    board.machine_mut().fabric_mut().set_lut(core(0), index, before);
    assert_eq!(board.read(core(0), line), 1);
}

/// Conformance item 52.
#[test]
fn message_buffer_mapped_write_back_fills_l2_and_aliases_evict_it() {
    let plain = |offset: u32| ALIAS + offset;
    let traffic = |evicting: bool| {
        let program = Program::draft(Setting::Cached).map(
            ALIAS,
            PhysAddr::new(0xD800_0000),
            0x50,
            MemoryType::WriteBack,
        );
        let read_and_leave_l1 = move |code: &mut boot_tests::guest::Code| {
            code.read(plain(0x40))?;
            code.wbinvd()?;
            if evicting {
                // The buffer repeats, so 64 KB apart lie four more views of the same line.
                for way in 1..5 {
                    code.read(plain(0x1_0000 * way + 0x40))?;
                }
                code.wbinvd()?;
            }
            Ok(())
        };
        super::traffic_of(program, read_and_leave_l1, move |code| code.read(plain(0x40))).line_reads
    };
    assert_eq!(traffic(false), 0);
    assert_eq!(traffic(true), 1);
}
