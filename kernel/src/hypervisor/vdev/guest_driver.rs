//! A small guest: memory, and a driver that does what Linux's `virtio_mmio.c` and `virtio_ring.c` do, in their order.

use std::boxed::Box;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::vec::Vec;

use guest_abi::GuestPhysAddr;

use super::device::{Device, IrqOutput};
use super::register::{CONFIGURATION, MAGIC, Register};
use super::transport::{Features, InterruptStatus, Status};
use crate::hypervisor::emulate::Width;
use crate::hypervisor::guest_memory::GuestMemory;
use crate::hypervisor::host_memory::HostMemory;

/// Bytes of the guest's memory.
pub(super) const MEMORY_BYTES: u32 = 0x4_0000;
/// Entries of each queue.
pub(super) const ENTRIES: u16 = 8;
/// Where buffers are, behind the queues.
const BUFFERS: u32 = 0x1_0000;

/// Counts how often it is raised.
#[derive(Clone, Default)]
pub(super) struct CountingLine(Rc<Cell<u32>>);

impl IrqOutput for CountingLine {
    fn raise(&self) {
        self.0.set(self.0.get() + 1);
    }
}

/// A task that is run by hand.
pub(super) struct Task<'a> {
    future: Pin<Box<dyn Future<Output = ()> + 'a>>,
    flag: Arc<Flag>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<'a> Task<'a> {
    /// A task that is ready to run.
    pub(super) fn new(future: impl Future<Output = ()> + 'a) -> Self {
        Self { future: Box::pin(future), flag: Arc::new(Flag(AtomicBool::new(true))) }
    }

    /// Polls it as long as somebody wakes it; gives how often that was.
    pub(super) fn run(&mut self) -> u32 {
        let waker = Waker::from(Arc::clone(&self.flag));
        let mut polls = 0;
        while self.flag.0.swap(false, Ordering::Relaxed) {
            let poll = self.future.as_mut().poll(&mut Context::from_waker(&waker));
            assert_eq!(poll, Poll::Pending, "a service never ends");
            polls += 1;
            assert!(polls < 100_000, "a service spins");
        }
        polls
    }
}

#[derive(Clone, Copy, Default)]
struct GuestQueue {
    next_descriptor: u16,
    available: u16,
    used: u16,
}

/// A buffer of the guest, for the device to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) place: GuestPhysAddr,
    pub(super) bytes: u32,
}

/// The driver of one device.
pub(super) struct GuestDriver<'a> {
    pub(super) device: &'a Device<CountingLine>,
    pub(super) memory: &'a HostMemory,
    pub(super) line: CountingLine,
    queues: [GuestQueue; 2],
    free: Cell<u32>,
}

impl<'a> GuestDriver<'a> {
    pub(super) fn new(device: &'a Device<CountingLine>, memory: &'a HostMemory, line: &CountingLine) -> Self {
        let queues = [GuestQueue::default(); 2];
        Self { device, memory, line: line.clone(), queues, free: Cell::new(BUFFERS) }
    }

    pub(super) fn read(&self, register: Register) -> u32 {
        self.device.read(register.offset(), Width::Doubleword).unwrap()
    }

    pub(super) fn write(&self, register: Register, value: u32) {
        self.device.write(register.offset(), Width::Doubleword, value).unwrap();
    }

    pub(super) fn status(&self) -> Status {
        Status::from_bits_retain(self.read(Register::Status))
    }

    fn add_status(&self, status: Status) {
        self.write(Register::Status, (self.status() | status).bits());
    }

    /// One of the device's own fields.
    pub(super) fn field<const N: usize>(&self, offset: u32) -> [u8; N] {
        let offsets = (CONFIGURATION + offset..).take(N);
        let byte = |offset| u8::try_from(self.device.read(offset, Width::Byte).unwrap()).unwrap();
        offsets.map(byte).collect::<Vec<_>>().try_into().unwrap()
    }

    /// Features that the device offers.
    pub(super) fn offered(&self) -> u64 {
        let half = |number| {
            self.write(Register::DeviceFeaturesHalf, number);
            u64::from(self.read(Register::DeviceFeatures))
        };
        half(1) << 32 | half(0)
    }

    /// Resets the device and chooses features; whether it agrees.
    pub(super) fn choose(&mut self, features: u64) -> bool {
        assert_eq!((self.read(Register::Magic), self.read(Register::Version)), (MAGIC, 2));
        self.write(Register::Status, 0);
        assert_eq!(self.status(), Status::empty());
        self.add_status(Status::ACKNOWLEDGE);
        self.add_status(Status::DRIVER);
        for (number, half) in [(1, features >> 32), (0, features & 0xFFFF_FFFF)] {
            self.write(Register::DriverFeaturesHalf, number);
            self.write(Register::DriverFeatures, u32::try_from(half).unwrap());
        }
        self.add_status(Status::FEATURES_OK);
        self.status().contains(Status::FEATURES_OK)
    }

    /// Where a queue and its rings are.
    pub(super) fn places(queue: u32) -> [u32; 3] {
        let base = 0x1000 + 0x2000 * queue;
        [base, base + 0x800, base + 0x1000]
    }

    /// Sets up a queue at its places.
    pub(super) fn set_up(&mut self, queue: u32) {
        self.write(Register::QueueSelect, queue);
        assert_eq!(self.read(Register::QueueReady), 0);
        assert!(self.read(Register::QueueSizeMax) >= u32::from(ENTRIES));
        self.write(Register::QueueSize, u32::from(ENTRIES));
        let [descriptors, available, used] = Self::places(queue);
        self.memory.clear(GuestPhysAddr::new(descriptors), 0x2000).unwrap();
        self.write(Register::DescriptorsLow, descriptors);
        self.write(Register::DescriptorsHigh, 0);
        self.write(Register::AvailableLow, available);
        self.write(Register::AvailableHigh, 0);
        self.write(Register::UsedLow, used);
        self.write(Register::UsedHigh, 0);
        self.write(Register::QueueReady, 1);
        assert_eq!(self.read(Register::QueueReady), 1);
        self.queues[queue as usize] = GuestQueue::default();
    }

    /// From reset to running, with every feature that is offered and with `queues` queues.
    pub(super) fn start(&mut self, queues: u32) {
        let offered = self.offered();
        assert!(self.choose(offered));
        (0..queues).for_each(|queue| self.set_up(queue));
        self.add_status(Status::DRIVER_OK);
    }

    /// Sets a descriptor.
    pub(super) fn describe(&self, table: u32, index: u16, address: u64, bytes: u32, flags: u16, next: u16) {
        let mut descriptor = [0; 16];
        descriptor[0..8].copy_from_slice(&address.to_le_bytes());
        descriptor[8..12].copy_from_slice(&bytes.to_le_bytes());
        descriptor[12..14].copy_from_slice(&flags.to_le_bytes());
        descriptor[14..16].copy_from_slice(&next.to_le_bytes());
        let place = GuestPhysAddr::new(table + 16 * u32::from(index));
        self.memory.write(place, &descriptor).unwrap();
    }

    /// Makes a chain available by its head.
    pub(super) fn make_available(&mut self, queue: u32, head: u16) {
        let [_, available, _] = Self::places(queue);
        let index = &mut self.queues[queue as usize].available;
        let entry = available + 4 + 2 * u32::from(*index % ENTRIES);
        self.memory.write(GuestPhysAddr::new(entry), &head.to_le_bytes()).unwrap();
        *index = index.wrapping_add(1);
        self.memory.write(GuestPhysAddr::new(available + 2), &index.to_le_bytes()).unwrap();
    }

    /// Offers buffers with these contents, and rooms of these lengths; gives head and rooms.
    pub(super) fn offer(&mut self, queue: u32, contents: &[&[u8]], rooms: &[u32]) -> (u16, Vec<Room>) {
        let place = |bytes: u32| {
            let place = self.free.get();
            self.free.set((place + bytes).next_multiple_of(16));
            place
        };
        let mut buffers = Vec::new();
        for bytes in contents {
            let bytes_place = place(u32::try_from(bytes.len()).unwrap());
            self.memory.write(GuestPhysAddr::new(bytes_place), bytes).unwrap();
            buffers.push((bytes_place, u32::try_from(bytes.len()).unwrap(), 0));
        }
        buffers.extend(rooms.iter().map(|bytes| (place(*bytes), *bytes, 2)));
        let [table, ..] = Self::places(queue);
        let first = self.queues[queue as usize].next_descriptor;
        for (index, (place, bytes, flags)) in (first..).zip(&buffers) {
            let goes_on = u16::from(usize::from(index - first) + 1 < buffers.len());
            let next = (index + 1) % ENTRIES;
            self.describe(table, index % ENTRIES, u64::from(*place), *bytes, flags | goes_on, next);
        }
        self.queues[queue as usize].next_descriptor =
            (first + u16::try_from(buffers.len()).unwrap()) % ENTRIES;
        self.make_available(queue, first);
        let rooms = buffers.iter().filter(|(_, _, flags)| *flags == 2);
        let room =
            |(place, bytes, _): &(u32, u32, u16)| Room { place: GuestPhysAddr::new(*place), bytes: *bytes };
        (first, rooms.map(room).collect())
    }

    pub(super) fn kick(&self, queue: u32) {
        self.write(Register::QueueNotify, queue);
    }

    /// Heads that came back since the last time, and what the device says to have written.
    pub(super) fn used(&mut self, queue: u32) -> Vec<(u32, u32)> {
        let [_, _, used] = Self::places(queue);
        let half =
            |offset| u16::from_le_bytes(self.memory.read_array(GuestPhysAddr::new(used + offset)).unwrap());
        let word =
            |offset| u32::from_le_bytes(self.memory.read_array(GuestPhysAddr::new(used + offset)).unwrap());
        let index = half(2);
        let mut found = Vec::new();
        let mut seen = self.queues[queue as usize].used;
        while seen != index {
            let entry = 4 + 8 * u32::from(seen % ENTRIES);
            found.push((word(entry), word(entry + 4)));
            seen = seen.wrapping_add(1);
        }
        self.queues[queue as usize].used = seen;
        found
    }

    /// What is in a buffer.
    pub(super) fn contents(&self, room: Room) -> Vec<u8> {
        let mut bytes = std::vec![0; room.bytes as usize];
        self.memory.read(room.place, &mut bytes).unwrap();
        bytes
    }

    /// Times the line was raised, and why, acknowledging it.
    pub(super) fn interrupts(&self) -> (u32, InterruptStatus) {
        let status = self.read(Register::InterruptStatus);
        self.write(Register::InterruptAcknowledge, status);
        (self.line.0.take(), InterruptStatus::from_bits_retain(status))
    }
}

/// Everything offered by every device, besides `features`.
pub(super) fn with_features_of_all(features: u64) -> u64 {
    (Features::VERSION_1 | Features::INDIRECT_DESC).bits() | features
}
