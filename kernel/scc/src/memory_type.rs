//! Memory types a page-table entry can give to data accesses.
//!
//! The SCC core adds the message-buffer bit (PMB, bit 7 of a page-table entry, in force while CR4.MPE = 1)
//! to the Pentium's PCD and PWT. The type belongs to the mapping, not to the destination.
//! Facts: SCC reference §2.5.

/// Treatment of a data access by L1, L2 and the write-combine buffer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MemoryType {
    /// Cached in L1 and L2; store hits stay in the cache.
    WriteBack,
    /// Cached in L1 and L2; L1 store hits also go to L2 or memory.
    WriteThrough,
    /// Never cached; one transaction per store.
    Uncached,
    /// L1 only, lines tagged MPBT; store hits stay in L1, misses enter the write-combine buffer.
    MpbtWriteBack,
    /// L1 only, lines tagged MPBT; every store enters the write-combine buffer.
    MpbtWriteThrough,
    /// Not cached; stores enter the write-combine buffer.
    MpbtUncached,
}

impl MemoryType {
    /// Combines PCD, PWT and the effective PMB bit (PTE bit 7 and CR4.MPE).
    pub const fn from_page_bits(cache_disable: bool, write_through: bool, message_buffer: bool) -> Self {
        match (message_buffer, cache_disable, write_through) {
            (false, true, _) => Self::Uncached,
            (false, false, false) => Self::WriteBack,
            (false, false, true) => Self::WriteThrough,
            (true, true, _) => Self::MpbtUncached,
            (true, false, false) => Self::MpbtWriteBack,
            (true, false, true) => Self::MpbtWriteThrough,
        }
    }

    /// Whether accesses carry the message-buffer attribute: L2 bypassed, stores combined.
    pub const fn is_mpbt(self) -> bool {
        matches!(self, Self::MpbtWriteBack | Self::MpbtWriteThrough | Self::MpbtUncached)
    }

    /// Whether read misses fill a line of L1.
    pub const fn is_cacheable(self) -> bool {
        !matches!(self, Self::Uncached | Self::MpbtUncached)
    }

    /// Whether a store that hits L1 must also leave L1.
    pub const fn is_write_through(self) -> bool {
        matches!(self, Self::WriteThrough | Self::MpbtWriteThrough)
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryType;

    #[test]
    fn page_bits_select_the_type_of_the_reference_table() {
        let table = [
            ((false, false, false), MemoryType::WriteBack),
            ((false, true, false), MemoryType::WriteThrough),
            ((true, false, false), MemoryType::Uncached),
            ((true, true, false), MemoryType::Uncached),
            ((false, false, true), MemoryType::MpbtWriteBack),
            ((false, true, true), MemoryType::MpbtWriteThrough),
            ((true, false, true), MemoryType::MpbtUncached),
            ((true, true, true), MemoryType::MpbtUncached),
        ];
        for ((disable, through, message), expected) in table {
            let found = MemoryType::from_page_bits(disable, through, message);
            assert_eq!(found, expected);
            assert_eq!(found.is_mpbt(), message);
            assert_eq!(found.is_cacheable(), !disable);
        }
    }
}
