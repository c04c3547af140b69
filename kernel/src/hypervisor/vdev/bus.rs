//! A guest's devices in their windows.
//!
//! A guest has no page tables of ours for these places, so every access is a page fault; the walk through its own tables
//! gives the guest-physical address, [`mmio`] what the instruction does, and [`Bus::carry_out`] does it.

use alloc::rc::Rc;

use guest_abi::GuestPhysAddr;
use guest_abi::device::{Slot, WINDOW_BYTES};
use i586::flags::Eflags;

use super::device::{Device, DeviceState, IrqOutput};
use super::fault::AccessError;
use super::register::{MAGIC, Register, VERSION};
use super::transport::InterruptStatus;
use crate::hypervisor::emulate::{GeneralRegisters, Width, mmio};

/// The devices of a guest, which their services own too. `L` is their interrupt output.
pub struct Bus<L> {
    devices: [Option<Rc<Device<L>>>; Slot::ALL.len()],
}

impl<L> Default for Bus<L> {
    fn default() -> Self {
        Self { devices: Default::default() }
    }
}

impl<L: IrqOutput> Bus<L> {
    /// Puts a device in its place.
    pub fn connect(&mut self, slot: Slot, device: &Rc<Device<L>>) {
        self.devices[slot.number() as usize] = Some(Rc::clone(device));
    }

    /// Copies of the devices' states, see [`Device::state`].
    #[must_use]
    pub fn states(&self) -> DeviceStates {
        DeviceStates(self.devices.each_ref().map(|device| device.as_ref().map(|device| device.state())))
    }

    /// Gives the devices the states of those in the same places, see [`Device::resume`].
    pub fn resume(&self, states: &DeviceStates) {
        for (device, state) in self.devices.iter().zip(&states.0) {
            if let (Some(device), Some(state)) = (device, state) {
                device.resume(state);
            }
        }
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
    ) -> Result<Outcome, BusError> {
        let slot = Slot::at(place).ok_or(BusError::NoDevice(place))?;
        let offset = place.number() % WINDOW_BYTES;
        let device = self.devices[slot.number() as usize].as_deref();
        let flags = match (access.direction, device) {
            (mmio::Direction::Store(source), Some(device)) => {
                device.write(offset, access.width, source.value(registers))?;
                None
            }
            (mmio::Direction::Store(_), None) => return Err(AccessError::NoRegister { offset }.into()),
            (_, Some(device)) => access.complete(device.read(offset, access.width)?, registers),
            (_, None) => access.complete(read_without_device(offset, access.width)?, registers),
        };
        Ok(Outcome { reasons: device.map_or(InterruptStatus::empty(), Device::interrupt), flags })
    }
}

/// States of a guest's devices, by place.
#[derive(Clone, Debug)]
pub struct DeviceStates([Option<DeviceState>; Slot::ALL.len()]);

/// What an access has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why the device would interrupt the guest now.
    pub reasons: InterruptStatus,
    /// The arithmetic flags, if they have changed.
    pub flags: Option<Eflags>,
}

/// What a window without a device says: that it is device 0.
fn read_without_device(offset: u32, width: Width) -> Result<u32, AccessError> {
    match (Register::from_offset(offset), width) {
        (Some(Register::Magic), Width::Doubleword) => Ok(MAGIC),
        (Some(Register::Version), Width::Doubleword) => Ok(VERSION),
        (Some(Register::Kind), Width::Doubleword) => Ok(0),
        _ => Err(AccessError::NoRegister { offset }),
    }
}

/// Why an access has no effect. The guest's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// There is no window.
    #[error("no device at guest-physical {:#x}", .0.number())]
    NoDevice(GuestPhysAddr),
    /// The device does not take the access.
    #[error(transparent)]
    Access(#[from] AccessError),
}

#[cfg(test)]
mod tests {
    use super::super::entropy;
    use super::super::guest_driver::CountingLine;
    use super::*;
    use crate::hypervisor::emulate::Register as General;

    /// Executes an instruction that touches `offset` of a window and gives EAX afterwards.
    fn execute(
        bus: &Bus<CountingLine>,
        slot: Slot,
        registers: &mut GeneralRegisters,
        bytes: &[u8],
        offset: u32,
    ) -> Result<u32, BusError> {
        let place = GuestPhysAddr::new(slot.window().number() + offset);
        bus.carry_out(place, &mmio::decode(bytes).unwrap(), registers)?;
        Ok(registers.get(General::Eax))
    }

    /// mov eax, [ecx]
    const LOAD: &[u8] = &[0x8B, 0x01];
    /// mov dword [ecx], 1
    const STORE: &[u8] = &[0xC7, 0x01, 1, 0, 0, 0];

    #[test]
    fn instructions_of_a_guest_reach_the_device_of_the_window() {
        let device = Rc::new(entropy::device(CountingLine::default()));
        let mut bus = Bus::default();
        bus.connect(Slot::Random, &device);
        let mut registers = GeneralRegisters([1; 8]);
        let mut on_device =
            |bytes: &[u8], offset: u32| execute(&bus, Slot::Random, &mut registers, bytes, offset);
        assert_eq!(on_device(LOAD, Register::Kind.offset()), Ok(4));
        let status = Register::Status.offset();
        assert_eq!(on_device(STORE, status), Ok(4));
        assert_eq!(on_device(LOAD, status), Ok(1));
        let narrow = BusError::Access(AccessError::Width { offset: status, bytes: 1 });
        // mov [ecx], al
        assert_eq!(on_device(&[0x88, 0x01], status), Err(narrow));
        assert_eq!(device.read(status, Width::Doubleword), Ok(1));
        let beyond = GuestPhysAddr::new(Slot::Image.window().number() + WINDOW_BYTES);
        let access = mmio::decode(LOAD).unwrap();
        assert_eq!(bus.carry_out(beyond, &access, &mut registers), Err(BusError::NoDevice(beyond)));
    }

    #[test]
    fn window_without_device_says_that_it_is_device_0() {
        let bus = Bus::default();
        let mut registers = GeneralRegisters([1; 8]);
        let mut on_none = |bytes: &[u8], offset| execute(&bus, Slot::Image, &mut registers, bytes, offset);
        assert_eq!(on_none(LOAD, Register::Magic.offset()), Ok(MAGIC));
        assert_eq!(on_none(LOAD, Register::Version.offset()), Ok(2));
        assert_eq!(on_none(LOAD, Register::Kind.offset()), Ok(0));
        for (bytes, offset) in [(LOAD, Register::Status.offset()), (STORE, Register::Status.offset())] {
            assert_eq!(on_none(bytes, offset), Err(AccessError::NoRegister { offset }.into()));
        }
    }
}
