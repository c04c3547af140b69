//! Options of a boot on the emulator, as `scc-boot` and `cargo xtask boot` both take them.
//!
//! This file is compiled into both programs: xtask shows and checks the options before anything is built, and hands
//! them on.

use std::path::PathBuf;
use std::str::FromStr;
use std::{fmt, io};

use clap::builder::ArgPredicate;
use clap::{Args, ValueEnum};
use scc::id::CoreId;
use scc_image::{CoreList, GuestImage};

/// Memory of a guest in MB, unless said.
const GUEST_MEGABYTES: u32 = 16;

/// Options of a boot.
#[derive(Args, Clone, Debug, PartialEq)]
pub(crate) struct BoardArguments {
    /// Cores to boot, for example 0,5,10-12 or all
    #[arg(long, default_value = "0-47", value_name = "CORES")]
    pub(crate) cores: CoreList,
    /// How memory behaves: strict models caches, so stale data is stale; fast does without
    #[arg(long, default_value = "strict", value_name = "MODEL")]
    pub(crate) model: Model,
    /// How time passes: as on the chip, or one cycle per instruction
    #[arg(long, default_value = "scc", value_name = "TIMING")]
    pub(crate) timing: Timing,
    /// Who loads and starts the cores: the host all of them, or core0 (the lowest) the others
    #[arg(long, default_value = "host", value_name = "WHO")]
    pub(crate) boot_from: Starter,
    /// Further words for the kernel, behind `boot=` and `cores=`
    #[arg(long, value_name = "TEXT")]
    pub(crate) command_line: Option<String>,
    /// Services that run, and on which cores, in place of those that start by default: echo@3,ping@0 for example, all or
    /// none; docs/kernel.md has the list. Unless --until says otherwise the run then ends when nothing goes on any more
    #[arg(long, value_name = "LIST")]
    pub(crate) services: Option<String>,
    /// A guest: an ELF file; may be given several times. Cores that run guests run all of them
    #[arg(long = "guest", value_name = "FILE")]
    pub(crate) guests: Vec<PathBuf>,
    /// How many of the cores run guests, from the lowest on, or all; without --guest the guest is Linux
    #[arg(long = "guests", value_name = "N|all")]
    pub(crate) guest_cores: Option<GuestCores>,
    /// Initial file system of each guest that is Linux
    #[arg(long, value_name = "FILE")]
    pub(crate) guest_files: Option<PathBuf>,
    /// Command line of each guest that is Linux
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) guest_command_line: String,
    /// Memory of each guest in MB; 16 unless said, 32 for Linux that is built on the way
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) guest_memory: Option<u32>,
    /// Contents of a disk that each guest can read, in sectors of 512 bytes
    #[arg(long, value_name = "FILE")]
    pub(crate) guest_disk: Option<PathBuf>,
    /// Put the disk with this core only, whose service `block` lends it to guests of all cores; without --guest-disk it is
    /// 4 MB of memory of that core, which all guests read and write
    #[arg(long, value_name = "CORE", value_parser = core)]
    pub(crate) guest_disk_core: Option<CoreId>,
    /// Size in MB of a disk that each guest can write, empty at first
    #[arg(long, default_value = "0", value_name = "MB", value_parser = clap::value_parser!(u32).range(0..=1024))]
    pub(crate) guest_scratch: u32,
    /// Type the commands of this script at the first guest of the lowest core and compare what it answers
    #[arg(long, value_name = "FILE", conflicts_with = "gdb")]
    pub(crate) session: Option<PathBuf>,
    /// What is to be reached
    #[arg(
        long,
        default_value = "selftest",
        default_value_if("services", ArgPredicate::IsPresent, "quiet"),
        value_name = "GOAL"
    )]
    pub(crate) until: Until,
    /// Lose this share of the requests to the interrupt controller, which the chip does not
    #[arg(long, default_value = "0", value_name = "PERCENT", value_parser = percent)]
    pub(crate) lose_requests: f64,
    /// Lose this share of the interrupt controller's packets, which the chip does not; a core whose packet is lost gets
    /// no other before it writes RESET
    #[arg(long, default_value = "0", value_name = "PERCENT", value_parser = percent)]
    pub(crate) lose_packets: f64,
    /// Number that varies which requests and packets are lost
    #[arg(long, default_value = "0", value_name = "N")]
    pub(crate) loss_seed: u64,
    /// Wait for gdb before the first instruction, at 127.0.0.1:1234 or at ADDR:PORT
    #[arg(long, value_name = "ADDR:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:1234")]
    pub(crate) gdb: Option<String>,
    /// End after this much host time; without a terminal 300 unless told otherwise, 1800 with --session
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) wall: Option<f64>,
    /// Write all figures to FILE as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Plain lines instead of the screen, as when the output is no terminal
    #[arg(long)]
    pub(crate) plain: bool,
}

/// Options that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Contradiction {
    /// A core that starts the others hands its guests on to all of them.
    #[error("with --boot-from core0 all cores run the guests; leave --guests out, or the host boots")]
    GuestsFromCore0,
    /// A disk with a core that is not booted, or that is loaded by another.
    #[error("core {0} cannot lend a disk: it must be one of --cores, and the host must boot it")]
    NoLender(CoreId),
}

impl BoardArguments {
    /// Cores that run the guests, if there are any.
    ///
    /// # Errors
    /// [`Contradiction::GuestsFromCore0`] if fewer than all cores are to run guests and the host boots only one.
    pub(crate) fn cores_of_guests(&self) -> Result<CoreList, Contradiction> {
        let cores = match self.guest_cores {
            None | Some(GuestCores::All) => self.cores.clone(),
            Some(GuestCores::Lowest(count)) => self.cores.lowest(count),
        };
        if cores != self.cores && self.boot_from == Starter::Core0 {
            return Err(Contradiction::GuestsFromCore0);
        }
        Ok(cores)
    }

    /// The core that lends a disk, if one does.
    ///
    /// # Errors
    /// [`Contradiction::NoLender`] if the host does not boot it.
    pub(crate) fn lender(&self) -> Result<Option<CoreId>, Contradiction> {
        match self.guest_disk_core {
            Some(core) if !self.cores.contains(core) || self.boot_from == Starter::Core0 => {
                Err(Contradiction::NoLender(core))
            }
            lender => Ok(lender),
        }
    }

    /// Reads the files of the guests.
    ///
    /// # Errors
    /// The file that cannot be read, and what the system says.
    pub(crate) fn read_guests(&self) -> Result<Vec<GuestImage>, (PathBuf, io::Error)> {
        let failed = |file: &PathBuf, source| (file.clone(), source);
        let read = |file: &PathBuf| std::fs::read(file).map_err(|source| failed(file, source));
        let optional = |file: &Option<PathBuf>| file.as_ref().map_or_else(|| Ok(Vec::new()), read);
        let files = optional(&self.guest_files)?;
        let disk = if self.guest_disk_core.is_none() { optional(&self.guest_disk)? } else { Vec::new() };
        let guest = |file: &PathBuf| {
            let mut image = GuestImage::read(file, self.guest_memory.unwrap_or(GUEST_MEGABYTES) << 20)
                .map_err(|source| failed(file, source))?;
            let command_line = self.guest_command_line.clone();
            let (files, disk) = (files.clone(), disk.clone());
            image.room.scratch_bytes = self.guest_scratch << 20;
            Ok(GuestImage { files, command_line, disk, ..image })
        };
        self.guests.iter().map(guest).collect()
    }
}

/// How many cores run guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GuestCores {
    /// All that are booted.
    All,
    /// The lowest of them, at least one.
    Lowest(usize),
}

impl FromStr for GuestCores {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(count @ 1..=48) => Ok(Self::Lowest(count)),
            _ if text == "all" => Ok(Self::All),
            _ => Err("expected a number from 1 to 48, or all"),
        }
    }
}

impl fmt::Display for GuestCores {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all"),
            Self::Lowest(count) => write!(formatter, "{count}"),
        }
    }
}

/// Memory model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Model {
    /// Caches, message-buffer tags and the write-combining buffer are modelled
    Strict,
    /// Every access is coherent
    Fast,
}

/// Timing model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Timing {
    /// Instructions, caches, mesh and memory cost what they cost on the chip
    Scc,
    /// One cycle per instruction
    Flat,
}

/// Who starts the cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Starter {
    /// The host loads and starts every core
    Host,
    /// The host loads and starts the lowest core, which does it for the others
    Core0,
}

/// Goal of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Until {
    /// Every core has run its self-tests
    Selftest,
    /// Every core has polled its first task
    FirstTask,
    /// No core has anything to do, or anything to wait for
    Quiet,
}

fn seconds(text: &str) -> Result<f64, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds, for example 2.5")?;
    if seconds.is_finite() && seconds > 0.0 { Ok(seconds) } else { Err("expected more than 0 seconds") }
}

fn core(text: &str) -> Result<CoreId, &'static str> {
    text.parse().ok().and_then(CoreId::new).ok_or("expected a core, 0 to 47")
}

fn percent(text: &str) -> Result<f64, &'static str> {
    let percent = text.parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or("expected a number from 0 to 100, for example 2.5")
}
