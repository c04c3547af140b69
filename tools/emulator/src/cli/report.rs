//! What is said after a run: why it ended, how much was done, dumps, statistics.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use scc::id::CoreId;
use scc_emu::loader::CoreSymbols;
use scc_emu::{Machine, Report};

use super::arguments::STANDARD_OUTPUT;
use super::dump::{DumpRequest, table};
use super::exit::{CommandError, ExitStatus};
use super::output::TextSeen;
use super::status_line::{duration, rate};

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A text of `--until` was printed.
    TextSeen(TextSeen),
    /// Every started core is halted (`--until-halted`).
    Halted,
    /// No core can ever run again by itself.
    HaltedForGood,
    /// The same, but a text was waited for.
    TextNeverSeen,
    /// `--cycles`.
    CyclesReached(u64),
    /// `--wall`.
    WallReached(Duration),
    /// Ctrl-C.
    Interrupted,
    /// gdb's user killed the machine.
    Killed,
    /// A strict-mode finding.
    Finding(Box<Report>),
    /// No core can run any more, and this one waits for an answer that never comes.
    Hung(CoreId),
    /// A core shut down.
    Shutdown(CoreId),
}

impl Outcome {
    /// What the process ends with.
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::TextSeen(_) | Self::Halted | Self::HaltedForGood => ExitStatus::ConditionMet,
            Self::TextNeverSeen
            | Self::CyclesReached(_)
            | Self::WallReached(_)
            | Self::Interrupted
            | Self::Killed => ExitStatus::LimitReached,
            Self::Finding(_) | Self::Hung(_) => ExitStatus::StrictStop,
            Self::Shutdown(_) => ExitStatus::Shutdown,
        }
    }

    /// The reason in words.
    pub(crate) fn describe(&self, machine: &Machine, symbols: &CoreSymbols) -> String {
        match self {
            Self::TextSeen(seen) => format!("core {} printed {:?}", seen.core, seen.text),
            Self::Halted => "all started cores are halted".to_owned(),
            Self::HaltedForGood => "all cores are halted for good".to_owned(),
            Self::TextNeverSeen => {
                "no core can run any more, and the text of --until did not appear".to_owned()
            }
            Self::CyclesReached(cycles) => format!("limit of {cycles} cycles reached (--cycles)"),
            Self::WallReached(wall) => format!("limit of {} s reached (--wall)", wall.as_secs_f64()),
            Self::Interrupted => "interrupted".to_owned(),
            Self::Killed => "killed by gdb".to_owned(),
            Self::Finding(report) => {
                let go_on = "; --diagnostics warn goes on as the chip would";
                format!("{}{go_on}", describe_finding(report, symbols))
            }
            Self::Hung(core) => {
                let place = place(machine, *core, symbols);
                format!("no core can run any more: core {core} hangs at {place}")
            }
            Self::Shutdown(core) => {
                let place = place(machine, *core, symbols);
                format!(
                    "core {core} shut down (triple fault) at {place}; look at it with --gdb, or at the way there \
                     with --trace"
                )
            }
        }
    }
}

/// A finding with the symbol it happened in.
pub(crate) fn describe_finding(report: &Report, symbols: &CoreSymbols) -> String {
    match symbols.lookup(report.core, report.linear) {
        Some(symbol) => format!("{report} [in {symbol}]"),
        None => report.to_string(),
    }
}

fn place(machine: &Machine, core: CoreId, symbols: &CoreSymbols) -> String {
    let registers = machine.registers(core);
    let code = &registers.segments[1];
    let linear = code.base.wrapping_add(registers.eip);
    let symbol = symbols.lookup(core, linear).map_or_else(String::new, |symbol| format!(" ({symbol})"));
    format!("{:04x}:{:08x}{symbol}", code.selector, registers.eip)
}

/// One line about the amount of work, and about losses if there were any.
pub(crate) fn summary(machine: &Machine, wall: Duration) -> String {
    let instructions = machine.instructions();
    let chip = machine.fabric().statistics();
    let losses = match (chip.lost_requests, chip.lost_packets) {
        (0, 0) => String::new(),
        (requests, packets) => format!("; lost on purpose: {requests} requests, {packets} packets"),
    };
    format!(
        "{} emulated, {instructions} instructions in {:.3} s, {:.1} MIPS{losses}",
        duration(machine.time()),
        wall.as_secs_f64(),
        rate(instructions, wall),
    )
}

/// Shows or writes a piece of memory. Memory that cannot be read is said to be so, the run stays what it was.
pub(crate) fn dump(machine: &Machine, request: &DumpRequest) -> Result<(), CommandError> {
    let mut bytes = vec![0; request.length];
    if let Err(error) = machine.read_core_memory(request.core, request.address, &mut bytes) {
        eprintln!("scc-emu: --dump {}:{}: {error}", request.core, request.address);
        return Ok(());
    }
    match &request.file {
        Some(file) => write_file(file, &bytes),
        None => write_output(table(request.address, &bytes).as_bytes()),
    }
}

/// Writes the counts as JSON.
pub(crate) fn statistics(machine: &Machine, file: &Path) -> Result<(), CommandError> {
    let mut text = serde_json::to_vec_pretty(&machine.statistics())?;
    text.push(b'\n');
    if file.as_os_str() == STANDARD_OUTPUT { write_output(&text) } else { write_file(file, &text) }
}

fn write_file(file: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    std::fs::write(file, bytes).map_err(|error| CommandError::Write { file: file.to_owned(), error })
}

fn write_output(bytes: &[u8]) -> Result<(), CommandError> {
    std::io::stdout().lock().write_all(bytes).map_err(CommandError::Output)
}
