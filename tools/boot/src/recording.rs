//! A run recorded into a trace file while it goes on.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use scc::id::CoreId;
use scc_emu::{Activity, Machine};
use scc_trace::{About, Anchor, Collector, Visit, WriteError};
use trace_format::record::TextPlace;

use crate::watch::anchor;

/// Why a run is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be made.
    #[error("cannot write {file}: {source}", file = file.display())]
    Create {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written any more.
    #[error("{file}: {source}", file = file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What happened.
        source: WriteError,
    },
}

/// Writes what cores record into a file. A failure is kept until somebody asks.
pub struct Recording {
    collector: Collector<BufWriter<File>>,
    file: PathBuf,
    failure: Option<WriteError>,
}

impl Recording {
    /// Begins a file, in place of one that is there.
    ///
    /// # Errors
    /// [`RecordError`] if it cannot be written.
    pub fn create(file: &Path, about: &About) -> Result<Self, RecordError> {
        let out =
            File::create(file).map_err(|source| RecordError::Create { file: file.to_owned(), source })?;
        let collector = Collector::new(BufWriter::new(out), about)
            .map_err(|source| RecordError::Write { file: file.to_owned(), source })?;
        Ok(Self { collector, file: file.to_owned(), failure: None })
    }

    /// Why records are missing, if the file could not be written.
    pub const fn failure(&self) -> Option<&WriteError> {
        self.failure.as_ref()
    }

    /// Takes what a look into a core's ring has brought.
    pub(crate) fn take(&mut self, core: CoreId, visit: &Visit<'_>, text: impl Fn(TextPlace) -> String) {
        if self.failure.is_none() {
            self.failure = self.collector.take(core, visit, text).err();
        }
    }

    /// Ends the file; `outcome` says how the run ended. Answers with a line about what was recorded.
    ///
    /// # Errors
    /// [`RecordError`] if the file could not be written, now or before.
    pub fn finish(mut self, machine: &Machine, outcome: &str) -> Result<String, RecordError> {
        for core in CoreId::all() {
            if *machine.activity(core) != Activity::Reset {
                let visit = Visit {
                    anchor: anchor_now(machine, core),
                    lost: 0,
                    unknown: 0,
                    kilohertz: self.collector.kilohertz(core),
                    records: &[],
                };
                self.take(core, &visit, |_| String::new());
            }
        }
        let (records, lost) = (self.collector.records(), self.collector.lost());
        let ended = match self.failure {
            Some(failure) => Err(failure),
            None => self.collector.finish(outcome),
        };
        ended.map_err(|source| RecordError::Write { file: self.file.clone(), source })?;
        let missing = match lost {
            0 => "none lost".to_owned(),
            lost => format!("{lost} lost: cores filled their rings between two looks"),
        };
        Ok(format!("recorded {records} records, {missing}, into {}", self.file.display()))
    }
}

/// The core's clock at the time of the chip: a halted core's own time stands still until it is woken.
fn anchor_now(machine: &Machine, core: CoreId) -> Anchor {
    let (own, now) = (anchor(machine, core), machine.time().as_picoseconds());
    let period = machine.fabric().tile_period(core.tile()).as_picoseconds();
    let cycles = now.saturating_sub(own.picoseconds).checked_div(period).unwrap_or(0);
    Anchor { cycles: own.cycles + cycles, picoseconds: own.picoseconds + cycles * period }
}
