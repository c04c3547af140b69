//! What `bench guest` says: tables, the same as JSON, and whether the budgets are kept.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::linux::{Linux, Operation, SIZES};
use super::{Figures, Memory, WORLD_SWITCH};
use crate::bench::budget::Budget;
use crate::figures::Cycles;

/// Figures in the order of the report: name, what it is.
const NAMES: [(&str, &str); 16] = [
    ("call", "a hypercall that does nothing, from before the `int` to behind it in the guest"),
    ("return", "the hypercall in place of IRET, to the instruction that the frame leads to"),
    ("instruction", "an instruction that the hypervisor carries out: a read of CR0"),
    ("exception", "an exception of the guest, from the instruction to its own handler"),
    ("paged-exception", "the same with page tables of the guest"),
    ("page-fault", "a page fault that the guest gets, from the access to its own handler"),
    ("fill", "a page fault that the guest does not get: the hypervisor shows the page"),
    ("fill-eight", "the same, with the seven pages beside it"),
    ("switch", "a change to another address space that the hypervisor remembers"),
    ("deliver", "a pending interrupt, from the hypercall that asks for it to the guest's handler"),
    ("timer", "lateness of the guest's timer, from the deadline to its handler"),
    ("device", "a read of a device's register"),
    (SYSTEM_CALL, "a system call of a program in ring 3 and back, without the clock"),
    (
        WORLD_SWITCH,
        "from the last instruction of one guest to the first of another on the same core, when its time is over",
    ),
    ("sleep-beside-guests", "lateness of a service's sleep beside a guest that spins"),
    ("clock", "two readings of the clock, which all others of the guest contain"),
];
const SYSTEM_CALL: &str = "system-call";
/// What the warm median of a figure may be, two readings of the clock deducted.
const BUDGETS: [(&str, u64); 5] =
    [("call", 400), ("exception", 800), ("paged-exception", 800), ("deliver", 800), (WORLD_SWITCH, 2_500)];
/// Operations of Linux in the order of the report: name, what it is.
const OPERATIONS: [(&str, &str); 7] = [
    ("getppid", "getppid"),
    ("sched-yield", "sched_yield"),
    ("pipe-ping-pong", "a byte through a pipe to another process and back"),
    ("fork-exit-wait", "fork, exit, wait"),
    ("fork-exec-wait", "fork, exec of busybox, exit, wait"),
    ("fresh-page", "a fresh page: mapped, touched, given back"),
    ("file-read", "4 KB read from a file in memory"),
];

/// Figures, and where they come from.
pub(super) struct Record<'a> {
    pub(super) figures: &'a Figures,
    pub(super) commit: String,
    pub(super) host: String,
}

impl Record<'_> {
    /// Names of figures that nothing has printed, if there are any.
    pub(super) fn missing(&self) -> Option<String> {
        let times =
            NAMES.iter().map(|(name, _)| *name).filter(|name| !self.figures.cycles.contains_key(*name));
        let mut missing: Vec<_> = times.collect();
        if let Some(linux) = &self.figures.linux {
            let known = |name: &str| {
                linux.operations.iter().any(|operation| operation.name == name)
                    && linux.native.contains_key(name)
            };
            missing.extend(OPERATIONS.iter().map(|(name, _)| *name).filter(|name| !known(name)));
            let known = |size| linux.switches.iter().any(|switch| switch.kilobytes == size);
            missing.extend(SIZES.iter().filter(|(size, _)| !known(*size)).map(|(_, name)| *name));
            missing.extend(linux.boot_milliseconds.is_none().then_some("boot-milliseconds"));
        }
        missing.extend(self.figures.memory.is_empty().then_some("memory of guests"));
        (!missing.is_empty()).then(|| missing.join(", "))
    }

    /// All limits, with what was found.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        let cycles = &self.figures.cycles;
        let clock = cycles.get("clock").map_or(0, |clock| clock.median);
        let found = |name: &str| cycles.get(name).map(|cycles| cycles.median.saturating_sub(clock));
        BUDGETS.map(|(what, limit)| Budget { what, limit, found: found(what), unit: "cycles" }).into()
    }

    /// The report.
    pub(super) fn markdown(&self) -> String {
        let Figures { cycles, native_call, memory, linux } = self.figures;
        let mut text = format!(
            "# Guests\n\nMade by `cargo xtask bench guest --record` at commit {} on {}; all figures are in\n\
             [guest.json](guest.json). Emulated chip, core 0, memory model strict, `--timing scc`, tiles 533, mesh 800, memory\n\
             800 MHz. The figures are the same in every run. A refill of the translation buffer whose walk hits L1 is not\n\
             charged: [decision 0005](../decisions/0005-address-space-of-guests.md).\n\n## Budgets\n\n\
             Medians, warm, are judged, less what two readings of the clock take.\n\n",
            self.commit, self.host
        );
        let mut line = |line: fmt::Arguments<'_>| writeln!(text, "{line}").expect("strings take any text");
        self.budgets().iter().for_each(|budget| line(format_args!("- {budget}")));
        line(format_args!("\n## Cycles\n\n| | median | most | cold | times |\n|---|--:|--:|--:|--:|"));
        for (name, what) in NAMES {
            if let Some(Cycles { cold, median, most, count }) = cycles.get(name) {
                line(format_args!("| {what} | {median} | {most} | {cold} | {count} |"));
            }
        }
        if let Some(Cycles { median, .. }) = cycles.get(SYSTEM_CALL) {
            line(format_args!(
                "\nThe same system calls without a hypervisor, from ring 3 to ring 0 (benchmark `trap` of package\n\
                 `bench-guest`), take {native_call:.0} cycles each, so a guest's kernel pays {:.0} for its interrupt flag.",
                lossy(*median) - native_call
            ));
        }
        line(format_args!(
            "\n## Memory\n\nWhat the hypervisor takes for a guest besides the guest's own memory.\n"
        ));
        line(format_args!(
            "| guest | its memory, KB | at its start, bytes | page tables at most |\n|---|--:|--:|--:|"
        ));
        for Memory { guest, own, made, tables } in memory {
            line(format_args!("| {guest} | {own} | {made} | {tables} |"));
        }
        match linux {
            Some(linux) => linux_part(linux, &mut line),
            None => line(format_args!("\n## Linux\n\nLeft out by `--bare`.")),
        }
        text
    }

    /// All figures.
    pub(super) fn json(&self) -> Value {
        let Figures { cycles, native_call, memory, linux } = self.figures;
        let budgets = self.budgets().into_iter().map(|budget| {
            let met = budget.is_met();
            let Budget { what, limit, found, unit } = budget;
            json!({ "what": what, "limit": limit, "found": found, "unit": unit, "met": met })
        });
        let memory = memory.iter().map(|Memory { guest, own, made, tables }| {
            json!({ "guest": guest, "kilobytes": own, "bytes_at_start": made, "tables_at_most": tables })
        });
        json!({
            "command": "cargo xtask bench guest --record",
            "commit": self.commit,
            "host": self.host,
            "setting": "strict, scc, 533/800/800 MHz",
            "cycles": cycles,
            "native_system_call": native_call,
            "memory": memory.collect::<Vec<_>>(),
            "linux": linux,
            "budgets": budgets.collect::<Vec<_>>(),
        })
    }
}

/// Tables of what Linux has printed.
fn linux_part(linux: &Linux, line: &mut impl FnMut(fmt::Arguments<'_>)) {
    line(format_args!("\n## Linux\n"));
    if let Some(milliseconds) = linux.boot_milliseconds {
        line(format_args!(
            "From the core's reset to the first line of the shell: {milliseconds} ms. What the hypervisor did until then:\n"
        ));
    }
    line(format_args!("| counter | |\n|---|--:|"));
    linux.boot.iter().for_each(|(name, value)| line(format_args!("| {name} | {value} |")));
    line(format_args!("\n| operation | exits | cycles | native | |\n|---|--:|--:|--:|--:|"));
    for (name, what) in OPERATIONS {
        if let Some(Operation { exits, cycles, .. }) =
            linux.operations.iter().find(|operation| operation.name == name)
        {
            let native = linux.native.get(name).map_or("| |".to_owned(), |native| {
                let more = (lossy(*cycles) / lossy(*native) - 1.0) * 100.0;
                format!("| {native} | {more:+.0} % |")
            });
            line(format_args!("| {what} | {exits:.2} | {cycles} {native}"));
        }
    }
    line(format_args!(
        "\nNative: the same operations of the same Linux and programs on the same core, without a hypervisor. It has no ticks,\n\
         because the chip has none of the timers and interrupt controllers of a PC; the figures of the guest contain its own.\n\n\
         ### Switches between processes\n\n![Cycles of a switch](guest-switches.svg)\n\n\
         A byte goes round a ring of processes, each of which reads memory of its own when it has it. Pipes and reading, by\n\
         one process alone, are deducted.\n\n| processes | {} |\n|--:|{}",
        SIZES.map(|(_, name)| name).join(" | "),
        "--:|".repeat(SIZES.len())
    ));
    let mut processes: Vec<_> = linux.switches.iter().map(|switch| switch.processes).collect();
    processes.sort_unstable();
    processes.dedup();
    for processes in processes {
        let cycles = SIZES.map(|(kilobytes, _)| {
            let found = linux
                .switches
                .iter()
                .find(|switch| switch.processes == processes && switch.kilobytes == kilobytes);
            found.map_or_else(String::new, |switch| switch.cycles.to_string())
        });
        line(format_args!("| {processes} | {} |", cycles.join(" | ")));
    }
}

#[expect(clippy::cast_precision_loss, reason = "far less than 2^52 cycles")]
pub(super) fn lossy(cycles: u64) -> f64 {
    cycles as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::cycles_in;

    fn figures() -> Figures {
        let line =
            |name: &str, median| format!("x figure name={name} cold=9 median={median} most=8 count=64\n");
        let output: String =
            NAMES.iter().map(|(name, _)| line(name, 407)).chain([line("clock", 7)]).collect();
        let memory = Memory { guest: "a".to_owned(), own: 4_096, made: 20_480, tables: 3 };
        Figures { cycles: cycles_in(&output), native_call: 400.0, memory: vec![memory], linux: None }
    }

    #[test]
    fn budgets_are_judged_without_the_clock() {
        let figures = figures();
        let record = Record { figures: &figures, commit: "c".to_owned(), host: "h".to_owned() };
        assert_eq!(record.missing(), None);
        assert!(record.budgets().iter().all(|budget| budget.found == Some(400) && budget.is_met()));
        let text = record.markdown();
        assert!(text.contains("- pass    call: at most 400 cycles; found 400"), "{text}");
        assert!(text.contains("take 400 cycles each, so a guest's kernel pays 7"), "{text}");
        assert_eq!(record.json()["budgets"][0]["met"], true);
    }

    #[test]
    fn what_nothing_has_printed_is_named() {
        let mut figures = figures();
        figures.cycles.remove("deliver");
        figures.linux = Some(Linux::default());
        let record = Record { figures: &figures, commit: "c".to_owned(), host: "h".to_owned() };
        let missing = record.missing().expect("much is");
        assert!(
            missing.starts_with("deliver, getppid, ") && missing.ends_with("boot-milliseconds"),
            "{missing}"
        );
    }
}
