//! Events that the two performance counters can count.
//!
//! Both counters know the same codes. Codes 0x10, 0x11, 0x20, 0x21 and those above 0x29 select nothing.
//!
//! Source: SCC reference §2.1 (event codes).

/// An event; the discriminant is the code in the counter select register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Event {
    /// Data reads.
    DataRead = 0x00,
    /// Data writes.
    DataWrite = 0x01,
    /// Data TLB misses.
    DataTlbMiss = 0x02,
    /// Data reads that missed the first-level cache.
    DataReadMiss = 0x03,
    /// Data writes that missed the first-level cache.
    DataWriteMiss = 0x04,
    /// Writes that hit a line in state M or E.
    WriteHit = 0x05,
    /// Data lines written back.
    DataLineWrittenBack = 0x06,
    /// Snoops from outside.
    ExternalSnoop = 0x07,
    /// Snoops that hit the data cache.
    DataSnoopHit = 0x08,
    /// Accesses in both pipes.
    BothPipesAccess = 0x09,
    /// Bank conflicts between the pipes.
    BankConflict = 0x0A,
    /// Misaligned accesses.
    Misaligned = 0x0B,
    /// Code reads.
    CodeRead = 0x0C,
    /// Code TLB misses.
    CodeTlbMiss = 0x0D,
    /// Code reads that missed the first-level cache.
    CodeMiss = 0x0E,
    /// Segment register loads.
    SegmentLoad = 0x0F,
    /// Branches.
    Branch = 0x12,
    /// Hits in the branch target buffer.
    BranchTargetHit = 0x13,
    /// Taken branches or hits in the branch target buffer.
    BranchTakenOrHit = 0x14,
    /// Pipeline flushes.
    PipelineFlush = 0x15,
    /// Instructions executed.
    Instructions = 0x16,
    /// Instructions executed in the V pipe.
    SecondPipeInstructions = 0x17,
    /// Clocks in which a bus cycle was in progress.
    BusBusyClocks = 0x18,
    /// Clocks stalled because the write buffers were full.
    WriteBufferStallClocks = 0x19,
    /// Clocks stalled waiting for a data read.
    DataReadStallClocks = 0x1A,
    /// Stalls of a write to a line in state E or M.
    WriteHitStall = 0x1B,
    /// Locked bus cycles.
    LockedCycle = 0x1C,
    /// I/O cycles.
    IoCycle = 0x1D,
    /// Noncacheable reads.
    NoncacheableRead = 0x1E,
    /// Address generation stalls.
    AddressStall = 0x1F,
    /// Floating-point operations.
    FloatingPoint = 0x22,
    /// Matches of breakpoint register 0.
    Breakpoint0 = 0x23,
    /// Matches of breakpoint register 1.
    Breakpoint1 = 0x24,
    /// Matches of breakpoint register 2.
    Breakpoint2 = 0x25,
    /// Matches of breakpoint register 3.
    Breakpoint3 = 0x26,
    /// Hardware interrupts taken.
    HardwareInterrupt = 0x27,
    /// Data reads or writes.
    DataAccess = 0x28,
    /// Data reads or writes that missed the first-level cache.
    DataAccessMiss = 0x29,
}

impl Event {
    /// Every event in ascending order of codes.
    pub const ALL: [Self; 38] = [
        Self::DataRead,
        Self::DataWrite,
        Self::DataTlbMiss,
        Self::DataReadMiss,
        Self::DataWriteMiss,
        Self::WriteHit,
        Self::DataLineWrittenBack,
        Self::ExternalSnoop,
        Self::DataSnoopHit,
        Self::BothPipesAccess,
        Self::BankConflict,
        Self::Misaligned,
        Self::CodeRead,
        Self::CodeTlbMiss,
        Self::CodeMiss,
        Self::SegmentLoad,
        Self::Branch,
        Self::BranchTargetHit,
        Self::BranchTakenOrHit,
        Self::PipelineFlush,
        Self::Instructions,
        Self::SecondPipeInstructions,
        Self::BusBusyClocks,
        Self::WriteBufferStallClocks,
        Self::DataReadStallClocks,
        Self::WriteHitStall,
        Self::LockedCycle,
        Self::IoCycle,
        Self::NoncacheableRead,
        Self::AddressStall,
        Self::FloatingPoint,
        Self::Breakpoint0,
        Self::Breakpoint1,
        Self::Breakpoint2,
        Self::Breakpoint3,
        Self::HardwareInterrupt,
        Self::DataAccess,
        Self::DataAccessMiss,
    ];

    /// Returns the event with this code; `None` for codes that select nothing.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        let mut position = 0;
        while position < Self::ALL.len() {
            if Self::ALL[position].code() == code {
                return Some(Self::ALL[position]);
            }
            position += 1;
        }
        None
    }

    /// Returns the six-bit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_the_gaps_select_nothing() {
        let codes =
            (0..=0xFF).filter(|&code| Event::from_code(code).is_some_and(|event| event.code() == code));
        let set = codes.fold(0_u64, |set, code| set | 1 << code);
        assert_eq!(set, 0x0000_03FC_FFFC_FFFF);
    }
}
