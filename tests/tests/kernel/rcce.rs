//! C programs with RCCE's calls, as guests on several cores of the board, strict.

use boot_tests::kernel::KernelBoard;
use boot_tests::kernel::guests::c_guest;
use scc::id::CoreId;

/// Boots `cores` with the guest of a C program, waits until all have ended and checked themselves, and returns what each
/// said.
fn run(file: &str, cores: &[u8], list: &str) -> Vec<String> {
    let guests = [c_guest(file)];
    let cores: Vec<_> = cores.iter().map(|core| CoreId::new(*core).expect("0 to 47")).collect();
    let words = format!("selftest cores={list}");
    let mut board = KernelBoard::boot_with_guests(cores.iter().copied(), &words, &guests);
    board.run();
    for core in &cores {
        let line = board.line(*core, "info selftest:");
        assert!(line.starts_with("info selftest: passed=5 failed=0 "), "{line}\n{}", board.text(*core));
    }
    cores.iter().map(|core| board.text(*core)).collect()
}

/// The line of a guest that has ended well.
const ENDED_WELL: &str = "by itself reason=power-off detail=0x0";

#[test]
fn numbers_go_around_the_ring_of_all_units() {
    let texts = run("guests/rcce/examples/ring.c", &[2, 3, 20, 47], "2-3+20+47");
    assert!(texts[0].contains("guest ring: UE 0 of 4: the ring's sum is 6"), "{}", texts[0]);
    assert!(texts.iter().all(|text| text.contains(ENDED_WELL)), "{texts:?}");
}

#[test]
fn messages_windows_and_flags_carry_every_byte() {
    let texts = run("guests/rcce/examples/pingpong.c", &[0, 47], "0+47");
    for line in [
        "guest pingpong: 1 bytes: ",
        "guest pingpong: 65536 bytes: ",
        "guest pingpong: put, get and flags: ok",
        ENDED_WELL,
    ] {
        assert!(texts[0].contains(line), "no {line:?} in\n{}", texts[0]);
    }
    assert!(texts[1].contains(ENDED_WELL), "{}", texts[1]);
}

#[test]
fn wrong_arguments_are_errors_of_the_program() {
    let texts = run("tests/tests/kernel/rcce/errors.c", &[0, 1], "0-1");
    let expected = [
        "before init: 1",
        "put outside the buffer: 3",
        "put to no such unit: 2",
        "send to oneself: 2",
        "get into memory that is not there: 4",
        "longer message than receiver: 5",
        "barrier of another group: 6",
        "malloc of too much: null",
        "printf: -42|  -7|007|ff|text |%|2.500|(?)",
    ];
    for line in expected {
        assert!(texts[0].contains(&format!("guest errors: {line}")), "no {line:?} in\n{}", texts[0]);
    }
    // The program ends with a status of its own.
    assert!(texts[0].contains("reason=panic detail=0x7"), "{}", texts[0]);
}
