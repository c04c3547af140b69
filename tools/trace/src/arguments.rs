//! The command line: verbs and their options, as `--help` shows them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    #[command(after_help = "Examples:\n  scc-trace report run.trace\n  \
                            scc-trace report run.trace --json report.json   the same figures for scripts, too")]
    Report(ReportArguments),
    /// For other viewers: Perfetto, Chrome's tracing, a table
    ///
    /// Perfetto and Chrome's tracing get a process for each core, in it a thread for each task with its polls and the
    /// interrupts in them, and arrows from wakes to polls and from letters written to letters read. The table has a row for
    /// each poll, interrupt and event.
    #[command(
        after_help = "Examples:\n  scc-trace export --perfetto run.trace -o run.pftrace   open it at ui.perfetto.dev\n  \
                            scc-trace export --csv run.trace -o run.csv"
    )]
    Export(ExportArguments),
    /// As one page with a timeline of all cores, which needs no network
    ///
    /// The timeline is zoomed by the wheel and moved by dragging; tasks and events are searched; `?` on the page lists the
    /// keys. The page has everything in it and may be sent to somebody who has nothing else.
    #[command(after_help = "Example:\n  scc-trace html run.trace -o run.html")]
    Html(HtmlArguments),
}

/// The trace to read.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// Trace file
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
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// Options of `html`.
#[derive(Args, Debug)]
pub(crate) struct HtmlArguments {
    /// What to read
    #[command(flatten)]
    pub(crate) source: Source,
    /// Page to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
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
}
