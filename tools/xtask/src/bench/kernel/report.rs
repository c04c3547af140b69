//! What `bench kernel` says: tables, the same as JSON, and whether the budgets are kept.

use std::fmt::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Boot, Figures};
use crate::bench::budget::Budget;
use crate::figures::Cycles;

/// Figures in the order of the report: name, what it is.
const NAMES: [(&str, &str); 15] = [
    ("direct-raise-to-handler", "from raising the own direct pin to the first record of its handler"),
    ("direct-handler-to-wake", "from there to the wake, the pin's acknowledgement included"),
    ("direct-wake-to-poll", "from the wake to the first instruction of the task's poll"),
    ("direct-raise-to-poll", "the three together"),
    ("doorbell-ring-to-poll", "from ringing the own doorbell to the woken task: five accesses to the FPGA"),
    ("timer-deadline-to-handler", "from a deadline to the first record of the timer's handler, core halted"),
    ("timer-handler-to-poll", "from there to the woken task"),
    ("yield", "from one task, before it yields, to the next one"),
    ("spawn", "spawning a task into the heap, its name recorded"),
    ("spawn-in-pool", "spawning a task into a pool"),
    ("spawn-to-poll", "from the call of spawn to the task's first instruction"),
    ("sleep-10us", "lateness after a sleep of 10 us"),
    ("sleep-100us", "lateness after a sleep of 100 us"),
    ("sleep-1ms", "lateness after a sleep of 1 ms"),
    ("sleep-10ms", "lateness after a sleep of 10 ms"),
];

/// What the warm median of a figure may be in cycles, the readings of the clock around it deducted.
const CYCLE_BUDGETS: [(&str, u64); 3] = [("direct-wake-to-poll", 250), ("yield", 150), ("spawn", 400)];
/// Cycles of a trace record, likewise.
pub(in crate::bench) const RECORD_BUDGET: u64 = 30;
/// Code of the executor; its static data is one executor of some hundred bytes.
const EXECUTOR_BUDGET_BYTES: u64 = 16 << 10;
/// Code and data of the image.
const IMAGE_BUDGET_BYTES: u64 = 640 << 10;
/// Host time of 48 cores to their first task, on two host cores.
const HOST_BUDGET: Duration = Duration::from_secs(5);

/// All limits, with what was found.
pub(super) fn budgets(figures: &Figures) -> Vec<Budget> {
    let clock = figures.cycles.get("clock").map_or(0, |cycles| cycles.median);
    let median = |name: &str| figures.cycles.get(name).map(|cycles| cycles.median.saturating_sub(clock));
    let cycles =
        CYCLE_BUDGETS.map(|(what, limit)| Budget { what, limit, found: median(what), unit: "cycles" });
    let mut budgets = Vec::from(cycles);
    let record = median("record");
    let host = figures.host_time.as_millis().try_into().ok();
    let host_limit = HOST_BUDGET.as_millis().try_into().unwrap_or(u64::MAX);
    budgets.extend([
        Budget { what: "trace record", limit: RECORD_BUDGET, found: record, unit: "cycles" },
        Budget {
            what: "executor's code",
            limit: EXECUTOR_BUDGET_BYTES,
            found: Some(figures.size.executor),
            unit: "bytes",
        },
        Budget { what: "image", limit: IMAGE_BUDGET_BYTES, found: Some(figures.size.loaded), unit: "bytes" },
        Budget {
            what: "48 cores to their first task, host time",
            limit: host_limit,
            found: host,
            unit: "ms",
        },
    ]);
    budgets
}

/// Figures, and where they come from.
pub(super) struct Record<'a> {
    pub(super) figures: &'a Figures,
    pub(super) commit: String,
    pub(super) host: String,
}

impl Record<'_> {
    /// The report.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |line: fmt::Arguments<'_>| writeln!(text, "{line}").expect("strings take any text");
        let Figures { cycles, bytes, size, host_time, .. } = self.figures;
        line(format_args!("# Kernel\n"));
        line(format_args!(
            "Made by `cargo xtask bench kernel --record` at commit {} on {}; all figures are in\n\
             [kernel.json](kernel.json). Emulated chip, memory model strict, `--timing scc`, tiles 533, mesh 800, memory\n\
             800 MHz, trace and accounting on. Emulated figures are the same in every run.\n",
            self.commit, self.host
        ));
        line(format_args!(
            "## Budgets\n\nMedians, warm, are judged, less what two readings of the clock take.\n"
        ));
        budgets(self.figures).iter().for_each(|budget| line(format_args!("- {budget}")));
        line(format_args!("\n## One core, cycles\n"));
        line(format_args!(
            "`cold` is the first time, after console output has displaced code and data from the caches."
        ));
        if let Some(clock) = cycles.get("clock") {
            line(format_args!(
                "Two readings of the clock, which every figure contains, take {}.",
                clock.median
            ));
        }
        line(format_args!("\n| | median | most | cold | times |\n|---|--:|--:|--:|--:|"));
        for (name, what) in NAMES {
            if let Some(Cycles { cold, median, most, count }) = cycles.get(name) {
                line(format_args!("| {what} | {median} | {most} | {cold} | {count} |"));
            }
        }
        if let Some(record) = cycles.get("record") {
            let Cycles { cold, median, most, count } = record;
            line(format_args!("| one trace record | {median} | {most} | {cold} | {count} |"));
        }
        for (who, boot) in [("the host", &self.figures.by_host), ("core 0", &self.figures.by_core_0)] {
            line(format_args!("\n## 48 cores from reset, started by {who}, cycles\n"));
            line(format_args!(
                "| phase done | least | median | most | since the one before |\n|---|--:|--:|--:|--:|"
            ));
            let mut before = 0;
            for phase in &boot.phases {
                let step = phase.median.saturating_sub(before);
                before = phase.median;
                line(format_args!(
                    "| {} | {} | {} | {} | {step} |",
                    phase.name, phase.least, phase.median, phase.most
                ));
            }
            line(format_args!(
                "\nThe last core polls its first task {:.2} ms after the board's start, by the chip's clock.",
                boot.all_up_us / 1000.0
            ));
        }
        line(format_args!("\n## Memory of a core, bytes\n"));
        let kernel = |name: &str| bytes.get(name).copied().unwrap_or_default();
        let (tables, heap) = (kernel("page-tables"), kernel("heap"));
        for (what, amount) in [
            ("image, as loaded: code, constants, variables with a value", size.loaded),
            ("of that, code of the executor without the tasks", size.executor),
            (
                "further memory of the image: other variables, stacks, first page tables, frame bitmap, trace ring",
                size.in_memory - size.loaded,
            ),
            ("of that, stacks", kernel("stacks")),
            ("names of functions for backtraces", size.names),
            ("page tables", tables),
            ("heap, as taken from the frames when the first task runs", heap),
            ("all of these", size.in_memory + size.names + tables + heap),
        ] {
            line(format_args!("- {what}: {amount}"));
        }
        line(format_args!("\n## Host time, of this one run on this one machine\n"));
        line(format_args!(
            "`scc-boot` took {:.2} s from its start to its end for 48 cores to their first task: image, loading, run and\n\
             2 ms of emulated time after it.",
            host_time.as_secs_f64()
        ));
        text
    }

    /// All figures.
    pub(super) fn json(&self) -> Value {
        let Figures { by_host, by_core_0, cycles, bytes, size, host_time } = self.figures;
        let boot = |boot: &Boot| {
            let phases = boot.phases.iter().map(|phase| {
                json!({ "phase": phase.name, "least": phase.least, "median": phase.median, "most": phase.most })
            });
            json!({ "phases": phases.collect::<Vec<_>>(), "all_up_us": boot.all_up_us })
        };
        let budgets = budgets(self.figures).into_iter().map(|budget| {
            let met = budget.is_met();
            let Budget { what, limit, found, unit } = budget;
            json!({ "what": what, "limit": limit, "found": found, "unit": unit, "met": met })
        });
        json!({
            "command": "cargo xtask bench kernel --record",
            "commit": self.commit,
            "host": self.host,
            "setting": "strict, scc, 533/800/800 MHz",
            "cycles": cycles,
            "bytes": bytes,
            "image": {
                "loaded": size.loaded, "in_memory": size.in_memory, "names": size.names, "executor": size.executor
            },
            "boot_by_host": boot(by_host),
            "boot_by_core_0": boot(by_core_0),
            "host_seconds": host_time.as_secs_f64(),
            "budgets": budgets.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(yielding: u64) -> Figures {
        let cycles = |median| Cycles { cold: 9, median, most: 9, count: 64 };
        Figures {
            cycles: [("yield", yielding), ("clock", 8), ("record", 31)]
                .map(|(name, median)| (name.to_owned(), cycles(median)))
                .into(),
            host_time: Duration::from_secs(6),
            ..Figures::default()
        }
    }

    #[test]
    fn budget_is_kept_at_its_limit_and_missed_above_and_without_a_figure() {
        let said = |yielding| budgets(&figures(yielding)).iter().map(Budget::to_string).collect::<Vec<_>>();
        // Two readings of the clock take 8.
        assert_eq!(said(158)[1], "pass    yield: at most 150 cycles; found 150");
        assert_eq!(said(159)[1], "MISSED  yield: at most 150 cycles; found 151");
        assert_eq!(said(1)[0], "MISSED  direct-wake-to-poll: at most 250 cycles; found nothing");
        assert_eq!(said(1)[3], "pass    trace record: at most 30 cycles; found 23");
        assert_eq!(
            said(1)[6],
            "MISSED  48 cores to their first task, host time: at most 5000 ms; found 6000"
        );
    }

    #[test]
    fn report_and_json_hold_the_same_figures() {
        let figures = figures(455);
        let record = Record { figures: &figures, commit: "c0ffee".to_owned(), host: "a machine".to_owned() };
        let text = record.markdown();
        assert!(
            text.contains("| from one task, before it yields, to the next one | 455 | 9 | 9 | 64 |"),
            "{text}"
        );
        assert!(text.contains("at commit c0ffee on a machine"), "{text}");
        assert_eq!(record.json()["cycles"]["yield"]["median"], 455);
        assert_eq!(record.json()["budgets"][1]["met"], false);
    }
}
