//! A Rust file opens with `//!`: what it is, how it works, what it relies on, where its facts come from.

use crate::lint::Finding;
use crate::lint::tree::Tree;

/// Finds files that open with something else.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.sources()
        .iter()
        .filter(|source| !source.text().starts_with("//! "))
        .map(|source| Finding {
            path: source.path().to_owned(),
            line: 1,
            message: "the first line is not `//! ` with what this file is".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_opens_with_its_documentation_passes() {
        assert_eq!(check(&Tree::of(&[("a.rs", "//! Tiles.\n\nuse x;\n")])), []);
    }

    #[test]
    fn file_that_opens_with_code_or_an_empty_sentence_is_found() {
        let findings =
            check(&Tree::of(&[("a.rs", "use x;\n//! Late.\n"), ("b.rs", "//!\nuse x;\n"), ("c.rs", "")]));
        assert_eq!(findings.len(), 3);
    }
}
