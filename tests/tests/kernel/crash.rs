//! What becomes of a core that does something fatal: a report on its console, and nothing to the other cores.
//!
//! The same provocations on the board, strict, and on a PC.

use boot_tests::kernel::{KernelBoard, pc};
use scc::id::CoreId;
use trace_format::debug_exit::Ending;

/// A provocation and what the report says, in this order.
struct Crash {
    kind: &'static str,
    report: &'static [&'static str],
}

/// Every report shows registers after what is special to it, then callers with names, then what happened last.
const EVERY: [&str; 4] = ["  eax=", "cs=0008 eflags=", "  by ", "  trace "];

const FATAL: [Crash; 6] = [
    Crash {
        kind: "stack-overflow",
        report: &[
            "fault kernel: stack overflow of the kernel's stack at=0xfc000",
            "fault kernel: double fault vector=8 error=0x0 eip=0xf01",
            "kernel::provoke::descend+0x",
            "kernel::provoke::descend+0x",
        ],
    },
    Crash {
        kind: "unexpected-interrupt",
        report: &[
            "fault kernel: unexpected interrupt vector=153 eip=0xf01",
            " kernel::arch::i586::blunder::raise_unexpected_interrupt+0x",
            " kernel::runtime::run+0x",
        ],
    },
    Crash {
        kind: "double-fault",
        report: &[
            "fault kernel: double fault vector=8 error=0x0 eip=0xf01",
            "esp=00000100",
            " kernel::arch::i586::blunder::lose_the_stack+0x",
            "trace ",
            "Exception { vector: 8",
        ],
    },
    Crash {
        kind: "page-fault",
        report: &[
            "fault kernel: page fault vector=14 error=0x0 eip=0xf01",
            "fault kernel: read of unmapped address=0x00000010, the page of null pointers",
            " kernel::arch::i586::blunder::read_page_zero+0x",
            "Exception { vector: 14",
        ],
    },
    Crash {
        kind: "write-to-code",
        report: &[
            "fault kernel: page fault vector=14 error=0x3 eip=0xf01",
            "fault kernel: write to protected address=0xf01",
            " kernel::arch::i586::blunder::write_to_code+0x",
        ],
    },
    Crash {
        kind: "general-protection",
        report: &[
            "fault kernel: general protection vector=13 error=0x28 eip=0xf01",
            "fault kernel: entry 5 of the global descriptor table",
            " kernel::arch::i586::blunder::load_wrong_selector+0x",
        ],
    },
];

const KERNEL_PANIC: Crash = Crash {
    kind: "panic",
    report: &[
        "panic kernel: provoked at=kernel/src/provoke.rs:",
        " kernel::runtime::run+0x",
        "trace ",
        "Panic {",
    ],
};

/// What a core survives: the task ends, and the core passes its self-test afterwards.
const SURVIVED: [Crash; 2] = [
    Crash {
        kind: "heap-exhaustion",
        report: &[
            "warn provoke: heap exhausted after=",
            "M: memory allocation failed because the memory allocator returned an error",
            "panic task: memory allocation of 268435456 bytes failed",
            " kernel::provoke::greed+0x",
            "warn provoke: task=greedy: the task panicked",
            "info selftest: passed=",
            "failed=0",
        ],
    },
    Crash {
        kind: "task-panic",
        report: &[
            "panic task: provoked in a task at=kernel/src/provoke.rs:",
            " kernel::runtime::run+0x",
            "warn provoke: task=doomed: the task panicked",
            "info selftest: passed=",
            "failed=0",
        ],
    },
];

fn expect_in_order(text: &str, expected: &[&str]) {
    let mut rest = text;
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("no {part:?} (in this order) in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

fn core(number: u8) -> CoreId {
    CoreId::new(number).expect("0 to 47")
}

/// Provokes `kind` on one of `cores`, checks that all others pass their self-tests, and returns what the one said.
fn provoke_on_board(cores: &[CoreId], victim: CoreId, kind: &str) -> String {
    let mut board =
        KernelBoard::boot(cores.iter().copied(), &format!("selftest provoke={kind}@{}", victim.number()));
    board.run();
    for other in cores.iter().filter(|core| **core != victim) {
        let line = board.line(*other, "info selftest:");
        assert!(line.starts_with("info selftest: passed=5 failed=0 "), "{kind}, core {other}: {line}");
        assert!(!board.text(*other).contains("provoke"), "{kind}: {}", board.text(*other));
    }
    assert!(board.has_halted(victim), "{kind}: {}", board.text(victim));
    board.text(victim)
}

fn few() -> Vec<CoreId> {
    [0, 1, 13, 47].map(core).to_vec()
}

#[test]
fn faults_are_reported_by_their_core_while_the_others_go_on() {
    for Crash { kind, report } in &FATAL {
        let text = provoke_on_board(&few(), core(13), kind);
        expect_in_order(&text, report);
        expect_in_order(&text, &EVERY);
        assert!(!text.contains("selftest"), "{kind}: {text}");
    }
}

#[test]
fn kernel_panic_is_reported_by_its_core_while_the_others_go_on() {
    let text = provoke_on_board(&few(), core(0), KERNEL_PANIC.kind);
    expect_in_order(&text, KERNEL_PANIC.report);
    assert!(!text.contains("selftest"), "{text}");
}

#[test]
fn panics_in_tasks_and_lack_of_memory_leave_the_core_alive() {
    for Crash { kind, report } in &SURVIVED {
        expect_in_order(&provoke_on_board(&few(), core(1), kind), report);
    }
}

#[test]
fn stack_overflow_of_one_core_leaves_the_other_47_alone() {
    let cores: Vec<_> = CoreId::all().collect();
    let text = provoke_on_board(&cores, core(24), FATAL[0].kind);
    expect_in_order(&text, FATAL[0].report);
}

#[test]
fn pc_reports_the_same_and_ends_with_failure() {
    for Crash { kind, report } in FATAL.iter().chain([&KERNEL_PANIC]) {
        let run = pc::boot(&format!("selftest provoke={kind}@0")).unwrap_or_else(|error| panic!("{error}"));
        expect_in_order(&run.text, report);
        assert_eq!(run.ending, Some(Ending::Failed), "{kind}: {}", run.text);
        assert!(!run.text.contains("selftest"), "{kind}: {}", run.text);
    }
}

#[test]
fn pc_survives_what_ends_only_a_task() {
    for Crash { kind, report } in &SURVIVED {
        let run = pc::boot(&format!("selftest provoke={kind}@0")).unwrap_or_else(|error| panic!("{error}"));
        expect_in_order(&run.text, report);
        assert_eq!(run.ending, Some(Ending::Passed), "{kind}: {}", run.text);
    }
}
