//! `cargo xtask guest c`: C programs as bare-metal guests, with RCCE's calls (`guests/rcce`).
//!
//! gcc compiles for a Pentium without any library of this machine: its own headers for a bare machine, ours for the rest.
//! It links the program, `print.c`, and the library that cargo builds for the cores.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::process::{self, CommandError};
use crate::program::{self, Profile, ProgramError};
use crate::setup::{self, Purpose, SetupError};
use crate::workspace::{CORE_TARGET, Workspace};

/// What gcc is told in any case: a Pentium, a bare machine, and every doubt an error.
const COMPILER: [&str; 17] = [
    "-m32",
    "-march=pentium",
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-ffreestanding",
    "-fno-pic",
    "-fno-pie",
    "-fno-stack-protector",
    "-fcf-protection=none",
    "-fno-asynchronous-unwind-tables",
    "-nostdinc",
    "-nostdlib",
    "-static",
    "-no-pie",
    "-Wl,--build-id=none",
];

/// A C program.
#[derive(Args, Clone, Debug)]
pub(crate) struct COptions {
    /// The program's files; it defines RCCE_APP in place of main
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the guest goes; target/xtask/c/NAME unless told otherwise, NAME as the first file
    #[arg(short, long, value_name = "GUEST")]
    output: Option<PathBuf>,
}

/// Builds the guest and says how to start it.
pub(super) fn run(workspace: &Workspace, options: &COptions) -> Result<(), CError> {
    let lacking: Vec<_> = setup::ensure(workspace, Purpose::CGuest)?.shortcomings().collect();
    if !lacking.is_empty() {
        return Err(CError::Lacking { lines: lacking.join("\n  ") });
    }
    for file in &options.files {
        if !file.is_file() {
            return Err(CError::NoFile { file: file.clone() });
        }
    }
    let output = match &options.output {
        Some(output) => output.clone(),
        None => default_output(workspace, &options.files[0]),
    };
    let folder = output.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .map_err(|source| CError::Folder { folder: folder.to_path_buf(), source })?;
    let library = library(workspace)?;
    process::run(&mut compiler(workspace, &options.files, &library, &output)?)?;
    println!("guest: {}", output.display());
    println!("  next: cargo run -- boot --cores 0-3 --plain --guest {}", output.display());
    Ok(())
}

fn default_output(workspace: &Workspace, file: &Path) -> PathBuf {
    workspace.scratch().join("c").join(file.file_stem().unwrap_or_default())
}

/// RCCE's calls, built for the cores.
fn library(workspace: &Workspace) -> Result<PathBuf, CError> {
    Ok(program::build_library(workspace, "rcce", CORE_TARGET, Profile::Kernel)?)
}

fn compiler(
    workspace: &Workspace,
    files: &[PathBuf],
    library: &Path,
    output: &Path,
) -> Result<Command, CommandError> {
    let guests = workspace.root().join("guests");
    let own_headers = process::output(Command::new("gcc").arg("-print-file-name=include"))?;
    let mut gcc = Command::new("gcc");
    gcc.args(COMPILER).arg("-I").arg(guests.join("rcce/include")).arg("-isystem").arg(own_headers.trim());
    gcc.arg(format!("-Wl,-T,{}", guests.join("runtime/guest.ld").display()));
    gcc.args(files).arg(guests.join("rcce/c/print.c")).arg(library).arg("-o").arg(output);
    Ok(gcc)
}

/// Why there is no guest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CError {
    /// Programs are missing.
    #[error("a C program cannot be built:\n  {lines}")]
    Lacking {
        /// One line for each.
        lines: String,
    },
    /// A file is not there.
    #[error("{}: no such file\n  next: name the C files of the program, as in `cargo xtask guest c guests/rcce/examples/ring.c`", file.display())]
    NoFile {
        /// The file.
        file: PathBuf,
    },
    /// The guest has no place.
    #[error("{}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The machine is not ready.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The library was not built.
    #[error(transparent)]
    Library(#[from] ProgramError),
    /// gcc failed; it has said why.
    #[error(transparent)]
    Compiler(#[from] CommandError),
}
