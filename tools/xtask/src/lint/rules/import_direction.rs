//! Packages import downwards only.
//!
//! ```text
//! boot-tests                      →  scc-boot, scc-emu, scc-image, scc-trace, native-runner, perfetto-check, service, contracts
//! scc-emu-fuzz                    →  scc-emu, scc-image, scc-trace, contracts
//! kernel-fuzz                     →  kernel, service, contracts
//! scc-boot                        →  scc-emu, scc-image, scc-trace, guest-terminal, contracts
//! xtask                           →  scc-image, guest-terminal, contracts
//! bench-guest                     →  executor, i586-rt, contracts
//! scc-emu, scc-image              →  contracts
//! scc-trace                       →  perfetto-check, contracts
//! kernel                          →  executor, ipi, service, i586-rt, contracts
//! service                         →  executor, ipi, contracts
//! guests/<name>                   →  guest-runtime, executor
//! guest-runtime                   →  i586-rt, contracts
//! ipi, guest-terminal             →  contracts
//! native-runner                   →  i586-rt
//! executor, i586-rt, contracts,
//! perfetto-check                  →  nothing of ours
//! ```
//!
//! Contracts are `scc`, `i586`, `trace-format` and `guest-abi`. The rule reads every manifest's dependencies,
//! development, build and per-target ones included.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::lint::Finding;
use crate::lint::tree::Tree;

const CONTRACTS: &[&str] = &["scc", "i586", "trace-format", "guest-abi"];
const TOOLS: &[&str] = &["scc-emu", "scc-image", "scc-trace"];

/// A package of the workspace.
struct Package<'a> {
    name: String,
    path: &'a str,
    imports: BTreeSet<String>,
}

/// Finds imports that point sideways or upwards, and packages without a place in the table.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let packages: Vec<_> =
        tree.texts_ending("Cargo.toml").filter_map(|file| read(&file.path, &file.text)).collect();
    let ours: BTreeSet<_> = packages.iter().map(|package| package.name.clone()).collect();
    let mut findings = Vec::new();
    for package in &packages {
        let finding = |message| Finding { path: package.path.to_owned(), line: 1, message };
        let Some(permitted) = permitted(&package.name, package.path) else {
            let message = format!("package `{}` has no place in the table of imports", package.name);
            findings.push(finding(message));
            continue;
        };
        let forbidden =
            package.imports.intersection(&ours).filter(|name| !permitted.contains(&name.as_str()));
        // A package names itself to have a feature in its own tests.
        let forbidden = forbidden.filter(|name| **name != package.name);
        findings.extend(forbidden.map(|name| finding(format!("`{}` may not import `{name}`", package.name))));
    }
    findings
}

/// What the package called `name`, with its manifest at `path`, may import of ours.
fn permitted(name: &str, path: &str) -> Option<Vec<&'static str>> {
    Some(match name {
        "executor" | "i586-rt" | "perfetto-check" => Vec::new(),
        "native-runner" => vec!["i586-rt"],
        contract if CONTRACTS.contains(&contract) => Vec::new(),
        "ipi" | "guest-terminal" => CONTRACTS.to_vec(),
        "guest-runtime" => [&["i586-rt"], CONTRACTS].concat(),
        "bench-guest" => [&["executor", "i586-rt"], CONTRACTS].concat(),
        "kernel" => [&["executor", "ipi", "service", "i586-rt"], CONTRACTS].concat(),
        "service" => [&["executor", "ipi"], CONTRACTS].concat(),
        "scc-trace" => [&["perfetto-check"], CONTRACTS].concat(),
        tool if TOOLS.contains(&tool) => CONTRACTS.to_vec(),
        "xtask" => [&["scc-image", "guest-terminal"], CONTRACTS].concat(),
        "scc-boot" => [TOOLS, CONTRACTS, &["guest-terminal"]].concat(),
        "boot-tests" => {
            [TOOLS, CONTRACTS, &["scc-boot", "native-runner", "perfetto-check", "service"]].concat()
        }
        "kernel-fuzz" => [&["kernel", "service"], CONTRACTS].concat(),
        "scc-emu-fuzz" => [TOOLS, CONTRACTS].concat(),
        _ if path.starts_with("guests/") => vec!["guest-runtime", "executor"],
        _ => return None,
    })
}

/// Reads a manifest; `None` if it describes no package. Cargo itself reports one that is not valid.
fn read<'a>(path: &'a str, text: &str) -> Option<Package<'a>> {
    let manifest: Table = text.parse().ok()?;
    let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
    let mut imports = BTreeSet::new();
    collect_imports(&manifest, &mut imports);
    let targets = manifest.get("target").and_then(Value::as_table);
    for target in targets.into_iter().flat_map(Table::values).filter_map(Value::as_table) {
        collect_imports(target, &mut imports);
    }
    Some(Package { name, path, imports })
}

fn collect_imports(manifest: &Table, imports: &mut BTreeSet<String>) {
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let dependencies = manifest.get(section).and_then(Value::as_table);
        for (name, dependency) in dependencies.into_iter().flatten() {
            let renamed = dependency.get("package").and_then(Value::as_str);
            imports.insert(renamed.unwrap_or(name).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCC: (&str, &str) = ("kernel/scc/Cargo.toml", "[package]\nname = \"scc\"\n");

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn emulator_may_import_contracts_and_foreign_crates() {
        let emulator = "[package]\nname = \"scc-emu\"\n[dependencies]\nscc.workspace = true\ntoml = \"1\"\n";
        assert_eq!(messages(&[SCC, ("tools/emulator/Cargo.toml", emulator)]), [""; 0]);
    }

    #[test]
    fn contract_that_imports_the_emulator_for_its_tests_is_found() {
        let contract = "[package]\nname = \"i586\"\n[dev-dependencies]\nscc-emu.workspace = true\n";
        let emulator = ("tools/emulator/Cargo.toml", "[package]\nname = \"scc-emu\"\n");
        assert_eq!(
            messages(&[("kernel/i586/Cargo.toml", contract), emulator]),
            ["`i586` may not import `scc-emu`"]
        );
    }

    #[test]
    fn import_under_another_name_and_for_one_target_is_found() {
        let executor = "[package]\nname = \"executor\"\n[target.'cfg(unix)'.dependencies]\nchip = { package = \"scc\" }\n";
        assert_eq!(messages(&[SCC, ("executor/Cargo.toml", executor)]), ["`executor` may not import `scc`"]);
    }

    #[test]
    fn package_that_the_table_does_not_know_is_found() {
        let found = messages(&[("tools/new/Cargo.toml", "[package]\nname = \"novelty\"\n")]);
        assert_eq!(found, ["package `novelty` has no place in the table of imports"]);
    }
}
