//! How quantities are spread.

use hdrhistogram::Histogram;
use serde::Serialize;

/// Significant decimal digits that spreads keep: percentiles are true to half a percent, extremes exact.
const DIGITS: u8 = 2;

/// How a quantity is spread, in cycles of the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// How often it was measured.
    pub count: u64,
    /// Least, exact.
    pub least: u64,
    /// Half are not larger.
    pub p50: u64,
    /// 99 of 100 are not larger.
    pub p99: u64,
    /// Largest, exact.
    pub most: u64,
}

/// Numbers as they are gathered.
pub(super) struct Gathered {
    values: Histogram<u32>,
    least: u64,
    most: u64,
}

impl Gathered {
    pub(super) fn new() -> Self {
        let values = Histogram::new(DIGITS).expect("two digits are permitted");
        Self { values, least: u64::MAX, most: 0 }
    }

    pub(super) fn add(&mut self, value: u64) {
        self.values.record(value).expect("the histogram grows up to any value of 48 bits and more");
        (self.least, self.most) = (self.least.min(value), self.most.max(value));
    }

    pub(super) fn spread(&self) -> Option<Spread> {
        let count = self.values.len();
        if count == 0 {
            return None;
        }
        let quantile = |share| self.values.value_at_quantile(share).clamp(self.least, self.most);
        let (p50, p99) = (quantile(0.5), quantile(0.99));
        Some(Spread { count, least: self.least, p50, p99, most: self.most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_keep_their_extremes() {
        let mut gathered = Gathered::new();
        assert_eq!(gathered.spread(), None);
        for value in [2, 2, 2, 250, 2, 2, 109_446] {
            gathered.add(value);
        }
        let spread = Spread { count: 7, least: 2, p50: 2, p99: 109_446, most: 109_446 };
        assert_eq!(gathered.spread(), Some(spread));
    }
}
