//! The shared page: words that guest and hypervisor both read and write while the guest runs.
//!
//! ```text
//! offset  word            written by
//!   0     vif             both; 0 or the interrupt bit of EFLAGS
//!   4     pending         hypervisor sets bits; taken or delivered lines are cleared
//!   8     cr2             hypervisor
//!  12     tsc_khz         hypervisor, before the start and when the page moves
//!  16     features        hypervisor, before the start and when the page moves
//!  20     epoch_seconds   hypervisor, before the start and when the page moves
//! ```
//!
//! The rest of the page is zero and belongs to later versions. Both sides run on the same core, one at a time: the words
//! need no atomic instruction, only an order that the compiler keeps.

/// A word of the shared page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The guest's interrupt flag: 0, or [`INTERRUPTS_ON`], so that it can be merged into EFLAGS as it is.
    InterruptFlag,
    /// [`crate::interrupt::Line`]s that wait for the guest, one bit each.
    Pending,
    /// Linear address of the last page fault that was handed to the guest.
    FaultAddress,
    /// Rate of the time stamp counter in kHz.
    TimeStampKilohertz,
    /// [`crate::Features`].
    Features,
    /// Seconds from 1970 to when the time stamp counter was 0; 0 if the hypervisor does not know the time.
    EpochSeconds,
}

impl Field {
    /// All of them, ascending.
    pub const ALL: [Self; 6] = [
        Self::InterruptFlag,
        Self::Pending,
        Self::FaultAddress,
        Self::TimeStampKilohertz,
        Self::Features,
        Self::EpochSeconds,
    ];

    /// Offset in bytes from the start of the page.
    #[must_use]
    pub const fn offset(self) -> u32 {
        match self {
            Self::InterruptFlag => 0,
            Self::Pending => 4,
            Self::FaultAddress => 8,
            Self::TimeStampKilohertz => 12,
            Self::Features => 16,
            Self::EpochSeconds => 20,
        }
    }

    /// The word at `offset`; `None` if there is none.
    #[must_use]
    pub fn from_offset(offset: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.offset() == offset)
    }

    /// Its name in small letters, words joined by `_`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InterruptFlag => "vif",
            Self::Pending => "pending",
            Self::FaultAddress => "cr2",
            Self::TimeStampKilohertz => "tsc_khz",
            Self::Features => "features",
            Self::EpochSeconds => "epoch_seconds",
        }
    }
}

/// Value of [`Field::InterruptFlag`] while the guest takes interrupts: EFLAGS.IF.
pub const INTERRUPTS_ON: u32 = 0x200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_each_other_and_are_found_again() {
        for (index, field) in (0..).zip(Field::ALL) {
            assert_eq!(field.offset(), 4 * index);
            assert_eq!(Field::from_offset(field.offset()), Some(field));
        }
        assert_eq!((Field::from_offset(2), Field::from_offset(24)), (None, None));
    }
}
