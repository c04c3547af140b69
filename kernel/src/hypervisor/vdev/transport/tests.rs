//! What a driver sees in the registers.

use super::super::device::Device;
use super::super::guest_driver::{CountingLine, GuestDriver, MEMORY_BYTES, with_features_of_all};
use super::*;
use crate::hypervisor::host_memory::HostMemory;

fn with_device(work: impl FnOnce(&mut GuestDriver<'_>)) {
    let mut configuration = [0; CONFIGURATION_BYTES];
    configuration[..5].copy_from_slice(&[1, 2, 3, 4, 5]);
    let identity = Identity { kind: Kind::Entropy, features: 6, queue_sizes: [8, 0], configuration };
    let line = CountingLine::default();
    let device = Device::new(identity, line.clone());
    let memory = HostMemory::new(MEMORY_BYTES);
    work(&mut GuestDriver::new(&device, &memory, &line));
}

#[test]
fn device_introduces_itself() {
    with_device(|driver| {
        assert_eq!(driver.read(Register::Kind), 4);
        assert_eq!(driver.read(Register::Vendor).to_le_bytes(), *b"SCCg");
        assert_eq!(driver.offered(), with_features_of_all(6));
        driver.write(Register::DeviceFeaturesHalf, 2);
        assert_eq!(driver.read(Register::DeviceFeatures), 0);
        assert_eq!(driver.field(0), [1, 2, 3, 4, 5, 0]);
        let read = |offset, width| driver.device.read(CONFIGURATION + offset, width);
        assert_eq!(read(0, Width::Doubleword), Ok(0x0403_0201));
        assert_eq!(read(2, Width::Word), Ok(0x0403));
    });
}

#[test]
fn features_that_are_not_offered_and_the_old_interface_are_refused() {
    with_device(|driver| {
        assert!(!driver.choose(with_features_of_all(1)));
        assert!(!driver.choose(6));
        assert!(driver.choose(with_features_of_all(2)));
    });
}

#[test]
fn chosen_features_stand_until_reset() {
    with_device(|driver| {
        assert!(driver.choose(with_features_of_all(0)));
        driver.write(Register::DriverFeaturesHalf, 0);
        driver.write(Register::DriverFeatures, 1);
        driver.write(Register::Status, 0xF);
        assert_eq!(driver.status().bits(), 0xF);
    });
}

#[test]
fn driver_is_not_ready_without_agreement() {
    with_device(|driver| {
        driver.write(Register::Status, 0xF);
        assert_eq!(driver.status(), Status::ACKNOWLEDGE | Status::DRIVER);
    });
}

#[test]
fn queue_in_use_is_not_moved_and_others_do_not_exist() {
    with_device(|driver| {
        driver.start(1);
        driver.write(Register::UsedLow, 1);
        driver.write(Register::QueueReady, 1);
        assert_eq!((driver.read(Register::QueueReady), driver.device.fault()), (1, None));
        for number in [1, u32::MAX] {
            driver.write(Register::QueueSelect, number);
            driver.write(Register::QueueReady, 1);
            driver.write(Register::QueueNotify, number);
            let [size, ready] =
                [Register::QueueSizeMax, Register::QueueReady].map(|register| driver.read(register));
            assert_eq!((size, ready, driver.device.fault()), (0, 0, None));
        }
    });
}

#[test]
fn queue_that_cannot_be_stops_the_device_until_reset() {
    with_device(|driver| {
        driver.start(1);
        driver.write(Register::QueueReady, 0);
        driver.write(Register::QueueSize, 7);
        driver.write(Register::QueueReady, 1);
        assert_eq!(driver.device.fault(), Some(Fault::QueueSize(7)));
        assert!(driver.status().contains(Status::NEEDS_RESET));
        assert_eq!(driver.interrupts(), (1, InterruptStatus::CONFIGURATION));
        assert_eq!(driver.interrupts(), (0, InterruptStatus::empty()));
        driver.write(Register::Status, 0);
        assert_eq!((driver.device.fault(), driver.status()), (None, Status::empty()));
    });
}

#[test]
fn accesses_without_meaning_change_nothing() {
    with_device(|driver| {
        let device = driver.device;
        let (wide, word, byte) = (Width::Doubleword, Width::Word, Width::Byte);
        assert_eq!(device.read(0x00C, word), Err(AccessError::Width { offset: 0xC, bytes: 2 }));
        assert_eq!(device.read(0x001, wide), Err(AccessError::Width { offset: 1, bytes: 4 }));
        assert_eq!(device.read(0x018, wide), Err(AccessError::NoRegister { offset: 0x18 }));
        assert_eq!(device.read(0x050, wide), Err(AccessError::WriteOnly { offset: 0x50 }));
        assert_eq!(device.write(0x000, wide, 0), Err(AccessError::ReadOnly { offset: 0 }));
        assert_eq!(device.write(0x070, byte, 1), Err(AccessError::Width { offset: 0x70, bytes: 1 }));
        assert_eq!(device.read(0x101, word), Err(AccessError::Width { offset: 0x101, bytes: 2 }));
        assert_eq!(device.read(0x120, wide), Err(AccessError::NoRegister { offset: 0x120 }));
        assert_eq!(device.read(0xFFF, byte), Err(AccessError::NoRegister { offset: 0xFFF }));
        assert_eq!(device.write(0x100, byte, 9), Err(AccessError::ReadOnly { offset: 0x100 }));
        assert_eq!((driver.status(), driver.field(0)), (Status::empty(), [1]));
    });
}

#[test]
fn shared_memory_has_no_regions() {
    with_device(|driver| {
        driver.write(Register::SharedMemorySelect, 0);
        let length = [Register::SharedMemoryLengthLow, Register::SharedMemoryLengthHigh];
        assert_eq!(length.map(|register| driver.read(register)), [u32::MAX; 2]);
    });
}
