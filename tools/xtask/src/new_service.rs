//! `cargo xtask new service NAME`: a service that compiles and is tested, to begin with.
//!
//! It is a copy of `echo`, the smallest of those that ship, under another name and with a procedure of its own; so the
//! pattern is compiled, tested and kept with the rest.

use std::io;
use std::path::{Path, PathBuf};

use crate::process::{self, CommandError};
use crate::workspace::Workspace;

/// Directory of the services, from the root.
const SERVICES: &str = "kernel/service/src";
/// The service that is copied.
const PATTERN: &str = "echo";
/// What stands before the number of a procedure.
const NUMBER: &str = "const NUMBER: u8 = ";
/// Characters of a name at most, as the registry checks.
const NAME_MOST: usize = 15;
/// Words of the language that name no module.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Makes the file, the module's line and the registry's line, and says what comes next.
pub(crate) fn run(workspace: &Workspace, name: &str) -> Result<(), NewServiceError> {
    let file = make(workspace, name)?;
    process::run(process::cargo(workspace).args(["fmt", "--package", "service"]))?;
    println!("made {}, with its lines in lib.rs and registry.rs beside it", file.display());
    println!("  test it on a fake chip:  cargo test -p service {name}::");
    println!(
        "  run it on the emulator:  cargo run -- boot --cores 0-3 --plain --services {name},stats,survey@0"
    );
    println!("  docs/guide/src/writing-a-service.md goes on from here");
    Ok(())
}

/// Writes the three; the path of the new file.
fn make(workspace: &Workspace, name: &str) -> Result<PathBuf, NewServiceError> {
    check(name)?;
    let directory = workspace.root().join(SERVICES);
    let file = directory.join(format!("{name}.rs"));
    if file.exists() || directory.join(name).exists() {
        return Err(NewServiceError::Exists(name.to_owned()));
    }
    let number = free_number(&directory)?;
    let (library, registry) = (directory.join("lib.rs"), directory.join("registry.rs"));
    // All is made before anything is written.
    let service = copy(&read(&directory.join(format!("{PATTERN}.rs")))?, name, number)?;
    let library_text = with_line_after(&library, &format!("pub mod {PATTERN};"), |line| renamed(line, name))?;
    let registry_text =
        with_line_after(&registry, &format!("    {PATTERN}: serves"), |line| renamed(line, name))?;
    write(&file, &service)?;
    write(&library, &library_text)?;
    write(&registry, &registry_text)?;
    Ok(file)
}

fn check(name: &str) -> Result<(), NewServiceError> {
    let fits = name.len() <= NAME_MOST
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'));
    if fits && !KEYWORDS.contains(&name) { Ok(()) } else { Err(NewServiceError::Name(name.to_owned())) }
}

/// The pattern under another name, with another number, without what marks the guide's excerpts.
fn copy(pattern: &str, name: &str, number: u8) -> Result<String, NewServiceError> {
    let mut text = String::new();
    let mut numbers = 0;
    for line in pattern.lines().filter(|line| !line.trim_start().starts_with("// ANCHOR")) {
        if line.trim_start().starts_with(NUMBER) {
            numbers += 1;
            text.push_str(&format!("    {NUMBER}{number};\n"));
        } else {
            text.push_str(&renamed(line, name));
            text.push('\n');
        }
    }
    if numbers == 1 { Ok(text) } else { Err(NewServiceError::Pattern(NUMBER.to_owned())) }
}

fn renamed(text: &str, name: &str) -> String {
    text.replace(PATTERN, name).replace(&type_name(PATTERN), &type_name(name))
}

/// `two_words` as a type is called: `TwoWords`.
fn type_name(name: &str) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    name.split('_').filter(|part| !part.is_empty()).map(capital).collect()
}

/// The text of a file, with a copy of the line that begins with `mark` behind it, changed.
fn with_line_after(
    file: &Path,
    mark: &str,
    change: impl Fn(&str) -> String,
) -> Result<String, NewServiceError> {
    let text = read(file)?;
    let line = text.lines().find(|line| line.starts_with(mark));
    let line = line.ok_or_else(|| NewServiceError::Pattern(mark.to_owned()))?;
    Ok(text.replacen(line, &format!("{line}\n{}", change(line)), 1))
}

/// The number after the highest one of a procedure.
fn free_number(directory: &Path) -> Result<u8, NewServiceError> {
    let highest = numbers_below(directory)?.into_iter().max().unwrap_or(0);
    highest.checked_add(1).ok_or(NewServiceError::NoNumber)
}

fn numbers_below(directory: &Path) -> Result<Vec<u8>, NewServiceError> {
    let failed = |source| NewServiceError::Read { file: directory.to_owned(), source };
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            numbers.extend(numbers_below(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = read(&path)?;
            let number = |line: &str| line.trim().strip_prefix(NUMBER)?.strip_suffix(';')?.parse().ok();
            numbers.extend(text.lines().filter_map(number).collect::<Vec<u8>>());
        }
    }
    Ok(numbers)
}

fn read(file: &Path) -> Result<String, NewServiceError> {
    std::fs::read_to_string(file).map_err(|source| NewServiceError::Read { file: file.to_owned(), source })
}

fn write(file: &Path, text: &str) -> Result<(), NewServiceError> {
    std::fs::write(file, text).map_err(|source| NewServiceError::Write { file: file.to_owned(), source })
}

/// Why no service was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewServiceError {
    /// The name is none for a service.
    #[error("{0:?} is no name for a service: 1 to 15 of a-z, 0-9 and _, a letter first, no word of Rust")]
    Name(String),
    /// There is one.
    #[error("kernel/service has a module {0} already")]
    Exists(String),
    /// All numbers of procedures are taken.
    #[error("no number is left for another procedure")]
    NoNumber,
    /// The files that are copied from have changed their form.
    #[error("kernel/service has no line with {0:?} to copy")]
    Pattern(String),
    /// A file cannot be read.
    #[error("cannot read {file}: {source}", file = file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {file}: {source}", file = file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The formatter failed.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl NewServiceError {
    /// Whether the name is at fault.
    pub(crate) const fn is_wrong_input(&self) -> bool {
        matches!(self, Self::Name(_) | Self::Exists(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packages that services need.
    const PACKAGES: [&str; 5] = ["kernel/service", "kernel/scc", "executor", "guests/abi", "ipi"];

    fn copy_all(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("the target directory is ours");
        for entry in std::fs::read_dir(from).expect("a directory") {
            let path = entry.expect("readable").path();
            let target = to.join(path.file_name().expect("an entry has a name"));
            if path.is_dir() {
                copy_all(&path, &target);
            } else {
                std::fs::copy(&path, &target).expect("readable and writable");
            }
        }
    }

    /// A workspace with a copy of the packages that services need.
    fn smaller_workspace(whole: &Workspace) -> Workspace {
        let root = whole.scratch().join("new-service");
        if root.exists() {
            std::fs::remove_dir_all(&root).expect("the target directory is ours");
        }
        PACKAGES.iter().for_each(|package| copy_all(&whole.root().join(package), &root.join(package)));
        for file in ["Cargo.toml", "Cargo.lock", ".rustfmt.toml"] {
            std::fs::copy(whole.root().join(file), root.join(file)).expect("the workspace has it");
        }
        let manifest = root.join("Cargo.toml");
        let mut table: toml::Table = read(&manifest).expect("copied").parse().expect("cargo reads it");
        let workspace = table["workspace"].as_table_mut().expect("a table");
        let members = PACKAGES.map(|package| toml::Value::String(package.to_owned()));
        workspace.insert("members".to_owned(), toml::Value::Array(members.to_vec()));
        workspace.remove("default-members");
        write(&manifest, &table.to_string()).expect("writable");
        Workspace::at(root)
    }

    #[test]
    fn new_service_compiles_and_its_test_passes() {
        let whole = Workspace::locate().expect("tests run inside the workspace");
        let workspace = smaller_workspace(&whole);
        run(&workspace, "greeter_two").expect("made and formatted");
        let mut cargo = process::cargo(&workspace);
        cargo.args(["test", "--offline", "--package", "service", "--lib", "greeter_two"]);
        // In the folder of the whole, cargo would take what is built of the copy for the packages themselves.
        cargo.env("CARGO_TARGET_DIR", whole.scratch().join("new-service-built"));
        let output = process::output(&mut cargo).expect("compiles and passes");
        let line = "test greeter_two::tests::greeter_two_answers_another_core ... ok";
        assert!(output.contains(line) && output.contains(" 1 passed"), "{output}");
        assert!(matches!(run(&workspace, "greeter_two"), Err(NewServiceError::Exists(_))));
    }

    #[test]
    fn names_that_are_none_are_refused() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        for name in ["", "Greeter", "1st", "_x", "a-b", "match", "sixteen_letters_", "../x"] {
            assert!(matches!(run(&workspace, name), Err(NewServiceError::Name(_))), "{name}");
        }
        assert!(run(&workspace, "echo").is_err_and(|error| error.is_wrong_input()));
    }
}
