//! `cargo xtask fuzz`: the fuzz targets of the emulator and of the kernel, for a given time each.
//!
//! Runs cargo-fuzz, which it installs if it is missing, without a sanitiser: what is fuzzed has no unsafe code, and so
//! no nightly compiler is needed. What is found lies in the package's `fuzz/artifacts` and becomes a test.

use std::path::PathBuf;

use crate::process::{self, CommandError};
use crate::workspace::Workspace;

/// Packages with targets.
const PACKAGES: &[&str] = &["tools/emulator", "kernel"];
/// Where a package has them.
const TARGETS: &str = "fuzz/fuzz_targets";

/// A target: its package's folder and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    package: &'static str,
    name: String,
}

/// Runs one target, or all, `seconds` each.
pub(crate) fn run(workspace: &Workspace, target: Option<&str>, seconds: u32) -> Result<(), FuzzError> {
    let mut chosen = targets(workspace)?;
    if let Some(name) = target {
        let known: Vec<_> = chosen.iter().map(|target| target.name.clone()).collect();
        chosen.retain(|target| target.name == name);
        if chosen.is_empty() {
            return Err(FuzzError::NoSuchTarget { name: name.to_owned(), known: known.join(", ") });
        }
    }
    if !process::probe(process::cargo(workspace).args(["fuzz", "--version"])) {
        println!("fuzz: cargo install cargo-fuzz --locked");
        process::run(process::cargo(workspace).args(["install", "cargo-fuzz", "--locked"]))?;
    }
    for Target { package, name } in chosen {
        let mut cargo = process::cargo(workspace);
        cargo.current_dir(workspace.root().join(package));
        cargo.args(["fuzz", "run", "--sanitizer", "none", &name, "--"]);
        process::run(cargo.arg(format!("-max_total_time={seconds}")))?;
    }
    Ok(())
}

/// All targets, those of each package sorted by name.
fn targets(workspace: &Workspace) -> Result<Vec<Target>, FuzzError> {
    let mut found = Vec::new();
    for package in PACKAGES {
        let folder = workspace.root().join(package).join(TARGETS);
        let unreadable = |source| FuzzError::Folder { folder: folder.clone(), source };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
        names.sort_unstable();
        found.extend(names.into_iter().map(|name| Target { package, name }));
    }
    Ok(found)
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
    #[error("{0}\n  next: if an input was found, make it a test beside the code and fix what it shows")]
    Command(#[from] CommandError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_declared_by_its_package_and_no_two_share_a_name() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let targets = targets(&workspace).expect("a checkout");
        for (index, target) in targets.iter().enumerate() {
            assert!(targets[..index].iter().all(|other| other.name != target.name), "{}", target.name);
            let manifest = workspace.root().join(target.package).join("fuzz/Cargo.toml");
            let manifest = std::fs::read_to_string(manifest).expect("readable");
            assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
        }
        assert!(PACKAGES.iter().all(|package| targets.iter().any(|target| target.package == *package)));
    }
}
