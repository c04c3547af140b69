//! `cargo xtask bench`: speed measurements that anyone can repeat.

use crate::workspace::Workspace;

/// Measures the emulator.
pub(crate) fn emu(_workspace: &Workspace) -> Result<(), BenchError> {
    Err(BenchError::NotThere)
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The benchmark is not written.
    #[error("the emulator's benchmark is not there yet")]
    NotThere,
}
