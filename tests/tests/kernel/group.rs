//! Times of calls, messages, lent blocks, barriers, broadcasts and locks, as the lowest core prints them.

use boot_tests::kernel::KernelBoard;
use scc::id::CoreId;
use scc::timing::Time;

use crate::figure;

/// Emulated time for measurements that move megabytes several times each, by message and lent: twice what they take.
const MEGABYTES: Time = Time::from_microseconds(1_200_000);

fn board(word: &str) -> KernelBoard {
    KernelBoard::boot_trials(cores(), &format!("selftest cores=4-5 measure={word}"))
}

fn cores() -> [CoreId; 2] {
    [4, 5].map(|number| CoreId::new(number).expect("0 to 47"))
}

fn measured(mut board: KernelBoard, figures: &[&str]) {
    let cores = cores();
    board.run();
    for beginning in figures {
        let line = board.line(cores[0], &format!("info measure: {beginning} "));
        let [shortest, median, longest] = ["shortest", "median", "longest"].map(|key| figure(&line, key));
        assert!(0 < shortest && shortest <= median && median <= longest, "{line}");
    }
    assert_eq!(board.text(cores[0]).matches(" measure: ").count(), figures.len(), "{}", board.text(cores[0]));
    for core in cores {
        assert!(board.line(core, "info selftest:").starts_with("info selftest: passed=5 failed=0 "));
    }
}

#[test]
fn calls_and_messages_are_measured_by_every_way() {
    let calls =
        ["doorbell", "direct", "polled", "queue", "slot"].map(|way| format!("name=call way={way} to=5"));
    let send = |way: &str, bytes: usize| format!("name=send way={way} to=5 bytes={bytes}");
    let lengths = [1, 32, 512, 4_096, 8_192, 12_288, 16_384, 65_536];
    let sends = ["polled", "doorbell"].into_iter().flat_map(|way| lengths.map(|bytes| send(way, bytes)));
    let lends = [4 << 10, 16 << 10, 64 << 10, 1 << 20].into_iter().flat_map(|bytes| {
        ["handed", "read", "copied"].map(|way| format!("name=lend way={way} to=5 bytes={bytes}"))
    });
    let figures: Vec<_> =
        calls.into_iter().chain(sends).chain([send("polled", 1 << 20)]).chain(lends).collect();
    let board = board("calls").with_patience(MEGABYTES);
    measured(board, &figures.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn calls_of_all_to_one_are_measured() {
    let figures = ["name=callers cores=2", "name=busy-call way=ordinary", "name=busy-call way=urgent"];
    measured(board("callers"), &figures);
}

#[test]
fn urgent_call_overtakes_busy_tasks_of_services() {
    let mut board = board("callers");
    board.run();
    let median =
        |way| figure(&board.line(cores()[0], &format!("info measure: name=busy-call way={way} ")), "median");
    let [ordinary, urgent] = ["ordinary", "urgent"].map(median);
    // The callee's eight busy tasks take 80,000 cycles for a turn of all, an urgent call at most the rest of one of them.
    assert!(ordinary > 80_000 && urgent + 60_000 < ordinary, "ordinary {ordinary}, urgent {urgent}");
}

#[test]
fn barriers_broadcasts_and_locks_are_measured() {
    let figures = [
        "name=barrier way=polled cores=2",
        "name=barrier way=doorbell cores=2",
        "name=barrier way=counter cores=2",
        "name=lock cores=2",
        "name=broadcast bytes=32 cores=2",
        "name=broadcast bytes=4096 cores=2",
    ];
    measured(board("crowds"), &figures);
}
