//! `cargo xtask guest`: the Linux guest, built from Debian's sources, judged, and booted.
//!
//! The steps are in modules of their own: [`sources`] fetches, [`linux`] and [`user_land`] build, [`instructions`]
//! judges, [`session`] boots the variant for a PC and types at its shell. Each step is skipped if its inputs are those
//! of the last time, by [`stamp`]. What is ours of it lies in `guests/linux`; nothing of Linux is in the repository.

mod archive;
mod c_program;
mod config;
mod header;
mod hooks;
mod instructions;
mod linux;
mod note;
mod overlay;
mod places;
mod session;
mod sources;
mod stamp;
mod storm;
mod user_land;

pub(crate) use self::session::{SessionError, printed};

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Args, Subcommand, ValueEnum};
use guest_abi::device::Slot;

use self::c_program::COptions;
use self::places::Places;
use self::sources::Record;
use crate::boot::Platform;
use crate::process::{self, CommandError};
use crate::program::ProgramError;
use crate::reporter::Reporter;
use crate::setup::{self, Purpose, SetupError};
use crate::storm_arguments::StormArguments;
use crate::workspace::Workspace;

/// What is done with the guest.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum GuestSubject {
    /// Build kernel, programs and first file system from Debian's sources, and check their instructions
    Build(BuildOptions),
    /// Boot the variant for a PC under QEMU on this terminal; Ctrl-A X ends it
    Boot,
    /// Boot a variant, give its shell a list of commands, and check the answers
    Session(SessionOptions),
    /// Have guests on several cores ping each other and compare sums, while one of them is stopped and started again
    ///
    /// The guests flood each other with pings, and run pipelines and files on their disks through checks. The kernels count
    /// what the guest that is stopped gives back. Exit status: 0 passed, 1 not passed, with the consoles in a folder, 2 wrong
    /// input, 3 passed so far when --wall came first.
    #[command(after_help = storm::EXAMPLES)]
    Storm(StormArguments),
    /// Build a C program with RCCE's calls as a bare-metal guest
    ///
    /// The program includes RCCE.h and defines RCCE_APP in place of main. printf, malloc and a few functions more are there;
    /// see guests/rcce/include. Examples: guests/rcce/examples.
    C(COptions),
    /// Write the C header of the guest interface anew from crate `guest-abi`
    Header,
}

/// How it is built.
#[derive(Args, Clone, Debug)]
pub(crate) struct BuildOptions {
    /// Which kernel
    #[arg(long, default_value = "native", value_name = "VARIANT")]
    variant: Variant,
}

/// Where commands are run.
#[derive(Args, Clone, Debug)]
pub(crate) struct SessionOptions {
    /// Which kernel: native on QEMU's PC, guest below the hypervisor
    #[arg(long, default_value = "native", value_name = "VARIANT")]
    variant: Variant,
    /// Where the hypervisor runs
    #[arg(long, default_value = "scc", value_name = "PLATFORM")]
    platform: Platform,
}

/// A kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Variant {
    /// For a PC with a Pentium, as QEMU emulates one
    Native,
    /// For the hypervisor
    Guest,
}

impl Variant {
    /// Name of its folder and of its configuration.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Guest => "guest",
        }
    }

    /// What `make` is asked for: a PC starts a compressed kernel, the hypervisor loads the ELF file.
    const fn make_target(self) -> &'static str {
        match self {
            Self::Native => "bzImage",
            Self::Guest => "vmlinux",
        }
    }
}

/// Does what is asked for.
pub(crate) fn run(workspace: &Workspace, subject: &GuestSubject) -> Result<ExitCode, GuestError> {
    let places = Places::of(workspace);
    match subject {
        GuestSubject::Build(options) => build(workspace, &places, options.variant)?,
        GuestSubject::Boot => {
            build(workspace, &places, Variant::Native)?;
            process::run(&mut session::qemu(&places))?;
        }
        GuestSubject::Session(SessionOptions { variant, platform }) => {
            build(workspace, &places, *variant)?;
            session::run(&places, *variant, *platform)?;
        }
        GuestSubject::Storm(arguments) => {
            setup::ensure(workspace, Purpose::Boot)?;
            return storm::run(workspace, arguments);
        }
        GuestSubject::C(options) => c_program::run(workspace, options)?,
        GuestSubject::Header => {
            header::write(&places.own("")).map_err(|source| GuestError::Header { source })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a boot needs of the guest for the hypervisor.
#[derive(Clone, Debug)]
pub(crate) struct LinuxFiles {
    /// Its kernel, an ELF file.
    pub(crate) kernel: PathBuf,
    /// Its first file system.
    pub(crate) files: PathBuf,
    /// What is typed at its shell.
    pub(crate) session: PathBuf,
}

/// Memory of Linux in MB, unless said.
pub(crate) const MEGABYTES: u32 = 32;
/// Size of its scratch disk in MB, unless said.
pub(crate) const SCRATCH_MEGABYTES: u32 = 4;
/// The first words of its command line: where it prints, and how much.
pub(crate) const CONSOLE_WORDS: &str = "console=hvc0 quiet";

/// Its command line: where it prints, that a panic ends it, the devices.
pub(crate) fn command_line() -> String {
    format!("{CONSOLE_WORDS} panic=-1 {}", device_words())
}

/// The words of its command line that tell Linux of the virtual devices.
pub(crate) fn device_words() -> String {
    Slot::ALL.map(|slot| slot.to_string()).join(" ")
}

/// Builds the guest for the hypervisor, or finds it built.
pub(crate) fn for_hypervisor(workspace: &Workspace) -> Result<LinuxFiles, GuestError> {
    let places = Places::of(workspace);
    build(workspace, &places, Variant::Guest)?;
    Ok(LinuxFiles {
        kernel: places.kernel(Variant::Guest).join("vmlinux"),
        files: places.file_system(),
        session: places.own("session.toml"),
    })
}

/// Whether a variant was ever built here.
pub(crate) fn is_built(workspace: &Workspace, variant: Variant) -> bool {
    Places::of(workspace).kernel(variant).join(linux::STAMP).exists()
}

/// Boots the guest that was built before, has it measure, and returns what stood on the console, see
/// [`printed`]. Its programs are those of then.
///
/// # Errors
/// [`SessionError`] if it does not power off by itself.
pub(crate) fn measured(workspace: &Workspace) -> Result<String, SessionError> {
    session::measured(&Places::of(workspace))
}

/// Boots the native variant on a core of the emulated chip and has its programs measure; returns what stood on the console.
/// It must have been built.
///
/// # Errors
/// [`SessionError`] if it does not come to their end.
pub(crate) fn measured_natively(workspace: &Workspace, emulator: &Path) -> Result<String, SessionError> {
    session::measured_natively(&Places::of(workspace), emulator)
}

/// What the gate runs of a variant, in processes of their own; nothing where it was never built, because the first build
/// takes minutes and fetches 160 MB.
pub(crate) fn gate(workspace: &Workspace, variant: Variant) -> Vec<Command> {
    let is_built = is_built(workspace, variant);
    let Some(program) = std::env::current_exe().ok().filter(|_| is_built) else { return Vec::new() };
    let platforms: &[&str] = if variant == Variant::Guest { &["scc", "pc"] } else { &["pc"] };
    let session = |platform: &&str| {
        let mut command = Command::new(&program);
        command.args(["guest", "session", "--variant", variant.name(), "--platform", platform]);
        command
    };
    let storm = (variant == Variant::Guest).then(|| {
        let mut command = Command::new(&program);
        command.args(["guest", "storm", "--short", "--guests", "1", "--minutes", "0.1"]);
        command
    });
    platforms.iter().map(session).chain(storm).collect()
}

/// Makes the machine ready, and builds a variant and what runs on it.
fn build(workspace: &Workspace, places: &Places, variant: Variant) -> Result<(), GuestError> {
    let readiness = setup::ensure(workspace, Purpose::Guest)?;
    let lacking: Vec<_> = readiness.shortcomings().collect();
    if !lacking.is_empty() {
        return Err(GuestError::Lacking { lines: lacking.join("\n  ") });
    }
    let mut reporter = Reporter::new("guest", 7);
    let result = steps(places, variant, &mut reporter);
    match &result {
        Ok(()) => reporter.summarise(),
        Err(_) => reporter.fail(),
    }
    result
}

fn steps(places: &Places, variant: Variant, reporter: &mut Reporter) -> Result<(), GuestError> {
    for folder in [places.packages(), places.user("")] {
        std::fs::create_dir_all(&folder).map_err(|source| GuestError::Scratch { source })?;
    }
    let compiler = process::output(Command::new("gcc").arg("--version"))?;
    let compiler = compiler.lines().next().unwrap_or_default();

    reporter.begin("sources");
    let record = Record::read(&places.own("sources.toml"))?;
    let sources = sources::obtain(&record, &places.packages(), reporter)?;
    reporter.succeed();

    reporter.begin("tree");
    linux::prepare(places, &sources, reporter)?;
    reporter.succeed();

    reporter.begin("kernel");
    linux::build(places, variant, compiler, reporter)?;
    reporter.succeed();

    reporter.begin("C library");
    linux::headers(places, reporter)?;
    user_land::c_library(places, &sources, compiler, reporter)?;
    reporter.succeed();

    reporter.begin("busybox");
    user_land::busybox(places, &sources, reporter)?;
    reporter.succeed();

    reporter.begin("first file system");
    user_land::own_programs(places, reporter)?;
    user_land::file_system(places, reporter)?;
    reporter.succeed();

    reporter.begin("instructions");
    instructions::judge(places, variant, reporter)?;
    if variant == Variant::Guest {
        let kernel = note::introduction(&places.kernel(variant).join("vmlinux"))?;
        let (entry, version, needs) = (kernel.entry, kernel.version, kernel.needs);
        reporter.note(format!("entry {entry:#x}, guest interface {version}, needs {needs:?}"));
    }
    reporter.succeed();
    Ok(())
}

/// `make` for all processors of this machine. A cargo that started this program hands down flags of its own `make`.
fn make() -> Command {
    let mut make = Command::new("make");
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    make.arg(format!("-j{processors}")).env_remove("MAKEFLAGS").env_remove("MFLAGS").env("LC_ALL", "C");
    make
}

/// Why there is no guest, or why it does not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuestError {
    /// A C program was not built.
    #[error(transparent)]
    C(#[from] c_program::CError),
    /// Programs are missing.
    #[error("the guest cannot be built:\n  {lines}")]
    Lacking {
        /// One line for each.
        lines: String,
    },
    /// The machine cannot be made ready.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The scratch folder cannot be made.
    #[error("cannot make the scratch folder: {source}")]
    Scratch {
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The header cannot be written.
    #[error("cannot write guests/linux/{}: {source}", header::PLACE)]
    Header {
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Sources are missing or wrong.
    #[error(transparent)]
    Source(#[from] sources::SourceError),
    /// The kernel was not built.
    #[error(transparent)]
    Linux(#[from] linux::LinuxError),
    /// The programs were not built.
    #[error(transparent)]
    UserLand(#[from] user_land::UserLandError),
    /// A binary has instructions that a P54C lacks, or cannot be judged.
    #[error(transparent)]
    Instructions(#[from] instructions::InstructionError),
    /// A hypervisor would not start the kernel.
    #[error(transparent)]
    Note(#[from] note::NoteError),
    /// The guest did not boot or did not answer as it should.
    #[error(transparent)]
    Session(#[from] session::SessionError),
    /// The program of the storm was not built.
    #[error(transparent)]
    Storm(#[from] ProgramError),
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
}
