//! Everything a run shows while it lasts: consoles and rings on standard output and in files, notes on standard
//! error, the port log. Also where texts of `--until` are found, because here every byte passes once.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use scc::host::Uart;
use scc::id::CoreId;
use scc_emu::Machine;
use scc_emu::loader::CoreSet;

use super::console::{Colours, Console, Prefix, Source};
use super::console_files::ConsoleFiles;
use super::exit::CommandError;
use super::io_log::IoLog;
use super::plan::RunPlan;
use super::rings::Rings;
use super::status_line::StatusLine;
use super::text_watch::TextWatch;

/// A text of `--until` that was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextSeen {
    /// The text.
    pub(crate) text: String,
    /// Who printed it.
    pub(crate) core: CoreId,
}

/// Where a run's output goes.
pub(crate) struct Output {
    console: Console,
    /// Bytes of each UART shown so far.
    shown: [[usize; Uart::ALL.len()]; CoreId::COUNT],
    files: Option<ConsoleFiles>,
    rings: Option<Rings>,
    io_log: Option<IoLog>,
    watch: TextWatch,
    status: StatusLine,
}

impl Output {
    /// Opens the files of the plan and makes the machine record what they need.
    pub(crate) fn new(
        plan: &RunPlan,
        released: &CoreSet,
        machine: &mut Machine,
    ) -> Result<Self, CommandError> {
        let several = plan.rings || released.len() > 1;
        let prefix = if several { Prefix::Always } else { Prefix::WhenSeveral };
        let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let files = plan.console_dir.as_deref().map(|folder| ConsoleFiles::create(folder, released));
        let io_log = plan.io_log.as_deref().map(IoLog::create).transpose()?;
        if io_log.is_some() {
            machine.fabric_mut().record_io();
        }
        Ok(Self {
            console: Console::new(prefix, if coloured { Colours::Ansi } else { Colours::Plain }),
            shown: [[0; Uart::ALL.len()]; CoreId::COUNT],
            files: files.transpose()?,
            rings: plan.rings.then(|| Rings::new(plan.memory)),
            io_log,
            watch: TextWatch::new(&plan.conditions.texts),
            status: StatusLine::new(),
        })
    }

    /// Shows what is new; the answer is the first watched text in it.
    pub(crate) fn poll(&mut self, machine: &mut Machine) -> Result<Option<TextSeen>, CommandError> {
        let mut news: Vec<(Source, Vec<u8>)> = Vec::new();
        for core in CoreId::all() {
            for (number, uart) in Uart::ALL.into_iter().enumerate() {
                let bytes = machine.fabric().console(core, uart);
                let shown = &mut self.shown[core.index()][number];
                if bytes.len() > *shown {
                    news.push((Source::Uart(core, number), bytes[*shown..].to_vec()));
                    *shown = bytes.len();
                }
            }
        }
        if let Some(files) = &mut self.files {
            news.iter().try_for_each(|(source, bytes)| files.write(source.core(), bytes))?;
        }
        if let Some(rings) = &mut self.rings {
            let added = rings.poll(machine).into_iter();
            news.extend(added.map(|(core, bytes)| (Source::Ring(core), bytes)));
        }
        if let Some(log) = &mut self.io_log {
            log.write(&machine.fabric_mut().take_io_events())?;
        }
        let mut text = Vec::new();
        let mut seen = None;
        for (source, bytes) in news {
            self.console.feed(source, &bytes, &mut text);
            let found = self.watch.feed(source, &bytes);
            seen = seen.or(found.map(|text| TextSeen { text: text.to_owned(), core: source.core() }));
        }
        self.print(&text)?;
        Ok(seen)
    }

    /// Keeps the status line up to date.
    pub(crate) fn update_status(&mut self, machine: &Machine, now: Instant) {
        self.status.update(machine, now);
    }

    /// Tells the user something, on standard error.
    pub(crate) fn note(&self, text: &str) {
        self.status.aside(|| eprintln!("scc-emu: {text}"));
    }

    /// Shows the rest and closes the files.
    pub(crate) fn finish(mut self, machine: &mut Machine) -> Result<(), CommandError> {
        self.poll(machine)?;
        self.status.finish();
        let mut text = Vec::new();
        self.console.finish(&mut text);
        self.print(&text)?;
        self.io_log.map_or(Ok(()), IoLog::finish)
    }

    fn print(&self, text: &[u8]) -> Result<(), CommandError> {
        if text.is_empty() {
            return Ok(());
        }
        let write = || {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(text).and_then(|()| stdout.flush())
        };
        self.status.aside(write).map_err(CommandError::Output)
    }
}
