//! From a kernel's file to a machine whose cores are about to run.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use guest_terminal::ScriptError;
use scc_boot::{Goal, LoadError, Observer, RecordError, Session, Watch, load_image};
use scc_emu::chip::loss::{InterruptLoss, Share};
use scc_emu::gdb::GdbError;
use scc_emu::loader::{Symbol, SymbolTable};
use scc_emu::{HostAccessError, Machine, MemoryModel, TimingModel};
use scc_image::{
    BootFrom, CoreList, ElfError, FolderError, Image, KernelFile, LentDisk, PlacementError, Recipe,
    readable_name, write_folder,
};
use trace_format::RING_SYMBOL;

use crate::arguments::{BoardArguments, Contradiction, Model, Starter, Timing, Until};
use crate::restart::Restart;
use crate::seats::Seats;

/// Why a boot did not come about, or could not be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootError {
    /// The kernel or a guest cannot be read.
    #[error("cannot read {file}: {source}", file = file.display())]
    Read {
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
    /// Cores are to run guests, and there is none.
    #[error("--guests says how many cores run guests, --guest which; give a file")]
    NoGuest,
    /// Options do not go together.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// A script, and no guest.
    #[error("--session types at a guest; give one with --guest, and a kernel with a terminal")]
    NobodyToTalkTo,
    /// The script cannot be used.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// What is typed cannot be handed to a core.
    #[error("cannot type: {0}")]
    Typing(#[from] HostAccessError),
    /// The kernel does not fit the board.
    #[error("{file}: {error}", file = file.display())]
    Placement {
        /// The file.
        file: PathBuf,
        /// What does not fit.
        error: PlacementError,
    },
    /// The image cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The image cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The trace cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// No debugging session came about, or it broke down.
    #[error(transparent)]
    Gdb(#[from] GdbError),
    /// The terminal does not do what it should.
    #[error("the terminal fails: {0}; --plain does without a screen")]
    Terminal(io::Error),
    /// The handler of Ctrl-C cannot be installed.
    #[error("cannot watch for Ctrl-C: {0}")]
    Signal(io::Error),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// The figures cannot be written.
    #[error("cannot write {file}: {source}", file = file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The figures cannot be put into JSON.
    #[error("cannot encode the figures: {0}")]
    Json(#[from] serde_json::Error),
}

impl BootError {
    /// Exit status: 2 for wrong input, 1 for failures of this program or its host.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Read { .. }
            | Self::Elf { .. }
            | Self::NoGuest
            | Self::Contradiction(_)
            | Self::NobodyToTalkTo
            | Self::Script(_)
            | Self::Placement { .. }
            | Self::Folder(_)
            | Self::Load(_)
            | Self::Write { .. }
            | Self::Record(RecordError::Create { .. })
            | Self::Gdb(GdbError::Bind { .. }) => 2,
            Self::Gdb(_)
            | Self::Record(RecordError::Write { .. })
            | Self::Typing(_)
            | Self::Terminal(_)
            | Self::Signal(_)
            | Self::Output(_)
            | Self::Json(_) => 1,
        }
    }
}

/// What becomes of cores that have done what they were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// They stop, so that the run ends.
    Stop,
    /// They stay up for a user who watches them.
    Stay,
}

/// A board that runs.
pub(crate) struct Started {
    /// The machine, and what is known of it.
    pub(crate) session: Session,
    /// Starts a core again.
    pub(crate) restart: Restart,
    /// The guests and their terminals.
    pub(crate) seats: Seats,
}

/// The disk that a core lends, if one does.
fn lent_disk(arguments: &BoardArguments) -> Result<Option<LentDisk>, BootError> {
    let Some(core) = arguments.lender()? else { return Ok(None) };
    let contents = match &arguments.guest_disk {
        Some(file) => std::fs::read(file).map_err(|source| BootError::Read { file: file.clone(), source })?,
        None => Vec::new(),
    };
    Ok(Some(LentDisk { core, contents }))
}

/// Makes the image of a kernel, loads it from its files and releases the cores that the host starts.
pub(crate) fn start(
    kernel: &Path,
    folder: &Path,
    arguments: &BoardArguments,
    afterwards: Afterwards,
) -> Result<Started, BootError> {
    let bytes =
        std::fs::read(kernel).map_err(|source| BootError::Read { file: kernel.to_owned(), source })?;
    let file =
        KernelFile::parse(&bytes).map_err(|error| BootError::Elf { file: kernel.to_owned(), error })?;
    let guests = arguments.read_guests().map_err(|(file, source)| BootError::Read { file, source })?;
    let guest_cores = guest_cores(arguments)?;
    let lent_disk = lent_disk(arguments)?;
    let seats = Seats::new(&file, &guest_cores, &guests);
    if arguments.session.is_some() && seats.is_empty() {
        return Err(BootError::NobodyToTalkTo);
    }
    let recipe = Recipe {
        cores: arguments.cores.clone(),
        boot_from: match arguments.boot_from {
            Starter::Host => BootFrom::Host,
            Starter::Core0 => BootFrom::FirstCore,
        },
        command_line: Some(timed(&kernel_command_line(arguments, arguments.boot_from, afterwards))),
        guests,
        guest_cores: Some(guest_cores),
        lent_disk,
        ..Recipe::default()
    };
    let memory = recipe.memory;
    let image = Image::new(&file, recipe.clone())
        .map_err(|error| BootError::Placement { file: kernel.to_owned(), error })?;
    write_folder(&image, folder)?;
    // What memory holds at power-up is nobody's promise; a kernel that relies on zeroes is to be found out.
    let mut machine = Machine::builder()
        .memory(memory)
        .model(match arguments.model {
            Model::Strict => MemoryModel::Strict,
            Model::Fast => MemoryModel::Fast,
        })
        .timing(match arguments.timing {
            Timing::Scc => TimingModel::Scc,
            Timing::Flat => TimingModel::Flat,
        })
        .poison(true)
        .interrupt_loss(InterruptLoss {
            requests: share(arguments.lose_requests),
            packets: share(arguments.lose_packets),
            seed: arguments.loss_seed,
        })
        .build();
    let loaded = load_image(&mut machine, memory, folder)?;
    let goal = match arguments.until {
        Until::Selftest => Goal::SelfTests,
        Until::FirstTask => Goal::FirstTask,
        Until::Quiet => Goal::Quiet,
    };
    let watch = Watch::new(file.symbol(RING_SYMBOL));
    let mut observer = Observer::new(watch, arguments.cores.clone(), goal, symbols(&file));
    observer.limit_wall(arguments.wall.map(Duration::from_secs_f64));
    let mut session = Session::new(machine, observer);
    session.release(loaded);
    let words = kernel_command_line(arguments, Starter::Host, afterwards);
    Ok(Started { session, restart: Restart::new(file, recipe, words), seats })
}

/// Cores that run the guests.
fn guest_cores(arguments: &BoardArguments) -> Result<CoreList, BootError> {
    if arguments.guest_cores.is_some() && arguments.guests.is_empty() {
        return Err(BootError::NoGuest);
    }
    Ok(arguments.cores_of_guests()?)
}

fn share(percent: f64) -> Share {
    Share::try_from(percent).expect("the options take 0 to 100 percent only")
}

/// A kernel's words behind the one that tells it the time at which it is started: no clock of the chip does.
pub(crate) fn timed(words: &str) -> String {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("time={} {words}", now.as_secs())
}

/// What the kernel is told: how it is booted, which cores take part, what to do, and the user's words.
pub(crate) fn kernel_command_line(
    arguments: &BoardArguments,
    boot_from: Starter,
    afterwards: Afterwards,
) -> String {
    let boot = match boot_from {
        Starter::Host => "host",
        Starter::Core0 => "core0",
    };
    let cores = arguments.cores.to_string().replace(',', "+");
    let mut text = format!("boot={boot} cores={cores}");
    if arguments.until == Until::Selftest {
        text.push_str(" selftest");
    }
    if afterwards == Afterwards::Stay {
        text.push_str(" then=stay");
    }
    let lender = arguments.guest_disk_core.map(|core| format!("block@{core}"));
    let services = match (&arguments.services, lender) {
        (None, None) => None,
        (None, Some(lender)) => Some(format!("all,{lender}")),
        (Some(services), None) => Some(services.clone()),
        (Some(services), Some(lender)) => Some(format!("{services},{lender}")),
    };
    if let Some(services) = services {
        text.push_str(" services=");
        text.push_str(&services);
    }
    if let Some(words) = &arguments.command_line {
        text.push(' ');
        text.push_str(words);
    }
    text
}

fn symbols(kernel: &KernelFile) -> SymbolTable {
    SymbolTable::new(kernel.functions.iter().map(|function| Symbol {
        address: function.address,
        size: function.size,
        name: readable_name(&function.name),
    }))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        board: BoardArguments,
    }

    fn board(line: &str) -> BoardArguments {
        let words = ["boot"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).unwrap().board
    }

    #[test]
    fn kernel_is_told_how_it_is_booted() {
        let told = |line: &str| {
            let board = board(line);
            kernel_command_line(&board, board.boot_from, Afterwards::Stop)
        };
        assert_eq!(told(""), "boot=host cores=0-47 selftest");
        let line = "--cores 7,1-3 --boot-from core0 --until first-task --command-line log=debug";
        assert_eq!(told(line), "boot=core0 cores=1-3+7 log=debug");
        assert_eq!(told("--services ping,echo@3"), "boot=host cores=0-47 services=ping,echo@3");
        assert_eq!(told("--services ping --until selftest"), "boot=host cores=0-47 selftest services=ping");
        assert_eq!(told("--guest-disk-core 3 --until quiet"), "boot=host cores=0-47 services=all,block@3");
        let line_with_both = "--services echo --guest-disk-core 3";
        assert_eq!(told(line_with_both), "boot=host cores=0-47 services=echo,block@3");
        let again = kernel_command_line(&board(line), Starter::Host, Afterwards::Stay);
        assert_eq!(again, "boot=host cores=1-3+7 then=stay log=debug");
    }

    #[test]
    fn lowest_cores_run_the_guests() {
        let cores = |line: &str| guest_cores(&board(line)).map(|cores| cores.to_string());
        assert_eq!(cores("").unwrap(), "0-47");
        assert_eq!(cores("--cores 3,7-9 --guest g").unwrap(), "3,7-9");
        assert_eq!(cores("--cores 3,7-9 --guest g --guests 2").unwrap(), "3,7");
        assert_eq!(cores("--cores 3,7-9 --guest g --guests 48").unwrap(), "3,7-9");
        assert_eq!(cores("--guest g --guests all --boot-from core0").unwrap(), "0-47");
        assert!(matches!(cores("--guests 1"), Err(BootError::NoGuest)));
        let handed_on = cores("--guest g --guests 1 --boot-from core0");
        assert!(matches!(handed_on, Err(BootError::Contradiction(Contradiction::GuestsFromCore0))));
    }

    #[test]
    fn wrong_input_and_failures_of_the_host_have_different_statuses() {
        let missing = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(BootError::Read { file: "k".into(), source: missing }.status(), 2);
        assert_eq!(BootError::Terminal(io::Error::from(io::ErrorKind::Other)).status(), 1);
    }
}
