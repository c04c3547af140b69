//! `cargo xtask guest storm`: builds Linux and the program of the storm, in release mode because the emulator is slow
//! otherwise, and runs it with the options given. Its exit status is ours.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use super::{GuestError, MEGABYTES, SCRATCH_MEGABYTES};
use crate::process::CommandError;
use crate::program::{self, Profile};
use crate::storm_arguments::StormArguments;
use crate::workspace::Workspace;

/// Package and name of the program.
const PACKAGE: &str = "boot-tests";
const PROGRAM: &str = "guest-storm";

/// Examples under the help of `storm`.
pub(super) const EXAMPLES: &str = "\
Examples:
  cargo xtask guest storm --minutes 0.05 --guests 2   three seconds of three guests, some minutes of this machine
  cargo xtask guest storm --short --guests 1 --minutes 0.1
                                                      a round each, a stop and a round again: what the gate runs
  cargo xtask guest storm --tile-divider 15 --json storm.json
                                                      ten minutes of nine guests on the slowest clock
  cargo xtask guest storm --wall 3600 --json storm.json
                                                      as much of ten minutes of nine guests as an hour is enough for";

/// Runs the storm and returns its exit status.
pub(super) fn run(workspace: &Workspace, arguments: &StormArguments) -> Result<ExitCode, GuestError> {
    let linux = super::for_hypervisor(workspace)?;
    // The tests have it built as they are built, and a short storm takes less than the optimiser.
    let profile = if arguments.short { Profile::Development } else { Profile::Release };
    let program = program::build_with(workspace, PACKAGE, None, profile, &["--bin", PROGRAM])?;
    let mut command = Command::new(program);
    command.arg("--linux").arg(linux.kernel).arg("--files").arg(linux.files);
    command.arg("--command-line").arg(super::command_line());
    command.args(["--memory", &MEGABYTES.to_string(), "--scratch", &SCRATCH_MEGABYTES.to_string()]);
    command.arg("--folder").arg(workspace.scratch().join("storm")).args(words(arguments));
    let failed = |source| CommandError::Start { program: PROGRAM.to_owned(), source };
    let status = command.status().map_err(failed)?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => Ok(ExitCode::from(code)),
        None => Err(CommandError::Failed { command: PROGRAM.to_owned(), status }.into()),
    }
}

/// The options as the program takes them.
fn words(arguments: &StormArguments) -> Vec<OsString> {
    let StormArguments { minutes, guests, stop_every, short, seed, tile_divider, wall, json } = arguments;
    let always = [("--minutes", minutes.to_string()), ("--guests", guests.to_string())];
    let long = [("--stop-every", stop_every.to_string()), ("--seed", seed.to_string())];
    let options = always.into_iter().chain(long.into_iter().filter(|_| !short));
    let clock = ("--tile-divider", tile_divider.to_string());
    let wall = wall.map(|seconds| ("--wall", seconds.to_string()));
    let named = options.chain([clock]).chain(wall).map(|(name, value)| (name, value.into()));
    let json = json.iter().map(|file| ("--json", file.clone().into_os_string()));
    let flag = short.then(|| "--short".into());
    named.chain(json).flat_map(|(name, value)| [name.into(), value]).chain(flag).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        storm: StormArguments,
    }

    fn parse(words: impl IntoIterator<Item = OsString>) -> StormArguments {
        Line::try_parse_from([OsString::from("storm")].into_iter().chain(words)).expect("parses").storm
    }

    #[test]
    fn options_are_handed_on_as_they_were_given() {
        for line in [
            "",
            "--short --minutes 0.1 --guests 1",
            "--minutes 0.05 --guests 2 --stop-every 0.5 --seed 18446744073709551615 --tile-divider 15 --wall 60 --json s.json",
        ] {
            let given = parse(line.split_whitespace().map(OsString::from));
            assert_eq!(parse(words(&given)), given, "{line}");
        }
    }
}
