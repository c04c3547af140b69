//! Unsafe code carries its argument: `// SAFETY:` above a block or implementation, `# Safety` in the
//! documentation of a function or trait.

use crate::lint::Finding;
use crate::lint::source::{Source, words};
use crate::lint::tree::Tree;

/// What an occurrence of the keyword introduces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Use {
    /// A block or an implementation: somebody claims that the rules are kept.
    Claim,
    /// A function or trait: the caller or implementer gets duties.
    Duty,
    /// An attribute or the type of a function pointer: nothing to argue.
    Mention,
}

/// Finds unsafe code without its argument.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.sources().iter().flat_map(check_file).collect()
}

fn check_file(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut offset = 0;
    for (index, code) in source.code().split_inclusive('\n').enumerate() {
        for (column, _) in code.match_indices("unsafe").filter(|(column, _)| is_word(code, *column)) {
            let message = match use_of(&source.code()[offset + column + "unsafe".len()..]) {
                Use::Claim if !is_argued(source, index, &["SAFETY:"]) => {
                    "no `// SAFETY:` comment directly above"
                }
                Use::Duty if !is_argued(source, index, &["# Safety", "SAFETY:"]) => {
                    "no `# Safety` section above"
                }
                _ => continue,
            };
            findings.push(Finding {
                path: source.path().to_owned(),
                line: index + 1,
                message: message.to_owned(),
            });
        }
        offset += code.len();
    }
    findings
}

fn is_word(code: &str, column: usize) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    !code[..column].ends_with(joins) && !code[column + "unsafe".len()..].starts_with(joins)
}

/// Judges by what follows the keyword.
fn use_of(rest: &str) -> Use {
    let rest = rest.trim_start();
    if rest.starts_with('(') {
        return Use::Mention;
    }
    let mut following = words(rest);
    match following.next() {
        _ if rest.starts_with('{') => Use::Claim,
        Some("impl") => Use::Claim,
        Some("trait") => Use::Duty,
        Some("fn") => function(&rest["fn".len()..]),
        // The name of the ABI is blanked, so the next thing is `fn` or the brace of a foreign block.
        Some("extern") => match rest.find(['{', '(']) {
            Some(end) if rest[end..].starts_with('{') => Use::Claim,
            Some(_) => rest.find("fn").map_or(Use::Mention, |start| function(&rest[start + "fn".len()..])),
            None => Use::Mention,
        },
        _ => Use::Mention,
    }
}

fn function(after_keyword: &str) -> Use {
    if after_keyword.trim_start().starts_with('(') { Use::Mention } else { Use::Duty }
}

/// Looks for one of `markers` on the line with this index and in the comments above it. Attributes and the
/// earlier lines of the same statement may stand between.
fn is_argued(source: &Source, index: usize, markers: &[&str]) -> bool {
    let code: Vec<_> = source.code().lines().collect();
    let comments: Vec<_> = source.comment_lines().map(|(_, text)| text).collect();
    let has_marker = |line: usize| markers.iter().any(|marker| comments[line].contains(marker));
    if has_marker(index) {
        return true;
    }
    for line in (0..index).rev() {
        let (code, comment) = (code[line].trim(), comments[line].trim());
        if has_marker(line) {
            return true;
        }
        let is_statement_end = code.ends_with([';', '{', '}', ',']);
        if (code.is_empty() && comment.is_empty()) || is_statement_end {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("kernel/src/a.rs", text)])).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn argued_code_passes() {
        for text in [
            "fn f() {\n    // SAFETY: x is valid.\n    unsafe { g() }\n}\n",
            "fn f() {\n    // SAFETY: x is valid,\n    // always.\n    let y =\n        unsafe { g() };\n}\n",
            "/// Reads.\n///\n/// # Safety\n/// Valid.\n#[inline]\npub unsafe fn f() {}\n",
            "// SAFETY: a plain integer.\nunsafe impl Send for X {}\n",
        ] {
            assert_eq!(lines(text), [0; 0], "{text}");
        }
    }

    #[test]
    fn code_without_argument_is_found() {
        for (text, line) in [
            ("fn f() {\n    unsafe { g() }\n}\n", 2),
            ("// SAFETY: of something else.\n\nunsafe impl Send for X {}\n", 3),
            ("// SAFETY: of the first.\nlet a = 1;\nlet b = unsafe { g() };\n", 3),
            ("/// Reads.\npub unsafe fn f() {}\n", 2),
            ("unsafe extern \"C\" {\n    fn g();\n}\n", 1),
            ("/// Entry.\npub unsafe extern \"C\" fn f() {}\n", 2),
        ] {
            assert_eq!(lines(text), [line], "{text}");
        }
    }

    #[test]
    fn attributes_pointer_types_and_other_words_need_no_argument() {
        for text in [
            "#[unsafe(no_mangle)]\nfn f() {}\n",
            "type Handler = unsafe fn(u32);\n",
            "type Handler = unsafe extern \"C\" fn(u32);\n",
            "#![deny(unsafe_code)]\n",
        ] {
            assert_eq!(lines(text), [0; 0], "{text}");
        }
    }
}
