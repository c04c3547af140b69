//! Guests for the kernel, built like the kernel itself.

use std::path::Path;
use std::sync::Mutex;

use scc_image::GuestImage;

use crate::core_program;

/// Memory that the guests of tests get.
pub const MEMORY_BYTES: u32 = 4 << 20;

/// The guest that `package` builds, with [`MEMORY_BYTES`] of memory.
///
/// # Panics
/// If it cannot be built or read.
#[must_use]
pub fn guest(package: &'static str) -> GuestImage {
    // Cargo waits for itself, but says so on standard error.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let path = core_program::build_with(package, "kernel", &[]).expect("the guest builds");
    GuestImage::read(&path, MEMORY_BYTES).expect("cargo has just written it")
}

/// The guest of a C program, named from the root of the workspace.
///
/// # Panics
/// If it cannot be built or read.
#[must_use]
pub fn c_guest(file: &str) -> GuestImage {
    // Tests run in processes of their own, at the same time.
    let name = Path::new(file).file_stem().unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("c-guest-{}", std::process::id()));
    let path = folder.join(name);
    core_program::build_c_guest(file, &path).unwrap_or_else(|error| panic!("{error}"));
    let guest = GuestImage::read(&path, MEMORY_BYTES).expect("the linker has just written it");
    std::fs::remove_dir_all(&folder).expect("made by the build");
    guest
}

/// A guest whose file has these bytes.
#[must_use]
pub fn file(name: &str, bytes: &[u8]) -> GuestImage {
    GuestImage::new(name.to_owned(), bytes.to_vec(), MEMORY_BYTES)
}
