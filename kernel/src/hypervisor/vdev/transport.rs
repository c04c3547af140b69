//! The registers of a device: what they hold, and what writing them does. No bus, no tasks, no requests.
//!
//! ```text
//! reset ──ACKNOWLEDGE, DRIVER──▶ features are chosen ──FEATURES_OK──▶ queues are set up ──DRIVER_OK──▶ runs
//!   ▲                                                                                                │ fault
//!   └──────────────────────────── the driver writes 0 to the status ◀──────────────── NEEDS_RESET ◀──┘
//! ```
//!
//! Sources: VIRTIO 1.2 §2.1 (status), §2.2 (features), §3.1 (order), §4.2.2 (registers).

use bitflags::bitflags;

use super::chain::IndirectTables;
use super::fault::{AccessError, Fault};
use super::queue::{QueuePlaces, Virtqueue};
use super::register::{CONFIGURATION, MAGIC, Register, VENDOR, VERSION};
use crate::hypervisor::emulate::Width;

/// Most queues of a device.
pub(super) const QUEUES_MAX: usize = 2;
/// Most bytes of a device's own fields.
pub(super) const CONFIGURATION_BYTES: usize = 32;

bitflags! {
    /// How far the driver is, and whether the device has given up.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Status: u32 {
        /// The guest has seen the device.
        const ACKNOWLEDGE = 1 << 0;
        /// It has a driver for it.
        const DRIVER = 1 << 1;
        /// The driver is ready.
        const DRIVER_OK = 1 << 2;
        /// The features are chosen; stays 0 if the device does not agree.
        const FEATURES_OK = 1 << 3;
        /// The device has met a [`Fault`].
        const NEEDS_RESET = 1 << 6;
        /// The driver has given up.
        const FAILED = 1 << 7;
    }
}

bitflags! {
    /// Why there was an interrupt.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct InterruptStatus: u32 {
        /// Buffers were used.
        const USED = 1 << 0;
        /// The device's own fields, or its need to be reset, have changed.
        const CONFIGURATION = 1 << 1;
    }
}

bitflags! {
    /// Features that have the same meaning for all devices.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(super) struct Features: u64 {
        /// Descriptors may name tables of descriptors.
        const INDIRECT_DESC = 1 << 28;
        /// Not the interface from before version 1.
        const VERSION_1 = 1 << 32;
        const _ = !0;
    }
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A network card.
    Network,
    /// A disk.
    Block,
    /// A terminal.
    Console,
    /// A source of random numbers.
    Entropy,
}

impl Kind {
    /// Its number (VIRTIO 1.2 §5).
    #[must_use]
    const fn number(self) -> u32 {
        match self {
            Self::Network => 1,
            Self::Block => 2,
            Self::Console => 3,
            Self::Entropy => 4,
        }
    }
}

/// What a device says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) kind: Kind,
    /// Features of this kind of device; those of all devices are added.
    pub(super) features: u64,
    /// The largest size of each queue, a power of two; 0 if there is no such queue, as drivers see it too.
    pub(super) queue_sizes: [u16; QUEUES_MAX],
    /// Its own fields, which drivers cannot write; those that it does not have are 0.
    pub(super) configuration: [u8; CONFIGURATION_BYTES],
}

impl Identity {
    fn offered(&self) -> Features {
        Features::from_bits_retain(self.features) | Features::INDIRECT_DESC | Features::VERSION_1
    }
}

/// What a write asks for beyond the registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    /// The queue has something new.
    Notify(usize),
    /// The driver is ready: buffers may have been made available before.
    Start,
    /// Everything that goes on is to be forgotten.
    Reset,
    /// The same for one queue.
    Stop(usize),
    /// The device is to stop.
    Fail(Fault),
}

/// What the driver has said of a queue, and the queue made of it.
#[derive(Clone, Debug, Default)]
struct QueueRegisters {
    size: u32,
    places: QueuePlaces,
    ready: Option<Virtqueue>,
}

/// The registers.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    identity: Identity,
    device_half: u32,
    driver_half: u32,
    driver_features: Features,
    /// The number that the driver has written.
    selected: u32,
    queues: [QueueRegisters; QUEUES_MAX],
    interrupt: InterruptStatus,
    status: Status,
    fault: Option<Fault>,
}

impl Transport {
    /// In reset. One copy for all devices: it is some hundred bytes of stores.
    #[inline(never)]
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            device_half: 0,
            driver_half: 0,
            driver_features: Features::empty(),
            selected: 0,
            queues: Default::default(),
            interrupt: InterruptStatus::empty(),
            status: Status::empty(),
            fault: None,
        }
    }

    pub(super) fn read(&self, offset: u32, width: Width) -> Result<u32, AccessError> {
        if offset >= CONFIGURATION {
            return self.read_configuration(offset, width);
        }
        Ok(match register(offset, width)? {
            Register::Magic => MAGIC,
            Register::Version => VERSION,
            Register::Kind => self.identity.kind.number(),
            Register::Vendor => VENDOR,
            Register::DeviceFeatures => half(self.identity.offered().bits(), self.device_half),
            Register::QueueSizeMax => {
                self.selected().map_or(0, |queue| u32::from(self.identity.queue_sizes[queue]))
            }
            Register::QueueReady => {
                u32::from(self.selected().is_some_and(|queue| self.queues[queue].ready.is_some()))
            }
            Register::InterruptStatus => self.interrupt.bits(),
            Register::Status => self.status.bits(),
            // A region that is not there has this length.
            Register::SharedMemoryLengthLow | Register::SharedMemoryLengthHigh => u32::MAX,
            Register::SharedMemoryBaseLow | Register::SharedMemoryBaseHigh => u32::MAX,
            Register::QueueReset | Register::ConfigurationGeneration => 0,
            _ => return Err(AccessError::WriteOnly { offset }),
        })
    }

    pub(super) fn write(&mut self, offset: u32, width: Width, value: u32) -> Result<Effect, AccessError> {
        if offset >= CONFIGURATION {
            return Err(AccessError::ReadOnly { offset });
        }
        match register(offset, width)? {
            Register::DeviceFeaturesHalf => self.device_half = value,
            Register::DriverFeaturesHalf => self.driver_half = value,
            Register::DriverFeatures => self.choose_features(value),
            Register::QueueSelect => self.selected = value,
            Register::QueueNotify => return Ok(self.notified(value)),
            Register::InterruptAcknowledge => {
                self.interrupt.remove(InterruptStatus::from_bits_truncate(value));
            }
            Register::Status => return Ok(self.set_status(Status::from_bits_truncate(value))),
            Register::QueueReady => return Ok(self.set_ready(value)),
            Register::QueueSize => self.set_up(|queue| queue.size = value),
            Register::DescriptorsLow => self.set_up(|queue| set_low(&mut queue.places.descriptors, value)),
            Register::DescriptorsHigh => self.set_up(|queue| set_high(&mut queue.places.descriptors, value)),
            Register::AvailableLow => self.set_up(|queue| set_low(&mut queue.places.available, value)),
            Register::AvailableHigh => self.set_up(|queue| set_high(&mut queue.places.available, value)),
            Register::UsedLow => self.set_up(|queue| set_low(&mut queue.places.used, value)),
            Register::UsedHigh => self.set_up(|queue| set_high(&mut queue.places.used, value)),
            // There is no shared memory to select, and no queue can be reset alone.
            Register::SharedMemorySelect | Register::QueueReset => {}
            _ => return Err(AccessError::ReadOnly { offset }),
        }
        Ok(Effect::Nothing)
    }

    /// The queue, if it may be used now.
    pub(super) fn running_queue(&mut self, queue: usize) -> Option<&mut Virtqueue> {
        let has_ended = self.status.intersects(Status::NEEDS_RESET | Status::FAILED);
        let runs = self.status.contains(Status::DRIVER_OK) && !has_ended;
        self.queues.get_mut(queue).filter(|_| runs)?.ready.as_mut()
    }

    /// Why the device has stopped; `None` while it has not.
    pub(super) const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    pub(super) const fn interrupt(&self) -> InterruptStatus {
        self.interrupt
    }

    pub(super) fn set_interrupt(&mut self, reason: InterruptStatus) {
        self.interrupt |= reason;
    }

    /// Stops the device. Tells whether the driver is to be interrupted for it.
    pub(super) fn stop(&mut self, fault: Fault) -> bool {
        self.fault.get_or_insert(fault);
        self.status |= Status::NEEDS_RESET;
        let is_started = self.status.contains(Status::DRIVER_OK);
        if is_started {
            self.interrupt |= InterruptStatus::CONFIGURATION;
        }
        is_started
    }

    fn read_configuration(&self, offset: u32, width: Width) -> Result<u32, AccessError> {
        let bytes = width.bytes();
        if !offset.is_multiple_of(bytes) {
            return Err(AccessError::Width { offset, bytes });
        }
        let first = (offset - CONFIGURATION) as usize;
        let fields = self.identity.configuration.get(first..first + bytes as usize);
        let fields = fields.ok_or(AccessError::NoRegister { offset })?;
        Ok(fields.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    fn choose_features(&mut self, value: u32) {
        // Afterwards the choice stands.
        if self.status.contains(Status::FEATURES_OK) {
            return;
        }
        let mut bits = self.driver_features.bits();
        match self.driver_half {
            0 => set_low(&mut bits, value),
            1 => set_high(&mut bits, value),
            _ => {}
        }
        self.driver_features = Features::from_bits_retain(bits);
    }

    fn set_status(&mut self, mut status: Status) -> Effect {
        if status.is_empty() {
            *self = Self::new(self.identity);
            return Effect::Reset;
        }
        let agreed = self.identity.offered().contains(self.driver_features)
            && self.driver_features.contains(Features::VERSION_1);
        if !agreed {
            status.remove(Status::FEATURES_OK);
        }
        let starts = status.contains(Status::DRIVER_OK | Status::FEATURES_OK)
            && !self.status.contains(Status::DRIVER_OK);
        if !status.contains(Status::FEATURES_OK) {
            status.remove(Status::DRIVER_OK);
        }
        // A driver clears bits only by clearing all.
        self.status |= status - Status::NEEDS_RESET;
        if starts { Effect::Start } else { Effect::Nothing }
    }

    /// The selected queue, if there is one of that number.
    fn selected(&self) -> Option<usize> {
        let number = usize::try_from(self.selected).ok()?;
        self.identity.queue_sizes.get(number).filter(|size| **size != 0).map(|_| number)
    }

    /// Changes what the selected queue will be when it is made ready the next time.
    fn set_up(&mut self, change: impl FnOnce(&mut QueueRegisters)) {
        if let Some(selected) = self.selected() {
            change(&mut self.queues[selected]);
        }
    }

    fn set_ready(&mut self, value: u32) -> Effect {
        let Some(selected) = self.selected() else { return Effect::Nothing };
        let indirect = if self.driver_features.contains(Features::INDIRECT_DESC) {
            IndirectTables::Allowed
        } else {
            IndirectTables::Forbidden
        };
        let registers = &mut self.queues[selected];
        let most = self.identity.queue_sizes[selected];
        match value {
            0 => {
                registers.ready = None;
                return Effect::Stop(selected);
            }
            1 if registers.ready.is_none() => {
                match Virtqueue::new(registers.places, registers.size, most, indirect) {
                    Ok(queue) => registers.ready = Some(queue),
                    Err(fault) => return Effect::Fail(fault),
                }
            }
            _ => {}
        }
        Effect::Nothing
    }

    fn notified(&mut self, value: u32) -> Effect {
        let queue = usize::try_from(value).unwrap_or(QUEUES_MAX);
        if self.running_queue(queue).is_some() { Effect::Notify(queue) } else { Effect::Nothing }
    }
}

fn register(offset: u32, width: Width) -> Result<Register, AccessError> {
    let bytes = width.bytes();
    match (Register::from_offset(offset), width) {
        (Some(register), Width::Doubleword) => Ok(register),
        (None, Width::Doubleword) if offset.is_multiple_of(bytes) => Err(AccessError::NoRegister { offset }),
        _ => Err(AccessError::Width { offset, bytes }),
    }
}

/// The half of 64 bits that a driver has chosen; there are only two.
const fn half(bits: u64, chosen: u32) -> u32 {
    let [a, b, c, d, e, f, g, h] = bits.to_le_bytes();
    match chosen {
        0 => u32::from_le_bytes([a, b, c, d]),
        1 => u32::from_le_bytes([e, f, g, h]),
        _ => 0,
    }
}

const fn set_low(bits: &mut u64, value: u32) {
    *bits = *bits >> 32 << 32 | value as u64;
}

const fn set_high(bits: &mut u64, value: u32) {
    *bits = *bits << 32 >> 32 | (value as u64) << 32;
}

#[cfg(test)]
mod tests;
