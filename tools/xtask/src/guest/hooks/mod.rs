//! Hooks: what is changed in files of Linux, without a line of Linux in this repository.
//!
//! `guests/linux/hooks.toml` names for each hook a file, a [`Place`] in it, and a text of ours. A place is found by
//! identifiers only, so a hook survives a point release that moves or rewrites the lines around it. Each place must be
//! found exactly once: a place that is missing or ambiguous ends the build, with the name of what was looked for.
//!
//! Files are always hooked from a copy of their first state, so hooks can be changed and applied again; a file whose
//! contents stay the same is not written, and `make` builds nothing anew for it.

mod place;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use self::place::{Place, PlaceError};

/// All hooks of a tree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hooks {
    hook: Vec<Hook>,
}

/// One change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hook {
    /// The file, relative to the tree.
    file: PathBuf,
    /// Where in it.
    place: Place,
    /// What is put there.
    text: String,
}

impl Hooks {
    /// Reads the list at `path`.
    ///
    /// # Errors
    /// [`HookError`] if it cannot be read or is not of this form.
    pub(super) fn read(path: &Path) -> Result<Self, HookError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| HookError::File { path: path.to_path_buf(), source })?;
        Self::parse(&text).map_err(|source| HookError::List { path: path.to_path_buf(), source })
    }

    fn parse(text: &str) -> Result<Self, Box<toml::de::Error>> {
        toml::from_str(text).map_err(Box::new)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.hook.len()
    }

    /// Puts all texts into the files of `tree`; `pristine` keeps their first states.
    ///
    /// # Errors
    /// [`HookError`] at the first place that is not found exactly once, and for files that cannot be read or written.
    pub(super) fn apply(&self, tree: &Path, pristine: &Path) -> Result<(), HookError> {
        let mut by_file = BTreeMap::<&Path, Vec<&Hook>>::new();
        for hook in &self.hook {
            by_file.entry(&hook.file).or_default().push(hook);
        }
        restore(Path::new(""), &by_file.keys().copied().collect::<Vec<_>>(), tree, pristine)?;
        for (file, hooks) in by_file {
            let (target, first_state) = (tree.join(file), pristine.join(file));
            if !first_state.exists() {
                let folder = first_state.parent().unwrap_or(pristine);
                let copied =
                    std::fs::create_dir_all(folder).and_then(|()| std::fs::copy(&target, &first_state));
                copied.map_err(|source| HookError::File { path: target.clone(), source })?;
            }
            let read = |path: &Path| {
                std::fs::read_to_string(path)
                    .map_err(|source| HookError::File { path: path.to_path_buf(), source })
            };
            let mut text = read(&first_state)?;
            for hook in hooks {
                text = hook
                    .place
                    .put(&text, &hook.text)
                    .map_err(|source| HookError::Place { file: file.to_path_buf(), source })?;
            }
            if read(&target)? != text {
                std::fs::write(&target, text).map_err(|source| HookError::File { path: target, source })?;
            }
        }
        Ok(())
    }
}

/// Gives files that had hooks once, and are not among `hooked` any more, their first state again. `folder` is where in the
/// tree to look.
fn restore(folder: &Path, hooked: &[&Path], tree: &Path, pristine: &Path) -> Result<(), HookError> {
    let entries = match std::fs::read_dir(pristine.join(folder)) {
        Ok(entries) => entries,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(HookError::File { path: pristine.join(folder), source }),
    };
    for entry in entries {
        let entry = entry.map_err(|source| HookError::File { path: pristine.join(folder), source })?;
        let name = folder.join(entry.file_name());
        if entry.path().is_dir() {
            restore(&name, hooked, tree, pristine)?;
        } else if !hooked.contains(&name.as_path()) {
            let target = tree.join(&name);
            std::fs::copy(entry.path(), &target)
                .and_then(|_| std::fs::remove_file(entry.path()))
                .map_err(|source| HookError::File { path: target, source })?;
        }
    }
    Ok(())
}

/// Why a tree is not hooked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HookError {
    /// The list is not of the form of this module.
    #[error("{}: {source}", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A place is not found exactly once.
    #[error("{}: {source}\n  next: look at the file in this version of Linux and mend guests/linux/hooks.toml", file.display())]
    Place {
        /// The file, relative to the tree.
        file: PathBuf,
        /// What was looked for.
        source: PlaceError,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    const LIST: &str = r#"
        [[hook]]
        file = "a/one.c"
        place = { function = "first" }
        text = "f();"
        [[hook]]
        file = "a/one.c"
        place = "end"
        text = "/* end */"
    "#;

    /// A folder for the files of the test called `name`.
    fn folder(name: &str) -> PathBuf {
        let folder = Workspace::locate().expect("a workspace").scratch().join("hook-tests").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("a folder of this test");
        }
        std::fs::create_dir_all(folder.join("tree/a")).expect("writable");
        folder
    }

    #[test]
    fn hooks_of_a_file_are_applied_from_its_first_state_every_time() {
        let folder = folder("first-state");
        let (tree, pristine) = (folder.join("tree"), folder.join("pristine"));
        std::fs::write(tree.join("a/one.c"), "int first(void)\n{\n}\n").expect("writable");
        let hooks = Hooks::parse(LIST).expect("well formed");
        for _ in 0..2 {
            hooks.apply(&tree, &pristine).expect("each place is there once");
            let text = std::fs::read_to_string(tree.join("a/one.c")).expect("readable");
            assert_eq!(text, "int first(void)\n{\nf();\n}\n/* end */\n");
        }
    }

    #[test]
    fn file_without_hooks_any_more_has_its_first_state_again() {
        let folder = folder("restored");
        let (tree, pristine) = (folder.join("tree"), folder.join("pristine"));
        let first_state = "int first(void)\n{\n}\n";
        std::fs::write(tree.join("a/one.c"), first_state).expect("writable");
        Hooks::parse(LIST).expect("well formed").apply(&tree, &pristine).expect("applies");
        Hooks { hook: Vec::new() }.apply(&tree, &pristine).expect("restores");
        assert_eq!(std::fs::read_to_string(tree.join("a/one.c")).expect("readable"), first_state);
        assert!(!pristine.join("a/one.c").exists());
    }

    #[test]
    fn file_that_stays_the_same_is_not_written() {
        let folder = folder("same");
        let (tree, pristine) = (folder.join("tree"), folder.join("pristine"));
        std::fs::write(tree.join("a/one.c"), "int first(void)\n{\n}\n").expect("writable");
        let hooks = Hooks::parse(LIST).expect("well formed");
        let written = || tree.join("a/one.c").metadata().and_then(|data| data.modified()).expect("a file");
        hooks.apply(&tree, &pristine).expect("applies");
        let before = written();
        hooks.apply(&tree, &pristine).expect("applies");
        assert_eq!(written(), before);
    }

    #[test]
    fn missing_place_is_told_with_file_and_identifier() {
        let folder = folder("missing");
        std::fs::write(folder.join("tree/a/one.c"), "int second(void)\n{\n}\n").expect("writable");
        let hooks = Hooks::parse(LIST).expect("well formed");
        let error = hooks.apply(&folder.join("tree"), &folder.join("pristine")).expect_err("no such place");
        let text = error.to_string();
        assert!(text.contains("a/one.c") && text.contains("`first`"), "{text}");
    }

    #[test]
    fn list_with_an_unknown_place_or_key_is_refused() {
        for list in [
            "[[hook]]\nfile = \"a\"\nplace = { line = \"7\" }\ntext = \"\"\n",
            "[[hook]]\nfile = \"a\"\nplace = \"end\"\ntext = \"\"\nextra = 1\n",
        ] {
            assert!(Hooks::parse(list).is_err(), "{list}");
        }
    }

    #[test]
    fn own_list_is_well_formed_and_each_text_depends_on_the_option() {
        let workspace = Workspace::locate().expect("a workspace");
        let hooks = Hooks::read(&workspace.root().join("guests/linux/hooks.toml")).expect("well formed");
        assert!(hooks.count() > 10);
        for hook in &hooks.hook {
            assert!(hook.text.to_lowercase().contains("scc"), "{}: {}", hook.file.display(), hook.text);
        }
    }
}
