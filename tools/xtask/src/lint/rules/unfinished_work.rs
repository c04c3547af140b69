//! Nothing unfinished is committed: no markers of work to come, no stubs that panic, no debugging prints, no
//! switched-off tests, no mutable statics.

use crate::lint::Finding;
use crate::lint::source::{Source, words};
use crate::lint::tree::{TextFile, Tree};

/// Markers in comments and documents.
const MARKERS: &[&str] = &["TODO", "FIXME", "XXX"];

/// Pieces of code, with white space as rustfmt sets it.
const PIECES: &[&str] = &["todo!", "unimplemented!", "dbg!", "#[ignore", "static mut"];

/// Finds such work.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let rust = tree.sources().iter().flat_map(check_source);
    rust.chain(tree.texts().iter().flat_map(check_text)).collect()
}

fn check_source(source: &Source) -> Vec<Finding> {
    let markers = source.comment_lines().flat_map(|(line, text)| {
        marker_in(text).map(|marker| (line, format!("`{marker}`: finish it, or leave it out")))
    });
    let pieces = source.code_lines().filter_map(|(line, code)| {
        let piece = PIECES.iter().find(|piece| is_in(code, piece))?;
        Some((line, format!("`{piece}` does not belong in committed code")))
    });
    let found = markers.chain(pieces);
    found.map(|(line, message)| Finding { path: source.path().to_owned(), line, message }).collect()
}

/// Tells whether `piece` is in `code` and is not the end of a longer name.
fn is_in(code: &str, piece: &str) -> bool {
    code.match_indices(piece).any(|(at, _)| {
        let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
        !code[..at].ends_with(goes_on)
    })
}

fn check_text(file: &TextFile) -> Vec<Finding> {
    let lines = (1..).zip(file.text.lines());
    lines
        .filter_map(|(line, text)| marker_in(text).map(|marker| (line, marker)))
        .map(|(line, marker)| Finding {
            path: file.path.clone(),
            line,
            message: format!("`{marker}`: finish it, or leave it out"),
        })
        .collect()
}

fn marker_in(text: &str) -> Option<&'static str> {
    MARKERS.iter().copied().find(|marker| words(text).any(|word| word == *marker))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Tree::of(&[("a/src/a.rs", text)])).len()
    }

    #[test]
    fn markers_stubs_prints_and_switched_off_tests_are_found() {
        for text in [
            "// TODO later",
            "fn f() { todo!() }",
            "fn f() { unimplemented!(\"x\") }",
            "fn f() { dbg!(1); }",
            "#[ignore = \"slow\"]",
            "static mut A: u32 = 0;",
            "pub static mut A: u32 = 0;",
        ] {
            assert_eq!(found(text), 1, "{text}");
        }
    }

    #[test]
    fn strings_longer_words_and_static_references_pass() {
        for text in
            ["f(\"TODO\")", "// TODOS", "fn f(x: &'static mut u32) {}", "my_todo!()", "#[ignored]fn f() {}"]
        {
            let expected = usize::from(text.starts_with("#[ignored"));
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn documents_are_read_too() {
        assert_eq!(check(&Tree::of(&[("docs/a.md", "fine\nFIXME\n")])).len(), 1);
    }
}
