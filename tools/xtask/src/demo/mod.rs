//! `cargo run -- demo mesh`: the distances of the chip, as the kernels on it see them.

mod drawing;
mod picture;
mod shade;

pub(crate) use drawing::mesh_drawing;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use scc::id::CoreId;
use scc_image::CoreList;
use serde_json::json;

use self::picture::Ink;
use crate::files::{self, FileError};
use crate::letters::{Laboratory, LettersError, Way};
use crate::workspace::Workspace;

/// Examples under the help of `demo mesh`.
const EXAMPLES: &str = "\
Examples:
  cargo run -- demo mesh                          48 kernels, letters by polling, times from core 0
  cargo run -- demo mesh --from 20 --way doorbell times from core 20, letters announced by interrupt
  cargo run -- demo mesh --cores 0-3,46-47        six kernels, a few seconds
  cargo run -- demo mesh --json mesh.json --svg mesh.svg

A time is half of a letter and its answer, in cycles of a core at 533 MHz with a mesh of 800 MHz, from the call that
posts the letter on one core to the letter in a task of the other. One pair talks at a time, the other cores sleep.";

/// What is shown.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DemoSubject {
    /// Measure what a letter takes between every two cores, and draw it on the mesh
    ///
    /// Boots a kernel on each core of the emulated chip, strict memory model, timing of the chip. Prints the mesh with
    /// the times from one core and a table of all pairs by distance, and writes a drawing of all pairs.
    #[command(after_help = EXAMPLES)]
    Mesh(MeshOptions),
}

/// Options of `demo mesh`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MeshOptions {
    /// Cores to boot, for example 0,5,10-12 or all
    #[arg(long, default_value = "0-47", value_name = "CORES")]
    cores: CoreList,
    /// Core whose times are shown in the terminal; the lowest unless given
    #[arg(long, value_name = "CORE", value_parser = core)]
    from: Option<CoreId>,
    /// How a letter is noticed
    #[arg(long, default_value = "polled", value_name = "WAY")]
    way: Way,
    /// Where the drawing goes [default: mesh.svg in the folder for scratch files]
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the times of all pairs to FILE as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn core(text: &str) -> Result<CoreId, &'static str> {
    text.parse().ok().and_then(CoreId::new).ok_or("expected a core, 0 to 47")
}

impl MeshOptions {
    /// Files that it writes where the user wants them.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.svg.iter().chain(&self.json)
    }
}

/// Measures and shows.
pub(crate) fn mesh(workspace: &Workspace, options: &MeshOptions) -> Result<(), DemoError> {
    let from = options.from.unwrap_or_else(|| options.cores.first());
    if options.cores.count() < 2 {
        return Err(DemoError::Alone);
    }
    if !options.cores.contains(from) {
        return Err(DemoError::NotBooted { core: from.number() });
    }
    for (option, file) in [("--svg", &options.svg), ("--json", &options.json)] {
        file.iter().try_for_each(|file| files::writable(option, file))?;
    }
    eprintln!("demo: building kernel and emulator");
    let laboratory = Laboratory::build(workspace)?;
    let bar = progress_bar(options.cores.count() - 1);
    bar.set_message(format!("{} kernels boot, then each pair exchanges letters", options.cores.count()));
    let measured = laboratory.measure(&options.cores, options.way, |told| bar.set_position(length(told)));
    bar.finish_and_clear();
    let pairs = measured?;
    let ink = if std::io::stdout().is_terminal() { Ink::Colour } else { Ink::Plain };
    let columns = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok().map(|size| size.ws_col);
    match columns.filter(|columns| *columns < picture::COLUMNS_NEEDED) {
        None => print!("{}", picture::picture(&pairs, from, options.way, ink)),
        Some(columns) => println!(
            "the mesh needs {} columns, this terminal has {columns}\n  next: make it wider, or open the drawing",
            picture::COLUMNS_NEEDED
        ),
    }
    let path = options.svg.clone().unwrap_or_else(|| laboratory.folder().join("mesh.svg"));
    write(&path, &drawing::drawing(&pairs, from, options.way))?;
    println!("\ndrawing of all pairs: {}", path.display());
    if let Some(path) = &options.json {
        let cores: Vec<_> = pairs.cores().iter().map(CoreId::number).collect();
        let way = options.way.name();
        let value =
            json!({ "way": way, "unit": "core cycles, one way", "cores": cores, "pairs": pairs.json() });
        write(path, &format!("{value:#}\n"))?;
    }
    Ok(())
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn progress_bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("demo {pos}/{len} [{bar:24}] {elapsed} {wide_msg:.dim}")
        .expect("the template is a constant with known keys")
        .progress_chars("=> ");
    let bar = ProgressBar::new(length(steps)).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn write(path: &PathBuf, text: &str) -> Result<(), DemoError> {
    std::fs::write(path, text).map_err(|source| DemoError::File { path: path.clone(), source })
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// Letters need two cores.
    #[error("letters need at least two cores, for example --cores 0-3")]
    Alone,
    /// `--from` names a core that is not in `--cores`.
    #[error("core {core} (--from) is not among the cores that boot (--cores)")]
    NotBooted {
        /// The core.
        core: u8,
    },
    /// A file has no place.
    #[error(transparent)]
    Place(#[from] FileError),
    /// Nothing was measured.
    #[error(transparent)]
    Letters(#[from] LettersError),
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl DemoError {
    /// Whether the options are at fault.
    pub(crate) const fn is_wrong_input(&self) -> bool {
        matches!(self, Self::Alone | Self::NotBooted { .. } | Self::Place(_))
    }
}
