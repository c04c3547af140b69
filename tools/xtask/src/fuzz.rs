//! `cargo xtask fuzz`: the emulator's fuzz targets, for a given time each.
//!
//! Runs cargo-fuzz, which it installs if it is missing, without a sanitiser: the emulator has no unsafe code, and so
//! no nightly compiler is needed. What is found lies in `tools/emulator/fuzz/artifacts` and becomes a test.

use std::path::PathBuf;

use crate::process::{self, CommandError};
use crate::workspace::Workspace;

/// The package with the targets, and the folder of its parent.
const EMULATOR: &str = "tools/emulator";
const TARGETS: &str = "fuzz/fuzz_targets";

/// Runs one target, or all, `seconds` each.
pub(crate) fn run(workspace: &Workspace, target: Option<&str>, seconds: u32) -> Result<(), FuzzError> {
    let known = targets(workspace)?;
    let chosen = match target {
        None => known,
        Some(name) if known.iter().any(|known| known == name) => vec![name.to_owned()],
        Some(name) => return Err(FuzzError::NoSuchTarget { name: name.to_owned(), known: known.join(", ") }),
    };
    if !process::probe(process::cargo(workspace).args(["fuzz", "--version"])) {
        println!("fuzz: cargo install cargo-fuzz --locked");
        process::run(process::cargo(workspace).args(["install", "cargo-fuzz", "--locked"]))?;
    }
    for name in chosen {
        let mut cargo = process::cargo(workspace);
        cargo.current_dir(workspace.root().join(EMULATOR));
        cargo.args(["fuzz", "run", "--sanitizer", "none", &name, "--"]);
        process::run(cargo.arg(format!("-max_total_time={seconds}")))?;
    }
    Ok(())
}

/// Names of the targets, sorted.
fn targets(workspace: &Workspace) -> Result<Vec<String>, FuzzError> {
    let folder = workspace.root().join(EMULATOR).join(TARGETS);
    let unreadable = |source| FuzzError::Folder { folder: folder.clone(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort_unstable();
    Ok(names)
}

/// Why fuzzing did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FuzzError {
    /// No target has that name.
    #[error("there is no fuzz target `{name}`\n  next: choose one of {known}")]
    NoSuchTarget {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The targets cannot be listed.
    #[error("cannot read {}: {source}\n  next: check that the checkout is complete", folder.display())]
    Folder {
        /// Where they should be.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A program failed; for a target this means a finding, and its input is named above.
    #[error(
        "{0}\n  next: if an input was found, make it a test (tests/tests/any_bytes.rs) and fix what it shows"
    )]
    Command(#[from] CommandError),
}
