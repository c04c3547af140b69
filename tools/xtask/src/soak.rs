//! `cargo xtask soak`: builds the program of the soak in release mode, for the emulator is slow otherwise, and runs it with
//! the options given. Its exit status is ours.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::process::CommandError;
use crate::program::{self, Profile, ProgramError};
use crate::soak_arguments::SoakArguments;
use crate::workspace::Workspace;

/// Package and name of the program.
const PACKAGE: &str = "boot-tests";
const PROGRAM: &str = "soak";

/// Runs the soak and returns its exit status.
pub(crate) fn run(workspace: &Workspace, arguments: &SoakArguments) -> Result<ExitCode, SoakError> {
    let program = program::build_with(workspace, PACKAGE, None, Profile::Release, &["--bin", PROGRAM])?;
    let mut command = Command::new(program);
    command.arg("--folder").arg(workspace.scratch().join("soak")).args(words(arguments));
    let failed = |source| CommandError::Start { program: PROGRAM.to_owned(), source };
    let status = command.status().map_err(failed)?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => Ok(ExitCode::from(code)),
        None => Err(CommandError::Failed { command: PROGRAM.to_owned(), status }.into()),
    }
}

/// The options as the program takes them.
fn words(arguments: &SoakArguments) -> Vec<OsString> {
    let SoakArguments { cores, letters, messages, seed, lose_requests, restarts } = arguments;
    let options = [
        ("--cores", cores.to_string()),
        ("--letters", letters.to_string()),
        ("--messages", messages.to_string()),
        ("--seed", seed.to_string()),
        ("--lose-requests", lose_requests.to_string()),
        ("--restarts", restarts.to_string()),
    ];
    options.into_iter().flat_map(|(name, value)| [name.into(), value.into()]).collect()
}

/// Why there was no soak.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SoakError {
    /// Building failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The program could not be started, or a signal ended it.
    #[error(transparent)]
    Command(#[from] CommandError),
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        soak: SoakArguments,
    }

    fn parse(words: impl IntoIterator<Item = OsString>) -> SoakArguments {
        Line::try_parse_from([OsString::from("soak")].into_iter().chain(words)).expect("parses").soak
    }

    #[test]
    fn options_are_handed_on_as_they_were_given() {
        for line in
            ["", "--cores 0,5-7 --letters 3 --messages 9 --seed 4294967295 --lose-requests 2.5 --restarts 0"]
        {
            let given = parse(line.split_whitespace().map(OsString::from));
            assert_eq!(parse(words(&given)), given, "{line}");
        }
    }
}
