//! The words of the shared page.

use guest_abi::GuestPhysAddr;
use guest_abi::shared::Field;

use crate::hypervisor::delivery::InterruptFlag;
use crate::hypervisor::shadow_paging::GuestFrames;
use crate::mm::frame::Frame;
use crate::mm::frame_access;

/// The shared page, if the guest has one: where the guest sees it, and its frame, which is memory of the guest and lives as
/// long as this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SharedPage(Option<(GuestPhysAddr, Frame)>);

impl SharedPage {
    /// The guest has not named one.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// The page that holds `place`; `None` unless it is memory of the guest.
    pub(super) fn at(memory: &impl GuestFrames, place: GuestPhysAddr) -> Option<Self> {
        memory.frame(place).map(|frame| Self(Some((place, frame))))
    }

    /// Where the guest sees it.
    pub(super) fn place(self) -> Option<GuestPhysAddr> {
        self.0.map(|(place, _)| place)
    }

    /// Reads a word; 0 without a page.
    pub(super) fn get(self, field: Field) -> u32 {
        self.0.map_or(0, |(_, frame)| frame_access::load(frame, field.offset() / 4))
    }

    /// Writes a word, if there is a page.
    pub(super) fn set(self, field: Field, word: u32) {
        if let Some((_, frame)) = self.0 {
            frame_access::store(frame, field.offset() / 4, word);
        }
    }

    /// Writes the guest's interrupt flag and the lines that are still pending, once the frame is found.
    pub(super) fn set_delivered(self, flag: InterruptFlag, pending: u32) {
        const { assert!(Field::Pending.offset() == Field::InterruptFlag.offset() + 4) };
        if let Some((_, frame)) = self.0 {
            frame_access::store_all(frame, Field::InterruptFlag.offset() / 4, &[flag.word(), pending]);
        }
    }

    /// The guest's interrupt flag.
    pub(super) fn interrupt_flag(self) -> InterruptFlag {
        InterruptFlag::from_word(self.get(Field::InterruptFlag))
    }

    /// Changes the guest's interrupt flag.
    pub(super) fn set_interrupt_flag(self, flag: InterruptFlag) {
        self.set(Field::InterruptFlag, flag.word());
    }
}
