//! The devices of a guest, with what is behind them.
//!
//! | Place | Back end |
//! |---|---|
//! | random numbers | [`Random`] |
//! | network card | a port of this core's [`Network`] |
//! | scratch disk | frames of its own, empty at first, given back with the guest |
//! | image | the guest's disk in its list |

mod random;

use alloc::rc::Rc;
use core::cell::Cell;
use core::task::Context;

use executor::{Class, Pressure};
use guest_abi::GuestPhysAddr;
use guest_abi::device::Slot;
use guest_abi::list::Guest;
use i586::flags::Eflags;

use self::random::Random;
use super::emulate::{GeneralRegisters, mmio};
use super::network::Network;
use super::ram::{Ram, RamError};
use super::vdev::block::RamDisk;
use super::vdev::block::{self, BlockBackend, ReadOnlyImage};
use super::vdev::bus::{Bus, BusError, Outcome};
use super::vdev::services::Services;
use super::vdev::{IrqOutput, entropy, network};

/// Times that the services are polled before other tasks have their turn. A request of a few sectors takes two.
const POLLS_MAX: u32 = 4;

/// A guest's devices. They belong to the guest's task.
pub struct Devices {
    bus: Bus<Output>,
    services: Services,
    raised: Rc<Cell<u32>>,
}

/// Whether devices have more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// They wait for the guest, or for others.
    Done,
    /// They do; the task has been woken.
    Unfinished,
}

/// The interrupt output of a device.
struct Output {
    raised: Rc<Cell<u32>>,
    bit: u32,
}

impl IrqOutput for Output {
    fn raise(&self) {
        self.raised.set(self.raised.get() | self.bit);
    }
}

impl Devices {
    /// The devices of `guest`, which is number `number` of this core and has the memory `ram`.
    ///
    /// # Errors
    /// [`RamError`] if there is none for its scratch disk.
    pub fn new(guest: &Guest<'static>, ram: &Ram, network: &Network, number: u8) -> Result<Self, RamError> {
        let mut devices = Self { bus: Bus::default(), services: Services::default(), raised: Rc::default() };
        devices.add_random(ram, number);
        devices.add_card(ram, network, number);
        if guest.room.scratch_bytes != 0 {
            let sectors = Ram::new(guest.room.scratch_bytes)?;
            devices.add_disk(Slot::Scratch, ram, RamDisk::new(sectors));
        }
        if !guest.disk.is_empty() {
            devices.add_disk(Slot::Image, ram, ReadOnlyImage::new(guest.disk));
        }
        Ok(devices)
    }

    /// Carries out an access to a device's window. Gives the line if the device no longer holds it, and the arithmetic flags
    /// if they have changed.
    ///
    /// # Errors
    /// [`BusError`]; nothing has changed then.
    pub fn access(
        &self,
        place: GuestPhysAddr,
        access: &mmio::Access,
        registers: &mut GeneralRegisters,
    ) -> Result<(u32, Option<Eflags>), BusError> {
        let Outcome { reasons, flags } = self.bus.carry_out(place, access, registers)?;
        let line = Slot::at(place).filter(|_| reasons.is_empty()).map_or(0, |slot| 1 << slot.line());
        self.raised.set(self.raised.get() & !line);
        Ok((line, flags))
    }

    /// Whether [`Self::serve`] would do anything.
    #[inline]
    pub fn are_ready(&self) -> bool {
        self.services.are_ready()
    }

    /// Has the devices do what they can, within bounds.
    pub fn serve(&mut self, context: &Context<'_>, pressure: Pressure) -> Work {
        for _ in 0..POLLS_MAX {
            if pressure.higher_class_ready(Class::Vcpu) {
                break;
            }
            self.services.poll(context);
            if !self.services.are_ready() {
                return Work::Done;
            }
        }
        // Whatever has woken the task before may have led to this poll only.
        context.waker().wake_by_ref();
        Work::Unfinished
    }

    /// Lines that devices have raised since the last call.
    pub fn take_raised(&self) -> u32 {
        self.raised.take()
    }

    fn output(&self, slot: Slot) -> Output {
        Output { raised: Rc::clone(&self.raised), bit: 1 << slot.line() }
    }

    fn add_random(&mut self, ram: &Ram, number: u8) {
        let device = Rc::new(entropy::device(self.output(Slot::Random)));
        self.bus.connect(Slot::Random, &device);
        let (ram, mut random) = (ram.clone(), Random::new(number));
        self.services.add(async move { entropy::serve(&device, &ram, &mut random).await });
    }

    fn add_card(&mut self, ram: &Ram, network: &Network, number: u8) {
        let (cable, address) = network.plug_in(number);
        let device = Rc::new(network::device(address, self.output(Slot::Network)));
        self.bus.connect(Slot::Network, &device);
        let (card, memory, mut sink) = (Rc::clone(&device), ram.clone(), Rc::clone(&cable));
        self.services.add(async move { network::serve_transmit(&card, &memory, &mut sink).await });
        let (memory, mut source) = (ram.clone(), cable);
        self.services.add(async move { network::serve_receive(&device, &memory, &mut source).await });
    }

    fn add_disk(&mut self, slot: Slot, ram: &Ram, mut backend: impl BlockBackend + 'static) {
        let device = Rc::new(block::device(&backend, self.output(slot)));
        self.bus.connect(slot, &device);
        let ram = ram.clone();
        self.services.add(async move { block::serve(&device, &ram, &mut backend).await });
    }
}
