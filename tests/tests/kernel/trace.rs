//! What a recording of real kernels says must be true of the board they ran on.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;

use boot_tests::kernel::guests::guest;
use boot_tests::kernel::{KernelBoard, elf, trials};
use perfetto_check::Drawing;
use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::{Recording, Watch};
use scc_emu::Limits;
use scc_image::KernelFile;
use scc_trace::dump::{Dump, Found, collect};
use scc_trace::export::perfetto;
use scc_trace::report::Figures;
use scc_trace::{About, GuestRun, Item, Trace, read_bytes, read_file, walk};
use trace_format::RING_SYMBOL;
use trace_format::record::{Event, LOG_BYTES, Lease, RemoteCall};

const CORES: usize = 4;

/// Emulated time of the recording: kernels greet each other from the 70th millisecond on.
const SPAN: Time = Time::from_microseconds(100_000);

/// Emulated time between two looks into the rings.
const STEP: Time = Time::from_microseconds(100);

/// Records a board with a kernel for a time.
fn record(mut board: KernelBoard, kernel: &[u8], name: &str, span: Time) -> (Trace, Time) {
    record_on(&mut board, kernel, name, span)
}

/// Records a board, which the caller needs afterwards.
fn record_on(board: &mut KernelBoard, kernel: &[u8], name: &str, span: Time) -> (Trace, Time) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let kernel = KernelFile::parse(kernel).expect("the linker wrote a good file");
    let mut watch = Watch::new(kernel.symbol(RING_SYMBOL));
    let mut recording = Recording::create(&file, &About::default()).expect("the folder of tests is writable");
    while board.machine().time() < span {
        let begin = board.machine().time();
        board.machine_mut().run(&Limits { until: Some(begin + STEP), slices: Some(64) });
        watch.visit(board.machine(), Some(&mut recording));
        if board.machine().time() == begin {
            // All cores have ended.
            break;
        }
    }
    recording.finish(board.machine(), "the time is over").expect("the file is written");
    let trace = read_file(&file, false, |_, _| {}).expect("it was just written");
    (trace, board.machine().time())
}

/// What is said of every recording without losses of cores that leave reset once, at power-on.
fn assert_whole(trace: &Trace, now: Time) {
    assert_time_adds_up(trace, now);
    assert_no_overlap(trace);
    assert_polls_follow_wakes(trace);
    assert_letters_were_written(trace);
    let drawing = exported(trace);
    let letters = drawing.instants.values().flatten().filter(|(_, name)| name.starts_with("letter from"));
    assert!(letters.count() > 3 && drawing.ended.len() > 100, "{} arrows", drawing.ended.len());
}

/// The export of a recording for Perfetto, which must be consistent, and account for as much time as the report.
fn exported(trace: &Trace) -> Drawing {
    let mut file = Vec::new();
    perfetto::write(trace, &mut file).expect("memory is written without fail");
    let drawing = Drawing::read(&file);
    drawing.assert_consistent();
    let figures = Figures::of(trace);
    assert_eq!(drawing.processes.len(), figures.cores.len());
    for (process, core) in drawing.processes.keys().zip(&figures.cores) {
        // The executor is what is left between slices. Tiles at 533 MHz: 1.875 ns a cycle.
        let drawn: u64 = drawing.whole(*process).iter().map(|slice| slice.to - slice.from).sum();
        let (all, elapsed) = (drawn + core.executor * 15 / 8, core.elapsed * 15 / 8);
        assert_eq!(all.abs_diff(elapsed) * 1_000 / elapsed, 0, "core {}: {all} of {elapsed} ns", core.core);
    }
    drawing
}

/// Whether the cycles of each core, by what it did, are all that have passed.
fn assert_time_adds_up(trace: &Trace, now: Time) {
    let figures = Figures::of(trace);
    assert_eq!(figures.cores.len(), CORES);
    for core in &figures.cores {
        assert_eq!((core.lost_records, core.unknown_records, core.unknown), (0, 0, 0), "core {}", core.core);
        let parts = core.boot + core.polls + core.interrupts + core.executor + core.idle;
        assert_eq!(parts, core.elapsed);
        // Tiles at 533 MHz: 1.875 ns a cycle. The cores left reset at time 0.
        let elapsed = core.elapsed * 1_875;
        let permille = elapsed.abs_diff(now.as_picoseconds()) * 1_000 / now.as_picoseconds();
        assert_eq!(permille, 0, "core {} accounts for {elapsed} ps of {now}", core.core);
        assert!(core.letters_read > 0, "core {} got mail", core.core);
    }
}

fn assert_polls_follow_wakes(trace: &Trace) {
    let mut polls = 0;
    walk(trace, |_, _, item| {
        let Item::Poll(poll) = item else { return };
        polls += 1;
        let wake = poll.woken.expect("no record is lost, so every poll has its wake");
        assert!(wake.at <= poll.from && poll.from <= poll.to, "{poll:?}");
    });
    assert!(polls > 100, "{polls} polls");
}

/// Whether each letter that was read was written before.
fn assert_letters_were_written(trace: &Trace) {
    let mut written = HashMap::new();
    let mut read = Vec::new();
    walk(trace, |_, life, item| match item {
        Item::Mark(Event::LetterWritten { to, letter }, _, at) => {
            written.insert((life.core.number(), to, letter), at.time);
        }
        Item::Mark(Event::LetterRead { from, letter }, _, at) => {
            read.push(((from, life.core.number(), letter), at.time));
        }
        _ => {}
    });
    for (letter, at) in read {
        let written = written.get(&letter).unwrap_or_else(|| panic!("{letter:?} was read but never written"));
        assert!(*written < at, "{letter:?} was read at {at} and written at {written}");
    }
}

#[test]
fn recording_accounts_for_all_time_and_orders_causes_before_effects() {
    let cores: Vec<_> = CoreId::all().take(CORES).collect();
    let board = KernelBoard::boot(cores, "cores=0-3 selftest then=stay trace=letters");
    let (trace, now) = record(board, elf(), "kernel.trace", SPAN);
    assert_whole(&trace, now);
}

#[test]
fn recording_of_services_is_whole_and_has_their_calls() {
    let cores: Vec<_> = CoreId::all().take(CORES).collect();
    let words = "cores=0-3 services=stats,echo,ping@0,kv@0-2,load@3,survey@2 trace=letters";
    let (trace, now) = record(KernelBoard::boot(cores, words), elf(), "services.trace", SPAN);
    assert_whole(&trace, now);
    assert!(assert_calls_are_in_order(&trace) > 50);
}

/// One end of a call: caller, callee, which call.
type Ends = HashMap<(u8, u8, RemoteCall), u64>;

/// Whether what a core does, in all of its lives, follows each other in time.
fn assert_no_overlap(trace: &Trace) {
    let mut ends: HashMap<CoreId, u64> = HashMap::new();
    walk(trace, |_, life, item| {
        if let Item::Span(doing, from, to) = item {
            let before = ends.insert(life.core, to.time).unwrap_or(0);
            assert!(before <= from.time, "core {}, life {}: {doing:?}", life.core, life.number);
        }
    });
}

/// In the last step of the test core 0 resets core 3, waits, and starts it again.
#[test]
fn calls_are_served_after_they_begin() {
    let cores: Vec<_> = CoreId::all().take(CORES).collect();
    let board = KernelBoard::boot_trials(cores, "cores=0-3 selftest=ipi");
    let (trace, _) = record(board, trials(), "calls.trace", Time::from_microseconds(150_000));
    let lives: Vec<_> = trace.lives().iter().map(|life| (life.core.number(), life.number)).collect();
    assert_eq!(lives, [(0, 0), (1, 0), (2, 0), (3, 0), (3, 1)]);
    assert_no_overlap(&trace);
    assert!(assert_calls_are_in_order(&trace) > 10);
    assert!(assert_leases_are_in_order(&trace) > 3);
}

/// Whether calls begin, are served and end in this order, all but a tenth of those that were served; how many were.
fn assert_calls_are_in_order(trace: &Trace) -> usize {
    let (mut calls, mut called, mut serves, mut served) =
        (Ends::new(), Ends::new(), Ends::new(), Ends::new());
    walk(trace, |_, life, item| {
        let Item::Mark(event, _, at) = item else { return };
        let own = life.core.number();
        let (ends, key) = match event {
            Event::CallBegin { to, call } => (&mut calls, (own, to, call)),
            Event::CallEnd { to, call } => (&mut called, (own, to, call)),
            Event::ServeBegin { from, call } => (&mut serves, (from, own, call)),
            Event::ServeEnd { from, call } => (&mut served, (from, own, call)),
            _ => return,
        };
        assert_eq!(ends.insert(key, at.time), None, "{key:?} comes once");
    });
    for (key, at) in &serves {
        // A caller that gives up may do so before.
        assert!(calls[key] < *at, "{key:?} is served before it begins");
    }
    for (key, at) in &called {
        assert!(calls[key] <= *at, "{key:?} ended before it began");
    }
    for (key, at) in &served {
        assert!(serves[key] <= *at, "{key:?} was served before it began to be");
    }
    // Callers that gave up apart, who goes on has been answered before.
    let answered = called.iter().filter(|(key, at)| served.get(key).is_some_and(|served| served <= *at));
    assert!(answered.count() * 10 >= served.len() * 9, "{} calls were served", served.len());
    serves.len()
}

/// What becomes of a lease, with times: lender, borrower, which lease.
type Steps = HashMap<(u8, u8, Lease), Vec<(u64, &'static str)>>;

/// Whether memory is lent, borrowed and returned in this order; how many blocks were borrowed.
fn assert_leases_are_in_order(trace: &Trace) -> usize {
    let mut steps = Steps::new();
    walk(trace, |_, life, item| {
        let Item::Mark(event, _, at) = item else { return };
        let own = life.core.number();
        let (key, step) = match event {
            Event::LendBegin { to, lease } => ((own, to, lease), "lends"),
            Event::LendEnd { to, lease } => ((own, to, lease), "lent"),
            Event::BorrowBegin { from, lease } => ((from, own, lease), "borrows"),
            Event::BorrowEnd { from, lease } => ((from, own, lease), "returns"),
            _ => return,
        };
        steps.entry(key).or_default().push((at.time, step));
    });
    let mut borrowed = 0;
    for (key, mut steps) in steps {
        steps.sort_unstable();
        let order: Vec<_> = steps.iter().map(|(_, step)| *step).collect();
        match order.as_slice() {
            ["lends", "borrows", "returns", "lent"] => borrowed += 1,
            // The lender gave up, or either side was reset.
            ["lends"]
            | ["lends", "lent"]
            | ["lends", "borrows"]
            | ["lends", "borrows", "lent"]
            | ["lends", "borrows", "returns"]
            | ["lends", "borrows", "lent", "returns"] => {}
            _ => panic!("{key:?}: {steps:?}"),
        }
    }
    borrowed
}

#[test]
fn lines_of_the_log_are_those_of_the_console() {
    let core = CoreId::new(13).expect("0 to 47");
    let mut board = KernelBoard::boot_with_guests([core], "selftest log=debug", &[guest("timer")]);
    let (trace, _) = record_on(&mut board, elf(), "log.trace", Time::from_microseconds(1_000_000));
    let mut recorded = Vec::new();
    walk(&trace, |_, _, item| {
        if let Item::Log(line, _) = item {
            recorded.push(line.to_string());
        }
    });
    let text = board.text(core);
    let behind_prefix = text.lines().filter_map(|line| line.split_once("] "));
    let printed: Vec<_> = behind_prefix.filter_map(|(_, line)| kept_of(line)).collect();
    assert!(printed.len() > 4 && printed.iter().any(|line| line.ends_with('…')), "{text}");
    assert_eq!(recorded, printed);
}

/// What a trace keeps of a line of the console, if it is one of the log: its level and 63 bytes.
fn kept_of(line: &str) -> Option<String> {
    let (level, text) = line.split_once(' ')?;
    let is_of_log = ["error", "warn", "info", "debug"].contains(&level);
    let kept = if text.len() < LOG_BYTES { text.to_owned() } else { format!("{}…", &text[..LOG_BYTES]) };
    is_of_log.then(|| format!("{level} {kept}"))
}

#[test]
fn each_stay_in_a_guest_lies_in_a_poll_and_has_a_reason() {
    let core = CoreId::new(13).expect("0 to 47");
    let board = KernelBoard::boot_with_guests([core], "selftest trace=guests", &[guest("timer")]);
    let (trace, _) = record(board, elf(), "guest.trace", Time::from_microseconds(80_000));
    let mut runs: Vec<GuestRun> = Vec::new();
    let mut all = 0;
    walk(&trace, |_, _, item| match item {
        Item::Guest(run) => runs.push(run),
        Item::Poll(poll) => {
            for run in runs.drain(..) {
                assert!(poll.from <= run.from && run.from < run.to && run.to <= poll.to, "{run:?} {poll:?}");
                all += 1;
            }
        }
        _ => {}
    });
    assert_eq!(runs, [], "every stay belongs to a poll");
    let figures = Figures::of(&trace);
    let count = |reason: &str| {
        figures.exits.iter().find(|exits| exits.reason == reason).map_or(0, |exits| exits.count)
    };
    assert_eq!(figures.exits.iter().map(|exits| exits.count).sum::<u64>(), all);
    // It sets a timer, waits for it and says so, three times, and ends.
    assert!(count("call halt") >= 3 && count("call console_write") >= 3, "{:?}", figures.exits);
    assert_eq!(count("call end"), 1);
    assert!(0 < figures.cores[0].guests && figures.cores[0].guests < figures.cores[0].polls);
    let drawing = exported(&trace);
    let slices = drawing.slices.values().flatten().filter(|slice| slice.name.starts_with("guest, until"));
    let drawn: Vec<_> = slices.map(|slice| slice.depth).collect();
    assert_eq!((u64::try_from(drawn.len()).ok(), drawn.iter().max()), (Some(all), Some(&1)));
}

/// Memory that is dumped of each core, from its first byte on: the kernel's image with all that belongs to it.
const DUMP_BYTES: usize = 3 << 20;

/// Cycles at which a core's polls begin.
type Polls = HashMap<CoreId, Vec<u64>>;

fn polls(trace: &Trace) -> Polls {
    let mut polls = Polls::new();
    walk(trace, |_, life, item| {
        if let Item::Poll(poll) = item {
            polls.entry(life.core).or_default().push(poll.from.cycles);
        }
    });
    polls
}

/// Runs four cores to their end, and dumps their memory as a host does, which finds nothing that is in their caches; what was
/// found in it, the trace of it, and what was recorded meanwhile.
fn dumped(words: &str, name: &str) -> (Vec<Found>, Trace, Trace) {
    let cores: Vec<_> = CoreId::all().take(CORES).collect();
    let mut board = KernelBoard::boot(cores.iter().copied(), words);
    let (recorded, _) = record_on(&mut board, elf(), name, Time::from_microseconds(1_000_000));
    let dump = |core: &CoreId| {
        assert!(board.has_halted(*core), "core {core} is at its end");
        let mut bytes = vec![0; DUMP_BYTES];
        assert_eq!(board.machine().fabric().peek_core(*core, PhysAddr::new(0), &mut bytes), DUMP_BYTES);
        Dump { core: *core, file: format!("core{core}.bin").into(), bytes }
    };
    let dumps: Vec<_> = cores.iter().map(dump).collect();
    let mut trace = Cursor::new(Vec::new());
    let found = collect(&mut trace, &dumps, (Path::new("kernel"), elf())).expect("each dump has a ring");
    let trace = read_bytes(&trace.into_inner(), false, |_, _| {}).expect("it was just written");
    (found, trace, recorded)
}

#[test]
fn dumped_memory_has_all_records_of_cores_that_were_told_to_write_them_back() {
    let (found, dumped, recorded) = dumped("selftest trace=dump", "dumped.trace");
    assert_eq!(found.len(), CORES);
    for Found { core, records, lost, incomplete, has_clock } in found {
        assert_eq!((lost, incomplete, has_clock), (0, 0, true), "core {core}");
        let life =
            |trace: &Trace| trace.lives().iter().find(|life| life.core == core).expect("it ran").clone();
        let (from_dump, exact) = (life(&dumped), life(&recorded));
        assert_eq!((records, from_dump.records()), (exact.records(), exact.records()), "core {core}");
        let last = *polls(&recorded)[&core].last().expect("it has polled");
        // The kernel knows its rate to a kHz, and reads the FPGA's clock some hundred cycles late.
        let error = from_dump.clock.picoseconds(last).abs_diff(exact.clock.picoseconds(last));
        assert!(error < 2_000_000, "core {core}: {error} ps");
    }
    assert_eq!(polls(&dumped), polls(&recorded));
    let names = |trace: &Trace| walk(trace, |_, _, _| {}).all().to_vec();
    assert_eq!(names(&dumped), names(&recorded));
    assert!(names(&dumped).iter().any(|task| task.name == "boot"), "names come from the kernel's file");
}

#[test]
fn dumped_memory_lacks_what_cores_keep_in_their_caches() {
    let (found, _, recorded) = dumped("selftest", "kept.trace");
    assert_eq!(found.len(), CORES);
    for Found { core, records, .. } in found {
        let life = recorded.lives().iter().find(|life| life.core == core).expect("it ran");
        // The count of records is in the caches, too.
        assert!(records * 2 < life.records(), "core {core}: {records} of {}", life.records());
    }
}
