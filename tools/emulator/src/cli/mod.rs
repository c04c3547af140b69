//! The command line: arguments and board file in, a machine set up and run, its output shown, an exit status.
//!
//! ```text
//! arguments ─┐
//!            ├─► plan ─► setup (steps in order) ─► run_loop ─┬─ console, rings, io_log: what the cores say
//! board_file ┘                                               ├─ stop_condition: when it ends
//!                                                            └─ report: summary, dumps, statistics
//! ```

mod arguments;
mod board_file;
mod console;
mod console_files;
mod debugging;
mod dump;
mod exit;
mod io_log;
mod lut_command;
mod output;
mod plan;
mod register_write;
mod report;
mod rings;
mod run_loop;
mod setup;
mod setup_error;
mod status_line;
mod step;
mod text_watch;
mod tile_clock;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use arguments::RunArguments;
use exit::{CommandError, ExitStatus};
use lut_command::LutArguments;

/// Emulator of the Intel Single-chip Cloud Computer: 48 P54C cores on a mesh, without cache coherence.
#[derive(Parser)]
#[command(name = "scc-emu", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Loads images into a board, releases cores and runs until a condition is met.
    Run(Box<RunArguments>),
    /// Prints the LUT of a core, decoded.
    Lut(LutArguments),
}

/// Does what the arguments of the process ask for.
pub(crate) fn run_command_line() -> ExitCode {
    match execute() {
        Ok(status) => status.into(),
        Err(error) => {
            eprintln!("scc-emu: {error}");
            error.status().into()
        }
    }
}

fn execute() -> Result<ExitStatus, CommandError> {
    // clap prints usage errors, help and version itself, with status 2 and 0.
    let matches = Arguments::command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match arguments.command {
        Command::Run(run) => {
            let ordered = matches.subcommand_matches("run").expect("the subcommand was just parsed");
            run_loop::run(&plan::RunPlan::new(*run, ordered)?)
        }
        Command::Lut(lut) => lut_command::print(&lut),
    }
}
