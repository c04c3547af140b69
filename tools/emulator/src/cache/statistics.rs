//! Event counts of one core's memory side, for the performance counters (SCC reference §2.1, MSRs) and for
//! reports.

/// Counts since the hierarchy was made. Hits are accesses less misses.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct CacheStatistics {
    /// Data reads of every memory type, page walks included.
    pub data_reads: u64,
    /// Cacheable data reads that missed L1.
    pub data_read_misses: u64,
    /// Data reads that never looked in L1: uncached types, and the read half of locked operations.
    pub data_reads_uncached: u64,
    /// Data writes of every memory type.
    pub data_writes: u64,
    /// Cacheable data writes that missed L1.
    pub data_write_misses: u64,
    /// Data writes that never looked in L1: uncached types, and the write half of locked operations.
    pub data_writes_uncached: u64,
    /// Line look-ups by instruction fetch, uncached fetches included.
    pub code_reads: u64,
    /// Cacheable look-ups that missed the code cache.
    pub code_misses: u64,
    /// Lines fetched past the code cache.
    pub code_reads_uncached: u64,
    /// Reads and writes that found their line in L2, write-backs of L1 included.
    pub l2_hits: u64,
    /// Reads and writes that looked in L2 in vain.
    pub l2_misses: u64,
    /// Dirty lines that left L1, to L2 or to memory.
    pub l1_write_backs: u64,
    /// Dirty lines that left L2.
    pub l2_write_backs: u64,
    /// Write-combining buffers sent as one complete line.
    pub combined_full: u64,
    /// Write-combining buffers sent as a sequence of partial writes.
    pub combined_partial: u64,
    /// L1 fills by message loads, past L2.
    pub message_fills: u64,
}
