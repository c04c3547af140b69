//! Boot images: what `scc-image` writes, an emulated board loads and boots.

mod boot;
mod elf;
mod round_trip;

use std::path::PathBuf;

/// A folder of its own for a test, below cargo's folder for temporary files.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("image").join(name)
}
