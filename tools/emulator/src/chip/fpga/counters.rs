//! The FPGA's atomic counters: 96 words whose accesses are serialised by the FPGA.
//!
//! Source: SCC reference §7.6 (U45: zero after FPGA configuration, untouched by chip reset).

use scc::fpga::CounterId;

/// All counters.
#[derive(Debug)]
pub(crate) struct AtomicCounters {
    values: [u32; CounterId::COUNT],
}

impl AtomicCounters {
    pub(crate) const fn new() -> Self {
        Self { values: [0; CounterId::COUNT] }
    }

    /// A read of the counter register: the old value, then one more.
    pub(crate) fn take(&mut self, counter: CounterId) -> u32 {
        let value = self.values[counter.index()];
        // The counter wraps at 32 bits.
        self.values[counter.index()] = value.wrapping_add(1);
        value
    }

    /// A write to the counter register: one less, whatever the data.
    pub(crate) fn give_back(&mut self, counter: CounterId) {
        self.values[counter.index()] = self.values[counter.index()].wrapping_sub(1);
    }

    /// The value without a side effect.
    pub(crate) fn value(&self, counter: CounterId) -> u32 {
        self.values[counter.index()]
    }

    /// Sets the value.
    pub(crate) fn set(&mut self, counter: CounterId, value: u32) {
        self.values[counter.index()] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checklist 65.
    #[test]
    fn reads_count_up_writes_count_down_and_the_initial_value_is_plain() {
        let mut counters = AtomicCounters::new();
        let (last, first) = (CounterId::new(95).expect("counter"), CounterId::new(0).expect("counter"));
        counters.set(last, u32::MAX);
        assert_eq!(counters.take(last), u32::MAX);
        assert_eq!(counters.take(last), 0);
        counters.give_back(last);
        assert_eq!(counters.value(last), 0);
        assert_eq!(counters.value(last), 0);
        counters.give_back(last);
        assert_eq!(counters.value(last), u32::MAX);
        assert_eq!(counters.value(first), 0);
    }
}
