//! Where a guest's devices are: one window of a page each, in a row, above every guest's memory.
//!
//! A guest has no page tables of ours for these places, so every access is a page fault; the walk through its own tables
//! gives the guest-physical address, [`mmio`] what the instruction does, and [`Bus::carry_out`] does it.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::fmt;

use guest_abi::{GuestPhysAddr, interrupt};

use super::device::{Device, IrqOutput};
use super::fault::AccessError;
use super::register::WINDOW_BYTES;
use crate::hypervisor::emulate::{GeneralRegisters, mmio};

/// Guest-physical address of the first window. Guests have less than 1 GiB of memory.
pub const FIRST_WINDOW: GuestPhysAddr = GuestPhysAddr::new(0x4000_0000);
/// Line of the first device. Those below have a fixed use.
const FIRST_LINE: u32 = interrupt::Line::Console.number() + 1;
/// Most devices: as many as there are lines left.
pub const DEVICES_MAX: u32 = interrupt::LINES - FIRST_LINE;

/// The number of a device on its bus, below [`DEVICES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(u8);

impl Slot {
    /// The slot of this number; `None` if there is none.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (u32::from(number) < DEVICES_MAX).then_some(Self(number))
    }

    /// Where its window begins.
    #[must_use]
    pub fn place(self) -> GuestPhysAddr {
        GuestPhysAddr::new(FIRST_WINDOW.number() + WINDOW_BYTES * u32::from(self.0))
    }

    /// Number of its interrupt line, below [`interrupt::LINES`] and none of [`interrupt::Line`].
    #[must_use]
    pub fn line(self) -> u32 {
        FIRST_LINE + u32::from(self.0)
    }
}

/// The word of Linux's command line that tells it of the device.
impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "virtio_mmio.device=4K@{:#x}:{}", self.place().number(), self.line())
    }
}

/// The devices of a guest, which their tasks own too. `L` is their interrupt output.
pub struct Bus<L> {
    devices: Vec<Rc<Device<L>>>,
}

impl<L> Default for Bus<L> {
    fn default() -> Self {
        Self { devices: Vec::new() }
    }
}

impl<L: IrqOutput> Bus<L> {
    /// Adds a device in the next slot, from 0 up, so that its line is known before it is made; `None` if all are taken.
    pub fn add(&mut self, device: Rc<Device<L>>) -> Option<Slot> {
        let slot = u8::try_from(self.devices.len()).ok().and_then(Slot::new)?;
        self.devices.push(device);
        Some(slot)
    }

    /// Carries out an access at a guest-physical address, and what it does to the registers.
    ///
    /// # Errors
    /// [`BusError`]; nothing has changed then.
    pub fn carry_out(
        &self,
        place: GuestPhysAddr,
        access: &mmio::Access,
        registers: &mut GeneralRegisters,
    ) -> Result<(), BusError> {
        let nothing = BusError::NoDevice(place);
        let offset = place.number().checked_sub(FIRST_WINDOW.number()).ok_or(nothing)?;
        let device = self.devices.get((offset / WINDOW_BYTES) as usize).ok_or(nothing)?;
        let offset = offset % WINDOW_BYTES;
        match access.direction {
            mmio::Direction::Store(source) => {
                device.write(offset, access.width, source.value(registers))?;
            }
            mmio::Direction::Load { .. } => {
                access.complete(device.read(offset, access.width)?, registers);
            }
        }
        Ok(())
    }
}

/// Why an access has no effect. The guest's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// There is no device.
    #[error("no device at guest-physical {:#x}", .0.number())]
    NoDevice(GuestPhysAddr),
    /// The device does not take the access.
    #[error(transparent)]
    Access(#[from] AccessError),
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::super::entropy;
    use super::super::guest_driver::CountingLine;
    use super::*;
    use crate::hypervisor::emulate::Register;

    #[test]
    fn windows_and_lines_follow_each_other() {
        let slots: Vec<_> = (0..).map_while(Slot::new).collect();
        assert_eq!(slots.len(), 14);
        assert!(interrupt::Line::ALL.iter().all(|line| line.number() < slots[0].line()));
        assert_eq!(slots[0].to_string(), "virtio_mmio.device=4K@0x40000000:2");
        assert_eq!(slots[13].to_string(), "virtio_mmio.device=4K@0x4000d000:15");
    }

    #[test]
    fn bus_is_full_when_the_lines_are_used_up() {
        let device = Rc::new(entropy::device(CountingLine::default()));
        let mut bus = Bus::default();
        let slots: Vec<_> = core::iter::from_fn(|| bus.add(Rc::clone(&device))).collect();
        assert_eq!(slots, (0..).map_while(Slot::new).collect::<Vec<_>>());
    }

    #[test]
    fn instructions_of_a_guest_reach_the_device_of_the_window() {
        let devices = [(); 2].map(|()| Rc::new(entropy::device(CountingLine::default())));
        let mut bus = Bus::default();
        let slots = devices.each_ref().map(|device| bus.add(Rc::clone(device)).unwrap());
        let mut registers = GeneralRegisters([1; 8]);
        let mut execute = |bytes: &[u8], offset: u32| {
            let place = GuestPhysAddr::new(slots[1].place().number() + offset);
            let done = bus.carry_out(place, &mmio::decode(bytes).unwrap(), &mut registers);
            done.map(|()| registers.get(Register::Eax))
        };
        // mov eax, [ecx]: what the device is
        assert_eq!(execute(&[0x8B, 0x01], 0x008), Ok(4));
        // mov dword [ecx], 1: status
        assert_eq!(execute(&[0xC7, 0x01, 1, 0, 0, 0], 0x070), Ok(4));
        assert_eq!(execute(&[0x8B, 0x01], 0x070), Ok(1));
        let narrow = BusError::Access(AccessError::Width { offset: 0x70, bytes: 1 });
        assert_eq!(execute(&[0x88, 0x01], 0x070), Err(narrow));
        let beyond = slots[1].place().number() + WINDOW_BYTES;
        assert_eq!(execute(&[0x8B, 0x01], WINDOW_BYTES), Err(BusError::NoDevice(GuestPhysAddr::new(beyond))));
        let status = devices.map(|device| device.read(0x070, crate::hypervisor::emulate::Width::Doubleword));
        assert_eq!(status, [Ok(0), Ok(1)]);
    }
}
