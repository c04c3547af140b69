//! What a recording of real kernels says must be true of the board they ran on.

use std::collections::HashMap;
use std::path::Path;

use boot_tests::kernel::{KernelBoard, elf};
use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::{Recording, Watch};
use scc_emu::Limits;
use scc_image::KernelFile;
use scc_trace::report::Figures;
use scc_trace::{About, Item, Trace, read_file, walk};
use trace_format::RING_SYMBOL;
use trace_format::record::Event;

const CORES: usize = 4;

/// Emulated time of the recording: kernels greet each other from the 70th millisecond on.
const SPAN: Time = Time::from_microseconds(100_000);

/// Emulated time between two looks into the rings.
const STEP: Time = Time::from_microseconds(100);

/// A recording of four kernels that check themselves and then greet each other.
fn recording(file: &Path) -> (Trace, Time) {
    let cores: Vec<_> = CoreId::all().take(CORES).collect();
    let mut board = KernelBoard::boot(cores, "cores=0-3 selftest then=stay trace=letters");
    let kernel = KernelFile::parse(elf()).expect("the linker wrote a good file");
    let mut watch = Watch::new(kernel.symbol(RING_SYMBOL));
    let mut recording = Recording::create(file, &About::default()).expect("the folder of tests is writable");
    while board.machine().time() < SPAN {
        let until = Some(board.machine().time() + STEP);
        board.machine_mut().run(&Limits { until, slices: Some(64) });
        watch.visit(board.machine(), Some(&mut recording));
    }
    recording.finish(board.machine(), "the time is over").expect("the file is written");
    let trace = read_file(file, false, |_, _| {}).expect("it was just written");
    (trace, board.machine().time())
}

#[test]
fn recording_accounts_for_all_time_and_orders_causes_before_effects() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernel.trace");
    let (trace, now) = recording(&file);
    let figures = Figures::of(&trace);
    assert_eq!(figures.cores.len(), CORES);
    for core in &figures.cores {
        assert_eq!((core.lost_records, core.unknown_records, core.unknown), (0, 0, 0), "core {}", core.core);
        let parts = core.boot + core.polls + core.interrupts + core.executor + core.idle;
        assert_eq!(parts, core.elapsed);
        // Tiles at 533 MHz: 1.875 ns a cycle. The cores left reset at time 0.
        let elapsed = core.elapsed * 1_875;
        let permille = elapsed.abs_diff(now.as_picoseconds()) * 1_000 / now.as_picoseconds();
        assert_eq!(permille, 0, "core {} accounts for {elapsed} ps of {now}", core.core);
        assert!(core.letters_read > 0, "core {} was greeted", core.core);
    }
    let mut written = HashMap::new();
    let mut read = Vec::new();
    let mut polls = 0;
    walk(&trace, |_, life, item| match item {
        Item::Poll(poll) => {
            polls += 1;
            let wake = poll.woken.expect("no record is lost, so every poll has its wake");
            assert!(wake.at <= poll.from && poll.from <= poll.to);
        }
        Item::Mark(Event::LetterWritten { to, letter }, _, at) => {
            written.insert((life.core.number(), to, letter), at.time);
        }
        Item::Mark(Event::LetterRead { from, letter }, _, at) => {
            read.push(((from, life.core.number(), letter), at.time));
        }
        _ => {}
    });
    assert!(polls > 100, "{polls} polls");
    for (letter, at) in read {
        let written = written.get(&letter).unwrap_or_else(|| panic!("{letter:?} was read but never written"));
        assert!(*written < at, "{letter:?} was read at {at} and written at {written}");
    }
}
