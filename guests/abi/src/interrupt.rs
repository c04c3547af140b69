//! Interrupts and exceptions of a guest.
//!
//! A line becomes pending: the hypervisor sets its bit in [`shared::Field::Pending`](crate::shared::Field::Pending). The
//! guest's own interrupt flag, [`shared::Field::InterruptFlag`](crate::shared::Field::InterruptFlag), says whether it takes
//! interrupts; the processor's is always set while a guest runs. Whenever the hypervisor gives the processor back to a
//! guest whose flag is set, it first delivers what is pending. A guest that sets its flag looks at the pending word
//! afterwards, and if it is not 0 uses [`Call::Deliver`](crate::Call::Deliver).
//!
//! With [`Features::INTERRUPT_TABLE`](crate::Features::INTERRUPT_TABLE) delivery is the processor's own: through the gate of
//! the table that the guest has loaded with LIDT, which the hypervisor reads at that time. The frame holds EFLAGS with the
//! interrupt bit of the guest's flag, or set if it was in ring 3; an interrupt gate clears the guest's flag, a trap gate
//! leaves it. From ring 3 the stack is that of [`Call::KernelStack`](crate::Call::KernelStack). The line's pending bit is
//! cleared. Exceptions are delivered in the same way, whatever the flag is; the address of a page fault is in
//! [`shared::Field::FaultAddress`](crate::shared::Field::FaultAddress). A gate or stack that cannot be used, and a task gate,
//! end the guest.
//!
//! Nothing is delivered
//! - at the address of [`Call::SystemCallEntry`](crate::Call::SystemCallEntry) in ring 1: the instruction there clears the
//!   flag, which the processor could not;
//! - in the [`Call::ReturnWindow`](crate::Call::ReturnWindow), before the frame that is about to be taken was taken.
//!
//! `int 0x80` from ring 3 goes to the system call entry without the hypervisor, through a trap gate.

/// Number of interrupt lines, from 0; each has a bit in the pending word.
pub const LINES: u32 = 16;
/// Vector of line 0 in the guest's interrupt table; the others follow. It is where Linux has the lines of a PC.
pub const FIRST_LINE_VECTOR: u8 = 0x30;

/// A line with a fixed use; the others belong to virtual devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// The timer has expired.
    Timer,
    /// Text was typed, or a [`Call::ConsoleRead`](crate::Call::ConsoleRead) has left some.
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

    /// Its bit in the pending word.
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
    fn lines_have_bits_of_their_own() {
        assert_eq!(Line::ALL.map(Line::bit), [1, 2]);
        assert!(Line::ALL.iter().all(|line| line.number() < LINES));
    }
}
