//! The report: tables, charts, and what the budgets say.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::Figures;
use super::together::Together;
use crate::bench::budget::Budget;
use crate::chart::{self, Series};
use crate::letters::{Hops, Span, Way};

/// Cycles that a polled letter may take besides its distance.
const POLLED: u32 = 400;
/// Cycles from the call that sends a letter by direct interrupt to the first instruction of the waiting task.
const DIRECT: u32 = 900;
/// Cycles of an access to an FPGA register (SCC reference §10.2, U60), of which a doorbell may contain two.
const FPGA: u32 = 600;
/// Cycles that a letter line's way adds per hop: 8 cycles of the mesh, there and back (SCC reference §10.2).
const PER_HOP: f64 = 5.33;

/// What is demanded, each at the largest distance, where the median is judged.
fn budgets(figures: &[Figures]) -> Vec<Budget> {
    let farthest = |way| figures.iter().find(|figures| figures.way == way)?.by_hops.last().copied();
    let budget = |demand, way, limit: u32| {
        let row: Option<Hops> = farthest(way);
        let distance = row.map_or(0, |row| distance(row.hops));
        // Whoever is woken is judged from there on by what it does itself.
        let found = row.and_then(|row| if way == Way::Polled { Some(row.median) } else { row.woken });
        let found = found.map(u64::from);
        Budget { what: demand, limit: u64::from(limit + distance), found, unit: "cycles" }
    };
    vec![
        budget("polled letter, 400 and the distance", Way::Polled, POLLED),
        budget("waiting task by direct interrupt, 900 and the distance", Way::Direct, DIRECT),
        budget(
            "waiting task by doorbell, 900, two FPGA accesses and the distance",
            Way::Doorbell,
            DIRECT + 2 * FPGA,
        ),
    ]
}

/// Cycles that so many hops add.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some tens of cycles")]
fn distance(hops: u32) -> u32 {
    (f64::from(hops) * PER_HOP).round() as u32
}

/// Figures with where they come from.
pub(super) struct Record<'a> {
    pub(super) figures: &'a [Figures],
    pub(super) together: &'a Together,
    pub(super) commit: String,
    pub(super) host: String,
}

impl Record<'_> {
    /// For people.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!(
            "# Letters between cores\n\nMade by `cargo xtask bench ipi --record` at commit {} on {}; all figures are in \
             [ipi.json](ipi.json).\n\nEmulated cycles of a core at 533 MHz, mesh and memory at 800 MHz, memory model \
             strict. One way: half of a letter and its\nanswer, from the call that posts the letter to the letter in a \
             task of the other core. Sixteen letters of each pair count; one\npair talks at a time. `woken` is the \
             median to the beginning of the poll in which the waiting task finds the letter.\n\n",
            self.commit, self.host
        );
        let mut line = |words: fmt::Arguments<'_>| writeln!(text, "{words}").expect("strings take any text");
        line(format_args!("## Against distance\n\n![One way against distance](ipi-hops.svg)\n"));
        line(format_args!(
            "| way | hops | pairs | shortest | median | longest | woken |\n|---|--:|--:|--:|--:|--:|--:|"
        ));
        for figures in self.figures {
            for row in &figures.by_hops {
                let (way, Hops { hops, pairs, shortest, median, longest, .. }) = (figures.way.name(), row);
                let woken = figures.woken(row).map_or_else(String::new, |cycles| cycles.to_string());
                line(format_args!(
                    "| {way} | {hops} | {pairs} | {shortest} | {median} | {longest} | {woken} |"
                ));
            }
        }
        line(format_args!("\n## Against the number of cores\n\n![One way against cores](ipi-cores.svg)\n"));
        line(format_args!(
            "Cores 0 and 46, while others have mailboxes too and sleep. A polling receiver looks into one line only.\n"
        ));
        line(format_args!("| way | cores | shortest | median | longest |\n|---|--:|--:|--:|--:|"));
        for figures in self.figures {
            for (cores, Span { shortest, median, longest }) in &figures.by_cores {
                let way = figures.way.name();
                line(format_args!("| {way} | {cores} | {shortest} | {median} | {longest} |"));
            }
        }
        self.together.markdown(&mut line);
        line(format_args!(
            "\n## Budgets\n\nMedians; of letters over the largest distance, of calls, barriers and messages by the best way:\n"
        ));
        self.budgets().iter().for_each(|budget| line(format_args!("- {budget}")));
        text
    }

    /// What is demanded of all.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        budgets(self.figures).into_iter().chain(self.together.budgets()).collect()
    }

    /// For tools.
    pub(super) fn json(&self) -> Value {
        let span = |Span { shortest, median, longest }: &Span| json!([shortest, median, longest]);
        let ways = self.figures.iter().map(|figures| {
            let by_hops = figures.by_hops.iter().map(|row| {
                json!({
                    "hops": row.hops, "pairs": row.pairs,
                    "shortest": row.shortest, "median": row.median, "longest": row.longest,
                    "woken": figures.woken(row),
                })
            });
            let by_cores = figures
                .by_cores
                .iter()
                .map(|(cores, times)| json!({ "cores": cores, "shortest_median_longest": span(times) }));
            json!({
                "way": figures.way.name(),
                "by_hops": by_hops.collect::<Vec<_>>(),
                "by_cores": by_cores.collect::<Vec<_>>(),
            })
        });
        json!({ "commit": self.commit, "host": self.host, "unit": "core cycles, one way", "ways": ways.collect::<Vec<_>>(), "together": self.together.json() })
    }

    /// Median against distance.
    pub(super) fn hops_chart(&self) -> String {
        let series = |figures: &Figures| {
            figures.by_hops.iter().map(|row| (f64::from(row.hops), f64::from(row.median))).collect()
        };
        self.chart("One way against distance", "hops", series)
    }

    /// Median against the number of cores.
    pub(super) fn cores_chart(&self) -> String {
        let series = |figures: &Figures| {
            let rows = figures.by_cores.iter();
            rows.map(|(cores, span)| (f64::from(u32::try_from(*cores).unwrap_or(0)), f64::from(span.median)))
                .collect()
        };
        self.chart("One way between cores 0 and 46 against the number of cores", "cores", series)
    }

    fn chart(&self, title: &str, unit: &str, points: impl Fn(&Figures) -> Vec<(f64, f64)>) -> String {
        let series = |figures| Series { name: Figures::name(figures), points: points(figures) };
        let series: Vec<_> = self.figures.iter().map(series).collect();
        chart::draw(title, unit, "cycles, median", &series)
    }
}

impl Figures {
    /// Cycles to the poll that finds the letter; nothing of a task that polls all the time.
    fn woken(&self, row: &Hops) -> Option<u32> {
        row.woken.filter(|_| self.way != Way::Polled)
    }

    const fn name(&self) -> &'static str {
        self.way.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(way: Way, median: u32) -> Figures {
        let (shortest, longest, woken) = (median - 10, median + 10, Some(median - 20));
        let row = Hops { hops: 8, pairs: 1, shortest, median, longest, woken };
        let span = Span { shortest: median - 1, median, longest: median + 1 };
        Figures { way, by_hops: vec![row], by_cores: vec![(2, span)] }
    }

    #[test]
    fn distance_is_added_to_the_budget() {
        let figures = [figures(Way::Polled, 443), figures(Way::Direct, 964)];
        let texts: Vec<_> = budgets(&figures).iter().map(Budget::to_string).collect();
        assert_eq!(texts[0], "pass    polled letter, 400 and the distance: at most 443 cycles; found 443");
        assert!(
            texts[1].starts_with("MISSED") && texts[1].ends_with("at most 943 cycles; found 944"),
            "{}",
            texts[1]
        );
        assert!(texts[2].ends_with("found nothing"), "{}", texts[2]);
    }

    #[test]
    fn report_has_every_way_in_tables_and_charts() {
        let figures = [figures(Way::Polled, 443), figures(Way::Doorbell, 2_000)];
        let together = Together(Vec::new());
        let record = Record {
            figures: &figures,
            together: &together,
            commit: "abc".to_owned(),
            host: "here".to_owned(),
        };
        let text = record.markdown();
        assert!(text.contains("| doorbell | 8 | 1 | 1990 | 2000 | 2010 | 1980 |"), "{text}");
        assert!(text.contains("| polled | 2 | 442 | 443 | 444 |"), "{text}");
        assert!(record.cores_chart().contains(">doorbell</text>"));
        assert_eq!(record.json()["ways"][0]["by_hops"][0]["median"], 443);
    }
}
