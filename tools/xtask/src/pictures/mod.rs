//! `cargo xtask pictures`: the drawings of `docs/pictures`, from runs of the kernel on the emulator.
//!
//! | Drawing | Run |
//! |---|---|
//! | `mesh.svg` | 48 kernels measure what a letter takes between every two of them |
//! | `timeline.svg` | eight kernels check together what crate `ipi` offers, recorded; a part in which they use all of it |
//!
//! The same on every machine, because the emulator is. `--check` draws nothing: it says whether the drawings are there,
//! whole, shown in the README, and still what the kernel does. Times on the mesh must be those that three kernels measure
//! now, the tasks of the timeline must be tasks of eight kernels that are recorded now.

mod drawn;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
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
const MESH: &str = "mesh.svg";
const TIMELINE: &str = "timeline.svg";
/// Cores and words of the run that is recorded.
const CORES: &str = "0-7";
const WORDS: &str = "selftest=ipi trace=letters";
/// The part of it that is drawn.
const FROM: &str = "30ms";
const TO: &str = "31ms";

/// Cores whose letters are compared with the mesh that is drawn, and by how many percent they may differ: a letter waits
/// for the receiver's next look, which comes sooner or later with how many cores have booted.
const COMPARED: &str = "0,1,47";
const TOLERANCE: u32 = 50;
/// Letters in a timeline that shows how cores talk, at least.
const LEAST_LETTERS: usize = 20;

/// What is done.
#[derive(Args, Clone, Debug)]
pub(crate) struct PictureOptions {
    /// Draw nothing: say whether the drawings are there and still show what the kernel does
    #[arg(long)]
    check: bool,
}

/// Draws all of them, or checks those that are there.
pub(crate) fn run(workspace: &Workspace, options: &PictureOptions) -> Result<(), PictureError> {
    if options.check {
        return check(workspace);
    }
    let folder = workspace.root().join(FOLDER);
    std::fs::create_dir_all(&folder)
        .map_err(|source| PictureError::Write { path: folder.clone(), source })?;
    draw_timeline(workspace, &folder.join(TIMELINE))?;
    draw_mesh(workspace, &folder.join(MESH))
}

fn draw_mesh(workspace: &Workspace, file: &Path) -> Result<(), PictureError> {
    println!("pictures: 48 kernels exchange letters, each with each");
    let all = CoreList::all();
    let pairs = Laboratory::build(workspace)?.measure(&all, Way::Polled, |_| {})?;
    let text = demo::mesh_drawing(&pairs, all.first(), Way::Polled);
    std::fs::write(file, text).map_err(|source| PictureError::Write { path: file.to_owned(), source })?;
    println!("pictures: {}", file.display());
    Ok(())
}

fn draw_timeline(workspace: &Workspace, file: &Path) -> Result<(), PictureError> {
    let (mut viewer, recording) = record(workspace)?;
    viewer.arg("picture").arg(recording).args(["--from", FROM, "--to", TO, "-o"]).arg(file);
    process::run(&mut viewer)?;
    println!("pictures: {}", file.display());
    Ok(())
}

/// Records the run of the timeline; the viewer, and what it reads.
fn record(workspace: &Workspace) -> Result<(Command, PathBuf), PictureError> {
    println!("pictures: {CORES} run `{WORDS}`, recorded");
    let board = program::build(workspace, "scc-boot", None)?;
    let viewer = program::build(workspace, "scc-trace", None)?;
    let kernel = program::kernel(workspace, Platform::Scc, WORDS)?;
    let folder = workspace.scratch().join("pictures");
    std::fs::create_dir_all(&folder)
        .map_err(|source| PictureError::Write { path: folder.clone(), source })?;
    let recording = folder.join("run.trace");
    let mut boot = Command::new(board);
    boot.arg(kernel).arg("--image").arg(folder.join("image"));
    boot.args(["--plain", "--wall", "3600", "--cores", CORES]);
    boot.args(["--command-line", WORDS, "--record"]).arg(&recording);
    process::output(&mut boot)?;
    Ok((Command::new(viewer), recording))
}

/// Compares the drawings with what the kernel does now.
pub(crate) fn check(workspace: &Workspace) -> Result<(), PictureError> {
    let [mesh, timeline] = [MESH, TIMELINE].map(|name| read(workspace, name));
    check_mesh(&mesh?, workspace)?;
    check_timeline(&timeline?, workspace)?;
    println!("pictures: {MESH} and {TIMELINE} show what the kernel does");
    Ok(())
}

/// Reads a drawing that is whole and shown.
fn read(workspace: &Workspace, name: &'static str) -> Result<String, PictureError> {
    let text = |path: PathBuf| {
        std::fs::read_to_string(&path).map_err(|source| PictureError::Read { path: path.clone(), source })
    };
    let svg = text(workspace.root().join(FOLDER).join(name))?;
    if let Some(line) = drawn::damaged_line(&svg) {
        return Err(PictureError::Damaged { name, line });
    }
    match text(workspace.root().join("README.md"))?.contains(&format!("]({FOLDER}/{name})")) {
        true => Ok(svg),
        false => Err(PictureError::NotShown { name }),
    }
}

fn check_mesh(svg: &str, workspace: &Workspace) -> Result<(), PictureError> {
    let times = drawn::times(svg);
    let others = CoreId::all().count() - 1;
    if times.len() != others {
        return Err(old(MESH, format!("it has times of {} cores instead of {others}", times.len())));
    }
    let cores: CoreList = COMPARED.parse().expect("the list is a constant");
    let from = cores.first();
    let pairs = Laboratory::build(workspace)?.measure(&cores, Way::Polled, |_| {})?;
    for (core, then) in times {
        let Some(now) = pairs.between(from, core).map(|span| span.shortest) else { continue };
        if now.abs_diff(then) * 100 > then * TOLERANCE {
            return Err(old(MESH, format!("a letter to core {core} takes {now} cycles instead of {then}")));
        }
    }
    Ok(())
}

fn check_timeline(svg: &str, workspace: &Workspace) -> Result<(), PictureError> {
    let letters = drawn::letters(svg);
    if letters < LEAST_LETTERS {
        return Err(old(TIMELINE, format!("it shows {letters} letters")));
    }
    let (mut viewer, recording) = record(workspace)?;
    let report = recording.with_extension("json");
    process::output(viewer.arg("report").arg(recording).arg("--json").arg(&report))?;
    let text = std::fs::read_to_string(&report)
        .map_err(|source| PictureError::Read { path: report.clone(), source })?;
    let report: serde_json::Value =
        serde_json::from_str(&text).map_err(|source| PictureError::Report { path: report, source })?;
    let known: Vec<_> = report["tasks"].as_array().into_iter().flatten().map(|task| &task["name"]).collect();
    match drawn::tasks(svg).into_iter().find(|name| !known.iter().any(|known| *known == name)) {
        Some(name) => Err(old(TIMELINE, format!("no task is called `{name}`"))),
        None => Ok(()),
    }
}

fn old(name: &'static str, reason: String) -> PictureError {
    PictureError::Old { name, reason }
}

/// Why a drawing is missing, or not as it should be.
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
    /// A file cannot be read.
    #[error("cannot read {}: {source}\n  next: `cargo xtask pictures` draws all of them", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A drawing is not whole.
    #[error("{FOLDER}/{name}:{line} is no whole element\n  next: `cargo xtask pictures` draws it anew")]
    Damaged {
        /// Its file.
        name: &'static str,
        /// The line.
        line: usize,
    },
    /// A drawing is there for nobody.
    #[error("README.md does not show {FOLDER}/{name}")]
    NotShown {
        /// Its file.
        name: &'static str,
    },
    /// A drawing shows what the kernel no longer does.
    #[error("{FOLDER}/{name}: {reason}\n  next: `cargo xtask pictures` draws it anew; look at it")]
    Old {
        /// Its file.
        name: &'static str,
        /// What is not so.
        reason: String,
    },
    /// The report of a recording is no JSON.
    #[error("{}: {source}", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}
