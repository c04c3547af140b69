//! `cargo run`: builds the emulator in release mode and runs the demonstration board on it.

use std::ffi::OsString;
use std::process::Command;

use crate::process::{self, CommandError};
use crate::program::{self, ProgramError};
use crate::workspace::Workspace;

/// Builds `scc-emu` and runs it on the demonstration board until the board is done.
pub(crate) fn run(workspace: &Workspace) -> Result<(), DemoError> {
    let arguments = arguments()?;
    let emulator = program::build(workspace, "scc-emu", None)?;
    process::run(Command::new(emulator).args(arguments).current_dir(workspace.root()))?;
    Ok(())
}

/// Command line of `scc-emu` for the demonstration board, paths relative to the root of the workspace.
fn arguments() -> Result<Vec<OsString>, DemoError> {
    Err(DemoError::NoImage)
}

/// Why the demonstration did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// There is no image to boot yet.
    #[error(
        "there is no demonstration image yet\n  next: `cargo run --release -p scc-emu -- run --help` shows how to boot an image of your own"
    )]
    NoImage,
    /// The emulator was not built.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Running failed.
    #[error(transparent)]
    Command(#[from] CommandError),
}
