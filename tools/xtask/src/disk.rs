//! Room on a disk: how much is free, what is needed, what can go.
//!
//! Cargo, `scc-boot` and `scc-trace` are programs of their own and say by themselves which write failed. [`shortage`] is
//! asked after any failure, and looks whether a disk on which the verb writes is full.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::workspace::Workspace;

/// Bytes of a gigabyte, as people count disks and memory.
pub(crate) const GIGABYTE: u64 = 1_000_000_000;
/// What `target` takes after `cargo run` in a fresh clone, rounded up.
pub(crate) const BOOT: u64 = 2 * GIGABYTE;
/// The same after the gate.
pub(crate) const GATE: u64 = 12 * GIGABYTE;
/// The same after building the Linux guest: sources of Linux, unpacked, and what is built from them.
pub(crate) const GUEST: u64 = 4 * GIGABYTE;
/// A disk with less is full: a program that finds no room takes away what it had begun to write.
const FULL: u64 = GIGABYTE / 4;
/// What is worth a word about its removal.
const WORTH_REMOVING: u64 = GIGABYTE / 10;

/// What to say after a failure, if the disk of `target`, of the repository or of one of `outputs` is full.
pub(crate) fn shortage(workspace: &Workspace, outputs: &[PathBuf]) -> Option<String> {
    let scratch = workspace.scratch();
    let places = [scratch.as_path(), workspace.root()].into_iter();
    let mut places = places.chain(outputs.iter().map(PathBuf::as_path));
    let (place, free) =
        places.find_map(|place| Some((place, free_bytes(place).filter(|free| *free < FULL)?)))?;
    let mut text = format!("the disk with {} is full: {} free\n", place.display(), in_gigabytes(free));
    let needs = [(BOOT, "`cargo run`"), (GUEST, "Linux as its guest"), (GATE, "the gate")];
    let needs = needs.map(|(bytes, what)| format!("{} for {what}", in_gigabytes(bytes))).join(", ");
    writeln!(text, "  needed: {needs}, from a fresh clone on; 17 bytes for each record of a trace")
        .expect("strings take any text");
    let target = scratch.parent().unwrap_or(&scratch);
    for (folder, remedy) in
        [(target, "`cargo clean`"), (&scratch.join("linux"), "to be built again in minutes")]
    {
        let bytes = size_of(folder);
        if bytes >= WORTH_REMOVING {
            writeln!(text, "  to remove: {} in {}, {remedy}", in_gigabytes(bytes), folder.display())
                .expect("strings take any text");
        }
    }
    text.push_str(
        "  next: remove that, or write elsewhere: CARGO_TARGET_DIR for what is built, -o for a trace",
    );
    Some(text)
}

/// Bytes as people read them.
pub(crate) fn in_gigabytes(bytes: u64) -> String {
    let tenths = bytes / (GIGABYTE / 10);
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// Bytes that this user may write where `path` is or will be.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let here = Path::new(".");
    let present = path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(here);
    let system = rustix::fs::statvfs(present).ok()?;
    system.f_bavail.checked_mul(system.f_frsize)
}

/// Bytes of the files below a folder; 0 if there is none.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(known) if known.is_dir() => size_of(&entry.path()),
        Ok(known) => known.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_that_does_not_exist_yet_is_on_the_disk_of_its_parent() {
        let place = std::env::temp_dir().join("no").join("such").join("place");
        assert_eq!(free_bytes(&place).is_some(), free_bytes(&std::env::temp_dir()).is_some());
        assert!(free_bytes(&place).is_some());
        assert_eq!(free_bytes(Path::new("no-such-file-here")), free_bytes(Path::new(".")));
    }

    #[test]
    fn full_disk_is_told_with_what_is_needed_and_what_can_go() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        // A file system of the kernel's own, which has no room.
        let text = shortage(&workspace, &[PathBuf::from("/proc/run.trace")]).expect("it has none");
        assert!(text.starts_with("the disk with /proc/run.trace is full: 0.0 GB free\n"), "{text}");
        assert!(text.contains("2.0 GB for `cargo run`") && text.contains("`cargo clean`"), "{text}");
        assert!(size_of(&workspace.root().join("docs")) > 10_000);
        assert_eq!(size_of(&workspace.root().join("no-such-folder")), 0);
    }
}
