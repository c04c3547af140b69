//! `cargo run`: builds the emulator in release mode and runs the demonstration board on it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{self, CommandError};
use crate::workspace::Workspace;

/// Builds `scc-emu` and runs it on the demonstration board until the board is done.
pub(crate) fn run(workspace: &Workspace) -> Result<(), DemoError> {
    let arguments = arguments()?;
    let emulator = build_emulator(workspace)?;
    process::run(Command::new(emulator).args(arguments).current_dir(workspace.root()))?;
    Ok(())
}

/// Command line of `scc-emu` for the demonstration board, paths relative to the root of the workspace.
fn arguments() -> Result<Vec<OsString>, DemoError> {
    Err(DemoError::NoImage)
}

/// Builds the emulator in release mode and returns the path of its program, as cargo reports it.
fn build_emulator(workspace: &Workspace) -> Result<PathBuf, DemoError> {
    let messages = process::output(process::cargo(workspace).args([
        "build",
        "--release",
        "--package",
        "scc-emu",
        "--message-format=json-render-diagnostics",
    ]))?;
    executable_in(&messages).ok_or(DemoError::NoExecutable)
}

/// Finds the last executable among cargo's messages, one JSON object per line.
fn executable_in(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .next_back()
}

/// Why the demonstration did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// There is no image to boot yet.
    #[error(
        "there is no demonstration image yet\n  next: `cargo run --release -p scc-emu -- run --help` shows how to boot an image of your own"
    )]
    NoImage,
    /// Cargo built the package but reported no program.
    #[error("cargo built scc-emu without reporting an executable")]
    NoExecutable,
    /// Building or running failed.
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
    fn messages_without_executable_give_none() {
        assert_eq!(executable_in("{\"reason\":\"build-finished\"}\nnot json"), None);
    }
}
