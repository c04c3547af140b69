//! The sources: Debian's packages of Linux, musl and busybox, fetched with apt and checked.
//!
//! apt runs with lists and caches of its own in the scratch folder, on the mirrors that the machine is set up for, with
//! `deb-src` beside each `deb`; nothing below `/etc` or `/var` is changed, and root is not needed. apt checks signatures
//! and digests; beyond that `guests/linux/sources.toml` records the SHA-256 of each file that this project was built
//! from. A recorded version is preferred; another one is used with a warning, since mirrors drop old point releases.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::stamp::{self, StampError};
use crate::process::{self, CommandError};
use crate::reporter::Reporter;

/// What is recorded of the sources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// Name of the binary package that holds the sources of Linux.
    linux: String,
    /// Names of further source packages.
    programs: Vec<String>,
    /// Files that are known to work.
    known: Vec<Known>,
}

/// A file with a recorded digest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    file: String,
    sha256: String,
}

/// The fetched files.
#[derive(Debug)]
pub(super) struct Sources {
    /// Package with the sources of Linux.
    pub(super) linux: PathBuf,
    /// Description (`.dsc`) of each further source package, in the order of the record.
    pub(super) programs: Vec<PathBuf>,
}

impl Record {
    /// Reads the record at `path`.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read or is not of this form.
    pub(super) fn read(path: &Path) -> Result<Self, SourceError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SourceError::File { path: path.to_path_buf(), source })?;
        toml::from_str(&text).map_err(|source| SourceError::Record(Box::new(source)))
    }

    /// The files, if all are in `folder` already.
    fn present(&self, folder: &Path) -> Option<Sources> {
        let find = |package: &str, ending: &str| newest_file(folder, &format!("{package}_"), ending);
        let programs: Option<Vec<_>> = self.programs.iter().map(|name| find(name, ".dsc")).collect();
        Some(Sources { linux: find(&self.linux, ".deb")?, programs: programs? })
    }

    /// The recorded file of `package` among those of `versions` that a mirror has; else the newest, which is the first.
    fn choice<'a>(&self, package: &str, versions: &[&'a str]) -> Option<&'a str> {
        let is_known = |version: &&str| {
            let file = deb_name(package, version);
            self.known.iter().any(|known| known.file == file)
        };
        versions.iter().copied().find(|version| is_known(version)).or(versions.first().copied())
    }

    /// Compares a file's digest with the recorded one: `None` if they agree, else a warning.
    ///
    /// # Errors
    /// [`SourceError::Digest`] if a file with a recorded name has other contents.
    fn judge(&self, file: &str, digest: &str) -> Result<Option<String>, SourceError> {
        match self.known.iter().find(|known| known.file == file) {
            Some(known) if known.sha256 == digest => Ok(None),
            Some(_) => Err(SourceError::Digest { file: file.to_owned(), digest: digest.to_owned() }),
            None => {
                Ok(Some(format!("{file} is not recorded in guests/linux/sources.toml (SHA-256 {digest})")))
            }
        }
    }
}

/// Fetches what is not in `folder` yet, checks everything, and notes warnings.
pub(super) fn obtain(
    record: &Record,
    folder: &Path,
    reporter: &mut Reporter,
) -> Result<Sources, SourceError> {
    let sources = match record.present(folder) {
        Some(sources) => {
            reporter.note("fetched before".to_owned());
            sources
        }
        None => {
            fetch(record, folder, reporter)?;
            record.present(folder).ok_or(SourceError::Incomplete { folder: folder.to_path_buf() })?
        }
    };
    let files: Vec<_> = std::iter::once(&sources.linux).chain(&sources.programs).cloned().collect();
    for (path, digest) in stamp::digests(&files)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        record
            .judge(&name, &digest)?
            .into_iter()
            .for_each(|warning| reporter.note(format!("warning: {warning}")));
    }
    Ok(sources)
}

/// Fetches all files with apt.
fn fetch(record: &Record, folder: &Path, reporter: &mut Reporter) -> Result<(), SourceError> {
    let apt = Apt::new(folder)?;
    reporter.quietly(apt.get().arg("update"))?;
    let offered = process::output(apt.cache().args(["madison", &record.linux]))?;
    let versions = offered_versions(&offered);
    let version = record
        .choice(&record.linux, &versions)
        .ok_or_else(|| SourceError::NotOffered { package: record.linux.clone() })?;
    reporter.quietly(apt.get().arg("download").arg(format!("{}={version}", record.linux)))?;
    // apt writes `%3a` for the colon of an epoch; the sources of Linux have none.
    reporter.quietly(apt.get().args(["source", "--download-only"]).args(&record.programs))?;
    Ok(())
}

/// apt with a state of its own.
struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    fn new(folder: &Path) -> Result<Self, SourceError> {
        let state = folder.join("apt");
        let (lists, cache, list) = (state.join("lists"), state.join("cache"), state.join("sources.list"));
        let mirrors = process::output(
            Command::new("apt-get")
                .args([
                    "indextargets",
                    "--no-release-info",
                    "--format",
                    "$(REPO_URI) $(RELEASE) $(COMPONENT)",
                ])
                .arg("Created-By: Packages"),
        )?;
        let written = std::fs::create_dir_all(lists.join("partial"))
            .and_then(|()| std::fs::create_dir_all(cache.join("archives/partial")))
            .and_then(|()| std::fs::write(&list, source_list(&mirrors)));
        written.map_err(|source| SourceError::File { path: list.clone(), source })?;
        let options = [
            format!("Dir::Etc::sourcelist={}", list.display()),
            "Dir::Etc::sourceparts=-".to_owned(),
            format!("Dir::State::lists={}", lists.display()),
            format!("Dir::Cache={}", cache.display()),
            // The folder need not be readable for apt's own user.
            "APT::Sandbox::User=".to_owned(),
        ];
        Ok(Self {
            folder: folder.to_path_buf(),
            options: options.into_iter().flat_map(|o| ["-o".to_owned(), o]).collect(),
        })
    }

    fn get(&self) -> Command {
        self.command("apt-get")
    }

    fn cache(&self) -> Command {
        self.command("apt-cache")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).args(&self.options);
        command
    }
}

/// apt's list of sources for lines of mirror, release and component.
fn source_list(mirrors: &str) -> String {
    let mut lines: Vec<_> =
        mirrors.lines().flat_map(|line| ["deb", "deb-src"].map(|kind| format!("{kind} {line}\n"))).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.concat()
}

/// Versions in the answer of `apt-cache madison`, in its order: the newest first.
fn offered_versions(answer: &str) -> Vec<&str> {
    let lines = answer.lines().filter(|line| !line.trim_end().ends_with(" Sources"));
    lines.filter_map(|line| line.split('|').nth(1).map(str::trim)).collect()
}

fn deb_name(package: &str, version: &str) -> String {
    format!("{package}_{version}_all.deb")
}

/// The file of `folder` with this beginning and ending that was fetched last.
fn newest_file(folder: &Path, beginning: &str, ending: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(beginning) && name.ends_with(ending)
    });
    named.max_by_key(|entry| entry.metadata().and_then(|data| data.modified()).ok()).map(|entry| entry.path())
}

/// Why there are no sources.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The record is not of the form of this module.
    #[error("guests/linux/sources.toml: {0}")]
    Record(Box<toml::de::Error>),
    /// No mirror has the package.
    #[error(
        "no mirror of this machine offers {package}\n  next: this needs Debian 12 with its security updates; see guests/linux/README.md"
    )]
    NotOffered {
        /// Its name.
        package: String,
    },
    /// apt reported success without leaving the files.
    #[error("apt did not leave every package in {}", folder.display())]
    Incomplete {
        /// Where they should be.
        folder: PathBuf,
    },
    /// A file is not what was recorded.
    #[error(
        "{file} has the SHA-256 {digest}, another than guests/linux/sources.toml records\n  next: remove the file and fetch it again; if it stays so, find out why before using it"
    )]
    Digest {
        /// Its name.
        file: String,
        /// Its digest.
        digest: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A digest could not be made.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// apt failed.
    #[error("{0}\n  next: check the network and apt's mirrors")]
    Command(#[from] CommandError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    fn record() -> Record {
        let text = "linux = \"linux-source\"\nprograms = [\"musl\"]\n[[known]]\nfile = \"linux-source_6.2_all.deb\"\nsha256 = \"00\"\n";
        toml::from_str(text).expect("well formed")
    }

    #[test]
    fn recorded_version_is_preferred_to_a_newer_one() {
        assert_eq!(record().choice("linux-source", &["6.3", "6.2", "6.1"]), Some("6.2"));
        assert_eq!(record().choice("linux-source", &["6.4", "6.3"]), Some("6.4"));
        assert_eq!(record().choice("linux-source", &[]), None);
    }

    #[test]
    fn unknown_file_is_warned_about_and_changed_file_is_refused() {
        let record = record();
        assert!(matches!(record.judge("linux-source_6.2_all.deb", "00"), Ok(None)));
        assert!(
            matches!(record.judge("linux-source_6.3_all.deb", "11"), Ok(Some(text)) if text.contains("11"))
        );
        assert!(matches!(record.judge("linux-source_6.2_all.deb", "11"), Err(SourceError::Digest { .. })));
    }

    #[test]
    fn versions_are_those_of_binary_packages() {
        let answer = " linux-source-6.12 | 6.12.117-1 | http://a bookworm/main amd64 Packages\n linux-source-6.12 | 6.12.2-1 | http://a bookworm/main Sources\n";
        assert_eq!(offered_versions(answer), ["6.12.117-1"]);
    }

    #[test]
    fn list_has_both_kinds_of_each_mirror_once() {
        assert_eq!(
            source_list("http://a/ b main\nhttp://a/ b main\n"),
            "deb http://a/ b main\ndeb-src http://a/ b main\n"
        );
    }

    #[test]
    fn own_record_is_well_formed_and_its_digests_have_their_length() {
        let workspace = Workspace::locate().expect("a workspace");
        let record = Record::read(&workspace.root().join("guests/linux/sources.toml")).expect("well formed");
        assert!(record.known.iter().all(|known| known.sha256.len() == 64));
        for package in std::iter::once(&record.linux).chain(&record.programs) {
            assert!(record.known.iter().any(|known| known.file.starts_with(package.as_str())), "{package}");
        }
    }
}
