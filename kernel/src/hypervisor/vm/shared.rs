//! The words of the shared page.

use guest_abi::GuestPhysAddr;
use guest_abi::shared::Field;

use crate::hypervisor::delivery::InterruptFlag;
use crate::hypervisor::guest_memory::{GuestMemory, OutsideMemory};

/// Where the shared page is, if the guest has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SharedPage(Option<GuestPhysAddr>);

/// Why accesses do not fail: the place was checked.
const CHECKED: &str = "the shared page is memory of the guest";

impl SharedPage {
    /// The guest has not named one.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// A page at `place`, a multiple of 4096.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless it is memory of the guest.
    pub(super) fn at(memory: &impl GuestMemory, place: GuestPhysAddr) -> Result<Self, OutsideMemory> {
        memory.check(place, i586::page::PAGE_BYTES)?;
        Ok(Self(Some(place)))
    }

    /// Reads a word; 0 without a page.
    pub(super) fn get(self, memory: &impl GuestMemory, field: Field) -> u32 {
        let Some(place) = self.0 else { return 0 };
        let word = memory.read_array(GuestPhysAddr::new(place.number() + field.offset()));
        u32::from_le_bytes(word.expect(CHECKED))
    }

    /// Writes a word, if there is a page.
    pub(super) fn set(self, memory: &impl GuestMemory, field: Field, word: u32) {
        let Some(place) = self.0 else { return };
        let place = GuestPhysAddr::new(place.number() + field.offset());
        memory.write(place, &word.to_le_bytes()).expect(CHECKED);
    }

    /// The guest's interrupt flag.
    pub(super) fn interrupt_flag(self, memory: &impl GuestMemory) -> InterruptFlag {
        InterruptFlag::from_word(self.get(memory, Field::InterruptFlag))
    }

    /// Changes the guest's interrupt flag.
    pub(super) fn set_interrupt_flag(self, memory: &impl GuestMemory, flag: InterruptFlag) {
        self.set(memory, Field::InterruptFlag, flag.word());
    }

    /// Shows which lines are pending.
    pub(super) fn show_pending(self, memory: &impl GuestMemory, pending: u32) {
        self.set(memory, Field::Pending, pending);
    }
}
