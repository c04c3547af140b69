//! Files that a user names, looked at before anything is built.

use std::io;
use std::path::{Path, PathBuf};

/// Checks that a file is there and may be read.
///
/// # Errors
/// [`FileError::Unreadable`] if not.
pub(crate) fn readable(option: &'static str, file: &Path) -> Result<(), FileError> {
    let opened = std::fs::File::open(file).and_then(|opened| opened.metadata());
    let known = opened.and_then(|known| match known.is_dir() {
        true => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        false => Ok(()),
    });
    known.map_err(|source| FileError::Unreadable { option, file: file.to_owned(), source })
}

/// Checks that there is a folder for a file that will be written, and no folder in its place.
///
/// # Errors
/// [`FileError`] if not.
pub(crate) fn writable(option: &'static str, file: &Path) -> Result<(), FileError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if file.is_dir() {
        return Err(FileError::Folder { option, file: file.to_owned() });
    }
    match folder.filter(|folder| !folder.is_dir()) {
        Some(folder) => Err(FileError::NoFolder { option, file: file.to_owned(), folder: folder.to_owned() }),
        None => Ok(()),
    }
}

/// Why a file that a user names cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It cannot be read.
    #[error("{option} {}: {source}", file.display())]
    Unreadable {
        /// The option that names it.
        option: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be written, because it is a folder.
    #[error("{option} {}: that is a folder; name a file", file.display())]
    Folder {
        /// The option that names it.
        option: &'static str,
        /// The folder.
        file: PathBuf,
    },
    /// It cannot be written, because its folder is not there.
    #[error("{option} {}: there is no folder for it\n  next: `mkdir -p {}`", file.display(), folder.display())]
    NoFolder {
        /// The option that names it.
        option: &'static str,
        /// The file.
        file: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_to_read_are_there_and_are_no_folders() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(readable("--guest", &here.join("Cargo.toml")).is_ok());
        let missing = readable("--guest", Path::new("no.elf")).expect_err("there is none").to_string();
        assert!(missing.starts_with("--guest no.elf: No such file"), "{missing}");
        assert!(readable("--guest", here).expect_err("a folder").to_string().contains("directory"));
    }

    #[test]
    fn files_to_write_have_a_folder() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(writable("--json", Path::new("a.json")).is_ok());
        assert!(writable("--json", &here.join("a.json")).is_ok());
        assert!(writable("--json", here).expect_err("a folder").to_string().contains("name a file"));
        let nowhere = writable("--json", Path::new("no/such/a.json")).expect_err("no folder").to_string();
        assert!(nowhere.ends_with("next: `mkdir -p no/such`"), "{nowhere}");
    }
}
