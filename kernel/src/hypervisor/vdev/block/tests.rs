//! A disk as a guest's driver uses it.

use std::vec;
use std::vec::Vec;

use service::block::ReadOnlyImage;

use super::super::fault::Fault;
use super::super::guest_driver::{CountingLine, GuestDriver, MEMORY_BYTES, Room, Task, with_features_of_all};
use super::super::register::Register;
use super::super::transport::{InterruptStatus, Status};
use super::*;
use crate::hypervisor::host_memory::HostMemory;

fn with_disk<B: BlockDevice>(backend: B, work: impl FnOnce(&mut GuestDriver<'_>, &mut Task<'_>)) -> B {
    let line = CountingLine::default();
    let device = device(&backend, line.clone());
    let memory = HostMemory::new(MEMORY_BYTES);
    {
        let serve = async {
            serve(&device, &memory, &backend).await;
        };
        let mut task = Task::new(serve);
        task.run();
        let mut driver = GuestDriver::new(&device, &memory, &line);
        driver.start(1);
        work(&mut driver, &mut task);
    }
    backend
}

fn ram_disk(sectors: u32) -> RamDisk<HostMemory> {
    RamDisk::new(HostMemory::new(512 * sectors))
}

fn header(kind: u32, sector: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&kind.to_le_bytes());
    bytes[8..].copy_from_slice(&sector.to_le_bytes());
    bytes
}

/// A request and its answer: what was written, the status, the length in the used ring.
fn request(
    driver: &mut GuestDriver<'_>,
    task: &mut Task<'_>,
    (kind, sector): (u32, u64),
    data: &[&[u8]],
    rooms: &[u32],
) -> (Vec<u8>, u8, u32) {
    let header = header(kind, sector);
    let contents = [&[&header[..]], data].concat();
    let (head, rooms) = driver.offer(0, &contents, &[rooms, &[1]].concat());
    driver.kick(0);
    task.run();
    let (status, rooms) = rooms.split_last().unwrap();
    let used = driver.used(0);
    assert_eq!(used.len(), 1, "{:?}", driver.device.fault());
    assert_eq!(used[0].0, u32::from(head));
    assert_eq!(driver.interrupts(), (1, InterruptStatus::USED));
    let written = rooms.iter().flat_map(|room: &Room| driver.contents(*room)).collect();
    (written, driver.contents(*status)[0], used[0].1)
}

#[test]
fn sectors_are_written_and_read_across_buffers() {
    let text: Vec<u8> = (0..1024_u32).map(|index| (index % 251) as u8).collect();
    let disk = with_disk(ram_disk(16), |driver, task| {
        assert_eq!(driver.read(Register::Kind), 2);
        assert_eq!(driver.field(0), 16_u64.to_le_bytes());
        assert_eq!(driver.field(12), 30_u32.to_le_bytes());
        let data: &[&[u8]] = &[&text[..100], &text[100..]];
        assert_eq!(request(driver, task, (1, 3), data, &[]), (vec![], 0, 1));
        assert_eq!(request(driver, task, (0, 3), &[], &[1000, 24]), (text.clone(), 0, 1025));
        assert_eq!(request(driver, task, (4, 0), &[], &[]), (vec![], 0, 1));
    });
    let mut contents = vec![0; 16 * 512];
    disk.0.read(GuestPhysAddr::new(0), &mut contents).unwrap();
    assert_eq!(contents[3 * 512..5 * 512], text);
    assert!(contents[..3 * 512].iter().chain(&contents[5 * 512..]).all(|byte| *byte == 0));
}

#[test]
fn requests_beyond_the_disk_of_parts_of_sectors_or_of_unknown_kind_fail() {
    with_disk(ram_disk(4), |driver, task| {
        assert_eq!(request(driver, task, (0, 3), &[], &[1024]), (vec![0; 1024], 1, 0));
        assert_eq!(request(driver, task, (0, u64::MAX), &[], &[512]), (vec![0; 512], 1, 0));
        assert_eq!(request(driver, task, (0, 0), &[], &[500]), (vec![0; 500], 1, 0));
        assert_eq!(request(driver, task, (1, 4), &[&[1; 512]], &[]), (vec![], 1, 1));
        assert_eq!(request(driver, task, (1, 0), &[&[1; 511]], &[]), (vec![], 1, 1));
        assert_eq!(request(driver, task, (8, 0), &[], &[20]), (vec![0; 20], 2, 0));
        assert_eq!(request(driver, task, (0, 4), &[], &[]), (vec![], 0, 1));
    });
}

#[test]
fn image_is_read_only_and_says_so() {
    let bytes: Vec<u8> = (0..1300_u32).map(|index| (index % 7) as u8).collect();
    with_disk(ReadOnlyImage::new(&bytes), |driver, task| {
        assert_eq!(driver.offered(), with_features_of_all(1 << 2 | 1 << 5 | 1 << 9));
        assert_eq!(driver.field(0), 2_u64.to_le_bytes());
        assert_eq!(request(driver, task, (1, 0), &[&[9; 512]], &[]), (vec![], 1, 1));
        assert_eq!(request(driver, task, (0, 1), &[], &[512]), (bytes[512..1024].to_vec(), 0, 513));
    });
}

#[test]
fn back_end_that_fails_half_way_tells_how_far_it_came() {
    struct Broken;
    impl Sectors for Broken {
        fn count(&self) -> u64 {
            100
        }
        fn access(&self) -> Access {
            Access::ReadWrite
        }
        fn read(&self, first: u64, into: &mut [u8]) -> Result<(), BlockError> {
            into.fill(7);
            if first < 8 { Ok(()) } else { Err(BlockError::Unreachable) }
        }
        fn write(&self, _: u64, _: &[u8]) -> Result<(), BlockError> {
            Err(BlockError::Unreachable)
        }
    }
    with_disk(Broken, |driver, task| {
        let (data, status, written) = request(driver, task, (0, 0), &[], &[10 * 512]);
        assert_eq!((&data[..4096], status, written), (&[7; 4096][..], 1, 4096));
        assert_eq!(request(driver, task, (1, 0), &[&[0; 512]], &[]), (vec![], 1, 1));
    });
}

#[test]
fn long_requests_give_others_their_turn() {
    with_disk(ram_disk(64), |driver, task| {
        let contents = header(0, 0);
        driver.offer(0, &[&contents], &[64 * 512, 1]);
        driver.kick(0);
        assert!(task.run() > 64 / 8);
    });
}

#[test]
fn requests_without_header_or_status_stop_the_device_until_it_is_reset() {
    with_disk(ram_disk(4), |driver, task| {
        for (contents, rooms, fault) in [
            (&[0; 15][..], &[1][..], Fault::RequestEnds { bytes: 15, needed: 16 }),
            (&header(4, 0), &[], Fault::RequestEnds { bytes: 0, needed: 1 }),
        ] {
            driver.offer(0, &[contents], rooms);
            driver.kick(0);
            task.run();
            assert_eq!(driver.device.fault(), Some(fault));
            assert!(driver.status().contains(Status::NEEDS_RESET));
            assert_eq!(driver.interrupts(), (1, InterruptStatus::CONFIGURATION));
            // What is asked of a device that stands still is not looked at.
            let header = header(4, 0);
            driver.offer(0, &[&header], &[1]);
            driver.kick(0);
            task.run();
            assert_eq!(driver.used(0), []);
            driver.start(1);
            assert_eq!(request(driver, task, (4, 0), &[], &[]), (vec![], 0, 1));
        }
    });
}

#[test]
fn loop_in_a_queue_stops_the_device_until_it_is_reset() {
    with_disk(ram_disk(4), |driver, task| {
        let [table, ..] = GuestDriver::places(0);
        driver.describe(table, 5, 0x8000, 16, 1, 5);
        driver.make_available(0, 5);
        driver.kick(0);
        task.run();
        assert_eq!(driver.device.fault(), Some(Fault::Loop));
        assert_eq!(driver.interrupts(), (1, InterruptStatus::CONFIGURATION));
        driver.start(1);
        assert_eq!(request(driver, task, (4, 0), &[], &[]), (vec![], 0, 1));
    });
}

#[test]
fn requests_that_were_made_before_the_driver_was_ready_are_served() {
    with_disk(ram_disk(4), |driver, task| {
        let offered = driver.offered();
        assert!(driver.choose(offered));
        driver.set_up(0);
        let header = header(4, 0);
        driver.offer(0, &[&header], &[1]);
        driver.kick(0);
        task.run();
        assert_eq!(driver.used(0), []);
        driver.write(Register::Status, (driver.status() | Status::DRIVER_OK).bits());
        task.run();
        assert_eq!(driver.used(0), [(0, 1)]);
    });
}
