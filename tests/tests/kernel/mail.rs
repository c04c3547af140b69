//! Mail between kernels: each core writes to the next one and answers the one before, and pairs play ping-pong.

use boot_tests::kernel::{KernelBoard, elf};
use scc::id::CoreId;
use scc::timing::Time;
use scc_emu::{Limits, RunEnd};
use scc_image::KernelFile;
use scc_trace::RingReader;
use trace_format::RING_SYMBOL;
use trace_format::record::Event;

use crate::figure;

fn cores(numbers: &[u8]) -> Vec<CoreId> {
    numbers.iter().map(|number| CoreId::new(*number).expect("0 to 47")).collect()
}

/// Self-test line of a core that passed everything, letters included.
fn passed(board: &KernelBoard, core: CoreId) -> String {
    let line = board.line(core, "info selftest:");
    assert!(line.starts_with("info selftest: passed=6 failed=0 "), "{line}\n{}", board.text(core));
    assert!(board.has_halted(core));
    line
}

/// Figures of a letter, one way.
const WAYS: [&str; 3] = ["mail_polled", "mail_direct", "mail_doorbell"];

#[test]
fn all_48_cores_exchange_letters_with_their_neighbours() {
    let mut board = KernelBoard::boot_trials(CoreId::all(), "selftest=mail");
    board.run();
    for core in CoreId::all() {
        let line = passed(&board, core);
        for way in WAYS {
            assert!(figure(&line, way) > 0, "{line}");
        }
    }
}

#[test]
fn letters_of_a_pair_are_fast_and_polled_ones_faster() {
    for pair in [cores(&[0, 1]), cores(&[0, 47])] {
        let words = format!("selftest=mail cores={}+{}", pair[0].number(), pair[1].number());
        let mut board = KernelBoard::boot_trials(pair.iter().copied(), &words);
        board.run();
        for core in pair {
            let line = passed(&board, core);
            assert!(figure(&line, "mail_doorbell") < 20_000, "{line}");
            assert!(figure(&line, "mail_polled") < figure(&line, "mail_doorbell"), "{line}");
        }
    }
}

#[test]
fn core_without_a_neighbour_writes_to_itself() {
    let alone = cores(&[13]);
    let mut board = KernelBoard::boot_trials(alone.iter().copied(), "selftest=mail cores=13");
    board.run();
    passed(&board, alone[0]);
}

#[test]
fn missing_neighbour_is_reported_and_the_core_ends() {
    let alone = cores(&[13]);
    let mut board = KernelBoard::boot_trials(alone.iter().copied(), "selftest=mail cores=13-14");
    let until = Some(Time::from_microseconds(1_100_000));
    assert_eq!(board.machine_mut().run(&Limits { until, ..Limits::default() }), RunEnd::AllStopped);
    let line = board.line(alone[0], "error selftest:");
    assert_eq!(line, "error selftest: failed test=mail: no letters from neighbours within 1000 ms");
    assert!(board.line(alone[0], "info selftest:").starts_with("info selftest: passed=5 failed=1 "));
}

#[test]
fn cores_that_stay_greet_each_other_and_one_that_stops_harms_nobody() {
    let [first, stopped, last, stopper] = cores(&[3, 20, 47, 9])[..] else { panic!("four cores") };
    let words = "selftest then=stay cores=3+20+47 log=debug stop=20@9";
    let mut board = KernelBoard::boot([first, stopped, last, stopper], words);
    let until = Some(Time::from_microseconds(400_000));
    assert_eq!(board.machine_mut().run(&Limits { until, ..Limits::default() }), RunEnd::TimeReached);
    assert!(board.line(last, "info selftest:").starts_with("info selftest: passed=5 failed=0 "));
    // Core 47 greets core 3, which greets core 20, which is stopped.
    assert!(board.text(first).contains("debug greeting: to=20: "), "{}", board.text(first));
    assert!(!board.text(last).contains("greeting"), "{}", board.text(last));
    let ring = KernelFile::parse(elf()).expect("the linker wrote a good file").symbol(RING_SYMBOL);
    let mut reader = RingReader::new(ring.expect("the kernel has a trace ring"));
    let records = reader.read(|address, bytes| board.machine().peek_linear(first, address, bytes).is_ok());
    let greeted = records.iter().filter(|record| record.event == Event::MailReceived(last.number())).count();
    assert!(greeted >= 6, "{greeted} greetings among {} records", records.len());
}

#[test]
fn core_that_starts_again_passes_its_self_test_while_a_neighbour_rings_at_it() {
    let [greeter, restarted] = cores(&[6, 7])[..] else { panic!("two cores") };
    let mut board = KernelBoard::boot([greeter, restarted], "selftest then=stay cores=6-7");
    // Both are up after 20 ms and greet every 50 ms: the greeting at 70 ms finds core 7 on its way up again.
    let run_to = |board: &mut KernelBoard, microseconds| {
        let until = Some(Time::from_microseconds(microseconds));
        assert_eq!(board.machine_mut().run(&Limits { until, ..Limits::default() }), RunEnd::TimeReached);
    };
    run_to(&mut board, 62_000);
    board.restart(restarted);
    run_to(&mut board, 120_000);
    let text = board.text(restarted);
    let passed = text.matches("info selftest: passed=5 failed=0 ").count();
    assert_eq!((text.matches("info boot: ready").count(), passed), (2, 2), "{text}");
}
