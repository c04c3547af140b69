//! Performance counters and the other model-specific registers of one core but the TSC (SCC reference §2.1).
//!
//! The core keeps plain tallies of events; counters cost nothing while they run. A counter is what it held when
//! it was last looked at plus the growth of its event's tally since then. It is looked at when software reads or
//! writes it, when CESR changes, and, if it counts one privilege level only, when the privilege level changes.
//! WRMSR needs CPL 0, so a counter just programmed starts at CPL 0.
//!
//! Control codes 4 to 7 (count clocks while the event is active) count each event as active for one clock.

mod event;

#[cfg(test)]
mod tests;

pub(crate) use event::Sources;

use crate::mmu::walk::Intent;
use event::{Tallies, count};
use i586::msr::{
    COUNTER_BITS, CounterControl, CounterSelect, Event, FeatureControl, MACHINE_CHECK_VALID, Msr,
};

const COUNTER_MASK: u64 = (1 << COUNTER_BITS) - 1;
/// CESR without its reserved bits.
const SELECT_MASK: u32 = 0x03FF_03FF;

/// Why [`Counters`] did not carry out an access to a model-specific register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MsrError {
    /// No such register: #GP(0).
    #[error("no model-specific register {0:#x}")]
    Undefined(u32),
    /// The time-stamp counter is kept by the core.
    #[error("the time-stamp counter is kept by the core")]
    TimeStamp,
}

/// CTR0 or CTR1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Counter {
    /// `None` if the code selects nothing.
    event: Option<Event>,
    control: CounterControl,
    /// The privilege level at hand is counted.
    running: bool,
    /// Value when last looked at.
    value: u64,
    /// Tally when last looked at.
    seen: u64,
}

impl Counter {
    fn tally(&self, core: &Tallies, sources: &Sources<'_>) -> u64 {
        self.event.map_or(0, |event| count(event, core, sources))
    }

    fn counts_at(&self, cpl: u8) -> bool {
        self.control.contains(if cpl == 3 { CounterControl::USER } else { CounterControl::SUPERVISOR })
    }

    /// Whether one privilege level only is counted.
    fn is_filtered(&self) -> bool {
        self.counts_at(3) != self.counts_at(0)
    }

    fn look(&mut self, core: &Tallies, sources: &Sources<'_>) -> u64 {
        let tally = self.tally(core, sources);
        if self.running {
            self.value = self.value.wrapping_add(tally.wrapping_sub(self.seen)) & COUNTER_MASK;
        }
        self.seen = tally;
        self.value
    }
}

/// A core's event tallies, performance counters, machine-check and test registers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Counters {
    tallies: Tallies,
    counters: [Counter; 2],
    /// CESR.
    select: CounterSelect,
    /// TR12.
    features: FeatureControl,
    machine_check_address: u64,
    machine_check_type: u64,
}

impl Counters {
    /// Counters in their reset state, all tallies 0.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// RESET: the registers return to 0, the tallies go on.
    pub(crate) fn reset(&mut self) {
        *self = Counters { tallies: std::mem::take(&mut self.tallies), ..Self::new() };
    }

    /// Counts a look-up that a TLB could not answer.
    pub(crate) fn tlb_miss(&mut self, intent: Intent) {
        match intent {
            Intent::Fetch => self.tallies.code_tlb_misses += 1,
            Intent::Read | Intent::Write => self.tallies.data_tlb_misses += 1,
        }
    }

    /// Counts a load of a segment register.
    #[inline]
    pub(crate) fn segment_load(&mut self) {
        self.tallies.segment_loads += 1;
    }

    /// Counts a branch.
    #[inline]
    pub(crate) fn branch(&mut self, taken: bool) {
        self.tallies.branches += 1;
        self.tallies.taken_branches += u64::from(taken);
    }

    /// Counts many taken branches.
    pub(crate) fn branches_taken(&mut self, count: u64) {
        self.tallies.branches += count;
        self.tallies.taken_branches += count;
    }

    /// Counts an accepted INTR or NMI.
    #[inline]
    pub(crate) fn hardware_interrupt(&mut self) {
        self.tallies.hardware_interrupts += 1;
    }

    /// Counts an access to an I/O port.
    #[inline]
    pub(crate) fn io_cycle(&mut self) {
        self.tallies.io_cycles += 1;
    }

    /// Counts a locked operation.
    #[inline]
    pub(crate) fn locked_cycle(&mut self) {
        self.tallies.locked_cycles += 1;
    }

    /// Counts a floating-point add, subtract, multiply, divide, remainder or square root.
    #[inline]
    pub(crate) fn floating_point_operation(&mut self) {
        self.tallies.floating_point += 1;
    }

    /// Counts a match of debug register DR0 to DR3.
    pub(crate) fn breakpoint_match(&mut self, register: u8) {
        self.tallies.breakpoints[usize::from(register % 4)] += 1;
    }

    /// Whether [`Counters::privilege_changed`] has anything to do.
    #[inline]
    pub(crate) fn watches_privilege(&self) -> bool {
        self.counters.iter().any(Counter::is_filtered)
    }

    /// Tells the counters that the privilege level is now `cpl`; `sources` are those of the moment of change.
    /// Needed only while [`Counters::watches_privilege`].
    pub(crate) fn privilege_changed(&mut self, cpl: u8, sources: &Sources<'_>) {
        for counter in &mut self.counters {
            counter.look(&self.tallies, sources);
            counter.running = counter.counts_at(cpl);
        }
    }

    /// Whether TR12.CI forbids L1 line fills.
    #[inline]
    pub(crate) const fn inhibits_cache(&self) -> bool {
        self.features.contains(FeatureControl::CACHE_INHIBIT)
    }

    /// RDMSR of register `index`.
    ///
    /// # Errors
    /// The register does not exist, or is the time-stamp counter.
    pub(crate) fn read_msr(&mut self, index: u32, sources: &Sources<'_>) -> Result<u64, MsrError> {
        Ok(match Msr::from_index(index).ok_or(MsrError::Undefined(index))? {
            Msr::MachineCheckAddress => self.machine_check_address,
            Msr::MachineCheckType => {
                let value = self.machine_check_type;
                self.machine_check_type = value & !MACHINE_CHECK_VALID;
                value
            }
            Msr::FeatureControl => u64::from(self.features.bits()),
            Msr::TimeStamp => return Err(MsrError::TimeStamp),
            Msr::CounterSelect => u64::from(self.select.into_bits()),
            Msr::Counter0 => self.counters[0].look(&self.tallies, sources),
            Msr::Counter1 => self.counters[1].look(&self.tallies, sources),
            Msr::ParityReversal
            | Msr::CodeCacheEndBits
            | Msr::CacheTestData
            | Msr::CacheTestStatus
            | Msr::CacheTestControl
            | Msr::TlbTestCommand
            | Msr::TlbTestData
            | Msr::BranchTestTag
            | Msr::BranchTestTarget
            | Msr::BranchTestCommand => 0,
        })
    }

    /// WRMSR of register `index`; reserved bits are dropped.
    ///
    /// # Errors
    /// The register does not exist, or is the time-stamp counter.
    pub(crate) fn write_msr(
        &mut self,
        index: u32,
        value: u64,
        sources: &Sources<'_>,
    ) -> Result<(), MsrError> {
        let [b0, b1, b2, b3, ..] = value.to_le_bytes();
        let low = u32::from_le_bytes([b0, b1, b2, b3]);
        match Msr::from_index(index).ok_or(MsrError::Undefined(index))? {
            Msr::MachineCheckAddress => self.machine_check_address = value,
            Msr::MachineCheckType => self.machine_check_type = value,
            Msr::FeatureControl => self.features = FeatureControl::from_bits_truncate(low),
            Msr::TimeStamp => return Err(MsrError::TimeStamp),
            Msr::CounterSelect => self.select(CounterSelect::from_bits(low & SELECT_MASK), sources),
            Msr::Counter0 => self.set_counter(0, value, sources),
            Msr::Counter1 => self.set_counter(1, value, sources),
            Msr::ParityReversal
            | Msr::CodeCacheEndBits
            | Msr::CacheTestData
            | Msr::CacheTestStatus
            | Msr::CacheTestControl
            | Msr::TlbTestCommand
            | Msr::TlbTestData
            | Msr::BranchTestTag
            | Msr::BranchTestTarget
            | Msr::BranchTestCommand => {}
        }
        Ok(())
    }

    fn set_counter(&mut self, index: usize, value: u64, sources: &Sources<'_>) {
        let counter = &mut self.counters[index];
        counter.look(&self.tallies, sources);
        counter.value = value & COUNTER_MASK;
    }

    fn select(&mut self, select: CounterSelect, sources: &Sources<'_>) {
        self.select = select;
        let halves = [(select.event0(), select.control0()), (select.event1(), select.control1())];
        for (counter, (event, control)) in self.counters.iter_mut().zip(halves) {
            counter.look(&self.tallies, sources);
            counter.event = Event::from_code(event);
            counter.control = control;
            counter.seen = counter.tally(&self.tallies, sources);
            counter.running = counter.counts_at(0);
        }
    }
}
