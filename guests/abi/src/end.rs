//! How a guest ends by its own will.

/// Why a guest asks to be ended: EBX of [`crate::Call::End`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// It is done; memory and tasks may go.
    PowerOff,
    /// It wants to be started again from its image.
    Reboot,
    /// It has found itself broken.
    Panic,
}

impl EndReason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PowerOff, Self::Reboot, Self::Panic];

    /// The number that stands for it.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::PowerOff => 0,
            Self::Reboot => 1,
            Self::Panic => 2,
        }
    }

    /// What `number` stands for; `None` if nothing.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }
}
