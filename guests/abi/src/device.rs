//! Where a guest's virtual devices are: a window of a page for each, above every guest's memory, and an interrupt line.
//!
//! The windows hold the registers of virtio over memory, version 2 (VIRTIO 1.2 §4.2.2). Every place has a window, whether
//! or not the guest has that device: one that it does not have says that it is device 0, which no driver takes (§4.2.2.2).
//! Unlike everything else here, these places are found by Linux on its command line, as [`Slot`] shows them.

use core::fmt;

use crate::GuestPhysAddr;
use crate::interrupt::{LINES, Line};

/// Guest-physical address of the first window. Guests have at most 1 GiB of memory.
pub const FIRST_WINDOW: GuestPhysAddr = GuestPhysAddr::new(0x4000_0000);
/// Bytes of a window, a page.
pub const WINDOW_BYTES: u32 = 4096;

/// A place for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Random numbers.
    Random,
    /// The network card.
    Network,
    /// A disk that is empty when the guest starts and gone when it has ended.
    Scratch,
    /// A disk with contents that came with the guest, which cannot be written.
    Image,
}

const _: () = assert!(Slot::Image.line() < LINES);

impl Slot {
    /// All of them, in the order of their windows.
    pub const ALL: [Self; 4] = [Self::Random, Self::Network, Self::Scratch, Self::Image];

    /// Its number, from 0.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Random => 0,
            Self::Network => 1,
            Self::Scratch => 2,
            Self::Image => 3,
        }
    }

    /// Where its window begins.
    #[must_use]
    pub const fn window(self) -> GuestPhysAddr {
        GuestPhysAddr::new(FIRST_WINDOW.number() + WINDOW_BYTES * self.number())
    }

    /// The slot whose window holds `place`.
    #[must_use]
    pub fn at(place: GuestPhysAddr) -> Option<Self> {
        let number = place.number().checked_sub(FIRST_WINDOW.number())? / WINDOW_BYTES;
        Self::ALL.into_iter().find(|slot| slot.number() == number)
    }

    /// Number of its interrupt line: the first ones are those of [`Line`].
    #[must_use]
    pub const fn line(self) -> u32 {
        Line::Console.number() + 1 + self.number()
    }
}

/// The word of Linux's command line that tells it of the device.
impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "virtio_mmio.device=4K@{:#x}:{}", self.window().number(), self.line())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn windows_and_lines_follow_each_other() {
        for (number, slot) in (0..).zip(Slot::ALL) {
            assert_eq!(slot.number(), number);
            assert!(Line::ALL.iter().all(|line| line.number() < slot.line()));
            let window = slot.window().number();
            assert_eq!(Slot::at(GuestPhysAddr::new(window)), Some(slot));
            assert_eq!(Slot::at(GuestPhysAddr::new(window + WINDOW_BYTES - 1)), Some(slot));
        }
        let end = Slot::Image.window().number() + WINDOW_BYTES;
        for outside in [0, FIRST_WINDOW.number() - 1, end, u32::MAX] {
            assert_eq!(Slot::at(GuestPhysAddr::new(outside)), None);
        }
    }

    #[test]
    fn linux_is_told_in_its_own_words() {
        assert_eq!(Slot::Random.to_string(), "virtio_mmio.device=4K@0x40000000:2");
        assert_eq!(Slot::Image.to_string(), "virtio_mmio.device=4K@0x40003000:5");
    }
}
