//! What a hypervisor counts of each guest, from its start on.

/// A counter: EBX of [`crate::Call::Count`]. The call gives its lowest 31 bits, so it wraps there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Times that the guest left its rings by something that it did: calls, returns through the hypervisor, exceptions
    /// and page faults. Interrupts of the core do not count.
    Exits,
    /// Instructions that the hypervisor carried out because ring 1 may not.
    Instructions,
    /// Page faults after which the hypervisor showed the page, so that the guest does not know of them.
    Fills,
    /// Exceptions, page faults among them, that were handed to the guest.
    Faults,
    /// Interrupts that were delivered through its table.
    Interrupts,
    /// Most page tables that the hypervisor has had for it at the same time; this one never falls and does not wrap.
    Tables,
    /// Frames that the hypervisor took in the guest's place, because an interrupt came in its
    /// [`ReturnWindow`](crate::Call::ReturnWindow).
    Returns,
}

impl Counter {
    /// All of them, ascending from 0 without a gap.
    pub const ALL: [Self; 7] = [
        Self::Exits,
        Self::Instructions,
        Self::Fills,
        Self::Faults,
        Self::Interrupts,
        Self::Tables,
        Self::Returns,
    ];

    /// The number that stands for it.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Exits => 0,
            Self::Instructions => 1,
            Self::Fills => 2,
            Self::Faults => 3,
            Self::Interrupts => 4,
            Self::Tables => 5,
            Self::Returns => 6,
        }
    }

    /// What `number` stands for; `None` if nothing.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// Its name in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exits => "exits",
            Self::Instructions => "instructions",
            Self::Fills => "fills",
            Self::Faults => "faults",
            Self::Interrupts => "interrupts",
            Self::Tables => "tables",
            Self::Returns => "returns",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_each_other_and_are_found_again() {
        for (number, counter) in (0..).zip(Counter::ALL) {
            assert_eq!(counter.number(), number);
            assert_eq!(Counter::from_number(number), Some(counter));
        }
        assert_eq!(Counter::from_number(7), None);
    }
}
