//! Numbers of the hypercalls: EAX.

/// The number of a hypercall. [`crate::Call`] has the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallNumber {
    /// [`crate::Call::Interface`]
    Interface,
    /// [`crate::Call::ConsoleWrite`]
    ConsoleWrite,
    /// [`crate::Call::End`]
    End,
    /// [`crate::Call::Halt`]
    Halt,
    /// [`crate::Call::SetTimer`]
    SetTimer,
    /// [`crate::Call::Take`]
    Take,
    /// [`crate::Call::ConsoleRead`]
    ConsoleRead,
    /// [`crate::Call::Share`]
    Share,
    /// [`crate::Call::Deliver`]
    Deliver,
    /// [`crate::Call::ReturnWindow`]
    ReturnWindow,
    /// [`crate::Call::SystemCallEntry`]
    SystemCallEntry,
    /// [`crate::Call::KernelStack`]
    KernelStack,
    /// [`crate::Call::ThreadSegments`]
    ThreadSegments,
    /// [`crate::Call::Switch`]
    Switch,
    /// [`crate::Call::Forget`]
    Forget,
    /// [`crate::Call::Group`]
    Group,
    /// [`crate::Call::Put`]
    Put,
    /// [`crate::Call::Get`]
    Get,
    /// [`crate::Call::Send`]
    Send,
    /// [`crate::Call::Receive`]
    Receive,
    /// [`crate::Call::Barrier`]
    Barrier,
    /// [`crate::Call::Count`]
    Count,
}

impl CallNumber {
    /// All of them, ascending from 0 without a gap.
    pub const ALL: [Self; 22] = [
        Self::Interface,
        Self::ConsoleWrite,
        Self::End,
        Self::Halt,
        Self::SetTimer,
        Self::Take,
        Self::ConsoleRead,
        Self::Share,
        Self::Deliver,
        Self::ReturnWindow,
        Self::SystemCallEntry,
        Self::KernelStack,
        Self::ThreadSegments,
        Self::Switch,
        Self::Forget,
        Self::Group,
        Self::Put,
        Self::Get,
        Self::Send,
        Self::Receive,
        Self::Barrier,
        Self::Count,
    ];

    /// The number in EAX.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Interface => 0,
            Self::ConsoleWrite => 1,
            Self::End => 2,
            Self::Halt => 3,
            Self::SetTimer => 4,
            Self::Take => 5,
            Self::ConsoleRead => 6,
            Self::Share => 7,
            Self::Deliver => 8,
            Self::ReturnWindow => 9,
            Self::SystemCallEntry => 10,
            Self::KernelStack => 11,
            Self::ThreadSegments => 12,
            Self::Switch => 13,
            Self::Forget => 14,
            Self::Group => 15,
            Self::Put => 16,
            Self::Get => 17,
            Self::Send => 18,
            Self::Receive => 19,
            Self::Barrier => 20,
            Self::Count => 21,
        }
    }

    /// What `number` stands for; `None` if nothing.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// Its name in small letters, words joined by `_`, for headers and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::ConsoleWrite => "console_write",
            Self::End => "end",
            Self::Halt => "halt",
            Self::SetTimer => "set_timer",
            Self::Take => "take",
            Self::ConsoleRead => "console_read",
            Self::Share => "share",
            Self::Deliver => "deliver",
            Self::ReturnWindow => "return_window",
            Self::SystemCallEntry => "system_call_entry",
            Self::KernelStack => "kernel_stack",
            Self::ThreadSegments => "thread_segments",
            Self::Switch => "switch",
            Self::Forget => "forget",
            Self::Group => "group",
            Self::Put => "put",
            Self::Get => "get",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Barrier => "barrier",
            Self::Count => "count",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_each_other_and_are_found_again() {
        for (number, call) in (0..).zip(CallNumber::ALL) {
            assert_eq!(call.number(), number);
            assert_eq!(CallNumber::from_number(number), Some(call));
        }
        assert_eq!(CallNumber::from_number(22), None);
    }
}
