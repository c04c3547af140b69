//! The devices of a guest, with what is behind them.
//!
//! | Place | Back end |
//! |---|---|
//! | random numbers | [`Random`] |
//! | network card | a port of this core's [`Hub`] |
//! | scratch disk | frames of its own, empty at first, given back with the guest |
//! | image | the guest's disk in its list, or the one that service `block` of a core lends |

mod random;

use alloc::rc::Rc;
use core::cell::Cell;
use core::task::Context;

use executor::{Class, Pressure};
use guest_abi::GuestPhysAddr;
use guest_abi::device::Slot;
use guest_abi::list::Guest;
use i586::flags::Eflags;
use service::block::{BlockDevice, ReadOnlyImage, RemoteDisk, Sectors};
use service::net::{Hub, Side, address_of_guest, port_of_guest};

use self::random::Random;
use super::emulate::{GeneralRegisters, mmio};
use super::ram::{Ram, RamError};
use super::vdev::block::{self, RamDisk};
use super::vdev::bus::{Bus, BusError, DeviceStates, Outcome};
use super::vdev::services::Services;
use super::vdev::{IrqOutput, entropy, network};
use crate::platform::machine;
use crate::platform::machine::mesh::ChipMesh;

/// Times that the services are polled before other tasks have their turn. A request of a few sectors takes two.
const POLLS_MAX: u32 = 4;

/// A guest's devices. They belong to the guest's task.
pub struct Devices {
    bus: Bus<Output>,
    services: Services,
    raised: Rc<Cell<u32>>,
    /// Sectors of the scratch disk.
    scratch: Option<Ram>,
}

/// A guest's devices at a moment at which no request was under way.
pub struct Kept {
    states: DeviceStates,
    scratch: Option<Ram>,
}

/// A disk that a core lends to guests.
pub enum LentDisk {
    /// That of this core.
    Near(&'static dyn Sectors),
    /// That of another one.
    Far(RemoteDisk<'static, ChipMesh>),
}

/// What the devices of a guest are connected to.
pub struct Connections {
    /// The network of the core's guests.
    pub hub: &'static Hub,
    /// The disk that it shares, if it does.
    pub disk: Option<LentDisk>,
    /// Its number among the guests of this core, from 0.
    pub number: u8,
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

async fn duplicate(sectors: Option<&Ram>) -> Result<Option<Ram>, RamError> {
    match sectors {
        Some(sectors) => Ok(Some(sectors.duplicate().await?)),
        None => Ok(None),
    }
}

impl Kept {
    /// Frames of its scratch disk.
    pub fn frames(&self) -> u32 {
        self.scratch.as_ref().map_or(0, Ram::frames)
    }
}

impl IrqOutput for Output {
    fn raise(&self) {
        self.raised.set(self.raised.get() | self.bit);
    }
}

impl Devices {
    /// The devices of `guest`, which has the memory `ram`.
    ///
    /// # Errors
    /// [`RamError`] if there is none for its scratch disk.
    pub fn new(guest: &Guest<'static>, ram: &Ram, connections: Connections) -> Result<Self, RamError> {
        let bytes = guest.room.scratch_bytes;
        let scratch = if bytes == 0 { None } else { Some(Ram::new(bytes)?) };
        Ok(Self::with_scratch(guest, ram, connections, scratch))
    }

    fn with_scratch(
        guest: &Guest<'static>,
        ram: &Ram,
        connections: Connections,
        scratch: Option<Ram>,
    ) -> Self {
        let Connections { hub, disk, number } = connections;
        let (bus, services, raised) = (Bus::default(), Services::default(), Rc::default());
        let mut devices = Self { bus, services, raised, scratch: scratch.clone() };
        devices.add_random(ram, number);
        devices.add_card(ram, hub, number);
        if let Some(sectors) = scratch {
            devices.add_disk(Slot::Scratch, ram, RamDisk::new(sectors));
        }
        match disk {
            _ if !guest.disk.is_empty() => devices.add_disk(Slot::Image, ram, ReadOnlyImage::new(guest.disk)),
            Some(LentDisk::Near(disk)) => devices.add_disk(Slot::Image, ram, disk),
            Some(LentDisk::Far(disk)) => devices.add_disk(Slot::Image, ram, disk),
            None => {}
        }
        devices
    }

    /// Copies them. To be called when [`Self::are_ready`] says that they wait for the guest or others. A frame that has come
    /// and that the guest has no buffer for is no part of it.
    ///
    /// # Errors
    /// [`RamError`] if there is no memory for the scratch disk.
    pub async fn keep(&self) -> Result<Kept, RamError> {
        let states = self.bus.states();
        Ok(Kept { states, scratch: duplicate(self.scratch.as_ref()).await? })
    }

    /// Devices that go on where `kept` was, with the memory `ram` of a guest that does so too.
    ///
    /// # Errors
    /// [`RamError`] if there is no memory for the scratch disk.
    pub async fn restored(
        kept: &Kept,
        guest: &Guest<'static>,
        ram: &Ram,
        connections: Connections,
    ) -> Result<Self, RamError> {
        let scratch = duplicate(kept.scratch.as_ref()).await?;
        let devices = Self::with_scratch(guest, ram, connections, scratch);
        devices.bus.resume(&kept.states);
        Ok(devices)
    }

    /// Frames of the scratch disk.
    pub fn frames(&self) -> u32 {
        self.scratch.as_ref().map_or(0, Ram::frames)
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

    fn add_card(&mut self, ram: &Ram, hub: &'static Hub, number: u8) {
        let plug = Rc::new(hub.plug_in(port_of_guest(number), Side::Guest));
        let address = address_of_guest(machine::identity::core(), number);
        let device = Rc::new(network::device(address, self.output(Slot::Network)));
        self.bus.connect(Slot::Network, &device);
        let (card, memory, mut sink) = (Rc::clone(&device), ram.clone(), Rc::clone(&plug));
        self.services.add(async move { network::serve_transmit(&card, &memory, &mut sink).await });
        let (memory, mut source) = (ram.clone(), plug);
        self.services.add(async move { network::serve_receive(&device, &memory, &mut source).await });
    }

    fn add_disk(&mut self, slot: Slot, ram: &Ram, backend: impl BlockDevice + 'static) {
        let device = Rc::new(block::device(&backend, self.output(slot)));
        self.bus.connect(slot, &device);
        let ram = ram.clone();
        self.services.add(async move { block::serve(&device, &ram, &backend).await });
    }
}
