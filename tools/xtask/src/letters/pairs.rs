//! Times of all pairs of some cores.

use std::collections::BTreeMap;

use scc::id::CoreId;
use scc_image::CoreList;
use serde_json::{Value, json};

use super::Way;
use crate::figures::word_of;

/// Cycles of a letter, one way, over the letters of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Shortest.
    pub(crate) shortest: u32,
    /// Half took no longer.
    pub(crate) median: u32,
    /// Longest.
    pub(crate) longest: u32,
}

/// Times of all pairs that lie equally far apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hops {
    /// Routers between the two, 0 on the same tile.
    pub(crate) hops: u32,
    /// Pairs.
    pub(crate) pairs: usize,
    /// Shortest letter of all.
    pub(crate) shortest: u32,
    /// Median of the pairs' medians.
    pub(crate) median: u32,
    /// Longest letter of all.
    pub(crate) longest: u32,
    /// Median of the pairs' medians to the beginning of the poll that finds the letter.
    pub(crate) woken: Option<u32>,
}

/// Times of every two of some cores.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pairs {
    cores: CoreList,
    /// By lower and higher core.
    spans: BTreeMap<(CoreId, CoreId), Span>,
    /// Median cycles to the beginning of the poll that finds the letter, likewise.
    woken: BTreeMap<(CoreId, CoreId), u32>,
}

impl Pairs {
    /// No times yet of any two of `cores`.
    pub(crate) const fn new(cores: CoreList) -> Self {
        Self { cores, spans: BTreeMap::new(), woken: BTreeMap::new() }
    }

    /// The cores.
    pub(crate) const fn cores(&self) -> &CoreList {
        &self.cores
    }

    /// Reads `… name=pairs way=polled from=0 woken=1:212,2:230 to=1:312/315/400,2:330/331/350`; whether it is such a line.
    pub(crate) fn read(&mut self, line: &str, way: Way) -> bool {
        let word = |key| word_of(line, key);
        let core = |text: &str| text.parse().ok().and_then(CoreId::new);
        if word("name") != Some("pairs") || word("way") != Some(way.name()) {
            return false;
        }
        let (Some(from), Some(list)) = (word("from").and_then(core), word("to")) else { return false };
        for entry in word("woken").into_iter().flat_map(|list| list.split(',')) {
            if let Some((to, cycles)) = entry.split_once(':')
                && let (Some(to), Ok(cycles)) = (core(to), cycles.parse())
            {
                self.woken.insert((from, to), cycles);
            }
        }
        for entry in list.split(',') {
            let Some((to, times)) = entry.split_once(':') else { continue };
            let times: Vec<_> = times.split('/').map(str::parse).collect();
            if let (Some(to), [Ok(shortest), Ok(median), Ok(longest)]) = (core(to), &times[..]) {
                let span = Span { shortest: *shortest, median: *median, longest: *longest };
                self.spans.insert((from, to), span);
            }
        }
        true
    }

    /// A pair without times.
    pub(crate) fn missing(&self) -> Option<(CoreId, CoreId)> {
        let lower = |to: CoreId| self.cores.iter().filter(move |from| *from < to).map(move |from| (from, to));
        self.cores.iter().flat_map(lower).find(|pair| !self.spans.contains_key(pair))
    }

    /// Times between two cores, in either order; `None` for a core and itself.
    pub(crate) fn between(&self, one: CoreId, other: CoreId) -> Option<Span> {
        self.spans.get(&(one.min(other), one.max(other))).copied()
    }

    /// The shortest letter of the quickest pair, and that of the slowest; `None` without pairs.
    pub(crate) fn extremes(&self) -> Option<(u32, u32)> {
        let shortest = || self.spans.values().map(|span| span.shortest);
        Some((shortest().min()?, shortest().max()?))
    }

    /// The pairs by distance, nearest first.
    pub(crate) fn by_hops(&self) -> Vec<Hops> {
        let mut table: BTreeMap<u32, (Vec<Span>, Vec<u32>)> = BTreeMap::new();
        for (pair @ (from, to), span) in &self.spans {
            let (spans, woken) = table.entry(hops(*from, *to)).or_default();
            spans.push(*span);
            woken.extend(self.woken.get(pair));
        }
        let row = |(hops, (mut spans, mut woken)): (u32, (Vec<Span>, Vec<u32>))| {
            spans.sort_by_key(|span| span.median);
            woken.sort_unstable();
            let longest = spans.iter().map(|span| span.longest).max()?;
            let shortest = spans.iter().map(|span| span.shortest).min()?;
            let median = spans[spans.len() / 2].median;
            let woken = woken.get(woken.len() / 2).copied();
            Some(Hops { hops, pairs: spans.len(), shortest, median, longest, woken })
        };
        table.into_iter().filter_map(row).collect()
    }

    /// All of it as JSON.
    pub(crate) fn json(&self) -> Value {
        let pairs = self.spans.iter().map(|((from, to), span)| {
            let Span { shortest, median, longest } = span;
            json!({
                "from": from.number(), "to": to.number(), "hops": hops(*from, *to),
                "shortest": shortest, "median": median, "longest": longest,
            })
        });
        json!(pairs.collect::<Vec<_>>())
    }
}

/// Routers between the tiles of two cores.
pub(crate) fn hops(one: CoreId, other: CoreId) -> u32 {
    one.tile().coord().hops_to(other.tile().coord())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const LINES: &str = "\
        core 00 | [00 0.041934] info measure: name=pairs way=polled from=0 woken=1:200,47:210 to=1:300/310/400,47:340/380/390\n\
        core 00 | [00 0.041934] info measure: name=yield cold=9 median=5 most=7 count=64\n\
        core 01 | [01 0.042252] info measure: name=pairs way=polled from=1 woken=47:212 to=47:342/384/999";

    /// Times of cores 0, 1 and 47, polled.
    pub(crate) fn example() -> Pairs {
        let mut pairs = Pairs::new("0,1,47".parse().expect("cores"));
        LINES.lines().for_each(|line| {
            pairs.read(line, Way::Polled);
        });
        pairs
    }

    fn core(number: u8) -> CoreId {
        CoreId::new(number).expect("0 to 47")
    }

    #[test]
    fn lines_of_the_kernels_become_times_of_pairs() {
        let pairs = example();
        assert_eq!(pairs.missing(), None);
        let span = Span { shortest: 340, median: 380, longest: 390 };
        assert_eq!((pairs.between(core(47), core(0)), pairs.between(core(1), core(1))), (Some(span), None));
        assert_eq!(pairs.extremes(), Some((300, 342)));
    }

    #[test]
    fn pairs_are_summed_up_by_distance() {
        let near = Hops { hops: 0, pairs: 1, shortest: 300, median: 310, longest: 400, woken: Some(200) };
        let far = Hops { hops: 8, pairs: 2, shortest: 340, median: 384, longest: 999, woken: Some(212) };
        assert_eq!(example().by_hops(), [near, far]);
    }

    #[test]
    fn pair_that_was_not_measured_is_named() {
        let mut pairs = Pairs::new("0-2".parse().expect("cores"));
        assert!(pairs.read("x name=pairs way=direct from=0 to=1:1/2/3,2:1/x/3", Way::Direct));
        assert!(!pairs.read("x name=pairs way=direct from=0 to=1:1/2/3", Way::Polled));
        assert_eq!(pairs.missing(), Some((core(0), core(2))));
    }
}
