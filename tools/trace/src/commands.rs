//! What the verbs do: read a trace, hand it to the library, write what comes back.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use scc::id::CoreId;
use scc_trace::dump::{self, Dump, DumpError, Found};
use scc_trace::export::{chrome, csv, perfetto};
use scc_trace::picture::{self, Extent};
use scc_trace::report::{self, Figures};
use scc_trace::why::{NoAnswer, Question, explain, text as chain_text};
use scc_trace::{ReadError, Trace, html, read_file};

use crate::arguments::{
    Arguments, DumpArguments, ExportArguments, Format, HtmlArguments, PictureArguments, ReportArguments,
    Source, Verb, WhyArguments,
};

/// Why a verb did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The trace cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nothing in the trace is what was asked for.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// A dump or the kernel cannot be read.
    #[error("cannot read {file}: {source}", file = file.display())]
    Dump {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Two dumps of one core.
    #[error("core {0} is named twice")]
    Twice(CoreId),
    /// The dumps hold no trace.
    #[error(transparent)]
    NoTrace(#[from] DumpError),
    /// The part that is to be drawn does not end after its beginning.
    #[error("there is nothing between --from and --to; times are since power-on, for example 70ms")]
    Empty,
    /// A file cannot be written.
    #[error("cannot write {file}: {source}", file = file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// Figures cannot be put into JSON.
    #[error("cannot encode the figures: {0}")]
    Json(#[from] serde_json::Error),
}

impl CommandError {
    /// Exit status: 2 for wrong input, 1 for failures of this program or its host.
    pub(crate) const fn status(&self) -> u8 {
        match self {
            Self::Read(_)
            | Self::NoAnswer(_)
            | Self::Empty
            | Self::Write { .. }
            | Self::Dump { .. }
            | Self::Twice(_) => 2,
            Self::NoTrace(error) => {
                if matches!(error, DumpError::Write(_)) {
                    1
                } else {
                    2
                }
            }
            Self::Output(_) | Self::Json(_) => 1,
        }
    }
}

/// Does what the command line says.
pub(crate) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    match &arguments.verb {
        Verb::Report(arguments) => report(arguments),
        Verb::Export(arguments) => export(arguments),
        Verb::Html(arguments) => page(arguments),
        Verb::Picture(arguments) => draw(arguments),
        Verb::Why(arguments) => why(arguments),
        Verb::Dumps(arguments) => dumps(arguments),
    }
}

fn report(arguments: &ReportArguments) -> Result<(), CommandError> {
    let trace = read(&arguments.source)?;
    let figures = working("counting", || Figures::of(&trace));
    print(&report::text(&figures))?;
    if let Some(file) = &arguments.json {
        write_file(file, (serde_json::to_string_pretty(&figures)? + "\n").as_bytes())?;
    }
    Ok(())
}

fn export(arguments: &ExportArguments) -> Result<(), CommandError> {
    let trace = read(&arguments.source)?;
    let Format { perfetto, chrome_json, csv: _ } = arguments.format;
    let next = if perfetto || chrome_json { "; open it at https://ui.perfetto.dev" } else { "" };
    write_with(&arguments.output(), next, |out| match (perfetto, chrome_json) {
        (true, _) => perfetto::write(&trace, out),
        (_, true) => chrome::write(&trace, out),
        _ => csv::write(&trace, out),
    })
}

fn page(arguments: &HtmlArguments) -> Result<(), CommandError> {
    let trace = read(&arguments.source)?;
    write_with(&arguments.output(), IN_BROWSER, |out| html::write(&trace, &[], out))
}

fn draw(arguments: &PictureArguments) -> Result<(), CommandError> {
    let trace = read(&arguments.source)?;
    let whole = Extent::whole(&trace);
    let extent = Extent { from: arguments.from.unwrap_or(whole.from), to: arguments.to.unwrap_or(whole.to) };
    if extent.from >= extent.to {
        return Err(CommandError::Empty);
    }
    write_file(&arguments.output(), picture::svg(&trace, extent).as_bytes())
}

fn why(arguments: &WhyArguments) -> Result<(), CommandError> {
    let trace = read(&arguments.source)?;
    let question = Question { task: arguments.task.clone(), core: arguments.core, at: arguments.at };
    let links = working("looking", || explain(&trace, &question))?;
    print(&chain_text(&links))?;
    match &arguments.html {
        Some(file) => write_with(file, IN_BROWSER, |out| html::write(&trace, &links, out)),
        None => Ok(()),
    }
}

fn dumps(arguments: &DumpArguments) -> Result<(), CommandError> {
    let unreadable = |file: &Path, source| CommandError::Dump { file: file.to_owned(), source };
    let bytes_of = |file: &Path| std::fs::read(file).map_err(|source| unreadable(file, source));
    let mut dumps = Vec::new();
    for (core, file) in &arguments.dumps {
        if dumps.iter().any(|dump: &Dump| dump.core == *core) {
            return Err(CommandError::Twice(*core));
        }
        dumps.push(Dump { core: *core, file: file.clone(), bytes: bytes_of(file)? });
    }
    let kernel = bytes_of(&arguments.kernel)?;
    // Nothing is written in place of what is there before the dumps are known to be good.
    let mut trace = Cursor::new(Vec::new());
    let found = dump::collect(&mut trace, &dumps, (&arguments.kernel, &kernel))?;
    for Found { core, records, lost, incomplete, has_clock } in found {
        let clock = if has_clock { "" } else { "; no clock, its time begins with its own start" };
        eprintln!(
            "scc-trace: core {core}: {records} records, {lost} older ones replaced, {incomplete} incomplete{clock}"
        );
    }
    write_with(&arguments.output, "; `trace report` and the others read it", |out| {
        out.write_all(trace.get_ref())
    })
}

/// Reads a trace; on a terminal a bar shows how far.
fn read(source: &Source) -> Result<Trace, CommandError> {
    let bar = if io::stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
    bar.set_style(
        ProgressStyle::with_template("reading {bar:40} {bytes} of {total_bytes}")
            .expect("the template is a constant"),
    );
    let trace = read_file(&source.file, source.damaged, |read, all| {
        bar.set_length(all);
        bar.set_position(read);
    });
    bar.finish_and_clear();
    Ok(trace?)
}

/// Does something long; on a terminal a sign of life tells what.
fn working<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(100));
    let done = work();
    bar.finish_and_clear();
    done
}

fn print(text: &str) -> Result<(), CommandError> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(CommandError::Output),
    }
}

/// What is done with a page.
const IN_BROWSER: &str = "; open it in a browser";

/// Writes a file piece by piece, and says so on standard error with what is done with it next.
fn write_with(
    file: &Path,
    next: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), CommandError> {
    let written = working("writing", || {
        let mut out = BufWriter::new(File::create(file)?);
        write(&mut out)?;
        out.flush()
    });
    written.map_err(|source| CommandError::Write { file: file.to_owned(), source })?;
    eprintln!("scc-trace: written to {}{next}", file.display());
    Ok(())
}

fn write_file(file: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    write_with(file, "", |out| out.write_all(bytes))
}
