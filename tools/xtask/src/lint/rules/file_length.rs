//! A Rust file has at most 500 lines, its tests included. Longer files are split by concept.

use crate::lint::Finding;
use crate::lint::tree::Tree;

/// The longest permitted file.
const MOST_LINES: usize = 500;

/// Finds files that are too long.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.sources()
        .iter()
        .map(|source| (source.path(), source.text().lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| Finding {
            path: path.to_owned(),
            line: MOST_LINES,
            message: format!("{lines} lines, at most {MOST_LINES}; split the file by concept"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_at_the_limit_passes_and_one_line_more_does_not() {
        let (full, over) = ("//\n".repeat(MOST_LINES), "//\n".repeat(MOST_LINES + 1));
        let findings = check(&Tree::of(&[("a/full.rs", &full), ("a/over.rs", &over)]));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "a/over.rs");
        assert!(findings[0].message.starts_with("501 lines"));
    }
}
