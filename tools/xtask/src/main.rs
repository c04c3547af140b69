//! `cargo xtask`: build, run, test, lint and bench; the project's only script language.
//!
//! Each verb is a module that runs other programs and returns an error value; this file parses the command
//! line, calls the verb and prints an error with what to do next.
//! `cargo run` at the root of the workspace starts this program; options without a verb are those of `boot`.
#![forbid(unsafe_code)]

mod bench;
#[path = "../../boot/src/arguments.rs"]
mod board_arguments;
mod boot;
mod chart;
mod ci;
mod cli;
mod demo;
mod disk;
mod doctor;
mod figures;
mod files;
mod fuzz;
mod guest;
mod guide;
mod letters;
mod lint;
mod new_service;
mod pictures;
mod process;
mod program;
mod reporter;
mod rom;
mod setup;
mod soak;
#[path = "../../../tests/src/bin/soak/arguments.rs"]
mod soak_arguments;
#[path = "../../boot/src/span.rs"]
mod span;
#[path = "../../../tests/src/bin/guest-storm/arguments.rs"]
mod storm_arguments;
#[path = "../../trace/src/svg.rs"]
mod svg;
mod tests;
mod trace;
#[path = "../../trace/src/arguments.rs"]
mod viewer_arguments;
mod workspace;

use std::process::ExitCode;

use crate::cli::{BenchSubject, Cli, NewSubject, Verb};
use crate::demo::DemoSubject;
use crate::setup::Purpose;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    let verb = Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit()).verb;
    let workspace = match Workspace::locate() {
        Ok(workspace) => workspace,
        Err(error) => return failed(&error.into()),
    };
    let outputs = verb.outputs();
    let status = run(&workspace, verb).unwrap_or_else(|failure| failed(&failure));
    if status != ExitCode::SUCCESS
        && let Some(shortage) = disk::shortage(&workspace, &outputs)
    {
        eprintln!("xtask: {shortage}");
    }
    status
}

/// Says why a verb did not do what it was asked for, or shows the help that was asked for.
fn failed(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Trace(trace::TraceError::Options(error)) => error.exit(),
        _ => eprintln!("xtask: {failure}"),
    }
    ExitCode::from(failure.status())
}

/// Runs one verb to its end.
fn run(workspace: &Workspace, verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Boot(arguments) => {
            setup::ensure(workspace, arguments.purpose())?;
            return Ok(boot::run(workspace, &arguments)?);
        }
        Verb::Demo { subject: DemoSubject::Mesh(options) } => {
            setup::ensure(workspace, Purpose::Boot)?;
            demo::mesh(workspace, &options)?;
        }
        Verb::Ci => ci::run(workspace)?,
        Verb::Guide(options) => {
            setup::ensure(workspace, Purpose::Boot)?;
            guide::run(workspace, &options)?;
        }
        Verb::Pictures(options) => {
            setup::ensure(workspace, Purpose::Boot)?;
            pictures::run(workspace, &options)?;
        }
        Verb::Lint => lint::run(workspace)?,
        Verb::Setup => {
            let state = setup::ensure(workspace, Purpose::Everything)?;
            println!("{state}");
        }
        Verb::Doctor(options) => return Ok(doctor::run(workspace, &options)),
        Verb::Fmt => process::run(process::cargo(workspace).args(["fmt", "--all"]))?,
        Verb::Test { filter } => tests::run_by_hand(workspace, filter.as_deref())?,
        Verb::Soak(arguments) => {
            setup::ensure(workspace, Purpose::Boot)?;
            return Ok(soak::run(workspace, &arguments)?);
        }
        Verb::Trace(arguments) => {
            setup::ensure(workspace, Purpose::Boot)?;
            return Ok(trace::run(workspace, &arguments)?);
        }
        Verb::Fuzz { target, seconds } => fuzz::run(workspace, target.as_deref(), seconds)?,
        Verb::Guest { subject } => return Ok(guest::run(workspace, &subject)?),
        Verb::New { subject: NewSubject::Service { name } } => new_service::run(workspace, &name)?,
        Verb::Bench { subject: BenchSubject::Emu(options) } => {
            let readiness = setup::ensure(workspace, Purpose::Bench)?;
            bench::emu(workspace, &options, &readiness)?;
        }
        Verb::Bench { subject: BenchSubject::Executor(options) } => {
            setup::ensure(workspace, Purpose::Boot)?;
            bench::executor(workspace, &options)?;
        }
        Verb::Bench { subject: BenchSubject::Guest(options) } => {
            setup::ensure(workspace, Purpose::Boot)?;
            bench::guest(workspace, &options)?;
        }
        Verb::Bench { subject: BenchSubject::Ipi(options) } => {
            setup::ensure(workspace, Purpose::Boot)?;
            bench::ipi(workspace, &options)?;
        }
        Verb::Bench { subject: BenchSubject::Kernel(options) } => {
            setup::ensure(workspace, Purpose::Boot)?;
            bench::kernel(workspace, &options)?;
        }
        Verb::Bench { subject: BenchSubject::Trace(options) } => {
            setup::ensure(workspace, Purpose::Boot)?;
            bench::trace(workspace, &options)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Why a verb did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Workspace(#[from] workspace::WorkspaceError),
    #[error(transparent)]
    Command(#[from] process::CommandError),
    #[error(transparent)]
    Setup(#[from] setup::SetupError),
    #[error(transparent)]
    Lint(#[from] lint::LintError),
    #[error(transparent)]
    Ci(#[from] ci::CiError),
    #[error(transparent)]
    Boot(#[from] boot::BootError),
    #[error(transparent)]
    Demo(#[from] demo::DemoError),
    #[error(transparent)]
    Fuzz(#[from] fuzz::FuzzError),
    #[error(transparent)]
    NewService(#[from] new_service::NewServiceError),
    #[error(transparent)]
    Guide(#[from] guide::GuideError),
    #[error(transparent)]
    Pictures(#[from] pictures::PictureError),
    #[error(transparent)]
    Soak(#[from] soak::SoakError),
    #[error(transparent)]
    Trace(#[from] trace::TraceError),
    #[error(transparent)]
    Guest(#[from] guest::GuestError),
    #[error(transparent)]
    Bench(#[from] bench::BenchError),
}

impl Failure {
    /// Exit status: 2 for options that do not go together, as for those that clap refuses, else 1.
    fn status(&self) -> u8 {
        match self {
            Self::Boot(error) if error.is_wrong_input() => 2,
            Self::Trace(error) if error.is_wrong_input() => 2,
            Self::Demo(error) if error.is_wrong_input() => 2,
            Self::NewService(error) if error.is_wrong_input() => 2,
            _ => 1,
        }
    }
}
