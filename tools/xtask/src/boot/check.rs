//! What is known to be wrong with a boot before anything is built for it.

use std::path::{Path, PathBuf};

use guest_terminal::{Machine, Script, ScriptError};
use scc_image::{ElfError, KernelFile};

use super::words::{self, WordError};
use super::{BootArguments, Platform, pc};
use crate::board_arguments::Contradiction;
use crate::files::{self, FileError};
use crate::workspace::Workspace;

/// Looks at the options, at the files that they name, and at the words for the kernel if it is to be built.
///
/// # Errors
/// [`InputError`] with the first that is wrong.
pub(super) fn check(workspace: &Workspace, arguments: &BootArguments) -> Result<(), InputError> {
    let board = &arguments.board;
    if arguments.platform == Platform::Pc && pc::command_line(board).is_none() {
        return Err(InputError::BoardOption);
    }
    let cores = board.cores_of_guests()?;
    board.lender()?;
    let named = [
        ("--kernel", &arguments.kernel),
        ("--guest-files", &board.guest_files),
        ("--guest-disk", &board.guest_disk),
    ];
    let named = named.into_iter().filter_map(|(option, file)| Some((option, file.as_ref()?)));
    for (option, file) in named.chain(board.guests.iter().map(|file| ("--guest", file))) {
        files::readable(option, file)?;
        if matches!(option, "--kernel" | "--guest") {
            check_program(option, file)?;
        }
    }
    if let Some(file) = &board.json {
        files::writable("--json", file)?;
    }
    if let Some(file) = &board.session {
        if board.guests.is_empty() && board.guest_cores.is_none() {
            return Err(InputError::NobodyToTalkTo);
        }
        let (machine, cores) = match arguments.platform {
            Platform::Scc => (Machine::Scc, cores.count()),
            Platform::Pc => (Machine::Pc, 1),
        };
        Script::read(file, machine, cores * board.guests.len().max(1))?;
    }
    if arguments.kernel.is_none() {
        words::check(workspace, board)?;
    }
    Ok(())
}

/// Looks whether a file that may be read is a program for a core.
fn check_program(option: &'static str, file: &Path) -> Result<(), InputError> {
    let bytes = std::fs::read(file);
    let bytes = bytes.map_err(|source| FileError::Unreadable { option, file: file.to_owned(), source })?;
    match KernelFile::parse(&bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(InputError::NoProgram { option, file: file.to_owned(), error }),
    }
}

/// What is wrong with the options of a boot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// An option asks for something that QEMU's PC does not have.
    #[error(
        "--platform pc takes --kernel, --command-line, --guest and its options, --session, --until, --gdb and --plain only\n  \
         next: leave out the options of the emulated board"
    )]
    BoardOption,
    /// Options do not go together.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// A file is not there, or has no place.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is no program for a core.
    #[error("{option} {}: {error}", file.display())]
    NoProgram {
        /// The option that names it.
        option: &'static str,
        /// The file.
        file: PathBuf,
        /// Where and what.
        error: ElfError,
    },
    /// A script, and no guest.
    #[error("--session types at a guest\n  next: name one with --guest, or --guests 1 for Linux")]
    NobodyToTalkTo,
    /// The script cannot be used.
    #[error("--session {0}")]
    Script(#[from] ScriptError),
    /// The kernel does not understand what it is to be told.
    #[error(transparent)]
    Word(#[from] WordError),
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

    fn check_line(line: &str) -> Result<(), InputError> {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let words = ["boot"].into_iter().chain(line.split_whitespace());
        check(&workspace, &Line::try_parse_from(words).expect("parses").boot)
    }

    #[test]
    fn options_of_the_board_are_refused_for_a_pc() {
        assert!(check_line("--platform pc --guests 1").is_ok());
        for option in ["--model=fast", "--cores=1", "--json=x", "--wall=1", "--lose-packets=1", "--guests=2"]
        {
            let refused = check_line(&format!("--platform pc {option}"));
            assert!(matches!(refused, Err(InputError::BoardOption)), "{option}");
        }
    }

    #[test]
    fn files_that_are_not_there_are_named_with_their_option() {
        for option in ["--kernel", "--guest", "--guest-files", "--guest-disk"] {
            let refused = check_line(&format!("{option} no.file")).expect_err(option).to_string();
            assert!(refused.starts_with(&format!("{option} no.file: ")), "{refused}");
        }
        assert!(matches!(check_line("--json no/such/x.json"), Err(InputError::File(_))));
        assert!(matches!(check_line("--guests 1 --session no.toml"), Err(InputError::Script(_))));
    }

    #[test]
    fn programs_that_no_core_can_run_are_refused() {
        let own = std::env::current_exe().expect("this test is a program");
        for option in ["--kernel", "--guest"] {
            let text = check_line(&format!("{option} Cargo.toml")).expect_err(option).to_string();
            assert!(
                text.starts_with(&format!("{option} Cargo.toml: at offset 0x0: this is no ELF file")),
                "{text}"
            );
            let host = check_line(&format!("{option} {}", own.display())).expect_err(option).to_string();
            assert!(host.contains("as built for i586-unknown-linux-gnu"), "{host}");
        }
        assert!(check_line("--guest-disk Cargo.toml --guest-files Cargo.toml").is_ok());
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        assert!(matches!(check_line("--session s.toml"), Err(InputError::NobodyToTalkTo)));
        assert!(matches!(check_line("--guests 1 --boot-from core0"), Err(InputError::Contradiction(_))));
        assert!(matches!(check_line("--cores 0-3 --guest-disk-core 4"), Err(InputError::Contradiction(_))));
        assert!(matches!(check_line("--services nope"), Err(InputError::Word(_))));
        assert!(check_line("").is_ok());
    }
}
