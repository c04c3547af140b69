//! `cargo xtask bench`: speed measurements that anyone can repeat.
//!
//! Guest programs from one ROM image run on `scc-emu` in its quickest and in its most exact setting, on QEMU and
//! on Bochs, as far as these are installed. Every machine must print the same checksums. Processor time is
//! compared, not wall time; machines take turns within each repetition, and the best of several runs counts.
//!
//! ```text
//!            guest: what is run          machine: on what, and how it is started
//!                          └──────┬─────────┘
//!             clock ──────► measure, board ──────► verdict ──────► report
//! ```

mod board;
mod budget;
mod clock;
mod executor;
mod guest;
mod hypervisor;
mod ipi;
mod kernel;
mod machine;
mod measure;
mod report;
mod trace;
mod verdict;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use scc_image::ElfError;

pub(crate) use executor::executor;
pub(crate) use hypervisor::guest;
pub(crate) use ipi::ipi;
pub(crate) use kernel::kernel;
pub(crate) use trace::trace;

use crate::bench::board::Board;
use crate::bench::guest::{GUESTS, Guest};
use crate::bench::machine::{Machine, Stand};
use crate::bench::measure::{Effort, Row};
use crate::cli::BenchOptions;
use crate::guest::SessionError;
use crate::letters::LettersError;
use crate::process::{self, CommandError};
use crate::program::{self, ProgramError};
use crate::rom::{Rom, RomError};
use crate::setup::Readiness;
use crate::workspace::Workspace;

/// Name under which `--only` selects what needs the whole board.
const BOARD: &str = "board";
/// Package of the guests.
const GUEST_PACKAGE: &str = "bench-guest";
/// Where `--record` writes, relative to the root.
const RECORD: &str = "docs/benchmarks";

/// Everything that one run of the benchmark found.
#[derive(Debug)]
struct Outcome {
    host: String,
    commit: String,
    versions: Vec<(Machine, String)>,
    commands: Vec<String>,
    rows: Vec<Row>,
    board: Option<Board>,
    failures: Vec<BenchError>,
}

/// Measures the emulator and prints the report.
pub(crate) fn emu(
    workspace: &Workspace,
    options: &BenchOptions,
    readiness: &Readiness,
) -> Result<(), BenchError> {
    let (guests, with_board) = selection(&options.only)?;
    readiness.shortcomings().for_each(|line| println!("bench: {line}"));
    println!("bench: building scc-emu and the guests");
    let emulator = program::build(workspace, "scc-emu", None)?;
    let reference = program::build(workspace, GUEST_PACKAGE, None)?;
    let rom = Rom::build(workspace, GUEST_PACKAGE)?;

    let scratch = workspace.scratch().join("bench");
    let mut stands = Vec::new();
    let mut outcome = Outcome {
        host: host(),
        commit: commit(workspace),
        versions: Vec::new(),
        commands: Vec::new(),
        rows: Vec::new(),
        board: None,
        failures: Vec::new(),
    };
    for machine in Machine::ALL {
        let Some(version) = machine.version() else { continue };
        let folder = scratch.join(machine.name().replace('/', "-"));
        let stand = Stand::new(machine, folder, &emulator, rom.base())?;
        outcome.commands.push(machine::shown(&stand.command()?));
        outcome.versions.push((machine, version));
        stands.push((machine, stand));
    }

    let effort = match options.quick {
        true => Effort { target: Duration::from_millis(250), repetitions: 1 },
        false => Effort { target: Duration::from_secs(1), repetitions: 3 },
    };
    let bar = progress_bar(guests.len() + usize::from(with_board));
    for guest in guests {
        let expected = measure::reference(&reference, guest)?;
        let row = measure::guest(guest, &rom, &stands, expected, effort, |machine| {
            bar.set_message(format!("{} on {}", guest.name, machine.name()));
        });
        match row {
            Ok(row) => outcome.rows.push(row),
            Err(failure) => outcome.failures.push(failure),
        }
        bar.inc(1);
    }
    let fast = stands.iter().find(|(machine, _)| *machine == Machine::FastFlat);
    if let Some((_, stand)) = fast.filter(|_| with_board) {
        match board::measure(&rom, stand, effort, |what| bar.set_message(format!("board: {what}"))) {
            Ok(board) => outcome.board = Some(board),
            Err(failure) => outcome.failures.push(failure),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    publish(workspace, options, &outcome)
}

/// Prints the report and writes what was asked for.
fn publish(workspace: &Workspace, options: &BenchOptions, outcome: &Outcome) -> Result<(), BenchError> {
    let report = report::markdown(outcome);
    println!("{report}");
    let figures = format!("{:#}\n", report::figures(outcome));
    let write = |path: PathBuf, text: &str| {
        std::fs::write(&path, text).map_err(|source| BenchError::File { path, source })
    };
    if let Some(path) = &options.json {
        write(path.clone(), &figures)?;
    }
    if options.record {
        let folder = workspace.root().join(RECORD);
        std::fs::create_dir_all(&folder)
            .map_err(|source| BenchError::File { path: folder.clone(), source })?;
        write(folder.join("emulator.json"), &figures)?;
        write(folder.join("emulator.md"), &record(outcome, &report))?;
        println!("bench: written to {RECORD}");
    }
    match outcome.failures.len() {
        0 => Ok(()),
        failures => Err(BenchError::Incomplete { failures }),
    }
}

/// The document that `--record` writes.
fn record(outcome: &Outcome, report: &str) -> String {
    let mut text = String::from(
        "# Speed of the emulator\n\n\
         Written by `cargo xtask bench emu --record`; all figures are in [emulator.json](emulator.json).\n\n\
         Millions of guest instructions (or of words moved) per second of processor time, start and preparation\n\
         deducted, best of the runs. The same ROM image runs on all machines and prints the same checksums.\n\
         Ratios hold within this run only; differences under 30 % mean nothing.\n\n",
    );
    text.push_str(&format!("Host: {}. Commit: {}.\n\n", outcome.host, outcome.commit));
    for ((machine, version), command) in outcome.versions.iter().zip(&outcome.commands) {
        text.push_str(&format!("- {}: {version}; `{command}`\n", machine.name()));
    }
    text.push('\n');
    text.push_str(report);
    text
}

/// What `--only` selects: guests, and whether the board is measured; everything if it is absent.
fn selection(only: &[String]) -> Result<(Vec<Guest>, bool), BenchError> {
    for name in only {
        if name != BOARD && !GUESTS.iter().any(|guest| guest.name == *name) {
            return Err(BenchError::UnknownGuest { name: name.clone() });
        }
    }
    let selected = |name: &str| only.is_empty() || only.iter().any(|other| other == name);
    Ok((GUESTS.iter().copied().filter(|guest| selected(guest.name)).collect(), selected(BOARD)))
}

fn progress_bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("bench {pos}/{len} [{bar:24}] {elapsed} {wide_msg:.dim}")
        .expect("the template is a constant with known keys")
        .progress_chars("=> ");
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX)).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Processor and number of its threads.
fn host() -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{}, {threads} threads", model.map_or("unknown processor", |(_, model)| model))
}

/// Writes a file of a record into [`RECORD`].
fn write_record(workspace: &Workspace, name: &str, text: &str) -> Result<(), BenchError> {
    let path = workspace.root().join(RECORD).join(name);
    std::fs::write(&path, text).map_err(|source| BenchError::File { path, source })
}

/// The commit that was measured, with a remark if the tree has changes.
fn commit(workspace: &Workspace) -> String {
    let git = |arguments: &[&str]| {
        process::output(Command::new("git").current_dir(workspace.root()).args(arguments)).unwrap_or_default()
    };
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"]).trim().is_empty();
    let commit = git(&["rev-parse", "--short=12", "HEAD"]);
    format!("{}{}", commit.trim(), if changed { " with changes" } else { "" })
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// `--only` names no guest.
    #[error("no guest program is called `{name}`; there are: {BOARD}, {}", names())]
    UnknownGuest {
        /// The name.
        name: String,
    },
    /// Some guests could not be measured; the report says which.
    #[error("{failures} measurements failed, see the report")]
    Incomplete {
        /// How many.
        failures: usize,
    },
    /// Some budgets are missed; the report says which.
    #[error("{missed} budgets are missed, see the report")]
    Budgets {
        /// How many.
        missed: usize,
    },
    /// Linux was never built.
    #[error(
        "there is no Linux to measure\n  next: `cargo xtask guest build --variant guest` and `--variant native`, or leave it out with --bare"
    )]
    NoLinux,
    /// Linux did not run to its end.
    #[error(transparent)]
    Linux(#[from] SessionError),
    /// Something that should have been measured was not.
    #[error("these figures were not printed: {missing}")]
    Missing {
        /// Their names.
        missing: String,
    },
    /// The kernel is no program for the chip.
    #[error("{}: {error}", path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// Where and what.
        error: ElfError,
    },
    /// Letters were not measured.
    #[error(transparent)]
    Letters(#[from] LettersError),
    /// A program was not built.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// There is no image.
    #[error(transparent)]
    Rom(#[from] RomError),
    /// A program of this workspace failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A machine could not be run or timed.
    #[error("cannot run or time `{program}`: {source}")]
    Run {
        /// Name of the program.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A machine did not come to an end.
    #[error("`{program}` was ended after {} s", limit.as_secs())]
    TooLong {
        /// Name of the program.
        program: String,
        /// How long it was given.
        limit: Duration,
    },
    /// A machine ended without the guest's result.
    #[error(
        "guest `{guest}` gave no result on {machine} (exit status {status:?}); its last line: {last}\n  next: see {}",
        folder.display()
    )]
    NoResult {
        /// Name of the guest.
        guest: &'static str,
        /// Name of the machine.
        machine: &'static str,
        /// Exit status.
        status: Option<i32>,
        /// Where the machine's files are.
        folder: PathBuf,
        /// Last line of output.
        last: String,
    },
    /// Two machines computed different things.
    #[error(
        "guest `{guest}` has checksum {found:08x} on {machine}, but {expected:08x} elsewhere: a machine computes wrongly"
    )]
    Disagreement {
        /// Name of the guest.
        guest: &'static str,
        /// Name of the machine.
        machine: &'static str,
        /// Its checksum.
        found: u32,
        /// The checksum of the machine before, or of this host.
        expected: u32,
    },
    /// The emulator's statistics are not JSON.
    #[error("{}: {source}", path.display())]
    Statistics {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Instructions could not be counted.
    #[error("no count of instructions: {reason}")]
    NoCounts {
        /// Why.
        reason: &'static str,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Names of the guests, for messages.
fn names() -> String {
    GUESTS.iter().map(|guest| guest.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_only_everything_is_measured() {
        let (guests, board) = selection(&[]).expect("nothing is misspelt");
        assert_eq!((guests.len(), board), (GUESTS.len(), true));
    }

    #[test]
    fn only_selects_by_name_and_refuses_what_there_is_not() {
        let (guests, board) = selection(&["trap".to_owned()]).expect("known");
        assert_eq!((guests.iter().map(|guest| guest.name).collect::<Vec<_>>(), board), (vec!["trap"], false));
        let error = selection(&["traps".to_owned()]).expect_err("unknown").to_string();
        assert!(error.contains("`traps`") && error.contains("chase-reload"));
    }
}
