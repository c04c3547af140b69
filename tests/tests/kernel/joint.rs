//! What cores do together: locks, barriers, calls, transfers, lending and collectives, checked by the kernels themselves.

use boot_tests::kernel::KernelBoard;
use scc::id::CoreId;

/// Checks of the self-test that each core does alone.
const ALONE: usize = 5;
/// Checks that a member does with the others.
const TOGETHER: usize = 6;

fn boot(members: &[CoreId]) -> KernelBoard {
    let list: Vec<_> = members.iter().map(|core| core.number().to_string()).collect();
    let words = format!("selftest=ipi cores={}", list.join("+"));
    let mut board = KernelBoard::boot_trials(members.iter().copied(), &words);
    board.run();
    board
}

fn passed(board: &KernelBoard, core: CoreId, checks: usize) {
    let line = board.line(core, "info selftest:");
    assert!(line.starts_with(&format!("info selftest: passed={checks} failed=0 ")), "{}", board.text(core));
    assert!(board.has_halted(core));
}

/// The leader passes one check more, the restarted core one in its second life; the rest pass theirs.
fn all_pass(members: impl IntoIterator<Item = u8>) {
    let members: Vec<_> = members.into_iter().map(|number| CoreId::new(number).expect("0 to 47")).collect();
    let board = boot(&members);
    let [leader, others @ .., last] = &members[..] else { panic!("two members at least") };
    for member in others {
        passed(&board, *member, ALONE + TOGETHER);
    }
    passed(&board, *leader, ALONE + TOGETHER + 1);
    passed(&board, *last, ALONE + 1);
    assert_eq!(board.text(*last).matches("info boot: ready").count(), 2, "{}", board.text(*last));
}

#[test]
fn two_cores_of_one_tile_lock_meet_call_and_transfer() {
    all_pass([4, 5]);
}

#[test]
fn four_cores_do() {
    all_pass([0, 1, 30, 47]);
}

#[test]
fn nine_cores_do() {
    all_pass([3, 8, 9, 17, 22, 30, 31, 40, 47]);
}

#[test]
fn all_48_cores_do() {
    all_pass(0..48);
}
