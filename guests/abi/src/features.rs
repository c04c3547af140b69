//! What a hypervisor can do beyond what every one of this version does.

use bitflags::bitflags;

bitflags! {
    /// Abilities of a hypervisor, as [`crate::start`], [`crate::shared`] and [`crate::Call::Interface`] give them.
    ///
    /// Unknown bits are kept: a newer hypervisor may have set them. The highest bits are never given out, so that the
    /// word is no error of [`crate::status`].
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Features: u32 {
        /// [`crate::Call::SetTimer`] works, and [`crate::shared::Field::Pending`] tells of it.
        const TIMER = 1 << 0;
        /// CR3 and page tables of the guest work, and address spaces have tags.
        const PAGING = 1 << 1;
        /// Exceptions and interrupts go to the guest's own interrupt table, `int 0x80` directly.
        const INTERRUPT_TABLE = 1 << 2;
        /// [`crate::Call::ConsoleRead`] works, and [`crate::shared::Field::Pending`] tells of text.
        const CONSOLE_INPUT = 1 << 3;
        /// The guest belongs to a group of guests on other cores: [`crate::Call::Group`] and the calls behind it work.
        const GROUP = 1 << 4;
        const _ = !0;
    }
}

impl Features {
    /// What Linux needs.
    pub const LINUX: Self = Self::TIMER.union(Self::PAGING).union(Self::INTERRUPT_TABLE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_newer_versions_survive() {
        assert_eq!(Features::from_bits_truncate(0x4000_0001).bits(), 0x4000_0001);
    }
}
