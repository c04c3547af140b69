//! The command line: verbs and their options, as `--help` shows them.
//!
//! This file is compiled into `scc-trace` and into xtask, which checks the options before anything is built and hands them on.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use scc::id::CoreId;

/// Shows what 48 kernels did, from a trace that `cargo run -- trace -o FILE` has recorded.
#[derive(Debug, Parser)]
#[command(
    name = "scc-trace",
    version,
    after_help = "Record first:\n  cargo run -- trace --for 100ms -o run.trace -- --cores 0-7\n\n\
                  Exit status: 0 done, 1 failure of this program or its host, 2 wrong input."
)]
pub(crate) struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What can be done with a trace.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// How long tasks wait and run, what each core spends its time on, what is missing
    ///
    /// Times are cycles of the core. `wake to poll` is from the moment a task is put into the run queue to its poll; `of it
    /// in the queue` is the part of that in which other polls ran, the rest is executor and interrupts.
    #[command(after_help = "Examples:\n  cargo run -- trace report run.trace\n  \
                            cargo run -- trace report run.trace --json report.json   the same figures for scripts, too")]
    Report(ReportArguments),
    /// For other viewers: Perfetto, Chrome's tracing, a table
    ///
    /// Perfetto and Chrome's tracing get a process for each core, in it a thread for each task with its polls and the
    /// interrupts in them, and arrows from wakes to polls and from letters written to letters read. The table has a row for
    /// each poll, interrupt and event.
    #[command(
        after_help = "Examples:\n  cargo run -- trace export --perfetto run.trace       run.pftrace, to open at ui.perfetto.dev\n  \
                            cargo run -- trace export --csv run.trace -o a.csv   a table"
    )]
    Export(ExportArguments),
    /// As one page with a timeline of all cores, which needs no network
    ///
    /// The timeline is zoomed by the wheel and moved by dragging; tasks and events are searched; `?` on the page lists the
    /// keys. The page has everything in it and may be sent to somebody who has nothing else.
    #[command(after_help = "Example:\n  cargo run -- trace html run.trace   run.html")]
    Html(HtmlArguments),
    /// As a drawing of a part of the timeline, for documents
    #[command(
        after_help = "Example:\n  cargo run -- trace picture run.trace --from 70ms --to 70.4ms -o timeline.svg"
    )]
    Picture(PictureArguments),
    /// Why a task was late: who ran meanwhile, who woke it, and what led to that, across cores
    ///
    /// The first line is the poll that is asked for, each one behind an arrow what led to the one before. Without --at it is
    /// the longest wait of the tasks that are named, or of all.
    #[command(
        after_help = "Examples:\n  cargo run -- trace why run.trace                                  the longest wait of all\n  \
                            cargo run -- trace why run.trace --task mail --core 3 --at 21.2ms the poll at that time or the next\n  \
                            cargo run -- trace why run.trace --task mail --html why.html      the timeline with the chain in it"
    )]
    Why(WhyArguments),
    /// From memory of cores that a board's host has dumped: makes a trace of it
    ///
    /// A dump is the raw bytes of one core's memory with its ring somewhere in it. It has the newest records of the core, 512
    /// now. docs/trace.md tells where the ring lies, and how it comes out of the core's caches.
    #[command(
        after_help = "Example:\n  cargo run -- trace dumps 0=core00.bin 1=core01.bin --kernel \\\n      \
                            target/i586-unknown-linux-gnu/kernel/kernel -o board.trace"
    )]
    Dumps(DumpArguments),
}

/// The trace to read.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// Trace file
    #[arg(default_value = "run.trace")]
    pub(crate) file: PathBuf,
    /// Read a damaged or cut-off file up to where it is damaged
    #[arg(long)]
    pub(crate) damaged: bool,
}

/// Options of `report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArguments {
    /// What to read
    #[command(flatten)]
    pub(crate) source: Source,
    /// Write the figures to FILE as JSON, too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Options of `export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    /// What to read
    #[command(flatten)]
    pub(crate) source: Source,
    /// What to write
    #[command(flatten)]
    pub(crate) format: Format,
    /// File to write [default: beside the trace, with the ending .pftrace, .json or .csv]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ExportArguments {
    /// File to write.
    pub(crate) fn output(&self) -> PathBuf {
        let Format { perfetto, chrome_json, csv: _ } = self.format;
        let ending = if perfetto {
            "pftrace"
        } else if chrome_json {
            "json"
        } else {
            "csv"
        };
        self.output.clone().unwrap_or_else(|| beside(&self.source.file, ending))
    }
}

/// Options of `html`.
#[derive(Args, Debug)]
pub(crate) struct HtmlArguments {
    /// What to read
    #[command(flatten)]
    pub(crate) source: Source,
    /// Page to write [default: beside the trace, with the ending .html]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl HtmlArguments {
    /// Page to write.
    pub(crate) fn output(&self) -> PathBuf {
        self.output.clone().unwrap_or_else(|| beside(&self.source.file, "html"))
    }
}

/// Options of `picture`.
#[derive(Args, Debug)]
pub(crate) struct PictureArguments {
    /// What to read
    #[command(flatten)]
    pub(crate) source: Source,
    /// Where it begins: time since power-on, for example 21.2ms
    #[arg(long, value_name = "TIME", value_parser = picoseconds)]
    pub(crate) from: Option<u64>,
    /// Where it ends
    #[arg(long, value_name = "TIME", value_parser = picoseconds)]
    pub(crate) to: Option<u64>,
    /// Drawing to write, SVG [default: beside the trace, with the ending .svg]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl PictureArguments {
    /// Drawing to write.
    pub(crate) fn output(&self) -> PathBuf {
        self.output.clone().unwrap_or_else(|| beside(&self.source.file, "svg"))
    }
}

/// The name of a trace with another ending, or with one more if it has this one.
fn beside(trace: &Path, ending: &str) -> PathBuf {
    let other = trace.with_extension(ending);
    if other == trace { trace.with_added_extension(ending) } else { other }
}

/// Options of `why`.
#[derive(Args, Debug)]
pub(crate) struct WhyArguments {
    /// What to read
    #[command(flatten)]
    pub(crate) source: Source,
    /// Name of the task
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
    /// Its core, 0 to 47
    #[arg(long, value_name = "CORE", value_parser = core)]
    pub(crate) core: Option<CoreId>,
    /// Time since power-on, for example 21.2ms or 350us
    #[arg(long, value_name = "TIME", value_parser = picoseconds)]
    pub(crate) at: Option<u64>,
    /// Write the page of `html` to FILE, too, with the chain listed and drawn in it
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// Options of `dumps`.
#[derive(Args, Debug)]
pub(crate) struct DumpArguments {
    /// Dumped memory: the core, 0 to 47, and the file
    #[arg(required = true, value_name = "CORE=FILE", value_parser = core_and_file)]
    pub(crate) dumps: Vec<(CoreId, PathBuf)>,
    /// ELF file of the kernel that ran, which has the names of tasks
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: PathBuf,
    /// Trace to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

fn core_and_file(text: &str) -> Result<(CoreId, PathBuf), &'static str> {
    let (number, file) = text.split_once('=').ok_or("expected CORE=FILE, for example 0=core00.bin")?;
    Ok((core(number)?, file.into()))
}

fn core(text: &str) -> Result<CoreId, &'static str> {
    text.parse().ok().and_then(CoreId::new).ok_or("expected the number of a core, 0 to 47")
}

/// A time with a unit, perhaps with a fraction, in picoseconds.
fn picoseconds(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "expected a time with a unit, for example 21.2ms, 350us or 1s";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let places: usize = match &text[digits.len()..] {
        "s" => 12,
        "ms" => 9,
        "us" => 6,
        "ns" => 3,
        _ => return Err(WRONG),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number =
        !whole.is_empty() && [whole, fraction].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !is_number || fraction.len() > places {
        return Err(WRONG);
    }
    format!("{whole}{fraction:0<places$}").parse().map_err(|_| WRONG)
}

/// Formats of other viewers.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Format {
    /// Perfetto's own format
    #[arg(long)]
    pub(crate) perfetto: bool,
    /// The JSON of Chrome's tracing
    #[arg(long)]
    pub(crate) chrome_json: bool,
    /// A table, its cells separated by commas
    #[arg(long)]
    pub(crate) csv: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn files_are_written_beside_the_trace_unless_they_are_named() {
        let output = |line: &str| match Arguments::parse_from(line.split_whitespace()).verb {
            Verb::Export(export) => export.output(),
            Verb::Html(html) => html.output(),
            Verb::Picture(picture) => picture.output(),
            other => panic!("{other:?}"),
        };
        for (line, file) in [
            ("t html", "run.html"),
            ("t html a/b.trace", "a/b.html"),
            ("t html a.html", "a.html.html"),
            ("t html b.trace -o c", "c"),
            ("t export --perfetto", "run.pftrace"),
            ("t export --chrome-json", "run.json"),
            ("t export --csv b", "b.csv"),
            ("t picture b.1.trace", "b.1.svg"),
        ] {
            assert_eq!(output(line), PathBuf::from(file), "{line}");
        }
    }

    #[test]
    fn times_are_read_with_their_units() {
        for (text, time) in
            [("21.2ms", 21_200_000_000), ("350us", 350_000_000), ("1s", 1_000_000_000_000), ("0.5ns", 500)]
        {
            assert_eq!(picoseconds(text), Ok(time), "{text}");
        }
        for text in ["", "5", "ms", ".5ms", "1.0005ns", "-1ms", "99999999999s", "1.2.3ms"] {
            assert!(picoseconds(text).is_err(), "{text}");
        }
    }
}
