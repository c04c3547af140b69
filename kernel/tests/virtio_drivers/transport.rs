//! The drivers' transport over the registers of a device, and the device's tasks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use kernel::hypervisor::emulate::Width;
use kernel::hypervisor::vdev::register::{CONFIGURATION, Register};
use kernel::hypervisor::vdev::{Device, IrqOutput};
use virtio_drivers::transport::{DeviceStatus, DeviceType, InterruptStatus, Transport};
use virtio_drivers::{PhysAddr, Result};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A line that nobody listens to: the drivers look by themselves.
pub(crate) struct Quiet;

impl IrqOutput for Quiet {
    fn raise(&self) {}
}

/// Tasks of a device.
pub(crate) type Tasks = Vec<Pin<Box<dyn Future<Output = ()>>>>;

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A device and its tasks.
pub(crate) struct DeviceTransport {
    device: &'static Device<Quiet>,
    tasks: Tasks,
}

impl DeviceTransport {
    pub(crate) fn new(device: &'static Device<Quiet>, tasks: Tasks) -> Self {
        let mut transport = Self { device, tasks };
        transport.run();
        transport
    }

    /// Polls all tasks until nobody wakes one.
    fn run(&mut self) {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        while flag.0.swap(false, Ordering::Relaxed) {
            for task in &mut self.tasks {
                assert!(task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
        }
        assert_eq!(self.device.fault(), None);
    }

    fn read(&self, register: Register) -> u32 {
        self.device.read(register.offset(), Width::Doubleword).expect("a register that is read")
    }

    fn write(&self, register: Register, value: u32) {
        self.device.write(register.offset(), Width::Doubleword, value).expect("a register that is written");
    }

    fn write_halves(&self, [low, high]: [Register; 2], value: u64) {
        self.write(low, u32::try_from(value & 0xFFFF_FFFF).expect("32 bits"));
        self.write(high, u32::try_from(value >> 32).expect("32 bits"));
    }
}

impl Transport for DeviceTransport {
    fn device_type(&self) -> DeviceType {
        DeviceType::try_from(self.read(Register::Kind)).expect("a type that the drivers know")
    }

    fn read_device_features(&mut self) -> u64 {
        let half = |number| {
            self.write(Register::DeviceFeaturesHalf, number);
            u64::from(self.read(Register::DeviceFeatures))
        };
        half(0) | half(1) << 32
    }

    fn write_driver_features(&mut self, features: u64) {
        for (number, half) in [(0, features & 0xFFFF_FFFF), (1, features >> 32)] {
            self.write(Register::DriverFeaturesHalf, number);
            self.write(Register::DriverFeatures, u32::try_from(half).expect("32 bits"));
        }
    }

    fn max_queue_size(&mut self, queue: u16) -> u32 {
        self.write(Register::QueueSelect, u32::from(queue));
        self.read(Register::QueueSizeMax)
    }

    fn notify(&mut self, queue: u16) {
        self.write(Register::QueueNotify, u32::from(queue));
        self.run();
    }

    fn get_status(&self) -> DeviceStatus {
        DeviceStatus::from_bits_retain(self.read(Register::Status))
    }

    fn set_status(&mut self, status: DeviceStatus) {
        self.write(Register::Status, status.bits());
        self.run();
    }

    fn set_guest_page_size(&mut self, _: u32) {
        // A register of version 1.
    }

    fn requires_legacy_layout(&self) -> bool {
        false
    }

    fn queue_set(
        &mut self,
        queue: u16,
        size: u32,
        descriptors: PhysAddr,
        driver_area: PhysAddr,
        device_area: PhysAddr,
    ) {
        self.write(Register::QueueSelect, u32::from(queue));
        self.write(Register::QueueSize, size);
        self.write_halves([Register::DescriptorsLow, Register::DescriptorsHigh], descriptors);
        self.write_halves([Register::AvailableLow, Register::AvailableHigh], driver_area);
        self.write_halves([Register::UsedLow, Register::UsedHigh], device_area);
        self.write(Register::QueueReady, 1);
    }

    fn queue_unset(&mut self, queue: u16) {
        self.write(Register::QueueSelect, u32::from(queue));
        self.write(Register::QueueReady, 0);
    }

    fn queue_used(&mut self, queue: u16) -> bool {
        self.write(Register::QueueSelect, u32::from(queue));
        self.read(Register::QueueReady) != 0
    }

    fn ack_interrupt(&mut self) -> InterruptStatus {
        let status = self.read(Register::InterruptStatus);
        self.write(Register::InterruptAcknowledge, status);
        InterruptStatus::from_bits_retain(status)
    }

    fn read_config_generation(&self) -> u32 {
        self.read(Register::ConfigurationGeneration)
    }

    fn read_config_space<T: FromBytes + IntoBytes>(&self, offset: usize) -> Result<T> {
        let mut value = T::new_zeroed();
        for (index, byte) in (offset..).zip(value.as_mut_bytes()) {
            let offset = CONFIGURATION + u32::try_from(index).expect("within the window");
            let read = self.device.read(offset, Width::Byte).expect("a field of the device");
            *byte = u8::try_from(read).expect("a byte");
        }
        Ok(value)
    }

    fn write_config_space<T: IntoBytes + Immutable>(&mut self, _: usize, _: T) -> Result<()> {
        unreachable!("no device has fields that drivers write")
    }
}
