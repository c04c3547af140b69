//! Where the parts of the Linux guest lie: what is ours in the repository, what is made below the scratch folder.
//!
//! ```text
//! scratch/linux/packages     what apt fetched, and apt's own state
//!               tree         sources of Linux with our files and hooks; one tree for both variants
//!               pristine     first states of the files that have hooks
//!               native       kernel for QEMU's PC        guest   kernel for the hypervisor
//!               user         compiler, C library, busybox, first file system
//! ```

use std::path::{Path, PathBuf};

use super::Variant;
use crate::workspace::Workspace;

/// Folders of the guest.
#[derive(Clone, Debug)]
pub(super) struct Places {
    own: PathBuf,
    recipe: PathBuf,
    scratch: PathBuf,
}

impl Places {
    /// Those of `workspace`.
    pub(super) fn of(workspace: &Workspace) -> Self {
        Self {
            own: workspace.root().join("guests/linux"),
            recipe: workspace.root().join("tools/xtask/src/guest"),
            scratch: workspace.scratch().join("linux"),
        }
    }

    /// A file or folder of ours.
    pub(super) fn own(&self, path: &str) -> PathBuf {
        self.own.join(path)
    }

    /// A file of the recipe's own code: what it makes may change with it.
    pub(super) fn recipe(&self, file: &str) -> PathBuf {
        self.recipe.join(file)
    }

    /// What was fetched.
    pub(super) fn packages(&self) -> PathBuf {
        self.scratch.join("packages")
    }

    /// Sources of Linux.
    pub(super) fn tree(&self) -> PathBuf {
        self.scratch.join("tree")
    }

    /// First states of hooked files.
    pub(super) fn pristine(&self) -> PathBuf {
        self.scratch.join("pristine")
    }

    /// List of our files in the tree.
    pub(super) fn overlay_list(&self) -> PathBuf {
        self.scratch.join("overlay.list")
    }

    /// Stamp of the tree as it was unpacked.
    pub(super) fn tree_stamp(&self) -> PathBuf {
        self.scratch.join("tree.stamp")
    }

    /// Where a kernel is built.
    pub(super) fn kernel(&self, variant: Variant) -> PathBuf {
        self.scratch.join(variant.name())
    }

    /// What belongs to the programs.
    pub(super) fn user(&self, path: &str) -> PathBuf {
        self.scratch.join("user").join(path)
    }

    /// A path as it is shown: below the scratch folder, if it is there.
    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.scratch).unwrap_or(path).display().to_string()
    }

    /// The first file system.
    pub(super) fn file_system(&self) -> PathBuf {
        self.user("files.cpio")
    }
}
