//! Packages in which nothing is unsafe: contracts, `ipi` and the tools.

use crate::lint::Finding;
use crate::lint::source::words;
use crate::lint::tree::Tree;

/// Folders of these packages.
const SAFE_FOLDERS: &[&str] =
    &["kernel/scc/", "kernel/i586/", "kernel/trace-format/", "guests/abi/", "ipi/", "tools/"];

/// Finds the keyword in those folders.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let safe = tree
        .sources()
        .iter()
        .filter(|source| SAFE_FOLDERS.iter().any(|home| source.path().starts_with(home)));
    safe.flat_map(|source| {
        let lines = source.code_lines().filter(|(_, code)| words(code).any(|word| word == "unsafe"));
        lines.map(|(line, _)| Finding {
            path: source.path().to_owned(),
            line,
            message: "unsafe code has no place in this package".to_owned(),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "//! X.\n#![forbid(unsafe_code)]\nfn f() { unsafe { g() } }\n";

    #[test]
    fn keyword_is_found_in_contracts_and_tools() {
        for path in ["kernel/scc/src/lib.rs", "tools/emulator/src/cpu.rs", "ipi/src/lib.rs"] {
            let findings = check(&Tree::of(&[(path, BLOCK)]));
            assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [3], "{path}");
        }
    }

    #[test]
    fn kernel_and_executor_may_use_it() {
        assert_eq!(
            check(&Tree::of(&[("kernel/src/arch/mod.rs", BLOCK), ("executor/src/task.rs", BLOCK)])),
            []
        );
    }
}
