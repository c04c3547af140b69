//! Booting: what a user sees on the consoles.

use boot_tests::kernel::KernelBoard;
use scc::id::CoreId;
use scc_emu::Activity;

use crate::figure;

fn cores(numbers: &[u8]) -> Vec<CoreId> {
    numbers.iter().map(|number| CoreId::new(*number).expect("0 to 47")).collect()
}

#[test]
fn all_48_cores_boot_pass_their_self_test_and_halt() {
    let mut board = KernelBoard::boot(CoreId::all(), "selftest");
    board.run();
    for core in CoreId::all() {
        assert!(board.text(core).starts_with(&format!("[{:02} 0.0", core.number())), "{}", board.text(core));
        assert_eq!(
            board.line(core, "info boot: ready"),
            "info boot: ready memory=656M free=649M clock=533MHz"
        );
        let line = board.line(core, "info selftest:");
        assert!(line.starts_with("info selftest: passed=5 failed=0 "), "{line}");
        assert!(figure(&line, "timer_late") < 20_000, "{line}");
        // A direct interrupt needs no access to the FPGA.
        assert!(figure(&line, "direct") < figure(&line, "ring"), "{line}");
        assert!(board.has_halted(core));
    }
}

#[test]
fn words_that_the_kernel_does_not_know_are_reported() {
    let mut board = KernelBoard::boot(cores(&[13]), "bogus=1 log=warn selftest");
    board.run();
    let core = cores(&[13])[0];
    assert_eq!(board.line(core, "boot:"), "boot: not understood word=bogus=1");
    assert!(!board.text(core).contains("info"), "{}", board.text(core));
}

#[test]
fn core_without_orders_idles_for_good_and_says_it_is_ready() {
    let mut board = KernelBoard::boot(cores(&[0, 47]), "");
    board.run();
    for core in cores(&[0, 47]) {
        assert_eq!(board.text(core).lines().count(), 1, "{}", board.text(core));
        assert!(board.has_halted(core));
    }
}

#[test]
fn core_0_starts_the_others_and_one_core_restarts_another() {
    let started = cores(&[1, 2, 47]);
    let mut board = KernelBoard::boot(cores(&[0]), "boot=core0 cores=0-2+47 restart=2@1");
    board.run();
    for core in &started {
        let ready = board.text(*core).matches("info boot: ready memory=656M").count();
        // A restarted core says so again; its first life was not disturbed before that.
        assert_eq!(ready, if core.number() == 2 { 2 } else { 1 }, "{}", board.text(*core));
    }
    let by_core_0 =
        board.text(cores(&[0])[0]).lines().filter(|line| line.contains("info boot: started")).count();
    assert_eq!(by_core_0, 3);
    assert_eq!(board.line(started[0], "info boot: started"), "info boot: started core=2");
    assert_eq!(
        board.text(CoreId::new(3).expect("exists")),
        "",
        "a core that nobody asked for stays in reset"
    );
}

#[test]
fn stopped_core_is_in_reset_and_its_neighbour_goes_on() {
    let mut board = KernelBoard::boot(cores(&[6, 7, 12]), "stop=7@12");
    board.run();
    let [neighbour, stopped, stopper] = cores(&[6, 7, 12])[..] else { panic!("three cores") };
    assert_eq!(board.line(stopper, "info boot: stopped"), "info boot: stopped core=7");
    assert_eq!(*board.machine().activity(stopped), Activity::Reset);
    assert!(board.has_halted(neighbour));
}

#[test]
fn core_cannot_restart_itself() {
    let mut board = KernelBoard::boot(cores(&[5]), "restart=5@5");
    board.run();
    let line = board.line(cores(&[5])[0], "error boot:");
    assert_eq!(line, "error boot: not started core=5: core 5 is this core");
}
