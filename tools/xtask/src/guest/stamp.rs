//! Stamps: the inputs of a build step, written down beside what it made.
//!
//! A stamp is a text with one line for each input: the SHA-256 of a file, or a named word such as a compiler's
//! version. A step whose stamp already says the same is not done again.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, CommandError};

/// The inputs of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Inputs {
    lines: Vec<String>,
    /// Files, and their names relative to the folder of what was added.
    files: Vec<(PathBuf, PathBuf)>,
}

impl Inputs {
    /// Adds a word, such as a version.
    pub(super) fn word(mut self, name: &str, value: &str) -> Self {
        self.lines.push(format!("{name} {}", value.trim()));
        self
    }

    /// Adds a file, or every file below a folder.
    ///
    /// # Errors
    /// [`StampError::File`] if there is no such file or folder.
    pub(super) fn path(mut self, path: &Path) -> Result<Self, StampError> {
        self.add(path, path.parent().unwrap_or(path))?;
        Ok(self)
    }

    fn add(&mut self, path: &Path, folder: &Path) -> Result<(), StampError> {
        let unreadable = |source| StampError::File { path: path.to_path_buf(), source };
        if path.metadata().map_err(unreadable)?.is_dir() {
            for entry in std::fs::read_dir(path).map_err(unreadable)? {
                self.add(&entry.map_err(unreadable)?.path(), folder)?;
            }
        } else {
            let name = path.strip_prefix(folder).unwrap_or(path).to_path_buf();
            self.files.push((path.to_path_buf(), name));
        }
        Ok(())
    }

    /// The stamp of these inputs, in an order of its own.
    ///
    /// # Errors
    /// [`StampError::Command`] if the files cannot be read.
    pub(super) fn stamp(&self) -> Result<Stamp, StampError> {
        let mut lines = self.lines.clone();
        let (paths, names): (Vec<_>, Vec<_>) = self.files.iter().cloned().unzip();
        let digests = digests(&paths)?.into_iter().map(|(_, digest)| digest);
        lines.extend(digests.zip(names).map(|(digest, name)| format!("{digest} {}", name.display())));
        lines.sort_unstable();
        Ok(Stamp { text: lines.join("\n") + "\n" })
    }
}

/// What the inputs of a step were.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    text: String,
}

impl Stamp {
    /// Does `work` and writes the stamp to `path`, unless it is there already. Before the work begins the old stamp is
    /// removed: a step that fails leaves none, whatever its inputs are the next time.
    ///
    /// # Errors
    /// Those of the work, and [`StampError::File`] if the stamp cannot be removed or written.
    pub(super) fn unless_at<E: From<StampError>>(
        &self,
        path: &Path,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<Outcome, E> {
        if std::fs::read_to_string(path).is_ok_and(|text| text == self.text) {
            return Ok(Outcome::Before);
        }
        let failed = |source| StampError::File { path: path.to_path_buf(), source };
        match std::fs::remove_file(path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(failed(source).into()),
            _ => {}
        }
        work()?;
        std::fs::write(path, &self.text).map_err(failed)?;
        Ok(Outcome::Now)
    }
}

/// When a step was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// In an earlier run.
    Before,
    /// In this one.
    Now,
}

/// SHA-256 of each file, as hexadecimal digits.
///
/// # Errors
/// [`StampError::Command`] if a file cannot be read.
pub(super) fn digests(files: &[PathBuf]) -> Result<Vec<(&Path, String)>, StampError> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let text = process::output(Command::new("sha256sum").arg("--").args(files))?;
    let digests = text.lines().filter_map(|line| line.trim_start_matches('\\').split_whitespace().next());
    Ok(files.iter().map(PathBuf::as_path).zip(digests.map(str::to_owned)).collect())
}

/// Why there is no stamp.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StampError {
    /// An input or a stamp cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The digests could not be made.
    #[error(transparent)]
    Command(#[from] CommandError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn digest_of_a_file_without_contents_is_the_known_one() {
        let folder = Workspace::locate().expect("a workspace").scratch().join("stamp-tests/empty");
        std::fs::create_dir_all(&folder).expect("writable");
        let file = folder.join("empty file");
        std::fs::write(&file, "").expect("writable");
        let files = [file];
        let digests = digests(&files).expect("readable");
        assert_eq!(digests[0].1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn stamp_changes_with_a_file_below_a_folder_and_with_a_word() {
        let folder = Workspace::locate().expect("a workspace").scratch().join("stamp-tests/change");
        std::fs::create_dir_all(folder.join("below")).expect("writable");
        let inputs = |word: &str, text: &str| {
            std::fs::write(folder.join("below/file"), text).expect("writable");
            Inputs::default()
                .word("compiler", word)
                .path(&folder)
                .expect("a folder")
                .stamp()
                .expect("readable")
        };
        let first = inputs("12", "a");
        assert_eq!(inputs("12", "a"), first);
        assert_ne!(inputs("12", "b"), first);
        assert_ne!(inputs("13", "a"), first);
    }

    #[test]
    fn step_that_fails_leaves_no_stamp_of_an_earlier_one() {
        let folder = Workspace::locate().expect("a workspace").scratch().join("stamp-tests/failure");
        std::fs::create_dir_all(&folder).expect("writable");
        let path = folder.join("stamp");
        let stamp = |word: &str| Inputs::default().word("version", word).stamp().expect("no files");
        let works = || Ok::<_, StampError>(());
        let fails =
            || Err(StampError::File { path: PathBuf::new(), source: std::io::ErrorKind::Other.into() });
        stamp("0").unless_at(&path, works).expect("works");
        assert_eq!(stamp("1").unless_at(&path, works).expect("works"), Outcome::Now);
        assert_eq!(stamp("1").unless_at(&path, works).expect("works"), Outcome::Before);
        assert!(stamp("2").unless_at(&path, fails).is_err());
        assert_eq!(stamp("1").unless_at(&path, works).expect("works"), Outcome::Now);
    }

    #[test]
    fn missing_input_is_an_error() {
        assert!(matches!(Inputs::default().path(Path::new("no/such/file")), Err(StampError::File { .. })));
    }
}
