//! The FPGA's atomic counters: 96 words whose accesses are serialised by the FPGA.
//!
//! Source: SCC reference §7.6 ([U45]: zero after FPGA configuration, untouched by chip reset).

/// How many counters there are, in two sets of 48.
pub(crate) const COUNT: usize = 96;

/// All counters.
#[derive(Debug)]
pub(crate) struct AtomicCounters {
    values: [u32; COUNT],
}

impl AtomicCounters {
    pub(crate) const fn new() -> Self {
        Self { values: [0; COUNT] }
    }

    /// A read of the counter register: the old value, then one more.
    pub(crate) fn take(&mut self, index: usize) -> u32 {
        let value = self.values[index];
        // The counter wraps at 32 bits.
        self.values[index] = value.wrapping_add(1);
        value
    }

    /// A write to the counter register: one less, whatever the data.
    pub(crate) fn give_back(&mut self, index: usize) {
        self.values[index] = self.values[index].wrapping_sub(1);
    }

    /// The value without a side effect.
    pub(crate) fn value(&self, index: usize) -> u32 {
        self.values[index]
    }

    /// Sets the value.
    pub(crate) fn set(&mut self, index: usize, value: u32) {
        self.values[index] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checklist 65.
    #[test]
    fn reads_count_up_writes_count_down_and_the_initial_value_is_plain() {
        let mut counters = AtomicCounters::new();
        counters.set(95, u32::MAX);
        assert_eq!(counters.take(95), u32::MAX);
        assert_eq!(counters.take(95), 0);
        counters.give_back(95);
        assert_eq!(counters.value(95), 0);
        assert_eq!(counters.value(95), 0);
        counters.give_back(95);
        assert_eq!(counters.value(95), u32::MAX);
        assert_eq!(counters.value(0), 0);
    }
}
