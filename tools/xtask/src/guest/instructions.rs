//! Judges the guest's binaries: no instruction that a P54C lacks, but those that are listed with a reason.
//!
//! Every executable section is decoded, anew from each symbol, so that data between functions misleads at most one of
//! them. What is found is matched with `guests/linux/instructions.toml`: sections whose code does not run where it lies,
//! and functions that use an instruction behind a test of the processor's features. Entries that match nothing are told
//! too: they belong to another release, or are no longer true.
//!
//! Not judged: the 16-bit set-up code of a bzImage, which the hypervisor does not use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use iced_x86::{Decoder, DecoderOptions, Mnemonic};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, elf};
use scc_image::is_known_to_p54c;
use serde::Deserialize;

use super::places::Places;
use super::{Variant, user_land};
use crate::reporter::Reporter;

/// Fewer instructions than this in a file mean that it was not decoded.
const FEWEST: usize = 200;

/// What is allowed, and why.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    section: Vec<AllowedSection>,
    function: Vec<AllowedFunction>,
}

/// A section that is not decoded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedSection {
    name: String,
    #[serde(rename = "because")]
    _because: String,
}

/// Instructions of some functions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedFunction {
    names: Vec<String>,
    instructions: Vec<String>,
    #[serde(rename = "because")]
    _because: String,
}

/// Instructions of one file.
#[derive(Debug, Default)]
struct Survey {
    decoded: usize,
    /// Places where the bytes are no instruction of any processor, so data.
    undecodable: usize,
    left_out: BTreeSet<String>,
    /// Function and instruction, and where it stands first.
    foreign: BTreeMap<(String, String), u64>,
}

/// Judges the files of a variant and of what runs on it.
pub(super) fn judge(
    places: &Places,
    variant: Variant,
    reporter: &mut Reporter,
) -> Result<(), InstructionError> {
    let path = places.own("instructions.toml");
    let list = std::fs::read_to_string(&path).map_err(|source| InstructionError::File { path, source })?;
    let allowed: Allowed =
        toml::from_str(&list).map_err(|source| InstructionError::List(Box::new(source)))?;
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for (file, symbols) in files(places, variant) {
        let survey = survey_file(&file, &symbols, &allowed)?;
        if survey.decoded < FEWEST {
            return Err(InstructionError::NotDecoded { file, decoded: survey.decoded });
        }
        let name = places.shown(&file);
        reporter.note(format!(
            "{name}: {} instructions, {} places without one, later ones behind a test: {}, sections left out: {}",
            survey.decoded,
            survey.undecodable,
            survey.foreign.len(),
            survey.left_out.len()
        ));
        used.extend(survey.left_out.iter().cloned());
        for ((function, instruction), address) in survey.foreign {
            if allowed.permits(&function, &instruction) {
                used.extend(allowed.entry_of(&function).map(str::to_owned));
            } else {
                findings.push(format!("{name}: {instruction} at {address:#x} in {function}"));
            }
        }
    }
    if variant == Variant::Native {
        allowed.unused(&used).into_iter().for_each(|line| reporter.note(line));
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(InstructionError::Foreign { lines: findings.join("\n    ") })
    }
}

/// The files that run, each with the one that has its symbols.
fn files(places: &Places, variant: Variant) -> Vec<(PathBuf, PathBuf)> {
    let kernel = places.kernel(variant);
    let same = |path: PathBuf| (path.clone(), path);
    let mut files = vec![
        same(kernel.join("vmlinux")),
        same(kernel.join("arch/x86/entry/vdso/vdso32.so.dbg")),
        user_land::busybox_files(places),
    ];
    files.extend(user_land::own_program_files(places).map(same));
    if variant == Variant::Native {
        files.push(same(kernel.join("arch/x86/boot/compressed/vmlinux")));
    }
    files
}

fn survey_file(file: &Path, symbols: &Path, allowed: &Allowed) -> Result<Survey, InstructionError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|source| InstructionError::File { path: path.to_path_buf(), source })
    };
    let (bytes, symbol_bytes) = (read(file)?, read(symbols)?);
    let parse = |bytes| {
        object::File::parse(bytes)
            .map_err(|source| InstructionError::Elf { file: file.to_path_buf(), source })
    };
    survey(&parse(&*bytes)?, &parse(&*symbol_bytes)?, allowed)
        .map_err(|source| InstructionError::Elf { file: file.to_path_buf(), source })
}

fn survey(
    file: &object::File<'_>,
    named: &object::File<'_>,
    allowed: &Allowed,
) -> Result<Survey, object::Error> {
    let names = names(named);
    let mut survey = Survey::default();
    for section in file.sections().filter(is_executable) {
        let name = section.name()?;
        if allowed.section.iter().any(|allowed| allowed.name == name) {
            survey.left_out.insert(name.to_owned());
            continue;
        }
        let (start, code) = (section.address(), section.data()?);
        let end = start + section.size();
        let mut starts: Vec<_> = names.range(start..end).map(|(address, _)| *address).collect();
        starts.insert(0, start);
        starts.push(end);
        for bounds in starts.windows(2) {
            let offset =
                |address: u64| usize::try_from(address - start).unwrap_or(code.len()).min(code.len());
            let function = names.range(..=bounds[0]).next_back().map_or(name, |(_, name)| name);
            let piece = &code[offset(bounds[0])..offset(bounds[1])];
            survey.decode(function, bounds[0], piece);
        }
    }
    Ok(survey)
}

impl Survey {
    fn decode(&mut self, function: &str, address: u64, code: &[u8]) {
        for instruction in Decoder::with_ip(32, code, address, DecoderOptions::CL1INVMB).iter() {
            if instruction.is_invalid() {
                self.undecodable += 1;
                continue;
            }
            self.decoded += 1;
            if !is_known_to_p54c(&instruction) {
                let name = mnemonic(instruction.mnemonic());
                self.foreign.entry((function.to_owned(), name)).or_insert_with(|| instruction.ip());
            }
        }
    }
}

impl Allowed {
    fn permits(&self, function: &str, instruction: &str) -> bool {
        self.function.iter().any(|entry| {
            entry.names.iter().any(|name| fits(name, function))
                && entry.instructions.iter().any(|name| name == instruction)
        })
    }

    /// The names of entries that `function` fits.
    fn entry_of<'a>(&'a self, function: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.function.iter().flat_map(|entry| &entry.names);
        names.map(String::as_str).filter(move |name| fits(name, function))
    }

    /// Entries that nothing was found for.
    fn unused(&self, used: &BTreeSet<String>) -> Vec<String> {
        let sections = self.section.iter().map(|entry| &entry.name);
        let functions = self.function.iter().flat_map(|entry| &entry.names);
        let unused = sections.chain(functions).filter(|name| !used.contains(*name));
        unused.map(|name| format!("`{name}` of guests/linux/instructions.toml is in no file")).collect()
    }
}

/// Tells whether `function` is the one called `name`, or a part or copy of it that gcc has made.
fn fits(name: &str, function: &str) -> bool {
    function.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Addresses of functions and labels with their names.
fn names(file: &object::File<'_>) -> BTreeMap<u64, String> {
    let symbols =
        file.symbols().filter(|symbol| symbol.is_definition() || symbol.kind() == object::SymbolKind::Label);
    let mut names = BTreeMap::new();
    for symbol in symbols {
        let Ok(name) = symbol.name() else { continue };
        if !name.is_empty() && symbol.section_index().is_some() {
            names.entry(symbol.address()).or_insert_with(|| name.to_owned());
        }
    }
    names
}

fn is_executable(section: &object::Section<'_, '_>) -> bool {
    matches!(section.flags(), SectionFlags::Elf { sh_flags, .. } if sh_flags.0 & elf::SHF_EXECINSTR.0 != 0)
}

fn mnemonic(mnemonic: Mnemonic) -> String {
    format!("{mnemonic:?}").to_lowercase()
}

/// Why the binaries are not fit for a P54C, or are not judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstructionError {
    /// The list is not of the form of this module.
    #[error("guests/linux/instructions.toml: {0}")]
    List(Box<toml::de::Error>),
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is no ELF file.
    #[error("{}: {source}", file.display())]
    Elf {
        /// The file.
        file: PathBuf,
        /// Where and what.
        source: object::Error,
    },
    /// A file has next to no code.
    #[error("{}: only {decoded} instructions were decoded", file.display())]
    NotDecoded {
        /// The file.
        file: PathBuf,
        /// How many.
        decoded: usize,
    },
    /// Instructions that a P54C lacks.
    #[error(
        "instructions that a P54C lacks:\n    {lines}\n  next: keep them out of the build, or show that they are behind a test and say so in guests/linux/instructions.toml"
    )]
    Foreign {
        /// One for each line.
        lines: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
        [[section]]
        name = ".replacement"
        because = "copied"
        [[function]]
        names = ["probe"]
        instructions = ["fxsave"]
        because = "tested"
    "#;

    fn found(code: &[u8]) -> Vec<(String, String)> {
        let mut survey = Survey::default();
        survey.decode("f", 0x1000, code);
        survey.foreign.into_keys().collect()
    }

    #[test]
    fn later_instructions_are_found_with_their_function() {
        // inc eax; cmove eax, eax; endbr32; ret
        let code = [0x40, 0x0F, 0x44, 0xC0, 0xF3, 0x0F, 0x1E, 0xFB, 0xC3];
        assert_eq!(found(&code), [("f".into(), "cmove".into()), ("f".into(), "endbr32".into())]);
        assert_eq!(found(&[0x40, 0xC3]), []);
    }

    #[test]
    fn entry_permits_its_instruction_in_its_function_only() {
        let allowed: Allowed = toml::from_str(LIST).expect("well formed");
        assert!(allowed.permits("probe", "fxsave"));
        assert!(!allowed.permits("probe", "cmove"));
        assert!(!allowed.permits("other", "fxsave"));
    }

    #[test]
    fn copies_fit_a_name_and_longer_names_do_not() {
        for (name, function, expected) in
            [("probe", "probe", true), ("probe", "probe.isra.0", true), ("probe", "probe_all", false)]
        {
            assert_eq!(fits(name, function), expected, "{name} {function}");
        }
    }

    #[test]
    fn own_list_gives_a_reason_for_each_entry() {
        let workspace = crate::workspace::Workspace::locate().expect("a workspace");
        let path = workspace.root().join("guests/linux/instructions.toml");
        let list: Allowed =
            toml::from_str(&std::fs::read_to_string(path).expect("readable")).expect("well formed");
        assert!(list.section.iter().all(|entry| entry._because.ends_with('.')));
        assert!(list.function.iter().all(|entry| entry._because.ends_with('.') && !entry.names.is_empty()));
    }

    #[test]
    fn entry_without_effect_is_told() {
        let allowed: Allowed = toml::from_str(LIST).expect("well formed");
        let lines = allowed.unused(&BTreeSet::from(["probe".to_owned()]));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("`.replacement`"));
    }

    #[test]
    fn own_program_of_this_machine_has_instructions_that_a_p54c_lacks() {
        // This test's own program is for another processor: the judge must see that.
        let bytes = std::fs::read(std::env::current_exe().expect("a program")).expect("readable");
        let file = object::File::parse(&*bytes).expect("an ELF file");
        let survey = survey(&file, &file, &Allowed::default()).expect("sections are in the file");
        assert!(survey.decoded > FEWEST && !survey.foreign.is_empty());
    }
}
