//! Building the native runner.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::core_program::{self, BuildError};

/// The path of the native runner, built on the first call.
///
/// # Errors
/// Cargo cannot be run or reports failure.
pub fn program() -> Result<&'static Path, BuildError> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = PROGRAM.get() {
        return Ok(path);
    }
    let built = core_program::build("native-runner", "dev")?;
    Ok(PROGRAM.get_or_init(|| built))
}
