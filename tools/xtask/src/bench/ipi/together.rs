//! Calls, messages, lent blocks, barriers, broadcasts and locks: what kernels print with `measure=calls`,
//! `measure=callers` and `measure=crowds`.

use std::fmt;

use serde_json::{Value, json};

use crate::bench::budget::Budget;
use crate::chart::{self, Series};
use crate::figures::word_of;
use crate::letters::Span;

/// Cycles that a call to the same tile and its reply may take.
const CALL: u64 = 1_500;
/// Cycles that a barrier of all cores may take.
const BARRIER: u64 = 4_000;
/// Cycles that 1,000 bytes of a message may take at the best length: 160 MB/s at 533 MHz, 0.3 bytes per cycle.
const THOUSAND_BYTES: u64 = 3_333;
/// Rate of the cores' clock in megahertz, for bytes per second.
const MEGAHERTZ: f64 = 533.0;

/// Head of a table of what moves so many bytes.
const RATES: &str = "| way | to core | bytes | shortest | median | longest | bytes per cycle | MB/s |\n|---|--:|--:|--:|--:|--:|--:|--:|";

/// One line of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// What was measured: call, busy-call, send, lend, callers, barrier, broadcast, lock.
    name: String,
    /// By what; empty if there is one way only.
    way: String,
    /// Callee or receiver.
    to: Option<u8>,
    /// Cores that take part.
    cores: Option<u32>,
    /// Length of a message.
    bytes: Option<u32>,
    span: Span,
}

impl Figure {
    /// Reads `… measure: name=call way=polled to=1 shortest=9 median=10 longest=11`; nothing from other lines.
    pub(super) fn read(line: &str) -> Option<Self> {
        let (_, words) = line.split_once(" measure: ")?;
        let word = |key| word_of(words, key);
        let number = |key| word(key)?.parse().ok();
        Some(Self {
            name: word("name")?.to_owned(),
            way: word("way").unwrap_or_default().to_owned(),
            to: word("to").and_then(|to| to.parse().ok()),
            cores: number("cores"),
            bytes: number("bytes"),
            span: Span {
                shortest: number("shortest")?,
                median: number("median")?,
                longest: number("longest")?,
            },
        })
    }

    /// Bytes per cycle of a message.
    fn rate(&self) -> f64 {
        f64::from(self.bytes.unwrap_or(0)) / f64::from(self.span.median)
    }

    /// Cycles of a message for each 1,000 bytes of it.
    fn thousand_bytes(&self) -> Option<u64> {
        (u64::from(self.span.median) * 1_000).checked_div(self.bytes?.into())
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "way": self.way, "to": self.to, "cores": self.cores, "bytes": self.bytes,
            "shortest": self.span.shortest, "median": self.span.median, "longest": self.span.longest,
        })
    }
}

/// All figures of these measurements.
pub(super) struct Together(pub(super) Vec<Figure>);

impl Together {
    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Figure> {
        self.0.iter().filter(move |figure| figure.name == name)
    }

    /// What is demanded.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        let least = |found: &dyn Fn(&&Figure) -> bool| {
            self.0.iter().filter(found).map(|figure| u64::from(figure.span.median)).min()
        };
        let budget = |what, limit, found| Budget { what, limit, found, unit: "cycles" };
        vec![
            budget(
                "call and reply on one tile",
                CALL,
                least(&|figure| figure.name == "call" && figure.to == Some(1)),
            ),
            budget(
                "barrier of 48 cores",
                BARRIER,
                least(&|figure| figure.name == "barrier" && figure.cores == Some(48)),
            ),
            budget(
                "1,000 bytes of a message of the best length, 160 MB/s",
                THOUSAND_BYTES,
                self.of("send").filter_map(Figure::thousand_bytes).min(),
            ),
        ]
    }

    /// For people.
    pub(super) fn markdown(&self, line: &mut dyn FnMut(fmt::Arguments<'_>)) {
        line(format_args!(
            "\n## Calls\n\nA call of 4 bytes and its reply, from core 0, on which and on the callee nothing else runs.\n"
        ));
        line(format_args!("| way | to core | shortest | median | longest |\n|---|--:|--:|--:|--:|"));
        for Figure { way, to, span, .. } in self.of("call") {
            line(format_args!("| {way} | {} | {} |", to.unwrap_or(0), Cells(*span)));
        }
        line(format_args!(
            "\nThe same from core 0 to core 1, on which eight tasks of the class of services take turns of 10,000 cycles.\n"
        ));
        line(format_args!("| class | to core | shortest | median | longest |\n|---|--:|--:|--:|--:|"));
        for Figure { way, to, span, .. } in self.of("busy-call") {
            line(format_args!("| {way} | {} | {} |", to.unwrap_or(0), Cells(*span)));
        }
        line(format_args!("\n## Messages\n\n![Bytes per cycle against length](ipi-send.svg)\n"));
        line(format_args!(
            "From the call that sends to the moment at which the sender knows that the receiver has all of it.\n"
        ));
        line(format_args!("{RATES}"));
        self.rates("send", line);
        line(format_args!(
            "\n## Lent blocks\n\nFrom lending a block to having it back, polled: from a borrower that does nothing (handed), reads all of it in pieces\nof 1 KB and keeps none (read), or copies it to memory of its own (copied).\n"
        ));
        line(format_args!("{RATES}"));
        self.rates("lend", line);
        line(format_args!("\n## Many cores\n\n![Barriers against cores](ipi-barrier.svg)\n"));
        line(format_args!(
            "On core 0: from arriving at a barrier to leaving it, from asking for a lock that all want to having it, and from \
             calling a\nbroadcast to knowing, by a polled barrier, that all have it. Of calls of all other cores to core 0 at once: what each of\nthem takes, from the first caller that is done to the last.\n"
        ));
        line(format_args!("| what | cores | shortest | median | longest |\n|---|--:|--:|--:|--:|"));
        for name in ["barrier", "lock", "broadcast", "callers"] {
            for Figure { way, cores, bytes, span, .. } in self.of(name) {
                let bytes = bytes.map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
                let way = if way.is_empty() { String::new() } else { format!(", {way}") };
                line(format_args!("| {name}{way}{bytes} | {} | {} |", cores.unwrap_or(0), Cells(*span)));
            }
        }
    }

    /// Rows under [`RATES`].
    fn rates(&self, name: &str, line: &mut dyn FnMut(fmt::Arguments<'_>)) {
        for figure in self.of(name) {
            let Figure { way, to, bytes, span, .. } = figure;
            let (to, bytes, rate) = (to.unwrap_or(0), bytes.unwrap_or(0), figure.rate());
            line(format_args!(
                "| {way} | {to} | {bytes} | {} | {rate:.4} | {:.2} |",
                Cells(*span),
                rate * MEGAHERTZ
            ));
        }
    }

    /// For tools.
    pub(super) fn json(&self) -> Value {
        self.0.iter().map(Figure::json).collect()
    }

    /// Bytes per cycle against the logarithm of the length, to the farthest core.
    pub(super) fn send_chart(&self) -> String {
        let farthest = self.of("send").filter_map(|figure| figure.to).max();
        let points = |way: &str| {
            let rows = self.of("send").filter(|figure| figure.way == way && figure.to == farthest);
            rows.map(|figure| (f64::from(figure.bytes.unwrap_or(1)).log2(), figure.rate() * 1_000.0))
                .collect()
        };
        let series = ["polled", "doorbell"].map(|way| Series { name: way, points: points(way) });
        chart::draw("Throughput against length", "log2 of bytes", "bytes per 1,000 cycles", &series)
    }

    /// Median of barriers against the number of cores.
    pub(super) fn barrier_chart(&self) -> String {
        let points = |way: &str| {
            let rows = self.of("barrier").filter(|figure| figure.way == way);
            rows.map(|figure| (f64::from(figure.cores.unwrap_or(0)), f64::from(figure.span.median))).collect()
        };
        let series = ["polled", "doorbell", "counter"].map(|way| Series { name: way, points: points(way) });
        chart::draw("Barriers against cores", "cores", "cycles, median", &series)
    }
}

/// Three cells of a table.
struct Cells(Span);

impl fmt::Display for Cells {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { shortest, median, longest } = self.0;
        write!(formatter, "{shortest} | {median} | {longest}")
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    const LINES: &str = "core 00 | [00 0.030197] info measure: name=send way=polled to=46 bytes=512 shortest=2000 median=2048 longest=3000
core 00 | [00 0.000001] info measure: name=barrier way=polled cores=48 shortest=3999 median=4001 longest=5000
core 00 | [00 0.000002] info measure: name=call way=direct to=1 shortest=1499 median=1500 longest=1501
core 00 | [00 0.000002] info measure: name=lend way=read to=1 bytes=1024 shortest=2000 median=4096 longest=5000
core 00 | [00 0.000003] info selftest: passed=5 failed=0";

    fn together() -> Together {
        Together(LINES.lines().filter_map(Figure::read).collect())
    }

    #[test]
    fn lines_of_kernels_become_rows_and_others_are_ignored() {
        let mut text = String::new();
        together().markdown(&mut |words| writeln!(text, "{words}").expect("strings take any text"));
        for row in [
            "| polled | 46 | 512 | 2000 | 2048 | 3000 | 0.2500 | 133.25 |",
            "| read | 1 | 1024 | 2000 | 4096 | 5000 | 0.2500 | 133.25 |",
            "| barrier, polled | 48 | 3999 | 4001 | 5000 |",
            "| direct | 1 | 1499 | 1500 | 1501 |",
        ] {
            assert!(text.contains(row), "{text}");
        }
        assert_eq!(together().0.len(), 4);
    }

    #[test]
    fn budgets_are_judged_by_the_best_way() {
        let found: Vec<_> = together().budgets().iter().map(Budget::is_met).collect();
        assert_eq!(found, [true, false, false]);
    }
}
