//! Figures that kernels and guests print: `… name=call cold=1 median=2 most=3 count=64`.

use std::collections::BTreeMap;

use serde::Serialize;

/// How `scc-boot` is started for figures that are the same in every run: memory model strict, with the chip's timing.
pub(crate) const SETTING: [&str; 5] = ["--plain", "--model", "strict", "--timing", "scc"];

/// Times of one thing in cycles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Cycles {
    /// The first time.
    pub(crate) cold: u64,
    /// Median and largest of the others.
    pub(crate) median: u64,
    pub(crate) most: u64,
    /// How many others.
    pub(crate) count: u64,
}

/// Value of `key=` in a line.
pub(crate) fn word_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

/// All times in what kernels and guests have printed, by name.
pub(crate) fn cycles_in(output: &str) -> BTreeMap<String, Cycles> {
    let times = |line| {
        let number = |key| word_of(line, key)?.parse().ok();
        let (cold, median) = (number("cold")?, number("median")?);
        let cycles = Cycles { cold, median, most: number("most")?, count: number("count")? };
        Some((word_of(line, "name")?.to_owned(), cycles))
    };
    output.lines().filter_map(times).collect()
}
