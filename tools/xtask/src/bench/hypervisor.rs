//! `cargo xtask bench guest`: what the hypervisor takes, on the emulated chip at 533/800/800 MHz, memory model strict, with
//! the chip's timing.
//!
//! Three runs of `scc-boot` on core 0, whose figures are the same in every run: guest `figures` measures what it is given and
//! prints it; beside guest `busy`, which never gives the processor back by itself, the kernel measures how late the sleeps of
//! a service end (`measure=guests`); two of guest `turns` say when they had the processor, and what lies between the turn of
//! one and that of the other is a world switch.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::bench::budget::{self, Budget};
use crate::bench::{BenchError, RECORD, commit, host, write_record};
use crate::boot::Platform;
use crate::cli::GuestBenchOptions;
use crate::figures::{Cycles, SETTING, cycles_in, word_of};
use crate::process;
use crate::program::{self, Profile};
use crate::workspace::{CORE_TARGET, Workspace};

/// Figures in the order of the report: name, what it is.
const NAMES: [(&str, &str); 6] = [
    ("call", "a hypercall that does nothing, from before the `int` to behind it in the guest"),
    ("exception", "an exception of the guest, from the instruction to its own handler"),
    ("deliver", "a pending interrupt, from the hypercall that asks for it to the guest's handler"),
    ("device", "a read of a device's register"),
    (
        WORLD_SWITCH,
        "from the last instruction of one guest to the first of another on the same core, when its time is over",
    ),
    ("sleep-beside-guests", "lateness of a service's sleep beside a guest that spins"),
];
/// What the warm median of a figure may be, two readings of the clock deducted.
const BUDGETS: [(&str, u64); 3] = [("call", 400), ("exception", 800), (WORLD_SWITCH, 2_500)];
/// The figure that is worked out here.
const WORLD_SWITCH: &str = "world-switch";
/// Where every run has its guests.
const PLACE: [&str; 4] = ["--cores", "0", "--guest-memory", "4"];

/// Measures, prints the report and records it if asked to.
pub(crate) fn guest(workspace: &Workspace, options: &GuestBenchOptions) -> Result<(), BenchError> {
    println!("bench: building scc-boot, the kernel and the guests");
    let board = program::build(workspace, "scc-boot", None)?;
    let plain = program::kernel(workspace, Platform::Scc, "")?;
    let trials = program::kernel(workspace, Platform::Scc, "measure=guests")?;
    let [figures, busy, turns] = ["figures", "busy", "turns"]
        .map(|package| program::build_as(workspace, package, Some(CORE_TARGET), Profile::Kernel));
    let image = workspace.scratch().join("bench").join("guest");
    let run = |kernel: &Path, guests: &[PathBuf], words: &[&str]| {
        let mut command = Command::new(&board);
        command.arg(kernel).arg("--image").arg(&image).args(SETTING).args(PLACE).args(words);
        for guest in guests {
            command.arg("--guest").arg(guest);
        }
        println!("bench: {command:?}");
        process::output(&mut command)
    };
    let turns = turns?;
    let mut output = run(&plain, &[figures?], &[])?;
    output.push_str(&run(&trials, &[busy?], &["--command-line", "measure=guests"])?);
    let switches = world_switches(&run(&plain, &[turns.clone(), turns], &[])?);
    let mut cycles = cycles_in(&output);
    cycles.extend(switches.map(|found| (WORLD_SWITCH.to_owned(), found)));
    if !NAMES.iter().all(|(name, _)| cycles.contains_key(*name)) {
        return Err(BenchError::NoCounts { reason: "guest or kernel printed no figures" });
    }
    let budgets = budgets(&cycles);
    let report = markdown(&cycles, &budgets, &commit(workspace), &host());
    println!("\n{report}");
    if options.record {
        write_record(workspace, "guest.md", &report)?;
        write_record(workspace, "guest.json", &format!("{:#}\n", json!(cycles)))?;
        println!("bench: written to {RECORD}");
    }
    budget::judge(&budgets)
}

/// What lies between the turns of two guests, which they print as `turn begin=1 end=2` in low words of the same counter.
/// The first time is the cold one. `None` if there were not two that had their turns alternately.
fn world_switches(output: &str) -> Option<Cycles> {
    let number = |line, key| word_of(line, key)?.parse::<u32>().ok();
    let turns = output.lines().filter(|line| line.contains("turn begin="));
    let mut turns: Vec<_> =
        turns.filter_map(|line| Some((number(line, "begin")?, number(line, "end")?))).collect();
    let first = turns.first()?.0;
    // Half of the counter's range is before the first one, half behind.
    turns.sort_unstable_by_key(|(begin, _)| begin.wrapping_sub(first).cast_signed());
    let gap = |pair: &[(u32, u32)]| u64::from(pair[1].0.wrapping_sub(pair[0].1));
    let mut gaps: Vec<_> = turns.windows(2).map(gap).collect();
    // At either end one guest is alone, and what lies between its turns is something else.
    gaps.retain(|gap| *gap < TURN_CYCLES);
    let cold = *gaps.first()?;
    gaps.sort_unstable();
    let count = u64::try_from(gaps.len()).ok().filter(|count| *count >= 8)?;
    Some(Cycles { cold, median: gaps[gaps.len() / 2], most: *gaps.last()?, count })
}

/// Less than the turn of a guest: 1 ms.
const TURN_CYCLES: u64 = 533_000;

fn budgets(cycles: &BTreeMap<String, Cycles>) -> Vec<Budget> {
    let clock = cycles.get("clock").map_or(0, |clock| clock.median);
    let found = |name: &str| cycles.get(name).map(|cycles| cycles.median.saturating_sub(clock));
    BUDGETS.map(|(what, limit)| Budget { what, limit, found: found(what), unit: "cycles" }).into()
}

fn markdown(cycles: &BTreeMap<String, Cycles>, budgets: &[Budget], commit: &str, host: &str) -> String {
    let mut text = format!(
        "# Guests\n\nMade by `cargo xtask bench guest --record` at commit {commit} on {host}; all figures are in\n\
         [guest.json](guest.json). Emulated chip, core 0, memory model strict, `--timing scc`, tiles 533, mesh 800, memory\n\
         800 MHz. The figures are the same in every run. A refill of the translation buffer whose walk hits L1 is not\n\
         charged: [decision 0005](../decisions/0005-address-space-of-guests.md).\n\n## Budgets\n\n\
         Medians, warm, are judged, less what two readings of the clock take.\n\n"
    );
    let mut line = |line: String| writeln!(text, "{line}").expect("strings take any text");
    budgets.iter().for_each(|budget| line(format!("- {budget}")));
    line("\n## Cycles\n".to_owned());
    if let Some(clock) = cycles.get("clock") {
        line(format!(
            "Two readings of the clock, which every figure of the guest contains, take {}.\n",
            clock.median
        ));
    }
    line("| | median | most | cold | times |\n|---|--:|--:|--:|--:|".to_owned());
    for (name, what) in NAMES {
        if let Some(Cycles { cold, median, most, count }) = cycles.get(name) {
            line(format!("| {what} | {median} | {most} | {cold} | {count} |"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output() -> String {
        let line =
            |name: &str, median| format!("x figure name={name} cold=9 median={median} most=8 count=64\n");
        NAMES.iter().map(|(name, _)| line(name, 407)).chain([line("clock", 7)]).collect()
    }

    #[test]
    fn budgets_are_judged_without_the_clock() {
        let cycles = cycles_in(&output());
        assert_eq!(cycles["call"], Cycles { cold: 9, median: 407, most: 8, count: 64 });
        assert!(budgets(&cycles).iter().all(|budget| budget.found == Some(400) && budget.is_met()));
        assert!(
            markdown(&cycles, &budgets(&cycles), "c", "h")
                .contains("- pass    call: at most 400 cycles; found 400")
        );
    }

    #[test]
    fn world_switch_is_what_lies_between_the_turns_of_two_guests() {
        let line = |begin: u32| {
            let end = begin.wrapping_add(5_000_000);
            format!("guest turns: turn begin={begin} end={end}\n")
        };
        let begins = (0..10_u32).map(|turn| 0xFFFF_0000_u32.wrapping_add(turn * 5_002_000));
        let (even, odd): (Vec<_>, Vec<_>) = begins.map(line).enumerate().partition(|(turn, _)| turn % 2 == 0);
        let output: String = even.into_iter().chain(odd).map(|(_, line)| line).collect();
        let expected = Cycles { cold: 2_000, median: 2_000, most: 2_000, count: 9 };
        assert_eq!(world_switches(&output), Some(expected));
        assert_eq!(world_switches(&line(1)), None);
    }
}
