//! `cargo run`: builds the emulator in release mode, makes the demonstration image and boots it on all cores.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{self, CommandError};
use crate::program::{self, ProgramError};
use crate::workspace::Workspace;

/// Builds `scc-emu` and runs it on the demonstration image until all cores have halted.
pub(crate) fn run(workspace: &Workspace) -> Result<(), DemoError> {
    let image = image(workspace)?;
    let emulator = program::build(workspace, "scc-emu", None)?;
    let arguments = arguments(&image);
    eprintln!(
        "scc-emu {}",
        arguments.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    );
    process::run(Command::new(emulator).args(arguments).current_dir(workspace.root()))?;
    Ok(())
}

/// Writes the image of the example `ring_image` below `target/` and returns its path.
fn image(workspace: &Workspace) -> Result<PathBuf, DemoError> {
    let folder = PathBuf::from("target").join("demo");
    let path = folder.join("ring.bin");
    std::fs::create_dir_all(workspace.root().join(&folder))
        .map_err(|source| DemoError::Folder { path: folder, source })?;
    let mut cargo = process::cargo(workspace);
    cargo.args(["run", "--release", "--package", "scc-emu", "--example", "ring_image", "--"]);
    process::run(cargo.arg(&path).current_dir(workspace.root()))?;
    Ok(path)
}

/// Command line of `scc-emu` for the demonstration, paths relative to the root of the workspace.
fn arguments(image: &std::path::Path) -> Vec<OsString> {
    let mut load = image.as_os_str().to_owned();
    load.push("@0xFFFFF000#all");
    vec!["run".into(), "--load".into(), load, "--release".into(), "all".into()]
}

/// Why the demonstration did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// The folder for the image cannot be made.
    #[error("cannot create {path}: {source}\n  next: check permissions and free space of the checkout")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The emulator was not built.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Running failed.
    #[error(transparent)]
    Command(#[from] CommandError),
}
