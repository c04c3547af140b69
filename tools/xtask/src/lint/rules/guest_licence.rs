//! What goes into Linux or is linked with busybox is under Linux's licence, and says so in its first lines. That is all
//! of `guests/linux` but its documents and files whose form has no remarks.

use crate::lint::Finding;
use crate::lint::tree::{TextFile, Tree};

/// The folder.
const FOLDER: &str = "guests/linux/";
/// What a file says, as a remark of its language.
const IDENTIFIER: &str = "SPDX-License-Identifier: GPL-2.0-only";
/// A line before it may name an interpreter.
const FIRST_LINES: usize = 2;
/// Files without remarks: documents, the licence itself, and lists of users and groups.
const WITHOUT_REMARKS: &[&str] = &[".md", "LICENSE", "user/passwd", "user/group"];

/// Finds files that do not say so.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let ours = |file: &&TextFile| {
        file.path.starts_with(FOLDER) && !WITHOUT_REMARKS.iter().any(|ending| file.path.ends_with(ending))
    };
    let silent =
        |file: &&TextFile| !file.text.lines().take(FIRST_LINES).any(|line| line.contains(IDENTIFIER));
    tree.texts()
        .iter()
        .filter(ours)
        .filter(silent)
        .map(|file| Finding {
            path: file.path.clone(),
            line: 1,
            message: format!("the first lines do not say `{IDENTIFIER}`"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_without_licence_is_found_in_the_folder_only() {
        let findings = check(&Tree::of(&[
            ("guests/linux/a.c", "int a;\n"),
            ("guests/linux/user/init", "#!/bin/sh\necho\n"),
            ("tests/a.c", "int a;\n"),
        ]));
        let paths: Vec<_> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["guests/linux/a.c", "guests/linux/user/init"]);
    }

    #[test]
    fn licence_in_the_second_line_and_documents_pass() {
        let script = format!("#!/bin/sh\n# {IDENTIFIER}\n");
        let header = format!("/* {IDENTIFIER} */\n");
        let files =
            [("guests/linux/a", &*script), ("guests/linux/a.h", &header), ("guests/linux/README.md", "#\n")];
        assert_eq!(check(&Tree::of(&files)), []);
    }
}
