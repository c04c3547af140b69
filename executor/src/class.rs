//! Priority classes of tasks.

/// Class of a task. A ready task of an earlier class is polled before any of a later one; inside a class each task
/// is polled in turn.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// What an interrupt handler left to do.
    FollowUp,
    /// Services.
    Service,
    /// Virtual processors: a poll may last until something of an earlier class is ready.
    Vcpu,
    /// What nobody waits for.
    Idle,
}

impl Class {
    /// All classes, most urgent first.
    pub const ALL: [Self; 4] = [Self::FollowUp, Self::Service, Self::Vcpu, Self::Idle];

    /// Position in [`Class::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::FollowUp => 0,
            Self::Service => 1,
            Self::Vcpu => 2,
            Self::Idle => 3,
        }
    }
}
