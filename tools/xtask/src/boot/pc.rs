//! `cargo run -- boot --platform pc`: the kernel on QEMU's PC, its console on this terminal.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use scc_image::{CoreList, ElfError, GuestListError, KernelFile, guest_list, pc};
use trace_format::debug_exit::Ending;

use super::pc_terminal::{self, TerminalError};
use super::{BootArguments, Platform};
use crate::board_arguments::{BoardArguments, GuestCores, Model, Starter, Timing, Until};
use crate::process;
use crate::program::{self, ProgramError};
use crate::workspace::Workspace;

/// Exit status if the user ended the run.
const ENDED_BY_USER: u8 = 3;
/// Exit status if the kernel said nothing about its end: the processor shut down, or somebody ended QEMU.
const SHUT_DOWN: u8 = 5;

/// Looks whether QEMU is there.
///
/// # Errors
/// [`PcError::NotInstalled`] if not.
pub(super) fn find_qemu() -> Result<(), PcError> {
    process::probe(Command::new(pc::QEMU).arg("--version")).then_some(()).ok_or(PcError::NotInstalled)
}

/// Builds the kernel, boots it, and returns 0 after success, 1 after failure, 5 after anything else. The options are known
/// to be good.
pub(super) fn boot(workspace: &Workspace, arguments: &BootArguments) -> Result<ExitCode, PcError> {
    let words = command_line(&arguments.board).expect("options of the board were refused");
    let kernel = match &arguments.kernel {
        Some(file) => file.clone(),
        None => {
            eprintln!("boot: building the kernel for a PC");
            program::kernel(workspace, Platform::Pc, &words)?
        }
    };
    let bytes = std::fs::read(&kernel).map_err(|source| PcError::File { file: kernel.clone(), source })?;
    let parsed = KernelFile::parse(&bytes).map_err(|error| PcError::Elf { file: kernel.clone(), error })?;
    let guests = arguments.board.read_guests().map_err(|(file, source)| PcError::File { file, source })?;
    let mut modules = vec![("kernel-pc.symbols", pc::symbol_module(&parsed))];
    if !guests.is_empty() {
        modules.push(("kernel-pc.guests", guest_list(&guests, None, &[])?));
    }
    let mut files = Vec::new();
    for (name, bytes) in modules {
        let file = workspace.scratch().join(name);
        let written =
            std::fs::create_dir_all(workspace.scratch()).and_then(|()| std::fs::write(&file, bytes));
        written.map_err(|source| PcError::File { file: file.clone(), source })?;
        files.push(file);
    }
    let mut qemu = pc::qemu(&kernel, &files, &words);
    if let Some(address) = &arguments.board.gdb {
        eprintln!("boot: waiting for: gdb -ex 'target remote {address}' {}", kernel.display());
        qemu.arg("-gdb").arg(format!("tcp:{address}")).arg("-S");
    }
    let status = match &arguments.board.session {
        _ if guests.is_empty() => qemu.status().map_err(TerminalError::Qemu),
        Some(script) => pc_terminal::run_session(qemu, script, guests.len()),
        None if is_attachable(&arguments.board) => {
            let names: Vec<_> = guests.into_iter().map(|guest| guest.name).collect();
            match pc_terminal::run_attached(qemu, &names) {
                Ok(None) => return Ok(ExitCode::from(ENDED_BY_USER)),
                Ok(Some(status)) => Ok(status),
                Err(error) => Err(error),
            }
        }
        None => qemu.status().map_err(TerminalError::Qemu),
    };
    let status = status.map_err(PcError::Terminal)?;
    Ok(ExitCode::from(match status.code().and_then(Ending::from_status) {
        Some(Ending::Passed) => 0,
        Some(Ending::Failed) => 1,
        None => SHUT_DOWN,
    }))
}

/// Whether the user's terminal can be a guest's.
fn is_attachable(board: &BoardArguments) -> bool {
    !board.plain && board.gdb.is_none() && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// What the kernel is told; `None` if an option asks for something that only the board has.
pub(super) fn command_line(board: &BoardArguments) -> Option<String> {
    let BoardArguments {
        cores,
        model,
        timing,
        boot_from,
        command_line,
        services,
        guests: _,
        guest_files: _,
        guest_command_line: _,
        guest_memory: _,
        guest_disk: _,
        guest_scratch: _,
        guest_disk_core,
        guest_cores,
        session: _,
        until,
        lose_requests,
        lose_packets,
        loss_seed,
        gdb: _,
        wall,
        json,
        plain: _,
    } = board;
    let of_the_board = *cores != CoreList::all()
        || guest_cores.is_some_and(|cores| !matches!(cores, GuestCores::All | GuestCores::Lowest(1)))
        || *model != Model::Strict
        || *timing != Timing::Scc
        || *boot_from != Starter::Host
        || *lose_requests > 0.0
        || *lose_packets > 0.0
        || *loss_seed != 0
        || guest_disk_core.is_some()
        || services.is_some()
        || wall.is_some()
        || json.is_some();
    if of_the_board {
        return None;
    }
    let test = (*until == Until::Selftest).then_some("selftest");
    Some(test.into_iter().chain(command_line.as_deref()).collect::<Vec<_>>().join(" "))
}

/// Why the kernel was not booted on a PC.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PcError {
    /// There is no QEMU.
    #[error(
        "{program} is not installed\n  next: `cargo xtask setup`, or `apt-get install {package}`",
        program = pc::QEMU, package = pc::QEMU_PACKAGE
    )]
    NotInstalled,
    /// QEMU could not be run, or nobody could talk to a guest.
    #[error(transparent)]
    Terminal(TerminalError),
    /// A file could not be read or written.
    #[error("{file}: {source}", file = file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel is no program for the chip.
    #[error("{file}: {error}", file = file.display())]
    Elf {
        /// The file.
        file: PathBuf,
        /// Where and what.
        error: ElfError,
    },
    /// No list of the guests can be made.
    #[error(transparent)]
    Guests(#[from] GuestListError),
    /// Building failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
}
