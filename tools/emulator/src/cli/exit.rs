//! How the process ends: exit statuses, and the errors behind two of them.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use super::board_file::BoardFileError;
use super::setup_error::SetupError;

/// Exit status of `scc-emu`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// The condition was met.
    ConditionMet,
    /// The emulator or the host failed.
    Internal,
    /// Wrong arguments, or a file that cannot be used.
    Usage,
    /// A limit, or the user, ended the run before the condition was met.
    LimitReached,
    /// A strict-mode finding ended the run.
    StrictStop,
    /// A core went into shutdown.
    Shutdown,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::ConditionMet => 0,
            ExitStatus::Internal => 1,
            ExitStatus::Usage => 2,
            ExitStatus::LimitReached => 3,
            ExitStatus::StrictStop => 4,
            ExitStatus::Shutdown => 5,
        })
    }
}

/// Why a command ended without having run its course.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The board file is wrong.
    #[error(transparent)]
    BoardFile(#[from] BoardFileError),
    /// Something of what was to be loaded is wrong.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No core would run.
    #[error("no core to start: name them with --release CORES, for example --release 0")]
    NothingReleased,
    /// An option that this build cannot serve.
    #[error("{0} is not available in this build")]
    NotAvailable(&'static str),
    /// A file of results cannot be written.
    #[error("cannot write {file}: {error}", file = file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// The handler of Ctrl-C cannot be installed.
    #[error("cannot watch for Ctrl-C: {0}")]
    Signal(io::Error),
    /// The counts cannot be written as JSON.
    #[error("cannot encode the statistics: {0}")]
    Statistics(#[from] serde_json::Error),
}

impl CommandError {
    /// Whose fault it is, as an exit status.
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::BoardFile(_) | Self::Setup(_) | Self::NothingReleased | Self::NotAvailable(_) => {
                ExitStatus::Usage
            }
            Self::Write { .. } => ExitStatus::Usage,
            Self::Output(_) | Self::Signal(_) | Self::Statistics(_) => ExitStatus::Internal,
        }
    }
}
