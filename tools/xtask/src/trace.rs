//! `cargo xtask trace`: boots the kernel on the emulator with a recording, and hands recordings to `scc-trace`.
//!
//! Both programs are built in release mode. All options are checked before anything is built: those of the boot, which stand
//! behind `--`, and those of scc-trace, whose definition is compiled into this program too, with the files that they name.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::boot::{self, BootArguments, BootError, Typist};
use crate::files::{self, FileError};
use crate::process::CommandError;
use crate::program::{self, ProgramError};
use crate::span::Span;
use crate::viewer_arguments::{Arguments, Source, Verb};
use crate::workspace::Workspace;

/// Package and program that reads recordings.
const VIEWER: &str = "scc-trace";

/// Words that have the kernel record both ends of each letter, and each way into a guest and out of it.
const LETTERS: &str = "trace=letters";
const GUESTS: &str = "trace=guests";

/// What is done with traces.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct TraceArguments {
    /// What is done with a trace that is there.
    #[command(subcommand)]
    view: Option<View>,
    /// How one is recorded.
    #[command(flatten)]
    recording: RecordingArguments,
}

/// How a run is recorded.
#[derive(Args, Debug)]
struct RecordingArguments {
    /// Record this much emulated time from power-on, for example 500ms; the kernels stay up and greet each other
    #[arg(long = "for", value_name = "SPAN", conflicts_with = "until")]
    span: Option<Span>,
    /// Record until a core prints a line with TEXT
    #[arg(long, value_name = "TEXT")]
    until: Option<String>,
    /// File to write
    #[arg(short, long, value_name = "FILE", default_value = "run.trace")]
    output: PathBuf,
    /// Leave letters out, each of which takes a record at either end
    #[arg(long)]
    no_letters: bool,
    /// Leave out how guests are entered and left, which takes two records each time
    #[arg(long)]
    no_guests: bool,
    /// Options of the boot, as `cargo run -- boot` takes them
    #[arg(last = true, value_name = "BOOT OPTIONS")]
    boot: Vec<OsString>,
}

/// What is done with a trace that is there.
#[derive(Clone, Debug, Subcommand)]
enum View {
    /// Show which tasks run on which cores, how long they wait, how much mail there is, live
    ///
    /// Boots the kernels, which stay up and greet each other. Elsewhere than on a terminal, and with --plain behind `--`,
    /// the table of the last 100 ms is printed once.
    #[command(after_help = TOP_EXAMPLES)]
    Top(TopArguments),
    /// How long tasks wait and run, what each core spends its time on, what is missing
    #[command(disable_help_flag = true)]
    Report(Words),
    /// For other viewers: Perfetto, Chrome's tracing, a table
    #[command(disable_help_flag = true)]
    Export(Words),
    /// As one page with a timeline of all cores, which needs no network
    #[command(disable_help_flag = true)]
    Html(Words),
    /// As a drawing of a part of the timeline, for documents
    #[command(disable_help_flag = true)]
    Picture(Words),
    /// Why a task was late: who ran meanwhile, who woke it, and what led to that, across cores
    #[command(disable_help_flag = true)]
    Why(Words),
    /// From memory of cores that a board's host has dumped: makes a trace of it
    #[command(disable_help_flag = true)]
    Dumps(Words),
}

/// Examples under the help of `top`.
const TOP_EXAMPLES: &str = "\
Examples:
  cargo run -- trace top                           48 cores, live; s sorts, p pauses, q quits
  cargo run -- trace top -- --cores 0-3 --plain    four cores, one table after 200 ms of their time
  cargo run -- trace top --for 300ms --json top.json -- --cores 0-3 --plain
                                                   the same figures for scripts, too";

/// What is shown live.
#[derive(Args, Clone, Debug)]
struct TopArguments {
    /// Emulated time from power-on after which the table is printed where there is no terminal [default: 200ms]
    #[arg(long = "for", value_name = "SPAN")]
    span: Option<Span>,
    /// Write the figures of that moment to FILE as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Options of the boot, as `cargo run -- boot` takes them
    #[arg(last = true, value_name = "BOOT OPTIONS")]
    boot: Vec<OsString>,
}

/// Options that another program takes.
#[derive(Args, Clone, Debug)]
struct Words {
    /// Options of scc-trace; --help tells
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    words: Vec<OsString>,
}

/// The options behind `--`.
#[derive(Debug, Parser)]
#[command(name = "cargo run -- trace --", no_binary_name = true)]
struct BootLine {
    #[command(flatten)]
    boot: BootArguments,
}

impl TraceArguments {
    /// Files that are written where the user wants them.
    pub(crate) fn outputs(&self) -> Vec<PathBuf> {
        match &self.view {
            None => vec![self.recording.output.clone()],
            Some(View::Top(top)) => top.json.iter().cloned().collect(),
            Some(view) => {
                let verb = view.line().and_then(|line| parsed(&line).ok());
                verb.iter().filter_map(written).map(|(_, file)| file).collect()
            }
        }
    }
}

impl View {
    /// The verb of `scc-trace` and its options; `None` for what it does not do.
    fn line(&self) -> Option<Vec<OsString>> {
        let (verb, words) = match self {
            Self::Top(_) => return None,
            Self::Report(words) => ("report", words),
            Self::Export(words) => ("export", words),
            Self::Html(words) => ("html", words),
            Self::Picture(words) => ("picture", words),
            Self::Why(words) => ("why", words),
            Self::Dumps(words) => ("dumps", words),
        };
        Some([verb.into()].into_iter().chain(words.words.iter().cloned()).collect())
    }
}

/// Reads a line for `scc-trace` as that program does; help and errors call it what the user has typed.
fn parsed(line: &[OsString]) -> Result<Verb, clap::Error> {
    let command = Arguments::command().bin_name("cargo run -- trace").no_binary_name(true);
    Ok(Arguments::from_arg_matches(&command.try_get_matches_from(line)?)?.verb)
}

/// The trace that a verb reads, if it does.
const fn source(verb: &Verb) -> Option<&Source> {
    match verb {
        Verb::Report(options) => Some(&options.source),
        Verb::Export(options) => Some(&options.source),
        Verb::Html(options) => Some(&options.source),
        Verb::Picture(options) => Some(&options.source),
        Verb::Why(options) => Some(&options.source),
        Verb::Dumps(_) => None,
    }
}

/// The file that a verb writes, if it does, and the option that names it.
fn written(verb: &Verb) -> Option<(&'static str, PathBuf)> {
    match verb {
        Verb::Report(options) => options.json.clone().map(|file| ("--json", file)),
        Verb::Export(options) => Some(("-o", options.output())),
        Verb::Html(options) => Some(("-o", options.output())),
        Verb::Picture(options) => Some(("-o", options.output())),
        Verb::Why(options) => options.html.clone().map(|file| ("--html", file)),
        Verb::Dumps(options) => Some(("-o", options.output.clone())),
    }
}

/// Looks at the files that a verb names.
fn check(verb: &Verb) -> Result<(), TraceError> {
    if let Some(Source { file: trace, .. }) = source(verb) {
        files::readable("trace", trace).map_err(|error| match error {
            FileError::Unreadable { source, .. } if source.kind() == ErrorKind::NotFound => {
                TraceError::NoTrace { file: trace.clone() }
            }
            other => other.into(),
        })?;
    }
    if let Verb::Dumps(options) = verb {
        options.dumps.iter().try_for_each(|(_, dump)| files::readable("dump", dump))?;
        files::readable("--kernel", &options.kernel)?;
    }
    Ok(written(verb).map_or(Ok(()), |(option, file)| files::writable(option, &file))?)
}

/// Records or shows, and returns the exit status of the program that does it.
pub(crate) fn run(workspace: &Workspace, arguments: &TraceArguments) -> Result<ExitCode, TraceError> {
    match &arguments.view {
        Some(view) => show(workspace, view),
        None => record(workspace, &arguments.recording),
    }
}

fn record(workspace: &Workspace, recording: &RecordingArguments) -> Result<ExitCode, TraceError> {
    let mut boot = BootLine::try_parse_from(&recording.boot)?.boot;
    files::writable("-o", &recording.output)?;
    let wanted = [(!recording.no_letters, LETTERS), (!recording.no_guests, GUESTS)];
    wanted.into_iter().filter(|(is_wanted, _)| *is_wanted).for_each(|(_, word)| add_word(&mut boot, word));
    Ok(boot::run_recorded(workspace, &boot, &recording_words(recording), Typist::Session)?)
}

fn watch(workspace: &Workspace, top: &TopArguments) -> Result<ExitCode, TraceError> {
    let mut boot = BootLine::try_parse_from(&top.boot)?.boot;
    top.json.iter().try_for_each(|file| files::writable("--json", file))?;
    add_word(&mut boot, LETTERS);
    Ok(boot::run_recorded(workspace, &boot, &top_words(top), Typist::Nobody)?)
}

/// Has the kernel told one word more.
fn add_word(boot: &mut BootArguments, word: &str) {
    let words = boot.board.command_line.get_or_insert_default();
    *words = format!("{words} {word}").trim_start().to_owned();
}

/// The options of the live table as `scc-boot` takes them.
fn top_words(top: &TopArguments) -> Vec<OsString> {
    let mut words = vec!["--top".into()];
    if let Some(span) = top.span {
        words.extend(["--top-for".into(), span.to_string().into()]);
    }
    if let Some(file) = &top.json {
        words.extend(["--top-json".into(), file.clone().into_os_string()]);
    }
    words
}

/// The options of a recording as `scc-boot` takes them.
fn recording_words(recording: &RecordingArguments) -> Vec<OsString> {
    let mut words = vec!["--record".into(), recording.output.clone().into_os_string()];
    if let Some(span) = recording.span {
        words.extend(["--record-for".into(), span.to_string().into()]);
    }
    if let Some(text) = &recording.until {
        words.extend(["--record-until".into(), text.into()]);
    }
    words
}

fn show(workspace: &Workspace, view: &View) -> Result<ExitCode, TraceError> {
    let line = match view {
        View::Top(top) => return watch(workspace, top),
        other => other.line().unwrap_or_default(),
    };
    check(&parsed(&line)?)?;
    let program = program::build(workspace, VIEWER, None)?;
    let failed = |source| CommandError::Start { program: VIEWER.to_owned(), source };
    let status = Command::new(program).args(&line).status().map_err(failed)?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => Ok(ExitCode::from(code)),
        None => Err(CommandError::Failed { command: VIEWER.to_owned(), status }.into()),
    }
}

/// Why nothing was recorded or shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceError {
    /// Options are wrong, or ask for help.
    #[error(transparent)]
    Options(#[from] clap::Error),
    /// There is no trace to read.
    #[error("{}: there is no such file\n  next: `cargo run -- trace -o {}` records a trace", file.display(), file.display())]
    NoTrace {
        /// What the user calls it.
        file: PathBuf,
    },
    /// A file has no place.
    #[error(transparent)]
    Place(#[from] FileError),
    /// The boot did not come about.
    #[error(transparent)]
    Recording(#[from] BootError),
    /// Building failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The program could not be started, or a signal ended it.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl TraceError {
    /// Whether the options are wrong, for the exit status.
    pub(crate) const fn is_wrong_input(&self) -> bool {
        match self {
            Self::Options(_) | Self::NoTrace { .. } | Self::Place(_) => true,
            Self::Recording(error) => error.is_wrong_input(),
            Self::Program(_) | Self::Command(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        trace: TraceArguments,
    }

    fn parse(line: &str) -> TraceArguments {
        let words = ["trace"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).expect("parses").trace
    }

    #[test]
    fn recording_is_told_when_to_end_and_where_to_write() {
        let words = |line| recording_words(&parse(line).recording);
        assert_eq!(words("-- --cores 0-3"), ["--record", "run.trace"]);
        assert_eq!(words("--for 2s -o x"), ["--record", "x", "--record-for", "2s"]);
        assert_eq!(words("--until done"), ["--record", "run.trace", "--record-until", "done"]);
    }

    #[test]
    fn live_table_is_told_when_to_print_and_where_to_write() {
        let words = |line| match parse(line).view {
            Some(View::Top(top)) => top_words(&top),
            other => panic!("{other:?}"),
        };
        assert_eq!(words("top -- --cores 0-3"), ["--top"]);
        assert_eq!(words("top --for 2s --json x"), ["--top", "--top-for", "2s", "--top-json", "x"]);
    }

    #[test]
    fn words_are_added_to_those_of_the_user() {
        let mut boot = BootLine::try_parse_from(["--command-line", "log=debug"]).expect("parses").boot;
        add_word(&mut boot, LETTERS);
        add_word(&mut boot, GUESTS);
        assert_eq!(boot.board.command_line.as_deref(), Some("log=debug trace=letters trace=guests"));
    }

    #[test]
    fn options_of_the_boot_are_checked_before_anything_is_built() {
        let boot = parse("-- --cores 0-3 --plain").recording.boot;
        assert_eq!(BootLine::try_parse_from(&boot).expect("parses").boot.board.cores.count(), 4);
        let wrong = parse("-- --cores 99").recording.boot;
        assert!(BootLine::try_parse_from(&wrong).is_err());
    }

    #[test]
    fn options_of_views_are_handed_on() {
        let view = parse("report run.trace --json x.json").view.expect("it is a view");
        assert_eq!(view.line().expect("it is for scc-trace"), ["report", "run.trace", "--json", "x.json"]);
    }

    /// What `check` says to a line.
    fn checked(line: &str) -> Result<(), String> {
        let line = parse(line).view.and_then(|view| view.line()).expect("it is for scc-trace");
        let checked = parsed(&line).map_err(TraceError::from).and_then(|verb| check(&verb));
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn files_and_options_of_views_are_checked_before_anything_is_built() {
        let views = ["report", "export --csv -o x.csv", "html -o x.html", "picture -o x.svg", "why"];
        for view in views {
            let missing = checked(&format!("{view} no.trace")).expect_err(view);
            assert!(missing.starts_with("no.trace: there is no such file\n  next: `cargo run"), "{missing}");
            assert_eq!(checked(&format!("{view} Cargo.toml")), Ok(()), "{view}");
        }
        let nowhere = checked("why Cargo.toml --html no/such/w.html").expect_err("no folder");
        assert!(nowhere.starts_with("--html no/such/w.html: there is no folder for it"), "{nowhere}");
        let wrong = checked("report Cargo.toml --jsn x").expect_err("there is no such option");
        assert!(wrong.contains("Usage: cargo run -- trace report"), "{wrong}");
    }

    #[test]
    fn files_that_are_written_are_known() {
        let outputs = |line| parse(line).outputs();
        assert_eq!(outputs("-o a.trace -- --cores 0"), [PathBuf::from("a.trace")]);
        assert_eq!(outputs("html a.trace"), [PathBuf::from("a.html")]);
        assert_eq!(outputs("why a.trace --task mail --html=w.html"), [PathBuf::from("w.html")]);
        assert_eq!(outputs("top --json t.json"), [PathBuf::from("t.json")]);
        assert!(outputs("report a.trace").is_empty());
    }
}
