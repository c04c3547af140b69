//! What a letter takes between cores, as the kernels themselves measure it.
//!
//! `scc-boot` boots the cores on the emulated chip, memory model strict, with the chip's timing, and the kernels' word
//! `measure=polled` (or `direct`, `doorbell`) has each pair exchange letters while all others sleep. Each core prints a
//! line about all cores above it. Times are cycles of a core, one way: half of a letter and its answer.

mod pairs;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use scc_image::CoreList;

#[cfg(test)]
pub(crate) use self::pairs::tests::example;
pub(crate) use self::pairs::{Hops, Pairs, Span};
use crate::boot::Platform;
use crate::figures::SETTING;
use crate::process::{self, CommandError};
use crate::program::{self, ProgramError};
use crate::workspace::Workspace;

/// Time of this machine that a run may take; 48 cores take a minute on one that has nothing else to do.
const MOST_SECONDS: &str = "3600";

/// How a letter is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Way {
    /// The receiver looks into its line all the time
    Polled,
    /// The sender writes the receiver's interrupt bit
    Direct,
    /// The sender rings through the global interrupt controller
    Doorbell,
}

impl Way {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Polled, Self::Direct, Self::Doorbell];

    /// The kernel's word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Polled => "polled",
            Self::Direct => "direct",
            Self::Doorbell => "doorbell",
        }
    }
}

/// The programs that measure.
pub(crate) struct Laboratory {
    board: PathBuf,
    kernel: PathBuf,
    folder: PathBuf,
}

impl Laboratory {
    /// Builds kernel and emulator; cargo shows its progress.
    pub(crate) fn build(workspace: &Workspace) -> Result<Self, LettersError> {
        Ok(Self {
            board: program::build(workspace, "scc-boot", None)?,
            kernel: program::kernel(workspace, Platform::Scc, "measure=polled")?,
            folder: workspace.scratch().join("letters"),
        })
    }

    /// Boots `cores` and measures every two of them. `progress` is told how many cores have told all about the cores
    /// above them, of one less than all.
    pub(crate) fn measure(
        &self,
        cores: &CoreList,
        way: Way,
        mut progress: impl FnMut(usize),
    ) -> Result<Pairs, LettersError> {
        let mut pairs = Pairs::new(cores.clone());
        let mut output = String::new();
        let mut told = 0;
        let ended = process::watch(&mut self.command(&self.kernel, cores, way.name()), |line| {
            if pairs.read(line, way) {
                told += 1;
                progress(told);
            }
            output.push_str(line);
            output.push('\n');
        });
        let log = self.folder.join("output.txt");
        std::fs::write(&log, output).map_err(|source| LettersError::File { path: log.clone(), source })?;
        // What the kernels say is more than the status of the program that booted them.
        match pairs.missing() {
            None => Ok(ended.map(|()| pairs)?),
            Some((from, to)) => Err(LettersError::Missing { from: from.number(), to: to.number(), log }),
        }
    }

    /// Boots `cores` with `measure=` and this word; the lines that they print.
    pub(crate) fn lines(
        &self,
        kernel: &Path,
        cores: &CoreList,
        word: &str,
    ) -> Result<Vec<String>, LettersError> {
        let mut lines = Vec::new();
        process::watch(&mut self.command(kernel, cores, word), |line| lines.push(line.to_owned()))?;
        Ok(lines)
    }

    fn command(&self, kernel: &Path, cores: &CoreList, word: &str) -> Command {
        let mut command = Command::new(&self.board);
        command.arg(kernel).arg("--image").arg(self.folder.join("image"));
        // The figures do not depend on how busy this machine is.
        command.args(SETTING).args(["--wall", MOST_SECONDS]).arg("--cores").arg(cores.to_string());
        command.arg("--command-line").arg(format!("measure={word}"));
        command
    }

    /// Where the last run has left its output.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Why there are no times.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LettersError {
    /// A program was not built.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The boot failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The kernels did not tell about all pairs.
    #[error("cores {from} and {to} did not measure their letters\n  next: see {}", log.display())]
    Missing {
        /// The lower core.
        from: u8,
        /// The higher core.
        to: u8,
        /// What the kernels have printed.
        log: PathBuf,
    },
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}
