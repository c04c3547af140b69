//! Building programs for the SCC's cores.
//!
//! Cargo is run as from a shell: variables that this program inherits from the cargo that built it would defeat
//! the settings of `.cargo/config.toml`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TARGET: &str = "i586-unknown-linux-gnu";

/// Variables beginning with `CARGO` that a user sets on purpose: they say where or how to build, not what.
const KEPT: [&str; 4] = ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "CARGO_BUILD_JOBS"];

/// The same, as beginnings of names.
const KEPT_PREFIXES: [&str; 4] = ["CARGO_TERM_", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR"];

/// Builds the program of `package` with a cargo profile and returns its path.
///
/// # Errors
/// Cargo cannot be run or reports failure.
pub fn build(package: &'static str, profile: &str) -> Result<PathBuf, BuildError> {
    build_with(package, profile, &[])
}

/// Builds a program of `package` with a cargo profile and further options for cargo and returns its path.
///
/// # Errors
/// Cargo cannot be run or reports failure.
pub fn build_with(package: &'static str, profile: &str, options: &[&str]) -> Result<PathBuf, BuildError> {
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--package", package, "--profile", profile, "--target", TARGET]);
    cargo.args(options).arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output = cargo.output().map_err(BuildError::Cargo)?;
    if !output.status.success() {
        return Err(BuildError::Failed(package));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    messages.lines().find_map(executable).ok_or(BuildError::NoExecutable(package))
}

/// Builds the guest of a C program, named from the root of the workspace, at `output`, as a user would.
///
/// # Errors
/// Cargo cannot be run, or the guest does not build.
pub fn build_c_guest(file: &str, output: &Path) -> Result<(), BuildError> {
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--package", "xtask", "--", "guest", "c"]);
    cargo.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).arg("--output").arg(output);
    let status = cargo.stdout(Stdio::null()).status().map_err(BuildError::Cargo)?;
    if status.success() { Ok(()) } else { Err(BuildError::CGuest(file.to_owned())) }
}

/// Cargo, as from a shell.
fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_inherited) {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn is_inherited(name: &str) -> bool {
    match name {
        "RUSTFLAGS" | "RUSTDOCFLAGS" | "LD_LIBRARY_PATH" => true,
        _ => {
            name.starts_with("CARGO")
                && !KEPT.contains(&name)
                && !KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        }
    }
}

/// The executable that one of cargo's messages names.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo could not be started.
    #[error("cannot run cargo: {0}")]
    Cargo(io::Error),
    /// Cargo reported failure; its messages went to standard error.
    #[error("cannot build {0} for {TARGET}; `rustup target add {TARGET}` installs the target")]
    Failed(&'static str),
    /// The guest of a C program was not built; what went wrong went to standard error.
    #[error("cannot build the guest of {0}")]
    CGuest(String),
    /// Cargo succeeded without naming a program.
    #[error("cargo built no executable of {0}")]
    NoExecutable(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executable_is_found_in_the_message_that_names_one() {
        assert_eq!(executable(r#"{"reason":"compiler-artifact","executable":null}"#), None);
        assert_eq!(
            executable(r#"{"executable":"/t/native-runner"}"#),
            Some(PathBuf::from("/t/native-runner"))
        );
    }
}
