//! `cargo xtask bench executor`: the executor beside embassy's, in one run of guest program `executor`.
//!
//! On the emulated chip, memory model strict, twice: with the chip's timing, where a tick of the time-stamp counter is
//! a cycle, and with one cycle per instruction, where it is an instruction. Then the same program on this machine,
//! where only the ratio of two executors says something. Emulated figures are the same in every run.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::bench::{BenchError, GUEST_PACKAGE, commit, host, write_record};
use crate::cli::ExecutorBenchOptions;
use crate::process;
use crate::program;
use crate::rom::Rom;
use crate::workspace::Workspace;

/// Number and name of the guest program.
const GUEST: (u32, &str) = (14, "executor");
/// Where the program runs: name of the setting, unit, timing of the emulator if it is emulated.
const SETTINGS: [(&str, &str, Option<&str>); 3] = [
    ("P54C, timing of the chip", "cycles", Some("scc")),
    ("P54C, one cycle per instruction", "instructions", Some("flat")),
    ("this machine", "ns", None),
];
/// What is demanded of this project's executor: program, limit in cycles.
const BUDGETS: [(&str, u64); 3] = [("wake-to-poll", 250), ("100-yields-10", 15_000), ("spawn", 400)];

/// Median and largest time of a program with an executor.
type Figures = BTreeMap<(String, String), (u64, u64)>;

/// Measures, prints the report and records it if asked to.
pub(crate) fn executor(workspace: &Workspace, options: &ExecutorBenchOptions) -> Result<(), BenchError> {
    println!("bench: building scc-emu and the guest");
    let emulator = program::build(workspace, "scc-emu", None)?;
    let native = program::build(workspace, GUEST_PACKAGE, None)?;
    let rom = Rom::build(workspace, GUEST_PACKAGE)?;
    let folder = workspace.scratch().join("bench").join("executor");
    let path = folder.join("rom.bin");
    std::fs::create_dir_all(&folder).map_err(|source| BenchError::File { path: folder.clone(), source })?;
    rom.with_parameters([GUEST.0, 1, 0, 0])?.write(&path)?;
    let mut results = Vec::new();
    for (_, _, timing) in SETTINGS {
        let mut command = match timing {
            Some(timing) => emulated(&emulator, &rom, &path, timing),
            None => {
                let mut command = Command::new(&native);
                command.args([GUEST.1, "1", "0"]);
                command
            }
        };
        results.push(figures_in(&process::output(&mut command)?)?);
    }
    let report = markdown(&results);
    println!("{report}");
    if options.record {
        let title = format!(
            "# Executor\n\nMade by `cargo xtask bench executor --record` at commit {} on {}.\n\n",
            commit(workspace),
            host()
        );
        write_record(workspace, "executor.md", &format!("{title}{report}"))?;
        let text =
            serde_json::to_string_pretty(&document(workspace, &results)).expect("numbers and strings only");
        write_record(workspace, "executor.json", &format!("{text}\n"))?;
    }
    Ok(())
}

fn emulated(emulator: &Path, rom: &Rom, path: &Path, timing: &str) -> Command {
    let mut command = Command::new(emulator);
    command.args(["run", "--model", "strict", "--timing", timing, "--diagnostics", "off"]);
    command.args(["--load".to_owned(), format!("{}@{:#x}#0", path.display(), rom.base())]);
    command.args(["--release", "0"]);
    command
}

/// Reads the lines `executor PROGRAM SUBJECT median MEDIAN most MOST`.
fn figures_in(output: &str) -> Result<Figures, BenchError> {
    let mut figures = Figures::new();
    for line in output.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let ["executor", program, subject, "median", median, "most", most] = words.as_slice() else {
            continue;
        };
        if let (Ok(median), Ok(most)) = (median.parse(), most.parse()) {
            figures.insert(((*program).to_owned(), (*subject).to_owned()), (median, most));
        }
    }
    if figures.is_empty() {
        return Err(BenchError::NoCounts { reason: "the guest printed no figures" });
    }
    Ok(figures)
}

/// Tables, and what the budgets say.
fn markdown(results: &[Figures]) -> String {
    let mut text = String::new();
    let mut line =
        |text_line: String| writeln!(text, "{text_line}").expect("writing to a string cannot fail");
    for ((setting, unit, _), figures) in SETTINGS.iter().zip(results) {
        line(format!("## {setting}, {unit}\n"));
        line(
            "| program | executor: median | most | embassy: median | most | executor / embassy |".to_owned(),
        );
        line("|---|--:|--:|--:|--:|--:|".to_owned());
        for (program, (median, most)) in of(figures, "executor") {
            let row = match figures.get(&(program.to_owned(), "embassy".to_owned())) {
                Some((theirs, their_most)) => {
                    format!("{theirs} | {their_most} | {}", ratio(median, *theirs))
                }
                None => "- | - | -".to_owned(),
            };
            line(format!("| {program} | {median} | {most} | {row} |"));
        }
        line(String::new());
    }
    line(
        "Yields, a message or a timer are means over a run. The largest spawn and wake are cold.".to_owned(),
    );
    line("A reading of the clock, which the figures contain, costs 7 cycles or 2 instructions.\n".to_owned());
    line("Budgets, median in cycles:\n".to_owned());
    for (program, limit) in BUDGETS {
        let found =
            results[0].get(&(program.to_owned(), "executor".to_owned())).map_or(u64::MAX, |found| found.0);
        let verdict = if found <= limit { "pass" } else { "MISS" };
        line(format!("- {verdict}  {program}: at most {limit}; found {found}"));
    }
    text
}

fn of<'a>(figures: &'a Figures, subject: &'a str) -> impl Iterator<Item = (&'a str, (u64, u64))> {
    figures
        .iter()
        .filter(move |((_, found), _)| found == subject)
        .map(|((program, _), times)| (program.as_str(), *times))
}

/// A quotient with two digits.
fn ratio(ours: u64, theirs: u64) -> String {
    let hundredths = (ours * 100).checked_div(theirs).unwrap_or_default();
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn document(workspace: &Workspace, results: &[Figures]) -> Value {
    let settings = SETTINGS.iter().zip(results).map(|((setting, unit, _), figures)| {
        let rows = figures.iter().map(|((program, subject), (median, most))| {
            json!({ "program": program, "subject": subject, "median": median, "most": most })
        });
        json!({ "setting": setting, "unit": unit, "figures": rows.collect::<Vec<_>>() })
    });
    json!({ "host": host(), "commit": commit(workspace), "settings": settings.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str =
        "boot\nexecutor spawn executor median 168 most 3577\nexecutor spawn embassy median 199 most 9\n";

    #[test]
    fn figures_are_read_from_the_guests_lines() {
        let figures = figures_in(OUTPUT).expect("two lines");
        assert_eq!(figures[&("spawn".to_owned(), "executor".to_owned())], (168, 3_577));
        assert_eq!(figures.len(), 2);
        assert!(figures_in("nothing").is_err());
    }

    #[test]
    fn report_compares_and_judges() {
        let figures = figures_in(OUTPUT).expect("two lines");
        let report = markdown(&[figures.clone(), figures.clone(), figures]);
        assert!(report.contains("| spawn | 168 | 3577 | 199 | 9 | 0.84 |"), "{report}");
        assert!(report.contains("pass  spawn: at most 400; found 168"), "{report}");
    }
}
