//! Running other programs.
//!
//! A cargo that is started by a program that cargo started inherits variables meant for the outer build
//! (`CARGO_MANIFEST_DIR`, `RUSTFLAGS`, …). They would defeat the settings in `.cargo/config.toml` and force
//! rebuilds, so [`cargo`] keeps only those that a user sets on purpose.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::workspace::Workspace;

/// Variables beginning with `CARGO` that survive: user settings that change where or how, not what.
const KEPT_VARIABLES: &[&str] = &["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "CARGO_BUILD_JOBS"];

/// The same, as beginnings of names.
const KEPT_PREFIXES: &[&str] = &["CARGO_TERM_", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR"];

/// Cargo in the workspace root, without the outer build's variables.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    at_root(workspace, std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program that may start cargo, in the workspace root and without the outer build's variables.
pub(crate) fn at_root(workspace: &Workspace, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace.root());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_inherited_from_the_outer_build) {
            command.env_remove(name);
        }
    }
    command
}

fn is_inherited_from_the_outer_build(name: &str) -> bool {
    match name {
        "RUSTFLAGS" | "RUSTDOCFLAGS" | "LD_LIBRARY_PATH" => true,
        _ => {
            name.starts_with("CARGO")
                && !KEPT_VARIABLES.contains(&name)
                && !KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        }
    }
}

/// Runs `command` on this terminal and waits for it.
pub(crate) fn run(command: &mut Command) -> Result<(), CommandError> {
    let status = command.status().map_err(|source| cannot_start(command, source))?;
    succeeded(command, status)
}

/// Runs `command` and returns what it wrote to standard output; its errors go to this terminal.
pub(crate) fn output(command: &mut Command) -> Result<String, CommandError> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|source| cannot_start(command, source))?;
    succeeded(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `command` silently and tells whether it started and succeeded.
pub(crate) fn probe(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `command` and hands each line that it writes, to either stream, to `on_line` as it comes.
pub(crate) fn watch(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<(), CommandError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| cannot_start(command, source))?;
    let (sender, receiver) = mpsc::channel();
    let readers = [
        child.stdout.take().map(|stream| forward_lines(stream, sender.clone())),
        child.stderr.take().map(|stream| forward_lines(stream, sender)),
    ];
    for line in receiver {
        on_line(&line);
    }
    for reader in readers.into_iter().flatten() {
        reader.join().expect("a reader only splits lines, which cannot panic");
    }
    let status = child.wait().map_err(|source| cannot_start(command, source))?;
    succeeded(command, status)
}

/// Sends the lines of `stream` until it ends or nobody listens.
fn forward_lines(stream: impl Read + Send + 'static, sender: mpsc::Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for bytes in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned();
            if sender.send(line).is_err() {
                break;
            }
        }
    })
}

fn cannot_start(command: &Command, source: std::io::Error) -> CommandError {
    CommandError::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<(), CommandError> {
    if status.success() { Ok(()) } else { Err(CommandError::Failed { command: shown(command), status }) }
}

/// The command as one would type it; the path of the program is shortened to its name.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// It could not be started or waited for.
    #[error("cannot run `{program}`: {source}")]
    Start {
        /// Name of the program.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It ran and reported failure.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command as one would type it.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_build_variables_are_dropped_and_user_settings_kept() {
        for dropped in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_CFG_UNIX", "RUSTFLAGS"] {
            assert!(is_inherited_from_the_outer_build(dropped), "{dropped}");
        }
        for kept in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_TERM_COLOR", "PATH", "RUSTUP_TOOLCHAIN"] {
            assert!(!is_inherited_from_the_outer_build(kept), "{kept}");
        }
    }

    #[test]
    fn watch_delivers_lines_of_both_streams_and_the_failure() {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let error = watch(&mut command, |line| lines.push(line.to_owned())).expect_err("exit 3");
        lines.sort();
        assert_eq!(lines, ["err", "out"]);
        assert!(matches!(error, CommandError::Failed { status, .. } if status.code() == Some(3)));
    }

    #[test]
    fn missing_program_is_named() {
        let error = run(&mut Command::new("no-such-program-here")).expect_err("cannot start");
        assert!(error.to_string().contains("no-such-program-here"));
    }

    #[test]
    fn shown_command_reads_as_typed() {
        assert_eq!(shown(Command::new("/usr/bin/cargo").args(["fmt", "--all"])), "cargo fmt --all");
    }
}
