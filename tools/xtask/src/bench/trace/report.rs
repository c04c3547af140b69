//! The record of what tracing costs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::sites::Sites;
use crate::bench::budget::Budget;
use crate::bench::kernel::RECORD_BUDGET;

/// The function that records how a core gets on; records in any other one of an image without a trace are too many.
const PROGRESS: &str = "kernel::trace::record_progress_at";

/// What something takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// What it is.
    pub(super) what: String,
    /// Cycles with tracing compiled out, off, and on.
    pub(super) cycles: [u64; 3],
}

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// Cycles of a record, warm; `None` if none was measured.
    pub(super) record: Option<u64>,
    pub(super) figures: Vec<Figure>,
    /// Places that write records: as the kernel is, and with tracing compiled out.
    pub(super) sites: [Sites; 2],
    pub(super) commit: String,
    pub(super) host: String,
}

/// How much longer than without, in percent.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn slower(cycles: u64, without: u64) -> String {
    let percent = (cycles as f64 / without.max(1) as f64 - 1.0) * 100.0;
    format!("{cycles} ({percent:+.1} %)")
}

impl Record {
    /// Places of an image without a trace that are not about how a core gets on.
    fn left(&self) -> Vec<&String> {
        self.sites[1].functions.iter().filter(|name| *name != PROGRESS).collect()
    }

    /// What must hold.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        let left = u64::try_from(self.left().len()).ok();
        vec![
            Budget { what: "trace record", limit: RECORD_BUDGET, found: self.record, unit: "cycles" },
            Budget {
                what: "functions that record although tracing is compiled out",
                limit: 0,
                found: left,
                unit: "",
            },
        ]
    }

    /// The report.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!(
            "# Tracing\n\nMade by `cargo xtask bench trace --record` at commit {} on {}; all figures are in\n\
             [trace.json](trace.json). Emulated chip, memory model strict, `--timing scc`, tiles 533, mesh 800, memory\n\
             800 MHz. The figures are the same in every run. Rings are read by the emulator, which costs the cores nothing.\n\n\
             ## Budgets\n\n",
            self.commit, self.host
        );
        let mut line = |line: String| writeln!(text, "{line}").expect("strings take any text");
        self.budgets().iter().for_each(|budget| line(format!("- {budget}")));
        line(
            "\n## Cycles\n\nMedians, warm. Compiled out: feature `untraced`, which keeps records of boot, self-tests and\n\
             failures. Off: the kernel as it is, which records tasks, interrupts, doorbells and calls. On: `trace=letters`, for\n\
             guests `trace=guests`.\n\n| | compiled out | off | on |\n|---|--:|--:|--:|"
                .to_owned(),
        );
        for Figure { what, cycles: [out, off, on] } in &self.figures {
            line(format!("| {what} | {out} | {} | {} |", slower(*off, *out), slower(*on, *out)));
        }
        let [traced, untraced] = &self.sites;
        line(format!(
            "\n## Code\n\n{} places of the image write records; where tracing is compiled out {}, in",
            traced.count, untraced.count
        ));
        line(untraced.functions.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(",\n") + ".");
        text
    }

    /// The same for scripts.
    pub(super) fn json(&self) -> Value {
        let figures: Vec<_> = self
            .figures
            .iter()
            .map(|Figure { what, cycles: [out, off, on] }| json!({ "what": what, "out": out, "off": off, "on": on }))
            .collect();
        json!({
            "command": "cargo xtask bench trace --record",
            "commit": self.commit,
            "host": self.host,
            "unit": "core cycles, median",
            "record": self.record,
            "figures": figures,
            "sites": { "traced": self.sites[0].count, "untraced": self.sites[1].count },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_are_left_are_named_and_judged() {
        let sites = |functions: &[&str]| Sites {
            count: functions.len(),
            functions: functions.iter().map(|name| (*name).to_owned()).collect(),
        };
        let record = |left: &[&str]| Record {
            record: Some(25),
            figures: vec![Figure { what: "a call".to_owned(), cycles: [200, 210, 300] }],
            sites: [sites(&["a", "b", "c"]), sites(left)],
            commit: "c".to_owned(),
            host: "h".to_owned(),
        };
        let good = record(&[PROGRESS]);
        assert!(good.budgets().iter().all(Budget::is_met));
        let text = good.markdown();
        assert!(text.contains("| a call | 200 | 210 (+5.0 %) | 300 (+50.0 %) |"), "{text}");
        assert!(
            text.contains(
                "3 places of the image write records; where tracing is compiled out 1, in\n`kernel::trace::record_progress_at`"
            ),
            "{text}"
        );
        assert!(!record(&["kernel::runtime::poll"]).budgets()[1].is_met());
    }
}
