//! Accesses of a guest to its devices.

use guest_abi::device::Slot;
use guest_abi::{GuestPhysAddr, GuestVirtAddr};
use i586::exception::Exception;
use i586::flags::Eflags;
use i586::page::PAGE_BYTES;

use super::{End, Next, Vm};
use crate::arch::i586::ring_switch::Word;
use crate::hypervisor::emulate::{DecodeError, LENGTH_MAX, mmio};
use crate::hypervisor::line_rate::Verdict;
use crate::hypervisor::shadow_paging::Miss;
use crate::hypervisor::vdev::bus::BusError;
use crate::runtime;

/// Why an access to a device is refused. The guest's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DeviceAccessError {
    /// The instruction neither moves nor compares.
    #[error(transparent)]
    Instruction(#[from] DecodeError),
    /// It begins on another page, or at an address that the hypervisor does not work out.
    #[error("access that does not begin where it faults")]
    Address,
    /// The device does not take it.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl Vm {
    /// The guest has touched what is none of its memory: a device, or the end of the guest. An access that the device does
    /// not take is a general protection fault.
    #[cold]
    pub(super) fn serve_device_access(&mut self, page: GuestPhysAddr, address: u32) -> Result<Next, End> {
        let place = GuestPhysAddr::new(page.number() + address % PAGE_BYTES);
        if Slot::at(place).is_none() {
            return Err(self.missed(Miss::Elsewhere(page), address));
        }
        match self.access_device(place, address) {
            Ok(()) => Ok(Next::Resume),
            Err(error) => {
                self.complain(place, error);
                self.inject(Exception::GeneralProtection, Some(0))
            }
        }
    }

    fn access_device(&mut self, place: GuestPhysAddr, address: u32) -> Result<(), DeviceAccessError> {
        let eip = self.vcpu.registers.get(Word::Eip);
        let mut bytes = [0; LENGTH_MAX];
        let length = self.with_linear(|linear| linear.read_up_to(GuestVirtAddr::new(eip), &mut bytes));
        let access = mmio::decode(&bytes[..length])?;
        if self.flat_address(&access.operand) != Some(address) {
            return Err(DeviceAccessError::Address);
        }
        let mut registers = self.general();
        let (idle_line, flags) = self.devices.access(place, &access, &mut registers)?;
        if let mmio::Direction::Load { to, .. } = access.direction {
            self.set_register(to.register(), registers.get(to.register()));
        }
        if let Some(flags) = flags {
            let before = Eflags::from_bits_retain(self.vcpu.registers.get(Word::Flags));
            let after = before.difference(Eflags::ARITHMETIC) | flags;
            self.vcpu.registers.set(Word::Flags, after.bits());
        }
        self.vcpu.registers.set(Word::Eip, eip.wrapping_add(access.length.into()));
        self.lower(idle_line);
        self.take_raised();
        Ok(())
    }

    /// Says on the console what the guest did wrong, unless it does so all the time.
    fn complain(&mut self, place: GuestPhysAddr, error: DeviceAccessError) {
        if let Verdict::Print { suppressed } = self.complaints.ask(runtime::uptime()) {
            let (eip, place) = (self.vcpu.registers.get(Word::Eip), place.number());
            log::warn!(
                target: "guest",
                "refused access to device at={place:#x} eip={eip:#010x} suppressed={suppressed}: {error}"
            );
        }
    }
}
