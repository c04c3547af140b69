//! Measuring one guest program on the machines.
//!
//! A run's time is its processor time less that of the same program without rounds, which boots, prepares data and
//! prints. How many rounds a machine gets is found by runs that grow until they take long enough. Speed is work per
//! round, counted exactly by the emulator in its flat timing, times rounds per second.

use std::time::Duration;

use crate::bench::guest::{Guest, Unit};
use crate::bench::machine::{Machine, Stand};
use crate::bench::{BenchError, clock};
use crate::rom::Rom;

/// Seed of all test data.
const SEED: u32 = 7;
/// Rounds of the run whose checksum is compared.
const CHECKED_ROUNDS: u32 = 3;
/// Rounds between which instructions are counted.
const COUNTED_ROUNDS: u32 = 8;
/// Longest time a single run may take.
pub(super) const LIMIT: Duration = Duration::from_secs(120);

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Wished time of a run.
    pub(super) target: Duration,
    /// Runs of which the best counts.
    pub(super) repetitions: u32,
}

/// Speed of one machine with one guest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speed {
    /// Rounds of each run.
    pub(super) rounds: u32,
    /// Processor seconds of the best run, less start and preparation.
    pub(super) seconds: f64,
    /// Processor seconds of start and preparation.
    pub(super) preparation: f64,
    /// Millions of units per second.
    pub(super) rate: f64,
}

/// What was measured of one guest.
#[derive(Debug)]
pub(super) struct Row {
    /// The guest.
    pub(super) guest: Guest,
    /// Units of work per round.
    pub(super) per_round: f64,
    /// Checksum of the compared run.
    pub(super) checksum: u32,
    /// Speed per machine.
    pub(super) speeds: Vec<(Machine, Speed)>,
}

impl Row {
    /// Units per second of a machine, in millions, if it took part.
    pub(super) fn rate(&self, machine: Machine) -> Option<f64> {
        self.speeds.iter().find(|(other, _)| *other == machine).map(|(_, speed)| speed.rate)
    }

    /// How many times as fast one machine is as another.
    pub(super) fn ratio(&self, machine: Machine, other: Machine) -> Option<f64> {
        Some(self.rate(machine)? / self.rate(other)?)
    }
}

/// Outcome of one run.
#[derive(Clone, Copy, Debug)]
struct Run {
    usage: clock::Usage,
    checksum: u32,
}

/// Measures `guest` on all `stands`, one machine after the other within each repetition.
pub(super) fn guest(
    guest: Guest,
    rom: &Rom,
    stands: &[(Machine, Stand)],
    reference: Option<u32>,
    effort: Effort,
    mut progress: impl FnMut(Machine),
) -> Result<Row, BenchError> {
    let mut checksum = reference;
    for (machine, stand) in stands {
        progress(*machine);
        let found = boot(guest, CHECKED_ROUNDS, rom, *machine, stand)?.checksum;
        let expected = *checksum.get_or_insert(found);
        if found != expected {
            return Err(BenchError::Disagreement {
                guest: guest.name,
                machine: machine.name(),
                found,
                expected,
            });
        }
    }
    let per_round = match guest.unit {
        Unit::Words(words) => f64::from(words),
        Unit::Instructions => instructions_per_round(guest, rom, stands)?,
    };
    let mut trials = Vec::new();
    for (machine, stand) in stands {
        progress(*machine);
        trials.push(calibrate(guest, rom, *machine, stand, effort)?);
    }
    for _ in 0..effort.repetitions {
        for ((machine, stand), trial) in stands.iter().zip(&mut trials) {
            progress(*machine);
            let run = boot(guest, trial.rounds, rom, *machine, stand)?;
            let empty = boot(guest, 0, rom, *machine, stand)?;
            trial.preparation = trial.preparation.min(empty.usage.processor);
            trial.best = trial.best.min(run.usage.processor);
        }
    }
    let speeds = stands.iter().zip(&trials).map(|((machine, _), trial)| (*machine, trial.speed(per_round)));
    Ok(Row { guest, per_round, checksum: checksum.unwrap_or_default(), speeds: speeds.collect() })
}

/// The rounds chosen for a machine, and its best times.
struct Trial {
    rounds: u32,
    preparation: Duration,
    best: Duration,
}

impl Trial {
    fn speed(&self, per_round: f64) -> Speed {
        let seconds = net(self.best, self.preparation).as_secs_f64();
        let rate = per_round * f64::from(self.rounds) / seconds / 1e6;
        Speed { rounds: self.rounds, seconds, preparation: self.preparation.as_secs_f64(), rate }
    }
}

/// Finds the rounds that take about the wished time.
fn calibrate(
    guest: Guest,
    rom: &Rom,
    machine: Machine,
    stand: &Stand,
    effort: Effort,
) -> Result<Trial, BenchError> {
    let first = boot(guest, 0, rom, machine, stand)?.usage.processor;
    let preparation = first.min(boot(guest, 0, rom, machine, stand)?.usage.processor);
    let mut rounds = CHECKED_ROUNDS;
    loop {
        let best = boot(guest, rounds, rom, machine, stand)?.usage.processor;
        let taken = net(best, preparation);
        if taken >= effort.target * 2 / 3 {
            return Ok(Trial { rounds, preparation, best });
        }
        match next_rounds(rounds, taken, effort.target) {
            Some(more) => rounds = more,
            None => return Ok(Trial { rounds, preparation, best }),
        }
    }
}

/// Rounds for the next try: straight to the goal from a time that can be trusted, else many more; `None` if there
/// are no more.
fn next_rounds(rounds: u32, taken: Duration, target: Duration) -> Option<u32> {
    /// Growth while the time is too short to reckon with.
    const GROWTH: u32 = 16;
    /// Shortest time that can be trusted.
    const TRUSTED: Duration = Duration::from_millis(60);
    let more = if taken < TRUSTED {
        rounds.checked_mul(GROWTH)?
    } else {
        let factor = target.as_nanos().div_ceil(taken.as_nanos().max(1));
        rounds.checked_mul(u32::try_from(factor).ok()?.clamp(2, GROWTH))?
    };
    Some(more)
}

/// Time without preparation; never zero, because a clock that ticks 100 times a second may see none.
fn net(time: Duration, preparation: Duration) -> Duration {
    time.saturating_sub(preparation).max(Duration::from_millis(1))
}

/// Counts with the emulator: the same for every machine, because they execute the same program.
fn instructions_per_round(guest: Guest, rom: &Rom, stands: &[(Machine, Stand)]) -> Result<f64, BenchError> {
    let (machine, stand) = stands
        .iter()
        .find(|(machine, _)| *machine == Machine::FastFlat)
        .ok_or(BenchError::NoCounts { reason: "the emulator does not take part" })?;
    let mut counts = [0.0; 2];
    for (count, rounds) in counts.iter_mut().zip([0, COUNTED_ROUNDS]) {
        boot(guest, rounds, rom, *machine, stand)?;
        *count = instructions(stand)?;
    }
    Ok((counts[1] - counts[0]) / f64::from(COUNTED_ROUNDS))
}

/// Emulated cycles of a round of `guest`, by the emulator on `stand`.
pub(super) fn cycles_per_round(
    guest: Guest,
    rom: &Rom,
    machine: Machine,
    stand: &Stand,
) -> Result<f64, BenchError> {
    let mut counts = [0.0; 2];
    for (count, rounds) in counts.iter_mut().zip([1, 1 + COUNTED_ROUNDS]) {
        boot(guest, rounds, rom, machine, stand)?;
        *count = total(stand, "cycles")?;
    }
    Ok((counts[1] - counts[0]) / f64::from(COUNTED_ROUNDS))
}

/// Instructions of all cores in the statistics that the emulator has just written.
pub(super) fn instructions(stand: &Stand) -> Result<f64, BenchError> {
    total(stand, "instructions")
}

/// Sum of a count over all cores, likewise.
fn total(stand: &Stand, key: &str) -> Result<f64, BenchError> {
    let path = stand.statistics_path();
    let text =
        std::fs::read_to_string(&path).map_err(|source| BenchError::File { path: path.clone(), source })?;
    let statistics: serde_json::Value =
        serde_json::from_str(&text).map_err(|source| BenchError::Statistics { path, source })?;
    let cores = statistics.get("cores").and_then(serde_json::Value::as_array);
    let counts = cores.into_iter().flatten().map(|core| core.get(key)?.as_f64());
    counts
        .sum::<Option<f64>>()
        .filter(|sum| *sum > 0.0)
        .ok_or(BenchError::NoCounts { reason: "the statistics lack a count of the cores" })
}

/// Runs `guest` once and reads its line.
fn boot(guest: Guest, rounds: u32, rom: &Rom, machine: Machine, stand: &Stand) -> Result<Run, BenchError> {
    rom.with_parameters([guest.number, rounds, SEED, machine.number()])?.write(&stand.rom_path())?;
    let mut command = stand.command()?;
    let usage = clock::run(&mut command, LIMIT)?;
    let output = stand.output();
    match checksum_in(&output, guest.name, rounds) {
        Some(checksum) => Ok(Run { usage, checksum }),
        None => Err(BenchError::NoResult {
            guest: guest.name,
            machine: machine.name(),
            status: usage.status,
            folder: stand.folder().to_path_buf(),
            last: output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned(),
        }),
    }
}

/// Checksum of the portable guests, from the same package built for this machine.
pub(super) fn reference(program: &std::path::Path, guest: Guest) -> Result<Option<u32>, BenchError> {
    if !guest.portable {
        return Ok(None);
    }
    let mut command = std::process::Command::new(program);
    command.args([guest.name, &CHECKED_ROUNDS.to_string(), &SEED.to_string()]);
    let output = crate::process::output(&mut command)?;
    Ok(checksum_in(&output, guest.name, CHECKED_ROUNDS))
}

/// Finds `bench NAME rounds ROUNDS checksum XXXXXXXX` in what a machine has written.
fn checksum_in(output: &str, name: &str, rounds: u32) -> Option<u32> {
    let mark = format!("bench {name} rounds {rounds} checksum ");
    let (_, rest) = output.split_once(&mark)?;
    u32::from_str_radix(rest.get(..8)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_found_behind_a_prefix_and_only_for_the_right_run() {
        let output = "boot\ncore 00 | bench mixed rounds 3 checksum 9294c065\n";
        assert_eq!(checksum_in(output, "mixed", 3), Some(0x9294_C065));
        assert_eq!(checksum_in(output, "mixed", 30), None);
        assert_eq!(checksum_in("bench mixed rounds 3 checksum 92", "mixed", 3), None);
    }

    #[test]
    fn rounds_grow_fast_first_and_then_straight_to_the_goal() {
        let (target, short) = (Duration::from_secs(1), Duration::from_millis(20));
        assert_eq!(next_rounds(3, short, target), Some(48));
        assert_eq!(next_rounds(48, Duration::from_millis(250), target), Some(192));
        assert_eq!(next_rounds(u32::MAX, short, target), None);
    }

    #[test]
    fn rate_leaves_out_the_preparation() {
        let trial =
            Trial { rounds: 100, preparation: Duration::from_millis(500), best: Duration::from_millis(1500) };
        assert!((trial.speed(1e6).rate - 100.0).abs() < 1e-9);
    }
}
