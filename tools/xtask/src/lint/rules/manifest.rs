//! Members take versions and lints from the workspace: a dependency says `workspace = true`, and so does `[lints]`.

use toml::{Table, Value};

use crate::lint::Finding;
use crate::lint::tree::Tree;

/// Finds members with dependencies or lints of their own. A package with its own `[workspace]` is no member.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.texts_ending("Cargo.toml") {
        let manifest: Table = match file.text.parse() {
            Ok(manifest) => manifest,
            Err(_) => continue, // cargo reports it, with the place
        };
        if !manifest.contains_key("package") || manifest.contains_key("workspace") {
            continue;
        }
        let finding = |message| Finding { path: file.path.clone(), line: 1, message };
        let foreign = own_versions(&manifest).into_iter();
        findings.extend(foreign.map(|name| finding(format!("`{name}` does not come through the workspace"))));
        if !manifest.get("lints").is_some_and(is_inherited) {
            findings.push(finding("`[lints]` does not say `workspace = true`".to_owned()));
        }
    }
    findings
}

fn own_versions(manifest: &Table) -> Vec<&String> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .flatten()
        .filter(|(_, dependency)| !is_inherited(dependency))
        .map(|(name, _)| name)
        .collect()
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        check(&Tree::of(&[("a/Cargo.toml", text)])).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn member_that_inherits_everything_passes() {
        let text = "[package]\nname = \"a\"\n[dependencies]\nx.workspace = true\n[lints]\nworkspace = true\n";
        assert_eq!(messages(text), [""; 0]);
    }

    #[test]
    fn own_version_and_missing_lints_are_found() {
        let text = "[package]\nname = \"a\"\n[dev-dependencies]\nx = \"1\"\n";
        assert_eq!(
            messages(text),
            ["`x` does not come through the workspace", "`[lints]` does not say `workspace = true`"]
        );
    }

    #[test]
    fn virtual_root_and_foreign_workspaces_are_left_alone() {
        assert_eq!(messages("[workspace]\nmembers = []\n"), [""; 0]);
        assert_eq!(messages("[package]\nname = \"f\"\n[workspace]\n[dependencies]\nx = \"1\"\n"), [""; 0]);
    }
}
