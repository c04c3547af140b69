//! A file or folder is named after its concept, never after its being a collection.

use crate::lint::Finding;
use crate::lint::tree::Tree;

/// Names that say nothing about the contents.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "types", "misc", "manager", "managers"];

/// Finds files and folders with empty names.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let rust = tree.paths().filter(|path| path.ends_with(".rs"));
    rust.filter_map(|path| empty_name_in(path).map(|name| finding(path, name))).collect()
}

fn empty_name_in(path: &str) -> Option<&str> {
    path.trim_end_matches(".rs").split('/').find(|part| {
        EMPTY_NAMES.iter().any(|name| {
            part.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with(['_', '-']))
        })
    })
}

fn finding(path: &str, name: &str) -> Finding {
    Finding { path: path.to_owned(), line: 1, message: format!("`{name}` names no concept") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_are_found_as_file_folder_and_suffix() {
        for path in ["a/src/utils.rs", "a/tests/common/mod.rs", "a/src/task_manager.rs", "a/src/types.rs"] {
            assert_eq!(check(&Tree::of(&[(path, "")])).len(), 1, "{path}");
        }
    }

    #[test]
    fn names_that_merely_contain_such_a_word_pass() {
        for path in ["a/src/prototypes.rs", "a/src/uncommon.rs", "a/src/types_of_gate.rs", "docs/common.md"] {
            assert_eq!(check(&Tree::of(&[(path, "")])), [], "{path}");
        }
    }
}
