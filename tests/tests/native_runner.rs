//! The native runner itself: what the host CPU does to single instructions comes back complete.

use boot_tests::differential::effect::{Effect, Ending};
use boot_tests::differential::{decode, groups};
use boot_tests::native::{self, NativeCpu};
use native_runner::{CODE_BASE, CODE_BYTES, Case, Mode, SCRATCH_BYTES};

fn case(mode: Mode, code: &[u8]) -> Case {
    let mut bytes = [0; CODE_BYTES];
    bytes[..code.len()].copy_from_slice(code);
    Case {
        mode,
        length: u8::try_from(code.len()).expect("short"),
        entry: 0x8000,
        code: bytes,
        registers: [1, 2, 0, 0, mode.scratch() + 64, 6, 7, 8],
        flags: 0x202,
        memory: [0; SCRATCH_BYTES],
    }
}

#[test]
fn runner_reports_results_faults_and_16_bit_code() {
    if !native::is_wanted() {
        return;
    }
    let mut cpu = NativeCpu::start().unwrap_or_else(|error| panic!("{error}"));
    let (add, divide_by_zero, undefined, privileged) = ([0x01, 0xC1], [0xF7, 0xF3], [0x0F, 0x0B], [0xF4]);
    let outcomes = cpu
        .run(&[
            case(Mode::Flat, &add),
            case(Mode::Flat, &divide_by_zero),
            case(Mode::Flat, &undefined),
            case(Mode::Flat, &privileged),
            case(Mode::Code16, &[0x50]),
        ])
        .unwrap_or_else(|error| panic!("{error}"));
    let [add, divide, undefined, privileged, push] = outcomes.as_slice() else { panic!("five outcomes") };
    assert_eq!((add.vector, add.eip, add.registers[1]), (3, CODE_BASE + 0x8003, 3));
    assert_eq!((divide.vector, divide.eip), (0, CODE_BASE + 0x8000));
    assert_eq!((undefined.vector, undefined.eip), (6, CODE_BASE + 0x8000));
    assert_eq!((privileged.vector, privileged.error_code), (13, 0));
    assert_eq!((push.eip, push.registers[4]), (0x8002, Mode::Code16.scratch() + 62));
    assert_eq!(push.memory[62..64], [1, 0]);
    assert!(outcomes.iter().all(|outcome| outcome.strayed == 0));
}

/// A case that touched memory beyond its scratch memory would leave its traces uncompared, and a group of which
/// most end in exceptions would compare little.
#[test]
fn groups_stay_in_their_scratch_memory_and_mostly_complete() {
    const COUNT: usize = 1000;
    if !native::is_wanted() {
        return;
    }
    let mut cpu = NativeCpu::start().unwrap_or_else(|error| panic!("{error}"));
    for (name, group) in groups::ALL {
        let cases = group.cases(COUNT);
        let outcomes = cpu.run(&cases).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut completed = 0;
        for (case, outcome) in cases.iter().zip(&outcomes) {
            assert_eq!(outcome.strayed, 0, "{name}: {} {case:x?}", decode(case));
            let ending = Effect::of_native(case, outcome).ending;
            completed += usize::from(matches!(ending, Ending::Completed { .. }));
        }
        let raises = ["LIMIT_VIOLATIONS", "SOFTWARE_INTERRUPTS", "PRIVILEGED", "UNDEFINED"].contains(name);
        assert!(raises || completed > COUNT / 2, "{name}: {completed} of {COUNT} completed");
    }
}
