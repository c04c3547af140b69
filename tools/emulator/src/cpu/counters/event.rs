//! Event codes of the performance counters and where their counts come from.
//!
//! | Codes | Count |
//! |---|---|
//! | 00, 01, 28 | data reads, data writes, both (page walks included) |
//! | 02, 0D | TLB misses of data and of code |
//! | 03, 04, 29 | accesses that missed L1, uncached ones included |
//! | 05 | writes that hit L1; hits of write-through lines are not told apart |
//! | 06 | dirty lines that left L1 |
//! | 0C, 0E | code line look-ups, and those that missed L1 |
//! | 0F | segment register loads |
//! | 12, 14 | branches, taken branches (BTB hits are not modelled) |
//! | 16 | instructions |
//! | 1C, 1D | locked operations, I/O accesses |
//! | 1E | reads of data and code past L1 |
//! | 22 | floating-point operations |
//! | 23 to 26 | matches of DR0 to DR3 |
//! | 27 | hardware interrupts, NMI included |
//! | 07, 08 | 0: nothing snoops an SCC core's caches |
//! | 09, 0A, 13, 15, 17, 1F | 0: pairing, bank conflicts, BTB, pipeline flushes and AGI stalls are not modelled |
//! | 0B | 0: misaligned accesses are not told apart |
//! | 18, 19, 1A, 1B | 0: bus and write-buffer occupancy is not modelled |
//! | others | 0: reserved |
//!
//! The cache counts are those of the cache model; without one they are 0. Source: SCC reference §2.1, MSRs;
//! what an event includes follows the Pentium manual, performance monitoring.

use crate::cache::CacheStatistics;
use i586::msr::Event;

/// Events that only the processor core itself sees, counted since the core was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tallies {
    pub(super) data_tlb_misses: u64,
    pub(super) code_tlb_misses: u64,
    pub(super) segment_loads: u64,
    pub(super) branches: u64,
    pub(super) taken_branches: u64,
    pub(super) hardware_interrupts: u64,
    pub(super) io_cycles: u64,
    pub(super) locked_cycles: u64,
    pub(super) floating_point: u64,
    pub(super) breakpoints: [u64; 4],
}

/// Counts kept elsewhere, at the moment a counter is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// Instructions completed by the core.
    pub(crate) instructions: u64,
    /// The core's cache events.
    pub(crate) memory: &'a CacheStatistics,
}

/// How often `event` has happened since the core was made; 0 for events that are not modelled.
pub(super) fn count(event: Event, core: &Tallies, sources: &Sources<'_>) -> u64 {
    let memory = sources.memory;
    let read_misses = memory.data_read_misses + memory.data_reads_uncached;
    let write_misses = memory.data_write_misses + memory.data_writes_uncached;
    match event {
        Event::DataRead => memory.data_reads,
        Event::DataWrite => memory.data_writes,
        Event::DataTlbMiss => core.data_tlb_misses,
        Event::DataReadMiss => read_misses,
        Event::DataWriteMiss => write_misses,
        Event::WriteHit => memory.data_writes.saturating_sub(write_misses),
        Event::DataLineWrittenBack => memory.l1_write_backs,
        Event::CodeRead => memory.code_reads,
        Event::CodeTlbMiss => core.code_tlb_misses,
        Event::CodeMiss => memory.code_misses + memory.code_reads_uncached,
        Event::SegmentLoad => core.segment_loads,
        Event::Branch => core.branches,
        Event::BranchTakenOrHit => core.taken_branches,
        Event::Instructions => sources.instructions,
        Event::LockedCycle => core.locked_cycles,
        Event::IoCycle => core.io_cycles,
        Event::NoncacheableRead => memory.data_reads_uncached + memory.code_reads_uncached,
        Event::FloatingPoint => core.floating_point,
        Event::Breakpoint0 => core.breakpoints[0],
        Event::Breakpoint1 => core.breakpoints[1],
        Event::Breakpoint2 => core.breakpoints[2],
        Event::Breakpoint3 => core.breakpoints[3],
        Event::HardwareInterrupt => core.hardware_interrupts,
        Event::DataAccess => memory.data_reads + memory.data_writes,
        Event::DataAccessMiss => read_misses + write_misses,
        Event::ExternalSnoop
        | Event::DataSnoopHit
        | Event::Misaligned
        | Event::BothPipesAccess
        | Event::BankConflict
        | Event::BranchTargetHit
        | Event::PipelineFlush
        | Event::SecondPipeInstructions
        | Event::BusBusyClocks
        | Event::WriteBufferStallClocks
        | Event::DataReadStallClocks
        | Event::WriteHitStall
        | Event::AddressStall => 0,
    }
}
