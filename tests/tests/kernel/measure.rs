//! Figures that the kernel takes of itself.

use boot_tests::kernel::{KernelBoard, pc};
use scc::id::CoreId;

use crate::figure;

/// Every time and amount of memory that a core prints.
const TIMES: [&str; 16] = [
    "clock",
    "record",
    "yield",
    "spawn",
    "spawn-to-poll",
    "spawn-in-pool",
    "sleep-10us",
    "sleep-100us",
    "sleep-1ms",
    "sleep-10ms",
    "timer-deadline-to-handler",
    "timer-handler-to-poll",
    "direct-raise-to-handler",
    "direct-handler-to-wake",
    "direct-wake-to-poll",
    "direct-raise-to-poll",
];

#[test]
fn core_measures_its_kernel_before_it_checks_itself() {
    let core = CoreId::new(5).expect("0 to 47");
    let mut board = KernelBoard::boot_trials([core], "measure=kernel selftest");
    // The sleeps alone last 0.7 s.
    let patience = scc_emu::Limits {
        until: Some(scc::timing::Time::from_microseconds(1_000_000)),
        ..scc_emu::Limits::default()
    };
    assert_eq!(board.machine_mut().run(&patience), scc_emu::RunEnd::AllStopped);
    let line = |name: &str| board.line(core, &format!("name={name} "));
    for name in TIMES {
        let line = line(name);
        assert_eq!(figure(&line, "count"), 64, "{line}");
        assert!(figure(&line, "median") > 0 && figure(&line, "most") >= figure(&line, "median"), "{line}");
    }
    let median = |name: &str| figure(&line(name), "median");
    assert!(median("record") > median("clock"), "a record costs something");
    assert!(median("spawn-to-poll") > median("spawn"), "a spawned task is not polled within the call");
    // The parts of an interrupt's way are no longer than the whole, and a deadline is never early.
    assert!(median("direct-wake-to-poll") < median("direct-raise-to-poll"));
    for name in ["stacks", "page-tables", "heap", "free"] {
        assert!(figure(&line(name), "bytes") >= 4096);
    }
    assert!(board.line(core, "info selftest:").starts_with("info selftest: passed=5 failed=0 "));
}

#[test]
fn what_a_pc_does_not_have_is_left_out() {
    let run = pc::boot_trials("measure=kernel selftest").unwrap_or_else(|error| panic!("{error}"));
    for expected in [
        " measure: name=yield cold=",
        " measure: name=sleep-1ms cold=",
        " measure: left out name=direct: other cores: not on this platform",
        " measure: name=doorbell-ring-to-poll cold=",
    ] {
        assert!(run.text.contains(expected), "no {expected:?} in\n{}", run.text);
    }
}
