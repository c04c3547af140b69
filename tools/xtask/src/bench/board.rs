//! What needs the whole board: cores that wait, cores that work, start-up time and memory.

use std::time::Duration;

use crate::bench::guest::{Guest, IDLE, INTEGER, MIXED, NOTHING};
use crate::bench::machine::{Machine, Stand};
use crate::bench::{BenchError, clock, measure};
use crate::rom::Rom;

/// Cores of the chip.
const CORES: u32 = 48;
/// Ticks of a millisecond that every core waits for: one second of emulated time.
const TICKS: u32 = 1_000;
/// Starts of which the quickest counts.
const STARTS: u32 = 20;

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Board {
    /// Wall time from process start to exit of a run whose guest halts after a few thousand instructions.
    pub(super) start: Duration,
    /// Peak resident memory of 48 cores that halt for good.
    pub(super) idle_bytes: u64,
    /// Additional processor time, as a fraction, of one busy core when the other 47 are halted.
    pub(super) halted_share: f64,
    /// Processor seconds for one emulated second of 48 cores that tick once a millisecond.
    pub(super) ticking_seconds: f64,
    /// Millions of instructions per second of 48 cores together, integer loop.
    pub(super) integer_rate: f64,
    /// The same, mixed code.
    pub(super) mixed_rate: f64,
}

/// Runs all of it on a stand of the fast model with flat timing.
pub(super) fn measure(
    rom: &Rom,
    stand: &Stand,
    effort: measure::Effort,
    mut progress: impl FnMut(&'static str),
) -> Result<Board, BenchError> {
    let bench = Bench { rom, stand };
    progress("start");
    let mut start = Duration::MAX;
    for _ in 0..STARTS {
        start = start.min(bench.run(&[(NOTHING, 0, "0")], "0")?.wall);
    }
    progress("memory");
    let idle_bytes = bench.run(&[(IDLE, TICKS / 10, "all")], "0-47")?.peak_bytes;
    progress("halted");
    let rounds = bench.rounds_for(INTEGER, effort.target)?;
    let (mut alone, mut beside) = (f64::MAX, f64::MAX);
    for _ in 0..effort.repetitions.max(2) {
        let busy = (INTEGER, rounds, "0");
        alone = alone.min(bench.run(&[busy], "0")?.processor.as_secs_f64());
        beside = beside.min(bench.run(&[busy, (IDLE, 0, "1-47")], "0-47")?.processor.as_secs_f64());
    }
    progress("ticking");
    let ticking_seconds = bench.run(&[(IDLE, TICKS, "all")], "0-47")?.processor.as_secs_f64();
    progress("busy");
    Ok(Board {
        start,
        idle_bytes,
        halted_share: beside / alone - 1.0,
        ticking_seconds,
        integer_rate: bench.rate_of_all(INTEGER, effort.target)?,
        mixed_rate: bench.rate_of_all(MIXED, effort.target)?,
    })
}

/// Image and place of the runs.
struct Bench<'a> {
    rom: &'a Rom,
    stand: &'a Stand,
}

impl Bench<'_> {
    /// Runs guests, each with rounds and cores.
    fn run(&self, guests: &[(Guest, u32, &'static str)], release: &str) -> Result<clock::Usage, BenchError> {
        let mut loads = Vec::new();
        for ((guest, rounds, cores), file) in guests.iter().zip(["rom.bin", "other.bin"]) {
            let parameters = [guest.number, *rounds, 1, Machine::FastFlat.number()];
            self.rom.with_parameters(parameters)?.write(&self.stand.folder().join(file))?;
            loads.push((file, *cores));
        }
        let usage = clock::run(&mut self.stand.board_command(&loads, release)?, measure::LIMIT)?;
        if usage.status == Some(0) {
            return Ok(usage);
        }
        let output = self.stand.output();
        Err(BenchError::NoResult {
            guest: guests.first().map_or("", |(guest, ..)| guest.name),
            machine: Machine::FastFlat.name(),
            status: usage.status,
            folder: self.stand.folder().to_path_buf(),
            last: output.lines().next_back().unwrap_or_default().to_owned(),
        })
    }

    /// Rounds with which `guest` on one core takes at least `target`.
    fn rounds_for(&self, guest: Guest, target: Duration) -> Result<u32, BenchError> {
        let mut rounds = 64;
        while rounds < u32::MAX / 4 && self.run(&[(guest, rounds, "0")], "0")?.processor < target {
            rounds *= 4;
        }
        Ok(rounds)
    }

    /// Instructions per second, in millions, with `guest` on all cores.
    fn rate_of_all(&self, guest: Guest, target: Duration) -> Result<f64, BenchError> {
        let rounds = (self.rounds_for(guest, target)? / CORES).max(1);
        let idle = self.run(&[(guest, 0, "all")], "0-47")?.processor;
        let before = measure::instructions(self.stand)?;
        let busy = self.run(&[(guest, rounds, "all")], "0-47")?.processor;
        let instructions = measure::instructions(self.stand)? - before;
        Ok(instructions / busy.saturating_sub(idle).max(Duration::from_millis(1)).as_secs_f64() / 1e6)
    }
}
