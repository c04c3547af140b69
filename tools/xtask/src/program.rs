//! Building a program of the workspace and finding it: cargo itself says where it is.

use std::path::PathBuf;

use crate::boot::Platform;
use crate::process::{self, CommandError};
use crate::workspace::{CORE_TARGET, Workspace};

/// How a program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As tests are.
    Development,
    /// Optimised.
    Release,
    /// As kernels are: optimised, panics abort, arithmetic is checked.
    Kernel,
}

impl Profile {
    /// Cargo's name of it.
    const fn name(self) -> &'static str {
        match self {
            Self::Development => "dev",
            Self::Release => "release",
            Self::Kernel => "kernel",
        }
    }
}

/// Builds the program of `package` in release mode, for this machine or for `target`, and returns its path.
pub(crate) fn build(
    workspace: &Workspace,
    package: &'static str,
    target: Option<&str>,
) -> Result<PathBuf, ProgramError> {
    build_as(workspace, package, target, Profile::Release)
}

/// Builds the program of `package` with a profile, for this machine or for `target`, and returns its path. Cargo
/// shows its progress.
pub(crate) fn build_as(
    workspace: &Workspace,
    package: &'static str,
    target: Option<&str>,
    profile: Profile,
) -> Result<PathBuf, ProgramError> {
    build_with(workspace, package, target, profile, &[])
}

/// As [`build_as`], with further options for cargo: which program of the package, which features.
pub(crate) fn build_with(
    workspace: &Workspace,
    package: &'static str,
    target: Option<&str>,
    profile: Profile,
    options: &[&str],
) -> Result<PathBuf, ProgramError> {
    let messages = build_messages(workspace, package, target, profile, options)?;
    executable_in(&messages).ok_or(ProgramError::NoExecutable { package })
}

/// Builds `package` and returns what cargo says of it, one JSON object per line.
fn build_messages(
    workspace: &Workspace,
    package: &str,
    target: Option<&str>,
    profile: Profile,
    options: &[&str],
) -> Result<String, CommandError> {
    let mut cargo = process::cargo(workspace);
    cargo.args(["build", "--profile", profile.name(), "--package", package]).args(options);
    cargo.arg("--message-format=json-render-diagnostics");
    cargo.args(target.map(|target| format!("--target={target}")));
    process::output(&mut cargo)
}

/// Builds the static library of `package` for `target` and returns its path.
pub(crate) fn build_library(
    workspace: &Workspace,
    package: &'static str,
    target: &str,
    profile: Profile,
) -> Result<PathBuf, ProgramError> {
    let messages = build_messages(workspace, package, Some(target), profile, &[])?;
    library_in(&messages).ok_or(ProgramError::NoExecutable { package })
}

/// How cargo builds the kernel, without or with what cores check and measure.
const fn kernel_options(platform: Platform, with_trials: bool) -> &'static [&'static str] {
    match (platform, with_trials) {
        (Platform::Scc, false) => &["--bin", "kernel"],
        (Platform::Scc, true) => &["--bin", "kernel-trials", "--features", "trials"],
        (Platform::Pc, false) => &["--bin", "kernel-pc", "--no-default-features", "--features", "pc"],
        (Platform::Pc, true) => {
            &["--bin", "kernel-pc-trials", "--no-default-features", "--features", "pc,trials"]
        }
    }
}

/// Builds the kernel as its command line needs it: with what cores check and measure, or without, which is half as large.
pub(crate) fn kernel(
    workspace: &Workspace,
    platform: Platform,
    command_line: &str,
) -> Result<PathBuf, ProgramError> {
    let needs_trials = command_line.split_whitespace().any(asks_for_trials);
    let options = kernel_options(platform, needs_trials);
    build_with(workspace, "kernel", Some(CORE_TARGET), Profile::Kernel, options)
}

/// Whether a word of the kernel's command line is only understood with feature `trials`.
fn asks_for_trials(word: &str) -> bool {
    matches!(word, "selftest=ipi" | "selftest=mail")
        || word.starts_with("measure=")
        || word.starts_with("soak=")
}

/// Finds the last executable among cargo's messages.
fn executable_in(messages: &str) -> Option<PathBuf> {
    let executables =
        json_lines(messages).filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from));
    executables.last()
}

/// Finds the last static library among cargo's messages.
fn library_in(messages: &str) -> Option<PathBuf> {
    let lists = json_lines(messages).filter_map(|message| message.get("filenames")?.as_array().cloned());
    let files = lists.flatten().filter_map(|file| file.as_str().map(PathBuf::from));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "a")).last()
}

fn json_lines(messages: &str) -> impl Iterator<Item = serde_json::Value> {
    messages.lines().filter_map(|line| serde_json::from_str(line).ok())
}

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// Cargo built the package but reported no program.
    #[error("cargo built {package} without reporting what it made")]
    NoExecutable {
        /// The package.
        package: &'static str,
    },
    /// Building failed.
    #[error(transparent)]
    Command(#[from] CommandError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executable_is_taken_from_the_artifact_message() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","executable":"/t/release/scc-emu"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable_in(messages), Some(PathBuf::from("/t/release/scc-emu")));
    }

    #[test]
    fn library_is_taken_from_the_files_of_an_artifact() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","filenames":["/t/kernel/libscc.rlib"],"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","filenames":["/t/kernel/librcce.a"],"executable":null}"#,
        );
        assert_eq!(library_in(messages), Some(PathBuf::from("/t/kernel/librcce.a")));
        assert_eq!(library_in("{\"reason\":\"build-finished\"}"), None);
    }

    #[test]
    fn messages_without_executable_give_none() {
        assert_eq!(executable_in("{\"reason\":\"build-finished\"}\nnot json"), None);
    }
}
