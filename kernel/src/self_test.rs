//! A core checks itself: timer against the chip's clock, message buffer, heap, and its own doorbell.
//!
//! The result is one line on the console and records in the trace:
//!
//! ```text
//! [05 0.004711] info selftest: passed=5 failed=0 timer_late=838 ring=3163 wake=959 yield=576 direct=1650
//! ```
//!
//! Times are cycles of the core: how late a sleep ended, from ringing the own doorbell to the woken task, from
//! the wake in the interrupt handler to the woken task's first instruction, and from one task to the next by yielding.
//! Then from raising the own direct pin to the woken task. With letters and a partner among the cores, the line ends
//! with the cycles of a letter by each way: `mail::figures`.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use executor::Spawner;
use executor::time::Timers;
use ipi::layout::{self, LINE, WINDOW_BYTES};
use scc::address::LineIndex;
use trace_format::record::{Event, TestOutcome};

use crate::arch::i586::cpu;
use crate::command_line::{Options, SelfTest};
use crate::doorbell::Ring;
use crate::mail::Mailbox;
use crate::platform::machine::{self, clocks, message_buffer};
use crate::platform::{Absent, Ending};
use crate::trials::{self, LettersError, TrialError};
use crate::{doorbell, mail, runtime, trace};

/// Sleeps that are measured, of which the most punctual counts.
const SLEEPS: u32 = 5;
/// What they last together.
const SLEEP_MICROSECONDS: u32 = 1_000;
/// Longest time that a ring of the own doorbell may take.
const RING_MICROSECONDS: u32 = 1_000;
/// Words that are allocated and read back.
const WORDS: usize = 16 << 10;
/// Rings and yields measured, of which the shortest counts: the first ones fill the caches.
const ROUNDS: usize = 8;

/// A check that did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Failure {
    #[error("sleeps of {SLEEP_MICROSECONDS} us lasted {0} us")]
    Sleep(u64),
    #[error("line {line} of the message buffer reads {found:08x} instead of {expected:08x}")]
    MessageBuffer { line: u16, expected: u32, found: u32 },
    #[error("word {0} of allocated memory has changed")]
    Heap(usize),
    #[error("no memory for {0} bytes")]
    NoMemory(usize),
    #[error("the own doorbell did not arrive within {RING_MICROSECONDS} us")]
    NoRing,
    #[error("the direct interrupt did not arrive within {RING_MICROSECONDS} us")]
    NoInterrupt,
    #[error(transparent)]
    Absent(#[from] Absent),
    #[error(transparent)]
    Letters(#[from] LettersError),
    #[error(transparent)]
    Trial(#[from] TrialError),
}

/// The shortest of several times; `None` if none was taken.
#[derive(Clone, Copy, Debug, Default)]
struct Shortest(Option<u64>);

impl Shortest {
    fn add(&mut self, cycles: u64) {
        self.0 = Some(self.0.map_or(cycles, |shortest| shortest.min(cycles)));
    }
}

/// Figures of a core.
#[derive(Clone, Debug, Default)]
struct Figures {
    timer_late: Shortest,
    ring: Shortest,
    /// Nothing if each ring was over before the task waited.
    wake: Shortest,
    yielding: Shortest,
    /// Nothing on platforms without direct interrupts.
    direct: Shortest,
    /// What letters take, ready to be shown; empty without letters or without a partner.
    mail: String,
}

/// What is left of a self-test.
pub struct Report {
    /// How it ended.
    pub ending: Ending,
    /// The core's mailbox, if the self-test started it.
    pub mailbox: Option<&'static Mailbox>,
}

/// Runs the checks that `options` ask for and prints the line. A check of what the platform does not have is left out.
pub async fn run(spawner: Spawner, options: Options) -> Report {
    let timers = spawner.timers();
    let mut figures = Figures::default();
    let mut results = vec![
        ("timer", sleep(timers, &mut figures).await),
        ("mpb", check_message_buffer()),
        ("heap", check_heap()),
        ("doorbell", ring(timers, &mut figures).await),
        ("direct", interrupt(timers, &mut figures).await),
    ];
    measure_yield(&mut figures).await;
    let mut mailbox = None;
    // Last, because from then on other cores ring.
    match options.self_test {
        SelfTest::WithMail => {
            let exchanged = exchange_letters(spawner, options, &mut mailbox, &mut figures).await;
            results.push(("mail", exchanged));
        }
        SelfTest::Jointly => match mail::start(spawner) {
            Ok(started) => {
                let joint = trials::check(spawner, mailbox.insert(started), options.cores).await;
                results.extend(joint.into_iter().map(|(name, end)| (name, end.map_err(Failure::from))));
            }
            Err(absent) => results.push(("joint", Err(absent.into()))),
        },
        SelfTest::No | SelfTest::Alone => {}
    }
    let (mut passed, mut failed) = (0, 0);
    for (name, result) in results {
        let outcome = match result {
            Ok(()) => {
                passed += 1;
                TestOutcome::Passed
            }
            Err(Failure::Absent(absent)) => {
                log::info!(target: "selftest", "left out test={name}: {absent}");
                TestOutcome::Skipped
            }
            Err(failure) => {
                failed += 1;
                log::error!(target: "selftest", "failed test={name}: {failure}");
                TestOutcome::Failed
            }
        };
        trace::record_progress(Event::SelfTest { name: trace::place_of(name), outcome });
    }
    trace::record_progress(Event::SelfTestsDone { passed, failed });
    log::info!(target: "selftest", "passed={passed} failed={failed}{figures}");
    Report { ending: if failed == 0 { Ending::Passed } else { Ending::Failed }, mailbox }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { timer_late, ring, wake, yielding, direct, mail } = self;
        let figures = [
            ("timer_late", timer_late),
            ("ring", ring),
            ("wake", wake),
            ("yield", yielding),
            ("direct", direct),
        ];
        for (name, figure) in figures {
            if let Shortest(Some(cycles)) = figure {
                write!(formatter, " {name}={cycles}")?;
            }
        }
        formatter.write_str(mail)
    }
}

async fn sleep(timers: Timers, figures: &mut Figures) -> Result<(), Failure> {
    let span = runtime::frequency().microseconds(SLEEP_MICROSECONDS / SLEEPS);
    let (begin, before) = (timers.now(), clocks::chip_time());
    for _ in 0..SLEEPS {
        let deadline = timers.now() + span;
        timers.sleep_until(deadline).await;
        figures.timer_late.add(timers.now().since(deadline).ticks());
    }
    let lasted = match (before, clocks::chip_time()) {
        (Ok(before), Ok(after)) => clocks::chip_microseconds(after - before),
        // Without a second clock the own one has to do.
        _ => timers.now().since(begin).ticks() * 1_000 / u64::from(clocks::cycles_per_millisecond()),
    };
    let shortest = u64::from(SLEEP_MICROSECONDS);
    let expected = shortest..=shortest + clocks::LATE_MICROSECONDS;
    if expected.contains(&lasted) { Ok(()) } else { Err(Failure::Sleep(lasted)) }
}

fn check_message_buffer() -> Result<(), Failure> {
    let core = machine::identity::core();
    let seed = u32::from(core.number()) << 16;
    // The window for put and get, in which nobody else looks for anything.
    let window = || (0..WINDOW_BYTES).step_by(LINE).filter_map(|offset| layout::window(core, offset));
    let lines = || window().filter_map(|place| LineIndex::new(place.line()));
    let pattern =
        |line: LineIndex| [0, 1, 2, 3, 4, 5, 6, 7].map(|word| seed + u32::from(line.get()) * 8 + word);
    for line in lines() {
        message_buffer::write(core, line, pattern(line))?;
    }
    for line in lines() {
        let found = message_buffer::read(core, line)?;
        message_buffer::write(core, line, [0; 8])?;
        let differing = found.into_iter().zip(pattern(line)).find(|(found, expected)| found != expected);
        if let Some((found, expected)) = differing {
            return Err(Failure::MessageBuffer { line: line.get(), expected, found });
        }
    }
    Ok(())
}

fn check_heap() -> Result<(), Failure> {
    let mut words: Vec<usize> = Vec::new();
    words.try_reserve_exact(WORDS).map_err(|_| Failure::NoMemory(WORDS * size_of::<usize>()))?;
    words.extend((0..WORDS).map(|word| word ^ 0x55));
    words
        .iter()
        .enumerate()
        .find(|(word, value)| **value != word ^ 0x55)
        .map_or(Ok(()), |(word, _)| Err(Failure::Heap(word)))
}

async fn ring(timers: Timers, figures: &mut Figures) -> Result<(), Failure> {
    let core = machine::identity::core();
    for _ in 0..ROUNDS {
        let rung = cpu::time_stamp();
        machine::doorbell::ring(core)?;
        let own = |ring: &Ring| ring.events.senders().any(|sender| sender == core);
        let ring = wait_for(timers, own).await.ok_or(Failure::NoRing)?;
        figures.ring.add(cpu::time_stamp().saturating_sub(rung));
        // A ring that came before the wait, or in the midst of the poll, is no wake that led to a poll.
        if ring.woken > rung
            && let Some(wake) = ring.polled.checked_sub(ring.woken)
        {
            figures.wake.add(wake);
        }
    }
    Ok(())
}

async fn interrupt(timers: Timers, figures: &mut Figures) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let begin = cpu::time_stamp();
        machine::doorbell::interrupt(machine::identity::core())?;
        wait_for(timers, |ring| ring.direct).await.ok_or(Failure::NoInterrupt)?;
        figures.direct.add(cpu::time_stamp() - begin);
    }
    Ok(())
}

/// Waits for a ring that is `wanted`. Others come from cores that run already and write to this one.
async fn wait_for(timers: Timers, wanted: impl Fn(&Ring) -> bool) -> Option<Ring> {
    let deadline = timers.now() + runtime::frequency().microseconds(RING_MICROSECONDS);
    loop {
        let ring = timers.timeout_at(deadline, doorbell::wait()).await.ok()?;
        if wanted(&ring) {
            return Some(ring);
        }
    }
}

async fn exchange_letters(
    spawner: Spawner,
    options: Options,
    started: &mut Option<&'static Mailbox>,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let mailbox = *started.insert(mail::start(spawner)?);
    figures.mail = trials::letters(spawner, mailbox, options.cores).await?;
    Ok(())
}

async fn measure_yield(figures: &mut Figures) {
    for _ in 0..ROUNDS {
        let before = cpu::time_stamp();
        executor::yield_now().await;
        figures.yielding.add(cpu::time_stamp() - before);
    }
}
