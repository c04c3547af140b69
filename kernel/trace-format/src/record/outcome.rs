//! How something ended.

/// How a poll ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PollOutcome {
    /// The task waits for something.
    Pending,
    /// The task has finished.
    Ready,
    /// The task panicked and is no longer polled.
    Panicked,
}

/// What a task does whose poll the beginning of another has ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TaskBefore {
    /// It waits for something, or has a record of its own that it is ready; or there is none.
    Waits,
    /// It let others go first and is ready again since this moment.
    IsReady,
}

/// How a self-test ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TestOutcome {
    /// What was checked holds.
    Passed,
    /// It does not; the console says what was found.
    Failed,
    /// The platform lacks what the test needs.
    Skipped,
}

impl PollOutcome {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Ready => 1,
            Self::Panicked => 2,
        }
    }

    pub(super) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Pending),
            1 => Some(Self::Ready),
            2 => Some(Self::Panicked),
            _ => None,
        }
    }
}

impl TaskBefore {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Waits => 0,
            Self::IsReady => 1,
        }
    }

    pub(super) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Waits),
            1 => Some(Self::IsReady),
            _ => None,
        }
    }
}

impl TestOutcome {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Skipped => 2,
        }
    }

    pub(super) const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Passed),
            1 => Some(Self::Failed),
            2 => Some(Self::Skipped),
            _ => None,
        }
    }
}
