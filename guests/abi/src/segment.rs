//! The guest's segments: a table of the hypervisor's with fixed slots.
//!
//! The guest's own LGDT and writes to a table have no effect. Every segment is flat but those of threads, which a guest
//! sets by [`crate::Call::ThreadSegments`]. The slots are those of 32-bit Linux, which the hypervisor's table must have
//! because Linux keeps running on selectors that it has loaded before.
//!
//! ```text
//! slot  2, 3     boot code, data         ring 1
//!       6 to 8   threads                 ring 3
//!      12, 13    kernel code, data       ring 1
//!      14, 15    user code, data         ring 3
//! ```

/// A slot of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Code before the guest has its own table.
    BootCode,
    /// Data before the guest has its own table.
    BootData,
    /// Code of the guest's kernel.
    KernelCode,
    /// Data of the guest's kernel.
    KernelData,
    /// Code of its programs.
    UserCode,
    /// Data of its programs.
    UserData,
}

/// Slots that belong to threads of programs.
pub const THREAD_SLOTS: [u16; 3] = [6, 7, 8];

impl Slot {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::BootCode, Self::BootData, Self::KernelCode, Self::KernelData, Self::UserCode, Self::UserData];

    /// The selector: slot and ring.
    #[must_use]
    pub const fn selector(self) -> u16 {
        let (index, ring) = match self {
            Self::BootCode => (2, 1),
            Self::BootData => (3, 1),
            Self::KernelCode => (12, 1),
            Self::KernelData => (13, 1),
            Self::UserCode => (14, 3),
            Self::UserData => (15, 3),
        };
        index << 3 | ring
    }

    /// The slot that `selector` names with the right ring; `None` for any other selector.
    #[must_use]
    pub fn from_selector(selector: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.selector() == selector)
    }

    /// Its name in small letters, words joined by `_`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BootCode => "boot_code",
            Self::BootData => "boot_data",
            Self::KernelCode => "kernel_code",
            Self::KernelData => "kernel_data",
            Self::UserCode => "user_code",
            Self::UserData => "user_data",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_those_of_linux_with_the_kernel_in_ring_1() {
        let selectors = Slot::ALL.map(Slot::selector);
        assert_eq!(selectors, [0x11, 0x19, 0x61, 0x69, 0x73, 0x7B]);
        for slot in Slot::ALL {
            assert_eq!(Slot::from_selector(slot.selector()), Some(slot));
        }
        assert_eq!(Slot::from_selector(0x60), None);
    }
}
