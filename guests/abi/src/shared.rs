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
    /// [`Line`]s that wait for the guest, one bit each.
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

/// Number of interrupt lines, from 0; each has a bit in [`Field::Pending`].
pub const LINES: u32 = 16;
/// Vector of line 0 in the guest's interrupt table; the others follow. It is where Linux has the lines of a PC.
pub const FIRST_LINE_VECTOR: u8 = 0x30;

/// A line with a fixed use; the others belong to virtual devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// The timer has expired.
    Timer,
    /// Text was typed.
    Console,
}

impl Line {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Timer, Self::Console];

    /// Its number, below [`LINES`].
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Timer => 0,
            Self::Console => 1,
        }
    }

    /// Its bit in [`Field::Pending`].
    #[must_use]
    pub const fn bit(self) -> u32 {
        1 << self.number()
    }

    /// Its name in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Console => "console",
        }
    }
}

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

    #[test]
    fn lines_have_bits_of_their_own() {
        assert_eq!(Line::ALL.map(Line::bit), [1, 2]);
        assert!(Line::ALL.iter().all(|line| line.number() < LINES));
    }
}
