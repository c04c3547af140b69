//! Steps of a core's way from reset to its first task.
//!
//! A phase is recorded when its work is done, so the first phase that is missing is the one that failed. The
//! numbers follow no order in time: platforms order their steps differently and leave some out.

use core::fmt;

/// What a booting core has reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BootPhase {
    /// The first instruction ran; the time is that of the record's writer, not of the instruction.
    Reset,
    /// Protected mode with the kernel's own segments.
    Protected,
    /// Paging with the boot page tables; code runs at its linked addresses.
    Paging,
    /// Text can be written.
    Console,
    /// The final address space is active and physical frames can be allocated.
    Memory,
    /// Interrupt descriptor table, task states, FPU set-up.
    Traps,
    /// The core knows which one it is.
    Identity,
    /// The local interrupt controller and its timer work.
    Apic,
    /// The global interrupt controller is routed to this core.
    Gic,
    /// The own message buffer is cleared and the own lock is free.
    Mpb,
    /// Caches are on.
    Caches,
    /// Memory can be allocated.
    Heap,
    /// The executor is about to run for the first time.
    Executor,
    /// The first task was polled.
    FirstTask,
}

impl BootPhase {
    /// All phases by ascending number.
    pub const ALL: [Self; 14] = [
        Self::Reset,
        Self::Protected,
        Self::Paging,
        Self::Console,
        Self::Memory,
        Self::Traps,
        Self::Identity,
        Self::Apic,
        Self::Gic,
        Self::Mpb,
        Self::Caches,
        Self::Heap,
        Self::Executor,
        Self::FirstTask,
    ];

    /// Number in records.
    pub const fn number(self) -> u8 {
        match self {
            Self::Reset => 0,
            Self::Protected => 1,
            Self::Paging => 2,
            Self::Console => 3,
            Self::Memory => 4,
            Self::Traps => 5,
            Self::Identity => 6,
            Self::Apic => 7,
            Self::Gic => 8,
            Self::Mpb => 9,
            Self::Caches => 10,
            Self::Heap => 11,
            Self::Executor => 12,
            Self::FirstTask => 13,
        }
    }

    /// Phase of a number; `None` for numbers of later versions.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Name in reports, one word in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Protected => "protected",
            Self::Paging => "paging",
            Self::Console => "console",
            Self::Memory => "memory",
            Self::Traps => "traps",
            Self::Identity => "identity",
            Self::Apic => "apic",
            Self::Gic => "gic",
            Self::Mpb => "mpb",
            Self::Caches => "caches",
            Self::Heap => "heap",
            Self::Executor => "executor",
            Self::FirstTask => "first-task",
        }
    }
}

impl fmt::Display for BootPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::BootPhase;

    #[test]
    fn numbers_and_phases_name_each_other() {
        for (number, phase) in (0..).zip(BootPhase::ALL) {
            assert_eq!(phase.number(), number);
            assert_eq!(BootPhase::from_number(number), Some(phase));
        }
        assert_eq!(BootPhase::from_number(14), None);
    }
}
