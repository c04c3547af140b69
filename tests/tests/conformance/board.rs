//! Checklist 74, 75 and 77: voltage regulator, I/O ports, loader. Item 76 is in `calibration`, 78 in `determinism`.

use boot_tests::guest::{Board, Program, Setting, core};
use iced_x86::code_asm::{al, dword_ptr, dx, eax, ebx, ecx, esi};
use scc::address::{ControllerAddr, PhysAddr};
use scc::host::Uart;
use scc::lut::BoardMemory;
use scc::vrc::{Vid, VoltageDomain, VrcCommand};
use scc_emu::diagnostics::FindingKind;
use scc_emu::loader::{ObjectFile, relocate};
use scc_emu::{Diagnostics, Machine};

/// Conformance item 74, (U38) and (U39); reports how long each of two stores takes, for a command and for a
/// word without the valid bit.
#[test]
fn second_voltage_command_waits_for_the_first() {
    let command = VrcCommand::set(VoltageDomain::V4, Vid::new(0xB0));
    let program = Program::with_body(Setting::Cached, |code| {
        for (slot, word) in [(0, command), (2, command.with_valid(false))] {
            // The first pass brings the code into the caches.
            code.repeat(2, |code| {
                // The read waits for whatever is outstanding.
                code.read(0xF900_8010)?;
                code.mov(ebx, word.into_bits())?;
                code.rdtsc()?;
                code.mov(esi, eax)?;
                code.mov(dword_ptr(0xFB00_0000u32), ebx)?;
                code.rdtsc()?;
                code.mov(ecx, eax)?;
                code.mov(dword_ptr(0xFB00_0040u32), ebx)?;
                code.rdtsc()?;
                code.sub(eax, ecx)?;
                code.sub(ecx, esi)?;
                code.result(slot, ecx)?;
                code.result(slot + 1, eax)
            })?;
        }
        Ok(())
    });
    let board = Board::ran(&program);
    let [first, second, ignored_first, ignored_second] = board.results(core(0));
    // 1 ms at 533 MHz.
    assert!(second > 530_000 && second < 540_000, "{second}");
    assert!(
        first < 1000 && ignored_first < 1000 && ignored_second < 1000,
        "{:?}",
        board.results::<4>(core(0))
    );
}

/// Conformance item 75, (U57).
#[test]
fn characters_reach_the_console_of_their_core() {
    let program = |text: &'static str| {
        Program::with_body(Setting::Flat, |code| {
            code.mov(dx, 0x3FD)?;
            code.in_(al, dx)?;
            code.result(0, eax)?;
            code.mov(dx, 0x3F8)?;
            for byte in text.bytes() {
                code.mov(al, u32::from(byte))?;
                code.out(dx, al)?;
            }
            Ok(())
        })
    };
    let mut board = Board::new();
    board.launch(core(3), &program("three\n"));
    board.launch(core(44), &program("forty-four\n"));
    board.run();
    let console = |number| board.machine().console(core(number), Uart::Com1);
    assert_eq!(console(3), b"three\n");
    assert_eq!(console(44), b"forty-four\n");
    assert!(console(0).is_empty());
    assert_eq!(board.result(core(3), 0) & 0xFF, 0x60);
}

/// Conformance item 75 (W), (U57).
#[test]
fn unknown_port_reads_as_ones_and_is_reported_once() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.mov(dx, 0x0060)?;
        code.in_(eax, dx)?;
        code.result(0, eax)?;
        code.in_(al, dx)?;
        code.out(dx, al)
    });
    let stage = |diagnostics| {
        let mut board = Board::with(Machine::builder().diagnostics(diagnostics));
        board.launch(core(0), &program);
        board
    };
    let report = stage(Diagnostics::Stop).run_to_finding();
    assert_eq!(report.finding.kind, FindingKind::UnknownPort { port: 0x60 });
    let mut board = stage(Diagnostics::Warn);
    board.run();
    assert_eq!(board.result(core(0), 0), u32::MAX);
    assert_eq!(board.machine().reports().len(), 1);
}

/// Conformance item 77.
#[test]
fn objects_are_placed_as_scc_merge_places_them() {
    let object =
        ObjectFile::parse(b"/origin 00000400\n11111111 22222222\n/origin 3FFFFC00\n33333333\n/eof\n")
            .unwrap();
    let addresses: Vec<u64> = object.segments().iter().map(|segment| segment.address).collect();
    assert_eq!(addresses, [0x1000, 0xFFFF_F000]);
    // Core 3 is k = 3 on MC0.
    for (board, private, boot) in
        [(BoardMemory::Gb16, 20, 0xF4), (BoardMemory::Gb32, 41, 0x1F4), (BoardMemory::Gb64, 84, 0x3F4u64)]
    {
        let place = |address| relocate(board, core(3), PhysAddr::new(address), 4).map(ControllerAddr::get);
        assert_eq!(place(0x1000), Ok(((3 * private) << 24) + 0x1000));
        assert_eq!(place(0xFFFF_F000), Ok(((boot + 3) << 24) + 0xFF_F000));
    }
}
