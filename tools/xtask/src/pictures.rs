//! `cargo xtask pictures`: the drawings of `docs/pictures`, from runs of the kernel on the emulator.
//!
//! | Drawing | Run |
//! |---|---|
//! | `mesh.svg` | 48 kernels measure what a letter takes between every two of them |
//! | `timeline.svg` | eight kernels check together what crate `ipi` offers, recorded; a part in which they use all of it |
//!
//! The same on every machine, because the emulator is.

use std::path::{Path, PathBuf};
use std::process::Command;

use scc::id::CoreId;
use scc_image::CoreList;

use crate::boot::Platform;
use crate::demo;
use crate::letters::{Laboratory, LettersError, Way};
use crate::process::{self, CommandError};
use crate::program::{self, ProgramError};
use crate::workspace::Workspace;

/// Where the drawings go, relative to the root.
const FOLDER: &str = "docs/pictures";
/// Cores and words of the run that is recorded.
const CORES: &str = "0-7";
const WORDS: &str = "selftest=ipi trace=letters";
/// The part of it that is drawn.
const FROM: &str = "30ms";
const TO: &str = "31ms";

/// Draws all of them.
pub(crate) fn run(workspace: &Workspace) -> Result<(), PictureError> {
    let folder = workspace.root().join(FOLDER);
    std::fs::create_dir_all(&folder)
        .map_err(|source| PictureError::Write { path: folder.clone(), source })?;
    draw_timeline(workspace, &folder.join("timeline.svg"))?;
    draw_mesh(workspace, &folder.join("mesh.svg"))
}

fn draw_mesh(workspace: &Workspace, file: &Path) -> Result<(), PictureError> {
    println!("pictures: 48 kernels exchange letters, each with each");
    let all = CoreList::all();
    let pairs = Laboratory::build(workspace)?.measure(&all, Way::Polled, |_| {})?;
    let from = CoreId::all().next().expect("there are cores");
    let text = demo::mesh_drawing(&pairs, from, Way::Polled);
    std::fs::write(file, text).map_err(|source| PictureError::Write { path: file.to_owned(), source })?;
    println!("pictures: {}", file.display());
    Ok(())
}

fn draw_timeline(workspace: &Workspace, file: &Path) -> Result<(), PictureError> {
    println!("pictures: {CORES} run `{WORDS}`, recorded");
    let board = program::build(workspace, "scc-boot", None)?;
    let viewer = program::build(workspace, "scc-trace", None)?;
    let kernel = program::kernel(workspace, Platform::Scc, WORDS)?;
    let recording = workspace.scratch().join("pictures.trace");
    let mut boot = Command::new(board);
    boot.arg(kernel)
        .arg("--image")
        .arg(workspace.scratch().join("pictures"))
        .args(["--plain", "--cores", CORES]);
    boot.args(["--command-line", WORDS, "--record"]).arg(&recording);
    process::output(&mut boot)?;
    let mut draw = Command::new(viewer);
    draw.arg("picture").arg(recording).args(["--from", FROM, "--to", TO, "-o"]).arg(file);
    process::run(&mut draw)?;
    println!("pictures: {}", file.display());
    Ok(())
}

/// Why a drawing is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    /// A program was not built.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A run failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Letters were not measured.
    #[error(transparent)]
    Letters(#[from] LettersError),
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
