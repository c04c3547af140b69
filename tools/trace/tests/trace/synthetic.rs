//! A chip that never was: cores that wake, poll, are interrupted and write to each other, in a fixed rhythm.
//!
//! In each round of 20,000 cycles every core takes a doorbell, polls its task `mail`, which reads the letter of the core
//! before, wakes its task `work`, polls that with an interrupt in the middle, has it write to the next core, yields to
//! `background` and idles. Core n begins n microseconds after core 0.

use std::io::{Seek, Write};

use scc::id::CoreId;
use scc_trace::{About, Anchor, Collector, Visit, WriteError};
use trace_format::phase::BootPhase;
use trace_format::record::{Event, LetterNumber, PollOutcome, Stamped, TaskBefore, TaskNumber, TextPlace};

/// Cycles of a round.
pub(crate) const ROUND: u64 = 20_000;
/// Picoseconds of a cycle.
pub(crate) const PERIOD: u64 = 1_875;

const MAIL: TaskNumber = TaskNumber(0x1000);
const WORK: TaskNumber = TaskNumber(0x2000);
const BACKGROUND: TaskNumber = TaskNumber(0x3000);
const TASKS: [(TaskNumber, &str); 3] = [(MAIL, "mail"), (WORK, "work"), (BACKGROUND, "background")];

const DOORBELL: u8 = 0x41;
const TIMER: u8 = 0x40;

fn letter(round: u64) -> LetterNumber {
    let sequence = u32::try_from(round % 0x1_0000).expect("below 2^16");
    LetterNumber { flow: 0, place: sequence << 16 | 1 }
}

fn place(task: usize) -> TextPlace {
    TextPlace { address: 0xF000_0000 + u32::try_from(task).expect("three tasks"), length: 4 }
}

/// Records before the first round.
fn boot() -> Vec<Stamped> {
    let mut records = vec![
        Stamped { cycles: 700, event: Event::BootPhase(BootPhase::Reset) },
        Stamped { cycles: 5_000, event: Event::BootPhase(BootPhase::Executor) },
    ];
    for (at, (task, _)) in TASKS.iter().enumerate() {
        records.push(Stamped { cycles: 6_000, event: Event::TaskSpawn { task: *task, name: place(at) } });
    }
    records.push(Stamped { cycles: 6_100, event: Event::TaskReady(BACKGROUND) });
    let poll = Event::PollBegin { task: BACKGROUND, before: TaskBefore::Waits };
    records.push(Stamped { cycles: 6_200, event: poll });
    records.push(Stamped {
        cycles: 6_300,
        event: Event::PollEnd { task: BACKGROUND, outcome: PollOutcome::Pending },
    });
    records.push(Stamped { cycles: 6_400, event: Event::Idle });
    records
}

/// Records of a round of a core.
fn round(core: CoreId, cores: u8, round: u64) -> Vec<Stamped> {
    let start = (round + 1) * ROUND;
    // Rounds differ, so that figures have a spread.
    let vary = (round * 37 + u64::from(core.number()) * 11) % 400;
    let begin = |task, before| Event::PollBegin { task, before };
    let neighbour = |step: u8| (core.number() + step) % cores;
    let mut records = Vec::new();
    let mut add = |cycles, event| records.push(Stamped { cycles: start + cycles, event });
    add(0, Event::IrqEnter { vector: DOORBELL, eip: 0xF010_0000 });
    add(60, Event::TaskReady(MAIL));
    add(90, Event::IrqExit(DOORBELL));
    add(250, begin(MAIL, TaskBefore::Waits));
    if round > 0 {
        add(300, Event::LetterRead { from: neighbour(cores - 1), letter: letter(round - 1) });
    } else {
        add(300, Event::TimerArmed(start + ROUND));
    }
    add(320, Event::DoorbellTaken(1 << neighbour(cores - 1)));
    add(350, Event::TaskReady(WORK));
    add(360, Event::TaskReady(BACKGROUND));
    add(500 + vary, begin(WORK, TaskBefore::Waits));
    add(700 + vary, Event::IrqEnter { vector: TIMER, eip: 0xF020_0000 });
    add(800 + vary, Event::IrqExit(TIMER));
    add(900 + vary, Event::LetterWritten { to: neighbour(1), letter: letter(round) });
    add(910 + vary, Event::DoorbellRung(neighbour(1)));
    add(1_500 + vary, begin(BACKGROUND, TaskBefore::IsReady));
    add(3_000 + 2 * vary, Event::PollEnd { task: BACKGROUND, outcome: PollOutcome::Pending });
    add(3_100 + 2 * vary, begin(WORK, TaskBefore::Waits));
    add(3_200 + 2 * vary, Event::PollEnd { task: WORK, outcome: PollOutcome::Pending });
    add(3_300 + 2 * vary, Event::Idle);
    records
}

/// Writes a trace of `cores` cores, 1 to 48, and `rounds` rounds, 18 records each, and tells how many records it wrote.
/// `lose` names a core and a round whose first half of records is lost.
///
/// # Errors
/// [`WriteError`] if `out` cannot be written.
///
/// # Panics
/// With no core, or more than 48.
pub(crate) fn write(
    out: impl Write + Seek,
    cores: u8,
    rounds: u64,
    lose: Option<(u8, u64)>,
) -> Result<u64, WriteError> {
    let about = About { cores: format!("0-{}", cores - 1), command_line: "synthetic".to_owned() };
    let mut collector = Collector::new(out, &about)?;
    let text = |place: TextPlace| {
        let task = usize::try_from(place.address & 0xF).expect("a small number");
        TASKS[task].1.to_owned()
    };
    let core = |number| CoreId::new(number).expect("at most 48 cores");
    let anchor = |core: CoreId, cycles: u64| Anchor {
        cycles,
        picoseconds: u64::from(core.number()) * 1_000_000 + cycles * PERIOD,
    };
    for core in (0..cores).map(core) {
        let records = boot();
        let visit =
            Visit { anchor: anchor(core, 7_000), lost: 0, unknown: 0, kilohertz: 533_333, records: &records };
        collector.take(core, &visit, text)?;
    }
    for number in 0..rounds {
        for core in (0..cores).map(core) {
            let mut records = round(core, cores, number);
            let lost = if lose == Some((core.number(), number)) { records.len() / 2 } else { 0 };
            records.drain(..lost);
            let visit = Visit {
                anchor: anchor(core, (number + 2) * ROUND - 1),
                lost: u64::try_from(lost).expect("a few records"),
                unknown: 0,
                kilohertz: 533_333,
                records: &records,
            };
            collector.take(core, &visit, text)?;
        }
    }
    let records = collector.records();
    collector.finish("all rounds are over")?;
    Ok(records)
}
