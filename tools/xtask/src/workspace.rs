//! Where the workspace is, and which packages its checks name.
//!
//! The root is found from the directory of this package, which cargo tells at run time and at build time;
//! so the verbs work from any current directory.

use std::path::{Path, PathBuf};

/// Rust target of the SCC's cores: plain Pentium, no CMOV, no SSE.
pub(crate) const CORE_TARGET: &str = "i586-unknown-linux-gnu";

/// Packages that run on the chip as well: checked for [`CORE_TARGET`], and their unit tests also run as
/// 32-bit programs.
pub(crate) const CHIP_PACKAGES: &[&str] =
    &["scc", "i586", "trace-format", "guest-abi", "executor", "ipi", "service"];

/// Programs for the bare chip, which only compile for [`CORE_TARGET`] as what they are. Each is built by itself:
/// together they would share the features of their dependencies, and one of them has no allocator.
pub(crate) const CHIP_PROGRAMS: &[&str] = &[
    "alarms",
    "bench-guest",
    "busy",
    "counter",
    "disk",
    "faults",
    "figures",
    "fpu",
    "hello",
    "hostile",
    "like-linux",
    "paging",
    "ping",
    "random",
    "rcce",
    "rings",
    "share",
    "shell",
    "storm",
    "timer",
    "turns",
    "window",
    "kernel",
];

/// The workspace this program belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the workspace around this package.
    pub(crate) fn locate() -> Result<Self, WorkspaceError> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        match package.ancestors().nth(2) {
            Some(root) if root.join("Cargo.toml").is_file() => Ok(Self { root: root.to_path_buf() }),
            _ => Err(WorkspaceError::NoRoot { package }),
        }
    }

    /// The workspace in another directory.
    #[cfg(test)]
    pub(crate) const fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Directory of the root manifest.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Directory for files that these tools produce; below cargo's own, so that git ignores it.
    pub(crate) fn scratch(&self) -> PathBuf {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        self.root.join(target).join("xtask")
    }
}

/// `-p NAME` for each of [`CHIP_PACKAGES`], as cargo takes it.
pub(crate) fn chip_package_arguments() -> impl Iterator<Item = &'static str> {
    CHIP_PACKAGES.iter().flat_map(|package| ["-p", package])
}

/// Why the workspace cannot be found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkspaceError {
    /// The package does not lie two directories below a manifest.
    #[error("no workspace manifest two directories above {}; run this as `cargo xtask`", package.display())]
    NoRoot {
        /// Directory of this package as cargo named it.
        package: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_holds_the_workspace_manifest() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let manifest = std::fs::read_to_string(workspace.root().join("Cargo.toml")).expect("readable");
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn each_chip_package_is_named_to_cargo() {
        let arguments: Vec<_> = chip_package_arguments().collect();
        assert_eq!(arguments.len(), 2 * CHIP_PACKAGES.len());
        assert_eq!(&arguments[..2], &["-p", "scc"]);
    }
}
