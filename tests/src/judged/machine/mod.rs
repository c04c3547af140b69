//! The machines that run a ROM, and what they printed.

mod bochs;
mod emulator;
mod process;
mod qemu;

use super::monitor::LAST_LINE;
use super::volume::Rom;
use scc_emu::MemoryModel;
use std::fmt;

pub(super) use process::MachineError;

/// The machines besides scc-emu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judge {
    /// Debian's Bochs as a `pentium`.
    Bochs,
    /// QEMU's TCG as a `pentium` without MMX.
    Qemu,
}

impl Judge {
    /// Both.
    pub const ALL: [Judge; 2] = [Judge::Bochs, Judge::Qemu];
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Judge::Bochs => "Bochs",
            Judge::Qemu => "QEMU",
        })
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All cases ran.
    Finished,
    /// The processor shut down after a third fault.
    Shutdown,
    /// It went on for too long, or stopped somewhere else; the text is the machine's own report.
    Stuck(String),
}

/// What a machine printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// One line per case: its name and what happened.
    pub lines: Vec<(String, String)>,
    /// How the run ended.
    pub outcome: Outcome,
}

impl Transcript {
    /// Adds the lines of a later ROM; the first run that did not finish stays the outcome.
    fn extend(&mut self, later: Transcript) {
        self.lines.extend(later.lines);
        if self.outcome == Outcome::Finished {
            self.outcome = later.outcome;
        }
    }

    /// Splits output into lines; without the last line the run ended as `otherwise` says.
    fn new(output: &[u8], otherwise: Outcome) -> Self {
        let text = String::from_utf8_lossy(output);
        let end = String::from_utf8_lossy(LAST_LINE);
        let finished = text.lines().last() == Some(&end);
        let lines = text
            .lines()
            .filter(|line| *line != end)
            .map(|line| line.rsplit_once(": ").unwrap_or((line, "")))
            .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
            .collect();
        Transcript { lines, outcome: if finished { Outcome::Finished } else { otherwise } }
    }
}

/// Four transcripts of the same ROMs.
#[derive(Debug, Clone)]
pub(super) struct Everywhere {
    pub(super) strict: Transcript,
    pub(super) fast: Transcript,
    pub(super) bochs: Transcript,
    pub(super) qemu: Transcript,
}

impl Everywhere {
    /// Runs `roms` one after the other on scc-emu's core 0 under both memory models and on the judges.
    ///
    /// # Errors
    /// If a judge is not installed or cannot be started.
    pub(super) fn run(roms: &[Rom]) -> Result<Self, MachineError> {
        let mut all: Option<Everywhere> = None;
        for rom in roms {
            let runs = Everywhere::run_one(rom)?;
            match &mut all {
                None => all = Some(runs),
                Some(all) => all.extend(runs),
            }
        }
        Ok(all.expect("suites have at least one ROM"))
    }

    fn run_one(rom: &Rom) -> Result<Self, MachineError> {
        let bochs = bochs::start(rom)?;
        let qemu = qemu::start(rom)?;
        let strict = emulator::run(rom, MemoryModel::Strict);
        let fast = emulator::run(rom, MemoryModel::Fast);
        Ok(Everywhere { strict, fast, bochs: bochs.finish()?, qemu: qemu.finish()? })
    }

    fn extend(&mut self, later: Everywhere) {
        self.strict.extend(later.strict);
        self.fast.extend(later.fast);
        self.bochs.extend(later.bochs);
        self.qemu.extend(later.qemu);
    }

    pub(super) fn of(&self, judge: Judge) -> &Transcript {
        match judge {
            Judge::Bochs => &self.bochs,
            Judge::Qemu => &self.qemu,
        }
    }
}
