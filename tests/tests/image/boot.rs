//! A program boots from its image, and the observer sees what it prints and records.
//!
//! The program is a reset page in real mode that prints a line and waits; its trace ring comes ready-made in its
//! image, with records that a kernel would write.

use iced_x86::code_asm::{CodeAssembler, al, dx};
use scc_boot::{CoreState, Goal, Observer, Outcome, Results, Session, Watch, load_image};
use scc_emu::Machine;
use scc_emu::loader::SymbolTable;
use scc_image::{Image, KernelFile, Recipe, write_folder};
use trace_format::RING_SYMBOL;
use trace_format::phase::BootPhase;
use trace_format::record::{Event, Stamped, TestOutcome, TextPlace};

use crate::elf::{Label, Segment, executable};
use crate::folder;

/// Where the ring lies; without paging linear addresses are core-physical.
const RING: u32 = 0x0010_0000;
/// Where the name of the self-test lies.
const NAME: u32 = 0x0020_0000;
/// Cycles of the tile clock in a microsecond, nearly: 533 MHz.
const MICROSECOND: u64 = 533;

fn segment(address: u32, bytes: Vec<u8>) -> Segment {
    Segment { physical: address, linked: address, bytes, zeroes: 0 }
}

/// Real mode code that prints `text` and waits for interrupts; the reset vector jumps back to it.
fn reset_page(text: &str, ending: impl Fn(&mut CodeAssembler)) -> Vec<u8> {
    let mut code = CodeAssembler::new(16).expect("16 bits");
    code.mov(dx, 0x3F8).expect("encodes");
    for byte in text.bytes() {
        code.mov(al, u32::from(byte)).expect("encodes");
        code.out(dx, al).expect("encodes");
    }
    ending(&mut code);
    code.hlt().expect("encodes");
    let mut page = code.assemble(0xF000).expect("assembles");
    page.resize(0xFF0, 0x90);
    page.extend([0xE9, 0x0D, 0xF0]);
    page.resize(0x1000, 0x90);
    page
}

fn ring(events: &[(u64, Event)]) -> Vec<u8> {
    let count = u32::try_from(events.len()).expect("few");
    let mut words = vec![u32::from_le_bytes(*b"SCCT"), 0x0010_0002, 16, count, 0, 0, 0, 0];
    for (cycles, event) in events {
        words.extend(Stamped { cycles: *cycles, event: *event }.encode());
    }
    words.resize(8 + 4 * 16, 0);
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

fn session(name: &str, page: Vec<u8>, events: &[(u64, Event)]) -> Session {
    let file = executable(
        &[segment(RING, ring(events)), segment(NAME, b"heap".to_vec()), segment(0xFFFF_F000, page)],
        &[Label { name: RING_SYMBOL, value: RING, size: 0 }],
    );
    let kernel = KernelFile::parse(&file).expect("an ELF file");
    let recipe = Recipe { cores: "0-3".parse().expect("cores"), ..Recipe::default() };
    let (memory, cores, folder) = (recipe.memory, recipe.cores.clone(), folder(name));
    write_folder(&Image::new(&kernel, recipe).expect("fits"), &folder).expect("writable");
    let mut machine = Machine::builder().memory(memory).poison(true).build();
    let loaded = load_image(&mut machine, memory, &folder).expect("loads");
    let watch = Watch::new(kernel.symbol(RING_SYMBOL));
    let observer = Observer::new(watch, cores, Goal::SelfTests, SymbolTable::default());
    let mut session = Session::new(machine, observer);
    session.release(loaded);
    session
}

fn run(session: &mut Session) -> (Vec<String>, Outcome) {
    let mut lines = Vec::new();
    loop {
        let (news, outcome) = session.step();
        lines.extend(news.lines.into_iter().map(|line| format!("{} {}", line.core, line.text)));
        if let Some(outcome) = outcome {
            return (lines, outcome);
        }
    }
}

fn reports(failed: u32) -> Vec<(u64, Event)> {
    let outcome = if failed == 0 { TestOutcome::Passed } else { TestOutcome::Failed };
    vec![
        (MICROSECOND, Event::BootPhase(BootPhase::Reset)),
        (5 * MICROSECOND, Event::BootPhase(BootPhase::FirstTask)),
        (6 * MICROSECOND, Event::SelfTest { name: TextPlace::new(NAME, 4), outcome }),
        (7 * MICROSECOND, Event::SelfTestsDone { passed: 1 - failed, failed }),
    ]
}

fn interrupts_on(code: &mut CodeAssembler) {
    code.sti().expect("encodes");
}

#[test]
fn cores_that_print_and_report_success_end_the_run_with_status_0() {
    let mut session = session("passed", reset_page("hello\r\n", interrupts_on), &reports(0));
    let (mut lines, outcome) = run(&mut session);
    lines.sort();
    assert_eq!(lines, ["0 hello", "1 hello", "2 hello", "3 hello"]);
    assert_eq!(outcome, Outcome::AllReported);
    let results = Results::new(&session, &outcome);
    assert_eq!(results.status, 0);
    let [reset, first_task] = results.phases[..] else { panic!("{:?}", results.phases) };
    assert_eq!((reset.phase, reset.cores, first_task.phase), (BootPhase::Reset, 4, BootPhase::FirstTask));
    assert!((first_task.median_us - 5.0).abs() < 0.01, "{first_task:?}");
    let table = results.table();
    assert!(table.contains("4 of 4 cores up, 4 passed all self-tests (4 tests, 0 failed)"), "{table}");
}

#[test]
fn failed_self_tests_are_named_and_give_status_1() {
    // The text takes longer than the last record says: records of the future are those of another boot.
    let mut session = session("failed", reset_page("hello\r\n", interrupts_on), &reports(1));
    let (_, outcome) = run(&mut session);
    let results = Results::new(&session, &outcome);
    assert_eq!(results.status, 1);
    assert!(results.table().contains("core 03 FAILED: heap"), "{}", results.table());
}

#[test]
fn panicked_and_stopped_cores_are_told_apart() {
    let file = TextPlace::new(NAME, 4);
    let panicked = [(1, Event::Panic { file, line: 12 })];
    let mut session = session("panicked", reset_page("", |_| ()), &panicked);
    let (_, outcome) = run(&mut session);
    assert!(session.observer.cores().iter().all(|core| session.state(core) == CoreState::Panicked));
    let results = Results::new(&session, &outcome);
    assert!(results.table().contains("core 00 PANIC: at heap:12"), "{}", results.table());
    let mut session = self::session("stopped", reset_page("", |_| ()), &[]);
    let (_, outcome) = run(&mut session);
    let results = Results::new(&session, &outcome);
    assert_eq!((results.cores[0].state, results.status), ("STOPPED", 1));
}
