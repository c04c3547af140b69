//! Checklist 63 to 67: the FPGA's registers.

use boot_tests::guest::{Board, Program, Setting, core, layout};
use i586::apic::ApicRegister;
use iced_x86::code_asm::{dword_ptr, eax, edi};
use scc::fpga::FpgaRegister;
use scc::id::CoreId;
use scc::timing::Time;
use scc_emu::diagnostics::FindingKind;
use scc_emu::{Activity, Diagnostics, Machine};
use std::collections::BTreeSet;

/// Conformance item 63.
#[test]
fn scratch_registers_have_their_patterns_and_can_be_written() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.report(0, 0xF900_8014)?;
        code.report(1, 0xF900_8018)?;
        code.report(2, 0xF900_8010)?;
        code.write(0xF900_8014, 0x1234_5678)?;
        code.write(0xF900_8018, 0)?;
        code.report(3, 0xF900_8014)?;
        code.report(4, 0xF900_8018)
    });
    let board = Board::ran(&program);
    let [test0, test1, bitstream, written0, written1] = board.results(core(0));
    assert_eq!([test0, test1, written0, written1], [0xA5A5_A5A5, 0xDEAD_BEEF, 0x1234_5678, 0]);
    assert_ne!(bitstream, 0);
}

/// Conformance item 64; the carry is looked at when the low word wraps, 34 s after the FPGA's configuration.
#[test]
fn timestamp_counts_125_megahertz_in_64_bits() {
    let (low, high) = (0xF900_8224, 0xF900_8228);
    let program = Program::with_body(Setting::Cached, |code| {
        code.repeat(2, |code| {
            code.report(0, low)?;
            code.pause_for(533_333)?;
            code.report(1, low)
        })?;
        code.write(low, 0)?;
        code.write(high, 5)?;
        code.report(2, low)?;
        code.report(3, high)
    });
    let board = Board::ran(&program);
    let [start, end, later, high_word] = board.results(core(0));
    // 533333 cycles of 1.875 ns are 1000 us; the loop's and the reads' overhead is below 1 %.
    let ticks = end - start;
    assert!((125_000..126_250).contains(&ticks), "{ticks}");
    assert!(later > end, "the counter was written: {later}");
    assert_eq!(high_word, 0);

    // The low word wraps 143165576.5 * 128 core cycles after power-on; sleep until shortly after.
    const SLEEP: u32 = 143_165_700;
    let sleeper = Program::draft(Setting::Cached).count_interrupts(0x40, 2).body(|code| {
        code.enable_apic()?;
        code.write_apic(ApicRegister::TimerDivide, 0xA)?;
        code.write_apic(ApicRegister::LvtTimer, 0x40)?;
        code.write_apic(ApicRegister::TimerInitialCount, SLEEP)?;
        code.sti()?;
        code.hlt()?;
        code.report(0, low)?;
        code.report(1, high)
    });
    let mut board = Board::loaded(&sleeper);
    board.start(core(0));
    board.run_for(Time::from_microseconds(34_361_000));
    let [low_word, high_word, interrupts] = board.results(core(0));
    assert_eq!([high_word, interrupts], [1, 1]);
    // Less than 1 ms ago.
    assert!(low_word < 125_000, "{low_word}");
}

/// Conformance item 65, the register pair.
#[test]
fn counter_returns_its_old_value_and_counts() {
    let (counter, init) = (0xF900_F178, 0xF900_F17C);
    let program = Program::with_body(Setting::Flat, |code| {
        code.write(init, 10)?;
        code.report(0, counter)?;
        code.report(1, counter)?;
        code.report(2, init)?;
        code.report(3, init)?;
        code.write(counter, 77)?;
        code.report(4, init)?;
        code.write(init, u32::MAX)?;
        code.report(5, counter)?;
        code.report(6, counter)
    });
    let board = Board::ran(&program);
    assert_eq!(board.results(core(0)), [10, 11, 12, 12, 11, u32::MAX, 0]);
}

/// Conformance item 65, atomicity.
#[test]
fn counter_gives_48_cores_different_numbers() {
    const READS: u32 = 1000;
    let program = Program::with_body(Setting::Cached, |code| {
        code.repeat(READS, |code| {
            code.read(0xF900_E028)?;
            code.mov(dword_ptr(edi * 4 + layout::DATA), eax)
        })
    });
    let mut board = Board::new();
    for core in CoreId::all() {
        board.launch(core, &program);
    }
    board.run();
    let mut numbers = BTreeSet::new();
    for core in CoreId::all() {
        numbers.extend((1..=READS).map(|read| board.read(core, layout::DATA + 4 * read)));
    }
    assert_eq!(numbers.len(), 48_000);
    assert_eq!(numbers.last(), Some(&47_999));
}

/// Conformance item 66.
#[test]
fn configuration_registers_describe_the_board() {
    let program = Program::with_body(Setting::Flat, |code| {
        let registers = [0x8230, 0x8234, 0x7E00, 0x7E04, 0x7E08, 0x7E0C, 0x7E10, 0x8244];
        (0..).zip(registers).try_for_each(|(slot, register)| code.report(slot, 0xF900_0000 + register))
    });
    let board = Board::ran(&program);
    let expected =
        [1600, 0xAAAA, 0x0045, 0x4D41_4431, 0xC0A8_0301, 0xC0A8_03FE, 0xC0A8_03FE, board.result(core(0), 7)];
    assert_eq!(board.results(core(0)), expected);
    let mut large = Board::with(Machine::builder().memory(scc::lut::BoardMemory::Gb64));
    assert_eq!(large.host_read_fpga(FpgaRegister::DimmSizes), 0xFFFF);
}

/// Conformance item 67 (W).
#[test]
fn undefined_register_never_answers() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.write(layout::RESULTS, 1)?;
        code.report(1, 0xF900_9FFC)?;
        code.report(2, 0xF900_0304)
    });
    let stage = |diagnostics| {
        let mut board = Board::with(Machine::builder().diagnostics(diagnostics));
        board.launch(core(0), &program);
        board
    };
    let report = stage(Diagnostics::Stop).run_to_finding();
    let undefined = matches!(
        report.finding.kind,
        FindingKind::UndefinedFpgaRegister { .. } | FindingKind::FpgaRegisterNotModelled { .. }
    );
    assert!(undefined, "{report}");
    let mut board = stage(Diagnostics::Off);
    board.run_for(Time::from_microseconds(200));
    assert_eq!(board.result(core(0), 0), 1);
    assert!(matches!(board.machine().activity(core(0)), Activity::Hung(_)));
}
