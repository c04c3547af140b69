//! `cargo run`: builds the kernel and boots it.
//!
//! On the SCC the program `scc-boot` makes the image, boots it on the emulator and shows the cores; it is built in
//! release mode, because the emulator is slow otherwise, and takes the options given here. Its exit status is ours.
//! On a PC it is QEMU, see [`pc`]. What can be known to be wrong is said before anything is built, see [`check`].

mod check;
mod linux;
mod pc;
mod pc_terminal;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Args, ValueEnum};

use crate::board_arguments::BoardArguments;
use crate::guest::GuestError;
use crate::process::CommandError;
use crate::program::{self, ProgramError};
use crate::setup::Purpose;
use crate::workspace::Workspace;

/// Package of the program that boots it on the emulator.
const BOARD: &str = "scc-boot";

/// Options of `boot`.
#[derive(Args, Clone, Debug, PartialEq)]
pub(crate) struct BootArguments {
    /// Machine the kernel is built for and booted on
    #[arg(long, default_value = "scc", value_name = "PLATFORM")]
    pub(crate) platform: Platform,
    /// Boot this ELF file instead of building the kernel
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
    /// Boot without guests if Linux cannot be built, and say so; what `cargo run` does
    #[arg(long, hide = true, requires = "guest_cores")]
    pub(crate) guests_optional: bool,
    /// How to boot it
    #[command(flatten)]
    pub(crate) board: BoardArguments,
}

impl BootArguments {
    /// What the machine must be ready for.
    pub(crate) const fn purpose(&self) -> Purpose {
        match self.platform {
            Platform::Scc => Purpose::Boot,
            Platform::Pc => Purpose::Pc,
        }
    }
}

/// A machine to boot on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Platform {
    /// The SCC, emulated
    Scc,
    /// A 32-bit PC, emulated by QEMU
    Pc,
}

/// Who types at Linux where it is the guest because none was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typist {
    /// The user, or the session where there is no terminal.
    User,
    /// The session.
    Session,
    /// Nobody.
    Nobody,
}

/// Builds and boots, and returns the exit status of the boot.
pub(crate) fn run(workspace: &Workspace, arguments: &BootArguments) -> Result<ExitCode, BootError> {
    check::check(workspace, arguments)?;
    if arguments.platform == Platform::Pc {
        pc::find_qemu()?;
    }
    let arguments = with_linux(workspace, arguments, Typist::User)?;
    match arguments.platform {
        Platform::Scc => boot_on_board(workspace, &arguments, &[]),
        Platform::Pc => Ok(pc::boot(workspace, &arguments)?),
    }
}

/// Builds and boots on the emulator with further options for `scc-boot`, those of a recording.
pub(crate) fn run_recorded(
    workspace: &Workspace,
    arguments: &BootArguments,
    recording: &[OsString],
    typist: Typist,
) -> Result<ExitCode, BootError> {
    if arguments.platform == Platform::Pc {
        return Err(BootError::NoRecordingOnPc);
    }
    check::check(workspace, arguments)?;
    boot_on_board(workspace, &with_linux(workspace, arguments, typist)?, recording)
}

/// The options with Linux as the guest, if cores are to run guests and none is named.
fn with_linux(
    workspace: &Workspace,
    arguments: &BootArguments,
    typist: Typist,
) -> Result<BootArguments, BootError> {
    let mut arguments = arguments.clone();
    if arguments.board.guest_cores.is_some() && arguments.board.guests.is_empty() {
        match linux::add(workspace, &mut arguments, typist) {
            Err(error) if arguments.guests_optional => {
                eprintln!("boot: left out: Linux on core 0: {error}");
                eprintln!("  next: mend that; `cargo run -- boot` boots without guests in the first place");
                arguments.board.guest_cores = None;
            }
            linux => linux?,
        }
    }
    Ok(arguments)
}

fn boot_on_board(
    workspace: &Workspace,
    arguments: &BootArguments,
    further: &[OsString],
) -> Result<ExitCode, BootError> {
    let kernel = match &arguments.kernel {
        Some(file) => file.clone(),
        None => {
            eprintln!("boot: building the kernel");
            program::kernel(
                workspace,
                Platform::Scc,
                arguments.board.command_line.as_deref().unwrap_or_default(),
            )?
        }
    };
    eprintln!("boot: building the emulator");
    let board = program::build(workspace, BOARD, None)?;
    let mut command = Command::new(board);
    command.arg(kernel).arg("--image").arg(workspace.scratch().join("image"));
    command.args(board_words(&arguments.board)).args(further);
    let failed = |source| CommandError::Start { program: BOARD.to_owned(), source };
    let status = command.status().map_err(failed)?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => Ok(ExitCode::from(code)),
        None => Err(CommandError::Failed { command: BOARD.to_owned(), status }.into()),
    }
}

/// The options as `scc-boot` takes them.
fn board_words(board: &BoardArguments) -> Vec<OsString> {
    let BoardArguments {
        cores,
        model,
        timing,
        boot_from,
        command_line,
        services,
        guests,
        guest_cores,
        guest_files,
        guest_command_line,
        guest_memory,
        session,
        guest_disk,
        guest_disk_core,
        guest_scratch,
        until,
        lose_requests,
        lose_packets,
        loss_seed,
        gdb,
        wall,
        json,
        plain,
    } = board;
    let mut words: Vec<OsString> = Vec::new();
    let mut option = |name: &str, value: OsString| words.extend([name.into(), value]);
    option("--cores", cores.to_string().into());
    option("--model", name_of(model));
    option("--timing", name_of(timing));
    option("--boot-from", name_of(boot_from));
    guests.iter().for_each(|file| option("--guest", file.into()));
    guest_files.iter().for_each(|file| option("--guest-files", file.into()));
    option("--guest-command-line", guest_command_line.into());
    guest_cores.iter().for_each(|cores| option("--guests", cores.to_string().into()));
    guest_memory.iter().for_each(|megabytes| option("--guest-memory", megabytes.to_string().into()));
    session.iter().for_each(|file| option("--session", file.into()));
    guest_disk.iter().for_each(|file| option("--guest-disk", file.into()));
    guest_disk_core.iter().for_each(|core| option("--guest-disk-core", core.to_string().into()));
    option("--guest-scratch", guest_scratch.to_string().into());
    option("--until", name_of(until));
    option("--lose-requests", lose_requests.to_string().into());
    option("--lose-packets", lose_packets.to_string().into());
    option("--loss-seed", loss_seed.to_string().into());
    let texts = [("--command-line", command_line), ("--services", services), ("--gdb", gdb)];
    for (name, text) in texts {
        text.iter().for_each(|text| option(name, text.into()));
    }
    wall.iter().for_each(|seconds| option("--wall", seconds.to_string().into()));
    json.iter().for_each(|file| option("--json", file.into()));
    words.extend(plain.then(|| "--plain".into()));
    words
}

fn name_of(value: &impl ValueEnum) -> OsString {
    let name = value.to_possible_value().expect("no value of these options is hidden");
    name.get_name().into()
}

/// Why nothing was booted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootError {
    /// The options are wrong.
    #[error(transparent)]
    Input(#[from] check::InputError),
    /// The kernel was not booted on a PC.
    #[error(transparent)]
    Pc(#[from] pc::PcError),
    /// A recording was asked for on a PC.
    #[error("only the emulator records: leave --platform out")]
    NoRecordingOnPc,
    /// Linux was not built.
    #[error("no Linux: {0}\n  next: mend that, or name another guest with --guest, or leave --guests out")]
    Linux(#[from] Box<GuestError>),
    /// Building failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The program could not be started, or a signal ended it.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl BootError {
    /// Whether the options are at fault.
    pub(crate) const fn is_wrong_input(&self) -> bool {
        matches!(self, Self::Input(_) | Self::NoRecordingOnPc)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        boot: BootArguments,
    }

    fn parse(words: impl IntoIterator<Item = OsString>) -> BootArguments {
        Line::try_parse_from([OsString::from("boot")].into_iter().chain(words)).expect("parses").boot
    }

    #[test]
    fn options_are_handed_on_as_they_were_given() {
        for line in [
            "",
            "--cores 0,5-7 --model fast --timing flat --boot-from core0 --until first-task --wall 2.5 --plain",
            "--gdb",
            "--services echo@3,ping@0 --until first-task",
            "--services ping",
            "--guest a.elf --guest b.elf --guest-files f --guest-command-line quiet --guest-memory 32 --guests 2 --guest-disk d --guest-disk-core 3 --guest-scratch 1",
            "--guest a.elf --guests all --session s.toml",
            "--lose-requests 2.5 --lose-packets 0.1 --loss-seed 18446744073709551615",
            "--gdb 127.0.0.1:99 --json out.json --command-line provoke=panic@3",
        ] {
            let given = parse(line.split_whitespace().map(OsString::from));
            assert_eq!(parse(board_words(&given.board)).board, given.board, "{line}");
        }
    }
}
