//! Files of ours in the tree of Linux: copied if they differ, taken away if they are ours no more.
//!
//! A file with the same contents is not written, so that `make` builds nothing anew for it. A list of what was copied is
//! kept outside the tree; what is on it and not below the overlay any more is removed.

use std::io;
use std::path::{Path, PathBuf};

/// Copies what is below `from` to the same places below `to`, and removes what the last list in `list` has besides.
///
/// # Errors
/// [`OverlayError`] if a file cannot be read, written or removed.
pub(super) fn lay(from: &Path, to: &Path, list: &Path) -> Result<(), OverlayError> {
    let mut files = Vec::new();
    collect(from, Path::new(""), &mut files)?;
    for stale in last(list).into_iter().filter(|file| !files.contains(file)) {
        match std::fs::remove_file(to.join(&stale)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(OverlayError { path: to.join(stale), source });
            }
            _ => {}
        }
    }
    for file in &files {
        let (source, target) = (from.join(file), to.join(file));
        let contents =
            std::fs::read(&source).map_err(|error| OverlayError { path: source, source: error })?;
        if std::fs::read(&target).ok().as_ref() != Some(&contents) {
            let folder = target.parent().unwrap_or(to);
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&target, contents))
                .map_err(|source| OverlayError { path: target, source })?;
        }
    }
    let names: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    std::fs::write(list, names).map_err(|source| OverlayError { path: list.to_path_buf(), source })
}

/// Adds the files below `folder`, whose own name below the overlay is `name`.
fn collect(folder: &Path, name: &Path, files: &mut Vec<PathBuf>) -> Result<(), OverlayError> {
    let unreadable = |source| OverlayError { path: folder.to_path_buf(), source };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = name.join(entry.file_name());
        if entry.path().is_dir() {
            collect(&entry.path(), &name, files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

/// What was copied the last time; nothing if that was never done.
fn last(list: &Path) -> Vec<PathBuf> {
    std::fs::read_to_string(list).map(|text| text.lines().map(PathBuf::from).collect()).unwrap_or_default()
}

/// A file that stands in the way.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub(crate) struct OverlayError {
    path: PathBuf,
    source: io::Error,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    /// An overlay with one file, and a tree.
    fn folders(name: &str) -> (PathBuf, PathBuf, PathBuf) {
        let folder = Workspace::locate().expect("a workspace").scratch().join("overlay-tests").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("a folder of this test");
        }
        let (from, to) = (folder.join("from"), folder.join("to"));
        std::fs::create_dir_all(from.join("a")).expect("writable");
        std::fs::create_dir_all(&to).expect("writable");
        std::fs::write(from.join("a/one"), "1").expect("writable");
        (from, to, folder.join("list"))
    }

    #[test]
    fn same_file_is_not_written_again_and_changed_file_is() {
        let (from, to, list) = folders("same");
        let written = || to.join("a/one").metadata().and_then(|data| data.modified()).expect("copied");
        lay(&from, &to, &list).expect("copies");
        let before = written();
        lay(&from, &to, &list).expect("copies");
        assert_eq!(written(), before);
        std::fs::write(from.join("a/one"), "2").expect("writable");
        lay(&from, &to, &list).expect("copies");
        assert_eq!(std::fs::read_to_string(to.join("a/one")).expect("readable"), "2");
    }

    #[test]
    fn file_that_is_ours_no_more_is_removed_and_others_stay() {
        let (from, to, list) = folders("removed");
        std::fs::write(to.join("theirs"), "").expect("writable");
        lay(&from, &to, &list).expect("copies");
        std::fs::rename(from.join("a/one"), from.join("a/two")).expect("writable");
        lay(&from, &to, &list).expect("copies");
        assert!(!to.join("a/one").exists() && to.join("a/two").exists() && to.join("theirs").exists());
    }
}
