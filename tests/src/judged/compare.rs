//! Lines against lines, differences against the table.

use super::layout::{GDT, IDT, LDT, LDT_LIMIT, PAGE_DIRECTORY, PAGE_TABLE};
use super::machine::{Everywhere, Judge, Outcome, Transcript};
use super::suite::Suite;
use super::volume::Rom;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Behind the LDT, and behind the page table.
const LDT_END: u32 = LDT + LDT_LIMIT + 1;
const PAGES_END: u32 = PAGE_TABLE + 0x1000;

/// A known difference: on these cases a judge prints something else than scc-emu, and why.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// Who prints something else.
    pub judge: Judge,
    /// The cases: a name, in which `*` stands for anything.
    pub cases: &'static str,
    /// What may differ: names of fields (`rf`, `fl`, ...), `outcome` for exception, code and place, `event` for
    /// traced events, `descriptor` for words of the GDT and LDT, `page` for page-table entries, `memory` for other
    /// words of the arena, `line` for everything.
    pub fields: &'static [&'static str],
    /// Why, and why scc-emu is right.
    pub why: &'static str,
}

impl Difference {
    fn matches(&self, case: &str) -> bool {
        let Some((beginning, rest)) = self.cases.split_once('*') else { return case == self.cases };
        let Some(mut case) = case.strip_prefix(beginning) else { return false };
        let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*') {
            let Some(at) = case.find(part) else { return false };
            case = &case[at + part.len()..];
        }
        case.ends_with(end)
    }

    fn allows(&self, field: &str) -> bool {
        self.fields.iter().any(|allowed| *allowed == field || *allowed == "line")
    }
}

/// Runs a suite on all machines and compares every line; the transcripts are left in `directory`, named after
/// `name`.
///
/// # Panics
/// If a machine is missing or does not finish, if the memory models differ, if a judge differs where no entry of
/// `known` says so, or if an entry's difference does not occur.
pub fn assert_agreement(directory: &Path, name: &str, suite: Suite, known: &[Difference]) {
    let roms = suite.roms();
    let runs = run(directory, name, &roms);
    let names: Vec<&String> = roms.iter().flat_map(|rom| &rom.names).collect();
    let mut complaints = String::new();
    let all = [("strict", &runs.strict), ("fast", &runs.fast), ("Bochs", &runs.bochs), ("QEMU", &runs.qemu)];
    for (machine, transcript) in all {
        keep(directory, &format!("{name}.{}.txt", machine.to_lowercase()), transcript);
        check_completeness(&mut complaints, machine, transcript, &names);
    }
    if complaints.is_empty() {
        for (name, strict, fast) in pairs(&runs.strict, &runs.fast) {
            if strict != fast {
                complain(&mut complaints, name, &[("strict", strict), ("fast", fast)]);
            }
        }
        let mut occurred = vec![false; known.len()];
        for judge in Judge::ALL {
            for (case, ours, theirs) in pairs(&runs.strict, runs.of(judge)) {
                let unknown = unknown_differences(judge, case, ours, theirs, known, &mut occurred);
                if !unknown.is_empty() {
                    let judge = judge.to_string();
                    complain(&mut complaints, case, &[("scc-emu", ours), (judge.as_str(), theirs)]);
                }
            }
        }
        for (entry, _) in known.iter().zip(&occurred).filter(|(_, occurred)| !**occurred) {
            writeln!(complaints, "no such difference any more: {} on {}", entry.cases, entry.judge)
                .expect("strings take everything");
        }
    }
    assert!(complaints.is_empty(), "{name}: see {}\n{complaints}", directory.display());
}

/// Runs a suite whose last case shuts the processor down, and compares how the machines end.
///
/// # Panics
/// If a machine is missing, does not shut down, or printed something else before.
pub fn assert_shutdown(directory: &Path, name: &str, suite: Suite) {
    let runs = run(directory, name, &suite.roms());
    let all = [("strict", &runs.strict), ("fast", &runs.fast), ("Bochs", &runs.bochs), ("QEMU", &runs.qemu)];
    for (machine, transcript) in all {
        keep(directory, &format!("{name}.{}.txt", machine.to_lowercase()), transcript);
        assert_eq!(transcript.outcome, Outcome::Shutdown, "{name} on {machine}");
        // The last characters may be lost in the serial port.
        let (Some(last), Some(expected)) = (transcript.lines.last(), runs.strict.lines.last()) else {
            panic!("{name} on {machine}: nothing printed");
        };
        assert!(
            expected.0.starts_with(last.0.trim_end_matches([':', ' '])),
            "{name} on {machine}: {}",
            last.0
        );
        let before = |lines: &[(String, String)]| lines[..lines.len() - 1].to_vec();
        assert_eq!(before(&transcript.lines), before(&runs.strict.lines), "{name} on {machine}");
    }
}

/// Runs ROMs everywhere, after leaving them in `directory` for people who want to run them by hand.
fn run(directory: &Path, name: &str, roms: &[Rom]) -> Everywhere {
    for (number, rom) in roms.iter().enumerate() {
        let file = directory.join(format!("{name}.{number}.rom"));
        drop(fs::create_dir_all(directory).and_then(|()| fs::write(file, &rom.bytes)));
    }
    Everywhere::run(roms).unwrap_or_else(|error| panic!("{error}"))
}

fn check_completeness(complaints: &mut String, machine: &str, transcript: &Transcript, names: &[&String]) {
    let printed = transcript.lines.iter().map(|(name, _)| name);
    let complete = transcript.outcome == Outcome::Finished && printed.eq(names.iter().copied());
    if !complete {
        let last = transcript.lines.last().map_or("nothing", |(name, _)| name.as_str());
        writeln!(complaints, "{machine}: {:?} after {last}", transcript.outcome)
            .expect("strings take everything");
    }
}

fn pairs<'a>(
    ours: &'a Transcript,
    theirs: &'a Transcript,
) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    let both = ours.lines.iter().zip(&theirs.lines);
    both.map(|((name, ours), (_, theirs))| (name.as_str(), ours.as_str(), theirs.as_str()))
}

fn complain(complaints: &mut String, case: &str, lines: &[(&str, &str)]) {
    writeln!(complaints, "{case}").expect("strings take everything");
    for (machine, line) in lines {
        writeln!(complaints, "    {machine:8}{line}").expect("strings take everything");
    }
}

/// The fields that differ and that no entry allows; notes the entries that were needed.
fn unknown_differences(
    judge: Judge,
    case: &str,
    ours: &str,
    theirs: &str,
    known: &[Difference],
    occurred: &mut [bool],
) -> Vec<String> {
    let mut differing = differing_fields(ours, theirs);
    let relevant =
        known.iter().zip(occurred).filter(|(entry, _)| entry.judge == judge && entry.matches(case));
    let mut allowed = Vec::new();
    for (entry, occurred) in relevant {
        if differing.iter().any(|field| entry.allows(field)) {
            *occurred = true;
            allowed.push(entry);
        }
    }
    differing.retain(|field| !allowed.iter().any(|entry| entry.allows(field)));
    differing
}

/// Names of the parts in which two lines differ.
fn differing_fields(ours: &str, theirs: &str) -> Vec<String> {
    let (ours, theirs) = (parts(ours), parts(theirs));
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    names.into_iter().filter(|name| ours.get(*name) != theirs.get(*name)).cloned().collect()
}

/// A line's parts by name; words of memory of one kind are a part, and so are events.
fn parts(line: &str) -> BTreeMap<String, String> {
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    for token in line.split_whitespace() {
        let name = if let Some(word) = token.strip_prefix('[') {
            place(word)
        } else if token.starts_with('!') {
            "event"
        } else if let Some((name, _)) = token.split_once('=') {
            name
        } else {
            "outcome"
        };
        parts.entry(name.to_owned()).or_default().push_str(token);
    }
    parts
}

/// What a changed word belongs to; `word` is its address in hexadecimal and more.
fn place(word: &str) -> &'static str {
    let address = word.split(']').next().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match address.unwrap_or(0) {
        GDT..IDT | LDT..LDT_END => "descriptor",
        PAGE_DIRECTORY..PAGES_END => "page",
        _ => "memory",
    }
}

/// Leaves a transcript for people; a directory that cannot be written is no reason to fail.
fn keep(directory: &Path, file: &str, transcript: &Transcript) {
    let mut text = String::new();
    for (name, rest) in &transcript.lines {
        writeln!(text, "{name}: {rest}").expect("strings take everything");
    }
    writeln!(text, "{:?}", transcript.outcome).expect("strings take everything");
    drop(fs::create_dir_all(directory).and_then(|()| fs::write(directory.join(file), text)));
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Difference; 2] = [
        Difference { judge: Judge::Qemu, cases: "a*", fields: &["rf"], why: "an example" },
        Difference { judge: Judge::Bochs, cases: "ab", fields: &["line"], why: "an example" },
    ];

    #[test]
    fn parts_are_told_apart_by_their_form() {
        let fields = differing_fields("#D(0)+1 eax=1 rf=1 [10004]=5", "#D(0)+2 eax=1 [10004]=6 [14000]=1");
        assert_eq!(fields, ["descriptor", "memory", "outcome", "rf"]);
    }

    #[test]
    fn stars_stand_for_anything() {
        let matches = |cases| Difference { cases, ..KNOWN[0] }.matches("call 16 from ring 3");
        for cases in ["*", "call*", "*ring 3", "call*ring*", "*16*ring*", "call 16 from ring 3"] {
            assert!(matches(cases), "{cases}");
        }
        for cases in ["", "call", "jmp*", "*ring", "*ring*16*", "call 16 from ring 3*3"] {
            assert!(!matches(cases), "{cases}");
        }
    }

    #[test]
    fn a_difference_is_known_only_in_its_fields_and_for_its_judge() {
        let mut occurred = [false; 2];
        let left = |judge, theirs, occurred: &mut [bool]| {
            unknown_differences(judge, "ab", "done rf=1", theirs, &KNOWN, occurred)
        };
        assert!(left(Judge::Qemu, "done", &mut occurred).is_empty());
        assert_eq!(occurred, [true, false]);
        assert_eq!(left(Judge::Qemu, "done eax=1", &mut occurred), ["eax"]);
        assert!(left(Judge::Bochs, "#D(0)+5", &mut occurred).is_empty());
        assert_eq!(occurred, [true, true]);
    }
}
