//! Relative links in documents lead to files of the repository, and their anchors to headings.

use crate::lint::Finding;
use crate::lint::tree::{TextFile, Tree};

/// Finds links that lead nowhere.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.texts_ending(".md") {
        for (line, target) in links(&file.text) {
            if let Some(message) = broken(tree, file, target) {
                findings.push(Finding { path: file.path.clone(), line, message });
            }
        }
    }
    findings
}

/// Says what is wrong with a link of `file`.
fn broken(tree: &Tree, file: &TextFile, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let path = if path.is_empty() { Some(file.path.clone()) } else { resolve(&file.path, path) };
    let Some(path) = path.filter(|path| tree.contains(path)) else {
        return Some(format!("`{target}` leads to no file of the repository"));
    };
    let document = tree.texts().iter().find(|other| other.path == path)?;
    let anchor = anchor?;
    let known = prose(&document.text).any(|(_, text)| text.starts_with('#') && slug(text) == anchor);
    (!known).then(|| format!("`{target}`: {path} has no such heading"))
}

/// Follows `target` from the folder of `from`; `None` if it leaves the repository.
pub(crate) fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Anchor that a heading gets: lower case, spaces to hyphens, other punctuation dropped.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Lines outside fenced and indented code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence && !line.starts_with("    ")
    })
}

/// Targets of `[text](target)`, with their lines.
pub(crate) fn links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    for (line, content) in prose(text) {
        // Every second piece between backticks is code.
        for piece in content.split('`').step_by(2) {
            let after = piece.split("](").skip(1);
            links.extend(after.filter_map(|rest| Some((line, rest.split_once(')')?.0))));
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("docs/a.md", text),
            ("docs/b.md", "# The `strict` model, part 2\n"),
            ("LICENSE", ""),
        ]);
        check(&tree).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn links_that_resolve_pass() {
        let text = "[b](b.md) [l](../LICENSE) [d](../docs/) [w](https://x.org/y) [h](b.md#the-strict-model-part-2)\n";
        assert_eq!(messages(text), [""; 0]);
    }

    #[test]
    fn missing_file_missing_heading_and_way_out_are_found() {
        assert_eq!(messages("[`b`](c.md)"), ["`c.md` leads to no file of the repository"]);
        assert_eq!(messages("[b](b.md#part-3)"), ["`b.md#part-3`: docs/b.md has no such heading"]);
        assert_eq!(messages("[b](../../b.md)"), ["`../../b.md` leads to no file of the repository"]);
    }

    #[test]
    fn code_is_not_read_as_links() {
        assert_eq!(messages("`[a](nowhere)`\n```\n[a](nowhere)\n```\n    [a](nowhere)\n"), [""; 0]);
    }
}
