//! A file of Rust, C or assembly has at most 500 lines, its tests included. Longer files are split by concept.

use crate::lint::Finding;
use crate::lint::tree::Tree;

/// The longest permitted file.
const MOST_LINES: usize = 500;

/// Endings of the names of code that is not Rust.
const CODE_ENDINGS: &[&str] = &[".c", ".h", ".S", ".s"];

/// Finds files that are too long.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let is_code = |path: &str| CODE_ENDINGS.iter().any(|ending| path.ends_with(ending));
    let rust = tree.sources().iter().map(|source| (source.path(), source.text()));
    let others = tree.texts().iter().map(|file| (file.path.as_str(), file.text.as_str()));
    rust.chain(others.filter(|(path, _)| is_code(path)))
        .map(|(path, text)| (path, text.lines().count()))
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

    #[test]
    fn code_in_c_counts_and_documents_do_not() {
        let over = "\n".repeat(MOST_LINES + 1);
        let findings = check(&Tree::of(&[("a/over.c", &over), ("a/over.md", &over)]));
        assert_eq!(findings.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), ["a/over.c"]);
    }
}
