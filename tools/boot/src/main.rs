//! `scc-boot`, the command line: boots a kernel on the emulated SCC and shows how its cores get on.
//!
//! On a terminal there is a screen with the mesh and the console of a chosen core, or, if cores run guests, the terminal of
//! a guest; elsewhere plain lines and a summary. Exit status: 0 every core did as it should, 1 some did not, 2 wrong input, 3 a limit or the user came
//! first, 4 a finding of the strict model, 5 a core shut down.
#![forbid(unsafe_code)]

mod arguments;
mod attached;
mod debugger;
mod plain;
mod restart;
mod screen;
mod scripted;
mod seats;
mod span;
mod start;
mod top;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser};
use scc::timing::Time;
use scc_boot::{Outcome, Recording, Results, RunUntil};
use scc_trace::About;

use crate::arguments::BoardArguments;
use crate::span::Span;
use crate::start::{Afterwards, BootError, Started};
use crate::top::TopArguments;

/// Host time after which a run that nobody watches ends.
const PATIENCE: Duration = Duration::from_secs(300);
/// The same with a script, whose commands have limits of the guest's time.
const SESSION_PATIENCE: Duration = Duration::from_secs(1800);

/// Boots a kernel on the emulated SCC and shows how its cores get on.
#[derive(Debug, Parser)]
#[command(
    name = "scc-boot",
    version,
    after_help = "Examples:\n  scc-boot kernel.elf                      48 cores, until all have tested themselves\n  \
                  scc-boot kernel.elf --cores 0-3 --plain  four cores, plain lines\n  \
                  scc-boot kernel.elf --gdb                wait for: gdb -ex 'target remote :1234' kernel.elf\n\n\
                  Exit status: 0 all cores ok, 1 some failed, 2 wrong input, 3 a limit or the user came first,\n\
                  4 finding of the strict model, 5 a core shut down."
)]
struct Arguments {
    /// The kernel: a 32-bit x86 ELF file with a reset page
    kernel: PathBuf,
    /// Folder for the image's files
    #[arg(long, value_name = "DIR", default_value = "target/scc-boot")]
    image: PathBuf,
    /// Whether and how it is recorded
    #[command(flatten)]
    recording: RecordArguments,
    /// Whether tasks are shown
    #[command(flatten)]
    top: TopArguments,
    /// How to boot it
    #[command(flatten)]
    board: BoardArguments,
}

/// Options of a recorded run.
#[derive(Debug, Args)]
struct RecordArguments {
    /// Write every trace record of all cores to FILE, for `scc-trace`
    #[arg(long, value_name = "FILE", conflicts_with = "gdb")]
    record: Option<PathBuf>,
    /// Run for this much emulated time instead of until all cores have reported, for example 500ms
    #[arg(long, value_name = "SPAN", requires = "record", conflicts_with = "record_until")]
    record_for: Option<Span>,
    /// Run until a core prints a line with TEXT instead of until all cores have reported
    #[arg(long, value_name = "TEXT", requires = "record")]
    record_until: Option<String>,
}

impl RecordArguments {
    /// What ends the run, if it is not the goal of the boot.
    fn until(&self) -> Option<RunUntil> {
        let time = self.record_for.map(|span| RunUntil::Time(Time::from_microseconds(span.microseconds)));
        time.or_else(|| self.record_until.clone().map(RunUntil::Text))
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("scc-boot: {error}");
            ExitCode::from(error.status())
        }
    }
}

fn run(arguments: &Arguments) -> Result<u8, BootError> {
    let gdb = arguments.board.gdb.as_deref();
    let recorded = &arguments.recording;
    let script = arguments.board.session.as_deref();
    let interactive = screen::is_possible()
        && !arguments.board.plain
        && gdb.is_none()
        && script.is_none()
        && recorded.record.is_none();
    let afterwards = if interactive || arguments.top.top || recorded.until().is_some() {
        Afterwards::Stay
    } else {
        Afterwards::Stop
    };
    let Started { mut session, restart, mut seats } =
        start::start(&arguments.kernel, &arguments.image, &arguments.board, afterwards)?;
    if !interactive && gdb.is_none() && arguments.board.wall.is_none() {
        session.observer.limit_wall(Some(if script.is_some() { SESSION_PATIENCE } else { PATIENCE }));
    }
    if let Some(file) = &recorded.record {
        let about = About {
            cores: arguments.board.cores.to_string(),
            command_line: start::kernel_command_line(&arguments.board, arguments.board.boot_from, afterwards),
        };
        session.observer.record(Recording::create(file, &about)?);
        session.observer.run_until(recorded.until());
    }
    let mut answered = None;
    let outcome = if let Some(file) = script {
        let (outcome, answers) = scripted::run(&mut session, &mut seats, file)?;
        answered = Some(answers);
        outcome
    } else if arguments.top.top && interactive {
        top::live(&mut session).map_err(BootError::Terminal)?
    } else if arguments.top.top {
        top::once(&mut session, &arguments.top)?
    } else if interactive && !seats.is_empty() {
        attached::run(&mut session, &restart, &mut seats)?
    } else if interactive {
        screen::run(&mut session, &restart).map_err(BootError::Terminal)?
    } else {
        plain::run(&mut session, gdb)?
    };
    let results = Results { answered, ..Results::new(&session, &outcome) };
    let is_told = arguments.top.top && matches!(outcome, Outcome::TimeReached(_));
    if !is_told {
        print!("{}", results.table());
    }
    if let Some(recording) = session.observer.take_recording() {
        println!("{}", recording.finish(&session.machine, &results.ended)?);
    }
    if let Some(file) = &arguments.board.json {
        let text = results.json()?;
        std::fs::write(file, text).map_err(|source| BootError::Write { file: file.clone(), source })?;
    }
    Ok(results.status)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn board(line: &str) -> Result<BoardArguments, clap::Error> {
        let words = ["scc-boot", "kernel.elf"].into_iter().chain(line.split_whitespace());
        Arguments::try_parse_from(words).map(|arguments| arguments.board)
    }

    #[test]
    fn command_line_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn wrong_options_are_usage_errors() {
        for line in [
            "--cores 48",
            "--wall 0",
            "--wall x",
            "--model loud",
            "--boot-from 1",
            "--lose-requests 101",
            "more.elf",
            "--record-for 2s",
            "--record run.trace --record-for 2",
            "--record run.trace --record-for 2s --record-until done",
            "--record run.trace --gdb",
            "--guests 0",
            "--guests 49",
            "--session s.toml --gdb",
            "--top --record run.trace",
            "--top-for 2s",
            "--top-json x",
        ] {
            assert_eq!(board(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
