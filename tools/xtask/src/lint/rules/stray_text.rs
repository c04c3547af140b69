//! The repository speaks of the project alone: no path of somebody's machine, no number of a ticket, no
//! document that is not in it.

use crate::lint::Finding;
use crate::lint::tree::Tree;

/// A text that has no place here, and why. The texts are put together so that this file does not hold them.
const STRAY: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/tm", "p/w/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("HARDWARE", ".md"), "not in the repository; say `SCC reference §x.y`"),
    (concat!("TOOLCHAIN", ".md"), "not in the repository"),
    (concat!("this ", "session"), "not about the project"),
    (concat!("issue ", "#"), "a ticket's number; say what it is about"),
];

/// Finds such texts in every text file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let rust = tree.sources().iter().map(|source| (source.path(), source.text()));
    let others = tree.texts().iter().map(|file| (file.path.as_str(), file.text.as_str()));
    rust.chain(others).flat_map(|(path, text)| check_file(path, text)).collect()
}

fn check_file(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let here = STRAY.iter().filter(|(stray, _)| holds(content, stray));
        findings.extend(here.map(|(stray, why)| Finding {
            path: path.to_owned(),
            line,
            message: format!("`{stray}`: {why}"),
        }));
    }
    findings
}

/// A path counts only where it begins, so that `a/work/b` and an address on the web pass.
fn holds(content: &str, stray: &str) -> bool {
    content.match_indices(stray).any(|(at, _)| {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '}');
        !stray.starts_with('/') || !content[..at].ends_with(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stray_text_is_found_in_code_and_documents() {
        for (stray, _) in STRAY {
            let text = format!("see {stray} there\n");
            assert_eq!(check(&Tree::of(&[("a.rs", &text), ("docs/a.md", &text)])).len(), 2, "{stray}");
        }
    }

    #[test]
    fn part_of_another_path_and_a_debugger_session_pass() {
        let text = concat!("a/wo", "rk/b and example.org/ho", "me/x and a gdb session\n");
        assert_eq!(check(&Tree::of(&[("a.md", text)])), []);
    }
}
