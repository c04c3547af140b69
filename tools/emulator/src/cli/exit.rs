//! How the process ends: exit statuses, and the errors behind two of them.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use scc_emu::gdb::GdbError;
use scc_emu::trace::TraceError;

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

impl ExitStatus {
    /// The number the process ends with.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::ConditionMet => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::LimitReached => 3,
            Self::StrictStop => 4,
            Self::Shutdown => 5,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.number())
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
    /// No debugging session came about, or it broke down.
    #[error(transparent)]
    Gdb(GdbError),
    /// The trace cannot be written.
    #[error(transparent)]
    Trace(#[from] TraceError),
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
            Self::BoardFile(_) | Self::Setup(_) | Self::NothingReleased | Self::Write { .. } => {
                ExitStatus::Usage
            }
            Self::Gdb(GdbError::Bind { .. }) | Self::Trace(TraceError::Create { .. }) => ExitStatus::Usage,
            Self::Gdb(_) | Self::Trace(_) | Self::Output(_) | Self::Signal(_) | Self::Statistics(_) => {
                ExitStatus::Internal
            }
        }
    }
}
