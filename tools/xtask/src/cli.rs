//! The command line: verbs and their arguments, as `--help` shows them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::boot::BootArguments;
use crate::demo::DemoSubject;
use crate::doctor::DoctorOptions;
use crate::guest::GuestSubject;
use crate::guide::GuideOptions;
use crate::pictures::PictureOptions;
use crate::soak_arguments::SoakArguments;
use crate::trace::TraceArguments;

/// Build, run, test, lint and bench this workspace.
///
/// Each verb first makes sure that the machine has what that verb needs (see `setup`).
/// Without a verb the options are those of `boot`: `cargo run -- --guests 2` is `cargo run -- boot --guests 2`. `cargo run`
/// alone boots the kernel on 48 cores and Linux on one of them: `boot --guests 1`, and without guests if Linux cannot be built.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    override_usage = "cargo xtask <COMMAND> ...\n       cargo xtask [OPTIONS OF boot]",
    after_help = "Before a change is submitted: cargo xtask fmt && cargo xtask ci"
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options that are not those of `boot` where there is no verb.
const OF_EVERY_VERB: [&str; 4] = ["-h", "--help", "-V", "--version"];
/// What is done where nothing is said.
const BY_DEFAULT: [&str; 4] = ["boot", "--guests", "1", "--guests-optional"];

impl Cli {
    /// The command line from its words, the program's name first; the verb may be left out.
    ///
    /// # Errors
    /// What clap says of it, `--help` included.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut words: Vec<_> = words.into_iter().collect();
        match words.get(1).map(|word| word.to_string_lossy()) {
            None => words.extend(BY_DEFAULT.map(OsString::from)),
            Some(word) if word.starts_with('-') && !OF_EVERY_VERB.contains(&&*word) => {
                words.insert(1, "boot".into());
            }
            Some(_) => {}
        }
        Self::try_parse_from(words)
    }
}

/// Examples under the help of `boot`.
const BOOT_EXAMPLES: &str = "\
Examples:
  cargo run                                       48 cores and Linux on core 0, as with --guests 1
  cargo run -- --guests all                       Linux on all of them; `boot` may be left out
  cargo run -- boot                               48 cores: on a terminal until q, elsewhere until all are tested
  cargo run -- boot --cores 0-3 --plain           four cores, plain lines
  cargo run -- boot --boot-from core0             core 0 installs and starts the other 47
  cargo run -- boot --command-line provoke=panic@3
                                                  what a crash of core 3 looks like, and that the others go on
  cargo run -- boot --plain --command-line restart=7@3
                                                  core 3 stops core 7 and starts it again
  cargo run -- boot --cores 0-3 --plain --services echo,ping@0
                                                  core 0 measures calls of the others; docs/guide has a tutorial
  cargo run -- boot --platform pc                 the same kernel on one core of a PC, under QEMU
  cargo run -- boot --cores 0-3 --gdb             wait for gdb, and say how to start it
  cargo run -- boot --json boot.json --wall 60    figures for scripts, at most a minute
  cargo run -- boot --guests 1                    Linux on core 0; on a terminal its shell (Ctrl-A ? for help),
                                                  elsewhere a session that is typed and judged
  cargo run -- boot --guests 2 --cores 0-1        Linux on two cores; the session pings the other one
  cargo run -- boot --guests all --guest FILE     a guest of your own on every core
  cargo run -- boot --platform pc --guest FILE --session SCRIPT
                                                  a session with a guest on a PC

Words for --command-line (docs/kernel.md has all):
  selftest=mail       cores also exchange letters with their neighbours
  selftest=ipi        cores also check locks, barriers, calls, transfers, collectives
  restart=7@3         core 3 stops core 7 and starts it again; stop=7@3 only stops it
  provoke=KIND@CORE   the core fails: panic, page-fault, stack-overflow, double-fault, heap-exhaustion, ...
  measure=kernel      each core prints what its kernel takes
  log=debug           more lines on the consoles

Exit status: 0 all cores and guests ok, 1 some failed, 2 wrong input, 3 a limit or the user came first,
4 a finding of the strict memory model, 5 a core shut down.";

/// Examples under the help of `trace`.
const TRACE_EXAMPLES: &str = "\
Examples:
  cargo run -- trace                              record 48 cores until all have tested themselves, into run.trace
  cargo run -- trace --for 100ms -o idle.trace -- --cores 0-7
                                                  record eight cores that greet each other, for 100 ms of their time
  cargo run -- trace --until 'soak: passed' -- --cores 0-3 --command-line soak=7:10
                                                  record until a core says so
  cargo run -- trace --for 700ms -- --cores 0 --guests 1
                                                  record Linux as it boots
  cargo run -- trace report run.trace             how long tasks waited and ran, where the cycles went
  cargo run -- trace export --perfetto run.trace -o run.pftrace
                                                  for ui.perfetto.dev
  cargo run -- trace why run.trace --task mail    what made it late, across cores
  cargo run -- trace why run.trace --html why.html
                                                  the same, shown in the timeline
  cargo run -- trace html run.trace -o run.html   a page with a timeline, without a network
  cargo run -- trace top                          tasks of 48 cores, live

docs/trace.md explains what is recorded and how to read it. Exit status: that of the boot, see `cargo run -- boot --help`.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Build the kernel and boot it: on all 48 cores of an emulated SCC unless told otherwise
    ///
    /// On a terminal a screen shows the mesh, live, and the console of a chosen core until q ends it; ? lists the keys.
    /// Elsewhere, and with --plain, whole lines are printed until every core has tested itself, then boot times by phase
    /// and the results of the self-tests.
    #[command(after_help = BOOT_EXAMPLES)]
    Boot(Box<BootArguments>),
    /// Show something that the kernels on the chip do
    Demo {
        /// What is shown
        #[command(subcommand)]
        subject: DemoSubject,
    },
    /// The whole gate: format, clippy, house rules, tests, documentation; stops at the first failure
    Ci,
    /// Check the guide: its table of contents, every piece of code, and every shell block by running it
    ///
    /// Chapters are in docs/guide/src. Where mdbook is installed the book is built, too, into
    /// target/guide, with the documents that it leads to. What is left out is named, and why.
    Guide(GuideOptions),
    /// Draw the pictures of docs/pictures anew, from runs of the kernel
    Pictures(PictureOptions),
    /// Only the house rules: file length, import direction, unsafe, address literals, wording, links
    Lint,
    /// Check the machine and install what is missing; safe to repeat
    ///
    /// Adds the Rust target for the SCC's cores with rustup. As root on a Debian system it also installs
    /// missing programs with apt-get; otherwise it prints the exact command.
    Setup,
    /// Say what this machine has and lacks for booting, the gate and the guest, and how to get it; installs nothing
    ///
    /// Exit status: 0 if the kernel can be booted, 1 if something is missing for that.
    Doctor(DoctorOptions),
    /// Format every source file
    Fmt,
    /// Run the tests, all or those whose name contains FILTER
    Test {
        /// Part of a test's name
        filter: Option<String>,
    },
    /// Have all cores write to each other by mail while doorbells are lost and cores stop and start again
    ///
    /// Every letter is checked for contents and order, and both ends of each flow are compared: what is missing is what
    /// the writer was told to have failed. Exit status: 0 passed, 1 not passed, 2 wrong options.
    Soak(SoakArguments),
    /// Record what all cores do, and look at it
    ///
    /// Without a verb of its own the kernel is built and booted on the emulator, and every trace record of every core goes
    /// into a file, without disturbing them. The other verbs show such a file.
    #[command(after_help = TRACE_EXAMPLES)]
    Trace(Box<TraceArguments>),
    /// Feed the fuzz targets of emulator and kernel, all or TARGET, with any bytes; installs cargo-fuzz if it is missing
    Fuzz {
        /// Name of a target
        target: Option<String>,
        /// How long each target runs
        #[arg(long, value_name = "N", default_value_t = 300)]
        seconds: u32,
    },
    /// Build and boot the Linux guest (guests/linux)
    Guest {
        /// What is done with it
        #[command(subcommand)]
        subject: GuestSubject,
    },
    /// Make something to begin with
    New {
        /// What is made
        #[command(subcommand)]
        subject: NewSubject,
    },
    /// Measure speed
    Bench {
        /// What is measured
        #[command(subcommand)]
        subject: BenchSubject,
    },
}

impl Verb {
    /// Files outside of `target` that it writes where the user wants them.
    pub(crate) fn outputs(&self) -> Vec<PathBuf> {
        match self {
            Self::Boot(arguments) => arguments.board.json.iter().cloned().collect(),
            Self::Trace(arguments) => arguments.outputs(),
            Self::Demo { subject: DemoSubject::Mesh(options) } => options.outputs().cloned().collect(),
            Self::Bench { subject: BenchSubject::Emu(options) } => options.json.iter().cloned().collect(),
            _ => Vec::new(),
        }
    }
}

/// What `new` can make.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum NewSubject {
    /// A service of the kernel, with its test: a copy of `echo` in kernel/service, and its line in the registry
    Service {
        /// Its name: 1 to 15 of a-z, 0-9 and _
        name: String,
    },
}

/// What `bench` can measure.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum BenchSubject {
    /// The emulator: guest MIPS of its guest programs, beside QEMU and Bochs where they are installed
    Emu(BenchOptions),
    /// The executor, beside embassy's, in emulated cycles and instructions and in time of this machine
    Executor(ExecutorBenchOptions),
    /// The kernel: boot, wakes, yields, tasks, timers, records in emulated cycles; memory; checks its budgets
    Kernel(KernelBenchOptions),
    /// The hypervisor: a hypercall, exceptions and interrupts of a guest, a service beside one; checks its budgets
    Guest(GuestBenchOptions),
    /// Letters between cores: one way against distance and number of cores, in emulated cycles; checks its budgets
    Ipi(IpiBenchOptions),
    /// What tracing costs: cycles of a record; letters and guests with tracing on, off and compiled out
    Trace(TraceBenchOptions),
}

/// How tracing is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct TraceBenchOptions {
    /// Write the report to docs/benchmarks/trace.md, the figures beside it
    #[arg(long)]
    pub(crate) record: bool,
}

/// How letters are measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct IpiBenchOptions {
    /// Write the report to docs/benchmarks/ipi.md, the figures and charts beside it
    #[arg(long)]
    pub(crate) record: bool,
}

/// How the hypervisor is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct GuestBenchOptions {
    /// Write the report to docs/benchmarks/guest.md, the figures beside it
    #[arg(long, conflicts_with = "bare")]
    pub(crate) record: bool,

    /// Leave Linux out
    #[arg(long)]
    pub(crate) bare: bool,
}

/// How the kernel is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct KernelBenchOptions {
    /// Write the report to docs/benchmarks/kernel.md, the figures beside it
    #[arg(long)]
    pub(crate) record: bool,
}

/// How the executor is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExecutorBenchOptions {
    /// Write the report to docs/benchmarks/executor.md, the figures beside it
    #[arg(long)]
    pub(crate) record: bool,
}

/// How the emulator is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchOptions {
    /// Runs of a quarter second, one each, instead of the best of three runs of about a second
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only this guest program, or `board` for what needs all cores; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Write all figures to FILE as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report to docs/benchmarks/emulator.md, the figures beside it
    #[arg(long)]
    pub(crate) record: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::board_arguments::GuestCores;

    #[test]
    fn command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(["xtask"].into_iter().chain(line.split_whitespace()).map(OsString::from))
    }

    fn booted(line: &str) -> BootArguments {
        match read(line).expect("parses").verb {
            Verb::Boot(arguments) => *arguments,
            verb => panic!("{verb:?}"),
        }
    }

    #[test]
    fn nothing_said_means_to_boot_all_cores_and_linux_if_that_can_be() {
        let arguments = booted("");
        assert_eq!(arguments.board.cores.count(), 48);
        assert_eq!(arguments.board.guest_cores, Some(GuestCores::Lowest(1)));
        assert!(arguments.guests_optional);
    }

    #[test]
    fn options_without_a_verb_are_those_of_boot() {
        for line in ["--guests 2", "--guests all", "--cores 0-3 --plain", "--gdb", "--services echo,ping@0"] {
            assert_eq!(booted(line), booted(&format!("boot {line}")), "{line}");
        }
        assert!(!booted("--guests 2").guests_optional);
        let wrong = read("--guest-count 2").expect_err("there is no such option").to_string();
        assert!(wrong.contains("cargo xtask boot"), "{wrong}");
        assert!(read("--plain lint").is_err());
    }

    #[test]
    fn help_tells_that_the_verb_may_be_left_out() {
        let help = read("--help").expect_err("help is no verb").to_string();
        assert!(
            help.contains("cargo xtask [OPTIONS OF boot]") && help.contains("cargo run -- --guests 2"),
            "{help}"
        );
        assert!(help.contains("  doctor "), "{help}");
    }

    #[test]
    fn test_takes_an_optional_filter() {
        let cli = read("test reset").expect("parses");
        assert!(matches!(cli.verb, Verb::Test { filter: Some(filter) } if filter == "reset"));
    }

    #[test]
    fn bench_without_subject_is_refused() {
        assert!(read("bench").is_err());
    }
}
