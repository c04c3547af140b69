//! The Rust side of the set-up: the target of the SCC's cores, rustfmt and clippy.
//!
//! The toolchain file's `targets` key is not relied on: rustup ignores it where automatic installation is
//! switched off. So `rustup target add` is run here, and only if the target is really absent.

use std::path::Path;
use std::process::Command;

use crate::process::{self, CommandError};
use crate::setup::Need;
use crate::workspace::{CORE_TARGET, Workspace};

/// Components that the gate calls.
const COMPONENTS: [&str; 2] = ["rustfmt", "clippy"];

/// Looks whether the target of the SCC's cores is there.
pub(super) fn survey_target(workspace: &Workspace) -> Need {
    Need {
        name: format!("Rust target {CORE_TARGET}"),
        used_for: "kernel for the SCC's cores",
        is_met: target_is_installed(workspace),
        remedy: format!("rustup target add {CORE_TARGET}"),
    }
}

/// Looks whether rustfmt and clippy are there.
pub(super) fn survey_components(workspace: &Workspace) -> Vec<Need> {
    let need = |component: &str| Need {
        name: format!("Rust component {component}"),
        used_for: "checks of the sources",
        is_met: component_is_installed(workspace, component),
        remedy: format!("rustup component add {component}"),
    };
    COMPONENTS.map(need).into()
}

/// Adds the target of the SCC's cores if it is missing.
pub(super) fn ensure_target(workspace: &Workspace) -> Result<(), RustError> {
    if !target_is_installed(workspace) {
        println!("setup: rustup target add {CORE_TARGET}");
        process::run(rustup(workspace).args(["target", "add", CORE_TARGET])).map_err(RustError::Target)?;
    }
    Ok(())
}

/// Adds rustfmt and clippy if they are missing.
pub(super) fn ensure_components(workspace: &Workspace) -> Result<(), RustError> {
    for component in COMPONENTS {
        if !component_is_installed(workspace, component) {
            println!("setup: rustup component add {component}");
            process::run(rustup(workspace).args(["component", "add", component]))
                .map_err(|source| RustError::Component { component, source })?;
        }
    }
    Ok(())
}

fn rustup(workspace: &Workspace) -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(workspace.root());
    command
}

/// Asks rustc itself, so that toolchains which rustup does not manage count too.
fn target_is_installed(workspace: &Workspace) -> bool {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(workspace.root()).args(["--print", "target-libdir", "--target", CORE_TARGET]);
    process::output(&mut command).is_ok_and(|directory| holds_core(Path::new(directory.trim())))
}

/// Tells whether `directory` has a compiled `core` library in it.
fn holds_core(directory: &Path) -> bool {
    std::fs::read_dir(directory).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
    })
}

fn component_is_installed(workspace: &Workspace, component: &str) -> bool {
    let subcommand = if component == "rustfmt" { "fmt" } else { component };
    process::probe(process::cargo(workspace).args([subcommand, "--version"]))
}

/// Why the Rust side is incomplete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RustError {
    /// The target could not be added.
    #[error(
        "the Rust target {CORE_TARGET} is missing and rustup did not add it: {0}
  next: check the network and run `rustup target add {CORE_TARGET}`.
  The second way, on Debian 12, is its own Rust, which builds the target's library from source:
    apt-get install rustc-web cargo-web rust-web-src lld-22
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo build -Zbuild-std=core,alloc,compiler_builtins \\
        -Zbuild-std-features=compiler-builtins-mem --target {CORE_TARGET} -p scc -p i586"
    )]
    Target(CommandError),
    /// A component could not be added.
    #[error(
        "the Rust component {component} is missing and rustup did not add it: {source}\n  next: `rustup component add {component}`"
    )]
    Component {
        /// rustup's name of it.
        component: &'static str,
        /// What rustup did.
        source: CommandError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_without_core_is_not_an_installed_target() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        assert!(!holds_core(workspace.root()));
        assert!(!holds_core(&workspace.root().join("no-such-directory")));
    }

    #[test]
    fn failure_names_the_target_and_the_second_way() {
        let source = process::run(&mut Command::new("no-such-program-here")).expect_err("cannot start");
        let text = RustError::Target(source).to_string();
        assert!(text.contains(CORE_TARGET) && text.contains("rustc-web"));
    }
}
