//! Network cards as guests' drivers use them, alone and behind a switch.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use std::vec;
use std::vec::Vec;

use service::net::{Hub, Limits, Port, Side};

use super::super::fault::Fault;
use super::super::guest_driver::{CountingLine, GuestDriver, MEMORY_BYTES, Task, with_features_of_all};
use super::super::register::Register;
use super::super::transport::InterruptStatus;
use super::*;
use crate::hypervisor::host_memory::HostMemory;

const ADDRESS: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 1]);

/// A cable's end. What is received is there or is not: nobody is woken for it.
#[derive(Default)]
struct Cable {
    sent: RefCell<Vec<Vec<u8>>>,
    refused: RefCell<Vec<u32>>,
    coming: RefCell<VecDeque<Vec<u8>>>,
}

impl FrameSink for &Cable {
    async fn send(&mut self, frame: &[u8]) {
        self.sent.borrow_mut().push(frame.to_vec());
    }

    fn refuse(&mut self, bytes: u32) {
        self.refused.borrow_mut().push(bytes);
    }
}

impl FrameSource for &Cable {
    async fn receive(&mut self, into: &mut [u8; FRAME_BYTES_MAX]) -> usize {
        poll_fn(|_| match self.coming.borrow_mut().pop_front() {
            Some(frame) => {
                into[..frame.len()].copy_from_slice(&frame);
                Poll::Ready(frame.len())
            }
            None => Poll::Pending,
        })
        .await
    }
}

fn with_card(coming: &[&[u8]], work: impl FnOnce(&Cable, &mut GuestDriver<'_>, &mut [Task<'_>; 2])) {
    let cable = Cable::default();
    cable.coming.borrow_mut().extend(coming.iter().map(|frame| frame.to_vec()));
    with_ends(&cable, &cable, |driver, tasks| work(&cable, driver, tasks));
}

/// A card whose frames go to `sink` and come from `source`.
fn with_ends(
    mut sink: impl FrameSink,
    mut source: impl FrameSource,
    work: impl FnOnce(&mut GuestDriver<'_>, &mut [Task<'_>; 2]),
) {
    let line = CountingLine::default();
    let device = device(ADDRESS, line.clone());
    let memory = HostMemory::new(MEMORY_BYTES);
    let transmit = async {
        serve_transmit(&device, &memory, &mut sink).await;
    };
    let receive = async {
        serve_receive(&device, &memory, &mut source).await;
    };
    let mut tasks = [Task::new(transmit), Task::new(receive)];
    let mut driver = GuestDriver::new(&device, &memory, &line);
    driver.start(2);
    work(&mut driver, &mut tasks);
}

#[test]
fn card_tells_its_address_and_how_long_frames_may_be() {
    with_card(&[], |_, driver, _| {
        assert_eq!(driver.read(Register::Kind), 1);
        assert_eq!(driver.offered(), with_features_of_all(1 << 3 | 1 << 5));
        assert_eq!(driver.field(0), ADDRESS.bytes());
        assert_eq!(driver.field(10), 1500_u16.to_le_bytes());
    });
}

#[test]
fn frames_are_sent_without_their_header() {
    with_card(&[], |cable, driver, tasks| {
        driver.offer(1, &[&[0; 12], b"frame"], &[]);
        driver.offer(1, &[&[0; 13]], &[]);
        driver.kick(1);
        tasks[0].run();
        assert_eq!(*cable.sent.borrow(), [b"frame".to_vec(), vec![0]]);
        assert_eq!(driver.used(1), [(0, 0), (2, 0)]);
        assert_eq!(driver.interrupts(), (2, InterruptStatus::USED));
    });
}

#[test]
fn frame_without_header_stops_the_device() {
    with_card(&[], |cable, driver, tasks| {
        driver.offer(1, &[&[0; 11]], &[]);
        driver.kick(1);
        tasks[0].run();
        let fault = Fault::RequestEnds { bytes: 11, needed: 12 };
        assert_eq!((cable.sent.borrow().len(), driver.device.fault()), (0, Some(fault)));
    });
}

#[test]
fn frames_that_other_drivers_have_no_buffers_for_are_dropped() {
    with_card(&[], |cable, driver, tasks| {
        driver.offer(1, &[&[0; 12], &[1; 1514]], &[]);
        driver.offer(1, &[&[0; 12], &[2; 1515]], &[]);
        driver.kick(1);
        tasks[0].run();
        assert_eq!(*cable.sent.borrow(), [vec![1; 1514]]);
        assert_eq!(*cable.refused.borrow(), [1515]);
        assert_eq!(driver.used(1), [(0, 0), (2, 0)]);
    });
}

#[test]
fn received_frame_has_a_header_that_counts_its_buffers() {
    with_card(&[b"first", &[7; 1514]], |_, driver, tasks| {
        tasks[1].run();
        let (_, short) = driver.offer(0, &[], &[12, 1514]);
        let (_, long) = driver.offer(0, &[], &[1526]);
        driver.kick(0);
        tasks[1].run();
        assert_eq!(driver.used(0), [(0, 17), (2, 1526)]);
        assert_eq!(driver.contents(short[0]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(driver.contents(short[1])[..6], *b"first\0");
        assert_eq!(driver.contents(long[0])[12..], [7; 1514]);
    });
}

#[test]
fn buffer_that_is_too_short_for_a_frame_stops_the_device() {
    with_card(&[b"first"], |_, driver, tasks| {
        driver.offer(0, &[], &[16]);
        driver.kick(0);
        tasks[1].run();
        assert_eq!(driver.device.fault(), Some(Fault::RequestEnds { bytes: 16, needed: 17 }));
    });
}

/// Frames of one guest through a hub to another.
#[test]
fn guests_talk_through_a_hub() {
    let hub = Hub::new(Limits { ports: 3, stations: 8, waiting: 4 }, || Duration::ZERO);
    let plugs = [0, 1].map(|port| Rc::new(hub.plug_in(Port(port), Side::Guest)));
    let to_all = [&[0xFF; 6][..], &ADDRESS.bytes(), &[8, 6, b'?']].concat();
    with_ends(plugs[0].clone(), plugs[0].clone(), |driver, tasks| {
        driver.offer(1, &[&[0; 12], &to_all], &[]);
        driver.kick(1);
        tasks[0].run();
    });
    with_ends(plugs[1].clone(), plugs[1].clone(), |driver, tasks| {
        let (_, rooms) = driver.offer(0, &[], &[1526]);
        driver.kick(0);
        tasks[1].run();
        assert_eq!(driver.contents(rooms[0])[12..27], to_all);
    });
}
