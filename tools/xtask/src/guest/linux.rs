//! Linux itself: unpacked, with our files and hooks, configured and built.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::hooks::{HookError, Hooks};
use super::overlay::{self, OverlayError};
use super::places::Places;
use super::sources::Sources;
use super::stamp::{Inputs, Outcome, StampError};
use super::{Variant, config};
use crate::process::CommandError;
use crate::reporter::Reporter;

/// Stamp of a kernel, in the folder where it is built.
pub(super) const STAMP: &str = "built.stamp";

/// Parts of the sources that no build of ours reads, which are most of them, as patterns below the top folder. Makefiles
/// and configuration files stay: Linux reads those of every processor and driver.
const LEFT_OUT: &[&str] = &[
    "Documentation/*/*",
    "arch/[!x]*/*.[chS]",
    "arch/[!x]*/*.dts*",
    "drivers/gpu/*.[ch]",
    "drivers/net/*/*.[ch]",
    "sound/*.[ch]",
    "tools/perf/*",
    "tools/testing/*",
];

/// Unpacks the sources, unless that was done, then adds our files and hooks.
pub(super) fn prepare(places: &Places, sources: &Sources, reporter: &mut Reporter) -> Result<(), LinuxError> {
    let stamp = Inputs::default().word("left out", &LEFT_OUT.join(" ")).path(&sources.linux)?.stamp()?;
    let done = stamp.unless_at(&places.tree_stamp(), || unpack(places, &sources.linux, reporter))?;
    if done == Outcome::Before {
        reporter.note("unpacked before".to_owned());
    }
    overlay::lay(&places.own("overlay"), &places.tree(), &places.overlay_list())?;
    let hooks = Hooks::read(&places.own("hooks.toml"))?;
    hooks.apply(&places.tree(), &places.pristine())?;
    reporter.note(format!("{} hooks", hooks.count()));
    Ok(())
}

fn unpack(places: &Places, package: &Path, reporter: &mut Reporter) -> Result<(), LinuxError> {
    let unpacked = places.user("unpacked");
    // Unpacked files are as old as their release: to `make`, what another release made would be newer.
    for made in [places.kernel(Variant::Native), places.kernel(Variant::Guest), places.user("headers")] {
        remove(&made)?;
    }
    for folder in [&places.tree(), &places.pristine(), &unpacked] {
        remove(folder)?;
        std::fs::create_dir_all(folder)
            .map_err(|source| LinuxError::File { path: folder.clone(), source })?;
    }
    reporter.quietly(Command::new("dpkg-deb").arg("-x").args([package, &unpacked]))?;
    let archive = sole_archive(&unpacked.join("usr/src"))?;
    let mut tar = Command::new("tar");
    tar.args(["--wildcards", "--strip-components=1"]);
    let top = archive.file_name().unwrap_or_default().to_string_lossy().replace(".tar.xz", "");
    tar.args(LEFT_OUT.iter().map(|pattern| format!("--exclude={top}/{pattern}")));
    reporter.quietly(tar.arg("-C").arg(places.tree()).arg("-xJf").arg(archive))?;
    remove(&unpacked)
}

/// The only archive in the folder.
fn sole_archive(folder: &Path) -> Result<PathBuf, LinuxError> {
    let unreadable = |source| LinuxError::File { path: folder.to_path_buf(), source };
    let mut archives = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        archives.extend(path.to_string_lossy().ends_with(".tar.xz").then_some(path));
    }
    match (archives.pop(), archives.len()) {
        (Some(archive), 0) => Ok(archive),
        _ => Err(LinuxError::Package { folder: folder.to_path_buf() }),
    }
}

fn remove(folder: &Path) -> Result<(), LinuxError> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(LinuxError::File { path: folder.to_path_buf(), source })
        }
        _ => Ok(()),
    }
}

/// Configures and builds the kernel, unless its inputs are those of the last time.
pub(super) fn build(
    places: &Places,
    variant: Variant,
    compiler: &str,
    reporter: &mut Reporter,
) -> Result<(), LinuxError> {
    let folder = places.kernel(variant);
    let fragments =
        [places.own("config/base.config"), places.own(&format!("config/{}.config", variant.name()))];
    let mut inputs = Inputs::default().word("compiler", compiler).path(&places.tree_stamp())?;
    for input in fragments.iter().chain([&places.own("overlay"), &places.own("hooks.toml")]) {
        inputs = inputs.path(input)?;
    }
    let stamp = inputs.path(&places.recipe("linux.rs"))?.stamp()?;
    let done = stamp.unless_at(&folder.join(STAMP), || {
        std::fs::create_dir_all(&folder)
            .map_err(|source| LinuxError::File { path: folder.clone(), source })?;
        configure(places, &folder, &fragments, reporter)?;
        Ok::<_, LinuxError>(reporter.quietly(make(places, &folder).arg(variant.make_target()))?)
    })?;
    if done == Outcome::Before {
        reporter.note("built before".to_owned());
    }
    Ok(())
}

/// Writes the configuration: everything off but what the fragments say, which is checked.
fn configure(
    places: &Places,
    folder: &Path,
    fragments: &[PathBuf],
    reporter: &mut Reporter,
) -> Result<(), LinuxError> {
    let mut wanted = String::new();
    for fragment in fragments {
        wanted += &std::fs::read_to_string(fragment)
            .map_err(|source| LinuxError::File { path: fragment.clone(), source })?;
    }
    let (choice, result) = (folder.join("wanted.config"), folder.join(".config"));
    let before = std::fs::read_to_string(&result).ok();
    std::fs::write(&choice, &wanted).map_err(|source| LinuxError::File { path: choice.clone(), source })?;
    reporter.quietly(make(places, folder).arg("allnoconfig").env("KCONFIG_ALLCONFIG", &choice))?;
    let made = std::fs::read_to_string(&result)
        .map_err(|source| LinuxError::File { path: result.clone(), source })?;
    let changed = before.is_some_and(|before| before != made);
    reporter.note(if changed { "configuration has changed" } else { "configured" }.to_owned());
    let dropped = config::dropped(&wanted, &made);
    if dropped.is_empty() { Ok(()) } else { Err(LinuxError::Dropped { lines: dropped.join("\n    ") }) }
}

/// The headers that programs see, below `user/headers`.
pub(super) fn headers(places: &Places, reporter: &mut Reporter) -> Result<(), LinuxError> {
    let (folder, stamp_file) = (places.user("headers"), places.user("headers.stamp"));
    let stamp = Inputs::default().path(&places.tree_stamp())?.stamp()?;
    stamp.unless_at(&stamp_file, || {
        std::fs::create_dir_all(&folder)
            .map_err(|source| LinuxError::File { path: folder.clone(), source })?;
        Ok::<_, LinuxError>(reporter.quietly(make(places, &folder).arg("headers"))?)
    })?;
    Ok(())
}

/// `make` in the sources of Linux, for a 32-bit processor, its results in `folder`. What it writes depends on neither
/// the time nor the machine.
fn make(places: &Places, folder: &Path) -> Command {
    let mut make = super::make();
    make.arg("-C").arg(places.tree()).arg("ARCH=i386").arg(format!("O={}", folder.display()));
    make.env("KBUILD_BUILD_TIMESTAMP", "1970-01-01").env("KBUILD_BUILD_USER", "guest");
    make.env("KBUILD_BUILD_HOST", "guest");
    make
}

/// Why there is no kernel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinuxError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The package does not hold one archive.
    #[error("{} does not hold exactly one .tar.xz", folder.display())]
    Package {
        /// Where it should be.
        folder: PathBuf,
    },
    /// Linux's configuration did not take some lines.
    #[error(
        "Linux's configuration does not take these lines of guests/linux/config:\n    {lines}\n  next: see in its Kconfig files what they depend on"
    )]
    Dropped {
        /// The lines.
        lines: String,
    },
    /// A file of ours cannot be put into the tree.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// A hook does not fit.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// Inputs cannot be read.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn package_with_two_archives_is_refused() {
        let folder = Workspace::locate().expect("a workspace").scratch().join("archive-tests");
        std::fs::create_dir_all(&folder).expect("writable");
        std::fs::write(folder.join("one.tar.xz"), "").expect("writable");
        assert_eq!(sole_archive(&folder).expect("one"), folder.join("one.tar.xz"));
        let second = folder.join("two.tar.xz");
        std::fs::write(&second, "").expect("writable");
        assert!(matches!(sole_archive(&folder), Err(LinuxError::Package { .. })));
        std::fs::remove_file(second).expect("a file of this test");
    }
}
