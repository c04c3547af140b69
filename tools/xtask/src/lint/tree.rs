//! The files that rules look at: tracked by git, or new and not ignored.

use std::collections::BTreeSet;
use std::process::Command;

use crate::lint::source::Source;
use crate::process::{self, CommandError};
use crate::workspace::Workspace;

/// Endings of the names of files whose text is read.
const TEXT_ENDINGS: &[&str] = &[
    ".rs", ".toml", ".md", ".sh", ".yml", ".c", ".h", ".ld", ".s", ".S", ".config", ".list", ".ci/run",
    "Kconfig", "Makefile",
];

/// Folders in which every file is text, whatever its name.
const TEXT_FOLDERS: &[&str] = &["guests/linux/"];

/// Every file's path and, where rules look inside, its text.
#[derive(Debug, Default)]
pub(super) struct Tree {
    paths: BTreeSet<String>,
    sources: Vec<Source>,
    texts: Vec<TextFile>,
}

/// A file that is not Rust.
#[derive(Debug)]
pub(super) struct TextFile {
    /// Path relative to the root, with forward slashes.
    pub(super) path: String,
    /// Its contents.
    pub(super) text: String,
}

impl Tree {
    /// Reads the tree of `workspace`.
    pub(super) fn read(workspace: &Workspace) -> Result<Self, TreeError> {
        let mut git = Command::new("git");
        git.current_dir(workspace.root());
        let listing =
            process::output(git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        let mut tree = Self::default();
        for path in listing.split('\0').filter(|path| !path.is_empty()) {
            let file = workspace.root().join(path);
            // Deleted but not yet committed, or a link: nothing to read.
            if !file.symlink_metadata().is_ok_and(|data| data.is_file()) {
                continue;
            }
            let text = if is_text(path) {
                std::fs::read_to_string(&file)
                    .map_err(|source| TreeError::Unreadable { path: path.to_owned(), source })?
            } else {
                String::new()
            };
            tree.add(path, text);
        }
        tree.find_test_modules();
        Ok(tree)
    }

    /// A tree of sample files, for tests of rules.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        files.iter().for_each(|(path, text)| tree.add(path, (*text).to_owned()));
        tree.find_test_modules();
        tree
    }

    fn add(&mut self, path: &str, text: String) {
        self.paths.insert(path.to_owned());
        if path.ends_with(".rs") {
            self.sources.push(Source::new(path, text));
        } else {
            self.texts.push(TextFile { path: path.to_owned(), text });
        }
    }

    /// Marks files that are modules declared under `#[cfg(test)]` as test code, with the files below them.
    fn find_test_modules(&mut self) {
        let stems: Vec<String> = self.sources.iter().flat_map(Source::test_module_stems).collect();
        for source in &mut self.sources {
            let is_test = |stem: &String| {
                source.path().strip_prefix(stem).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            };
            if stems.iter().any(is_test) {
                source.mark_as_test();
            }
        }
    }

    /// Paths of all files.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Tells whether `path` is a file, or a directory with a file in it.
    pub(super) fn contains(&self, path: &str) -> bool {
        let directory = format!("{path}/");
        path.is_empty() || self.paths.contains(path) || self.paths().any(|file| file.starts_with(&directory))
    }

    /// All Rust files.
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// All other text files.
    pub(super) fn texts(&self) -> &[TextFile] {
        &self.texts
    }

    /// Text files whose path ends with `ending`.
    pub(super) fn texts_ending(&self, ending: &str) -> impl Iterator<Item = &TextFile> {
        self.texts.iter().filter(move |file| file.path.ends_with(ending))
    }

    /// How many files there are.
    pub(super) fn file_count(&self) -> usize {
        self.paths.len()
    }
}

fn is_text(path: &str) -> bool {
    TEXT_ENDINGS.iter().any(|ending| path.ends_with(ending))
        || TEXT_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// Why the tree cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TreeError {
    /// Git does not list the files.
    #[error("cannot list the files of the project: {0}\n  next: install git, and run this in a git clone")]
    Git(#[from] CommandError),
    /// A file that should be text is not.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_tree_is_readable_and_holds_this_file() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let tree = Tree::read(&workspace).expect("a git clone");
        assert!(tree.contains("tools/xtask/src/lint/tree.rs"));
        assert!(tree.contains("tools/xtask/src"));
        assert!(!tree.contains("tools/xtask/sr"));
    }

    #[test]
    fn module_declared_for_tests_is_test_code_with_its_children() {
        let tree = Tree::of(&[
            ("a/src/lib.rs", "//! Lib.\n#[cfg(test)]\nmod board;\nmod real;\n"),
            ("a/src/board.rs", "fn f() {}\n"),
            ("a/src/board/inner.rs", "fn f() {}\n"),
            ("a/src/real.rs", "fn f() {}\n"),
        ]);
        let tests: Vec<_> =
            tree.sources().iter().filter(|source| source.is_test_line(1)).map(Source::path).collect();
        assert_eq!(tests, ["a/src/board.rs", "a/src/board/inner.rs"]);
    }
}
