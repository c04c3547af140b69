//! The same kernel on a PC that QEMU emulates.

use boot_tests::kernel::pc::{self, PcRun};
use trace_format::debug_exit::Ending;

fn boot(command_line: &str) -> PcRun {
    pc::boot(command_line).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn kernel_boots_passes_its_self_test_and_ends_qemu_with_success() {
    let run = boot("selftest");
    assert_eq!(run.ending, Some(Ending::Passed), "{}", run.text);
    assert!(run.text.contains("info boot: ready memory=63M free=6"), "{}", run.text);
    // Timer, heap and the own doorbell; there are no message buffers.
    assert!(run.text.contains("info selftest: passed=3 failed=0 "), "{}", run.text);
}

#[test]
fn what_only_the_scc_has_is_said_to_be_missing() {
    let run = boot("boot=core0 cores=0-1 selftest=mail");
    for expected in [
        "error boot: not started core=1: other cores: not on this platform",
        "info selftest: left out test=mpb: message buffers: not on this platform",
        "info selftest: left out test=mail: message buffers: not on this platform",
    ] {
        assert!(run.text.contains(expected), "no {expected:?} in\n{}", run.text);
    }
    assert_eq!(run.ending, Some(Ending::Passed), "{}", run.text);
}

#[test]
fn words_on_the_command_line_arrive_without_the_name_of_the_file() {
    let run = boot("log=warn bogus=1 selftest");
    let lines: Vec<_> = run.text.lines().filter_map(|line| line.split_once("] ")).collect();
    assert_eq!(lines.len(), 1, "{}", run.text);
    assert_eq!(lines[0].1, "warn boot: not understood word=bogus=1");
}
