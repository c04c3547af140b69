//! Virtual devices under drivers that others have written: crate virtio-drivers, which runs on real machines and on QEMU.
//!
//! Its transport is a trait; ours passes register accesses to a device and, when a queue is notified, runs the device's
//! tasks until they wait. The drivers ask for answers in a loop, so that is where a device that does not answer shows.
#![expect(unsafe_code, reason = "virtio-drivers hands out pointers")]

mod memory;
mod transport;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use kernel::hypervisor::host_memory::HostMemory;
use kernel::hypervisor::vdev::block::{self, RamDisk};
use kernel::hypervisor::vdev::console::{self, TextSink, TextSource};
use kernel::hypervisor::vdev::entropy::{self, Entropy};
use kernel::hypervisor::vdev::network::{self, FrameSink, FrameSource};
use service::block::ReadOnlyImage;
use service::net::{FRAME_BYTES_MAX, MacAddress};
use virtio_drivers::Error;
use virtio_drivers::device::blk::VirtIOBlk;
use virtio_drivers::device::console::VirtIOConsole;
use virtio_drivers::device::net::{TxBuffer, VirtIONet};
use virtio_drivers::device::rng::VirtIORng;

use memory::{Arena, MEMORY};
use transport::{DeviceTransport, Quiet};

#[test]
fn disk_keeps_what_was_written() {
    let backend = Box::leak(Box::new(RamDisk::new(HostMemory::new(64 * 512))));
    let device = Box::leak(Box::new(block::device(backend, Quiet)));
    let serve = async {
        block::serve(device, &MEMORY, backend).await;
    };
    let mut disk = VirtIOBlk::<Arena, _>::new(DeviceTransport::new(device, vec![Box::pin(serve)])).unwrap();
    assert_eq!((disk.capacity(), disk.readonly()), (64, false));
    let written: Vec<u8> = (0..4096_u32).map(|index| u8::try_from(index % 253).unwrap()).collect();
    disk.write_blocks(7, &written).unwrap();
    disk.flush().unwrap();
    let mut read = vec![0; 4096];
    disk.read_blocks(7, &mut read).unwrap();
    assert!(read == written);
    disk.read_blocks(14, &mut read).unwrap();
    assert!(read[..512] == written[3584..] && read[512..].iter().all(|byte| *byte == 0));
    assert_eq!(disk.read_blocks(57, &mut read), Err(Error::IoError));
    assert_eq!(disk.device_id(&mut [0; 20]), Err(Error::Unsupported));
    for block in 0..1000 {
        disk.write_blocks(block % 64, &[u8::try_from(block % 256).unwrap(); 512]).unwrap();
    }
    disk.read_blocks(63, &mut read[..512]).unwrap();
    assert_eq!(read[..512], [u8::try_from(959 % 256).unwrap(); 512]);
}

#[test]
fn image_cannot_be_written() {
    let image: &'static [u8] = vec![5; 1024].leak();
    let backend = Box::leak(Box::new(ReadOnlyImage::new(image)));
    let device = Box::leak(Box::new(block::device(backend, Quiet)));
    let serve = async {
        block::serve(device, &MEMORY, backend).await;
    };
    let mut disk = VirtIOBlk::<Arena, _>::new(DeviceTransport::new(device, vec![Box::pin(serve)])).unwrap();
    assert_eq!((disk.capacity(), disk.readonly()), (2, true));
    assert_eq!(disk.write_blocks(0, &[0; 512]), Err(Error::IoError));
    let mut read = [0; 512];
    disk.read_blocks(1, &mut read).unwrap();
    assert_eq!(read, [5; 512]);
}

/// Shows what it is given, and has typed what it shows.
#[derive(Clone, Default)]
struct Echo(Rc<RefCell<VecDeque<u8>>>);

impl TextSink for Echo {
    async fn write(&mut self, text: &[u8]) {
        self.0.borrow_mut().extend(text);
    }
}

impl TextSource for Echo {
    async fn read(&mut self, into: &mut [u8]) -> usize {
        poll_fn(|_| match self.0.borrow_mut().pop_front() {
            Some(byte) => {
                into[0] = byte;
                Poll::Ready(1)
            }
            None => Poll::Pending,
        })
        .await
    }
}

#[test]
fn terminal_echoes() {
    let device = Box::leak(Box::new(console::device(Quiet)));
    let (mut sink, mut source) = (Echo::default(), Echo::default());
    source.0 = Rc::clone(&sink.0);
    let device = &*device;
    let output = async move {
        console::serve_output(device, &MEMORY, &mut sink).await;
    };
    let input = async move {
        console::serve_input(device, &MEMORY, &mut source).await;
    };
    let tasks: transport::Tasks = vec![Box::pin(output), Box::pin(input)];
    let mut terminal = VirtIOConsole::<Arena, _>::new(DeviceTransport::new(device, tasks)).unwrap();
    terminal.send_bytes(b"hello").unwrap();
    let mut text = Vec::new();
    while let Some(byte) = terminal.recv(true).unwrap() {
        text.push(byte);
    }
    assert_eq!(text, b"hello");
}

struct Counter(u8);

impl Entropy for Counter {
    async fn fill(&mut self, into: &mut [u8]) {
        for byte in into {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

#[test]
fn random_numbers_arrive_in_full() {
    let device = Box::leak(Box::new(entropy::device(Quiet)));
    let device = &*device;
    let serve = async move {
        entropy::serve(device, &MEMORY, &mut Counter(0)).await;
    };
    let transport = DeviceTransport::new(device, vec![Box::pin(serve)]);
    let mut source = VirtIORng::<Arena, _>::new(transport).unwrap();
    let mut bytes = [0; 40];
    assert_eq!(source.request_entropy(&mut bytes), Ok(40));
    assert_eq!((bytes[0], bytes[39]), (1, 40));
}

/// Sends every frame back.
#[derive(Clone, Default)]
struct Mirror(Rc<RefCell<VecDeque<Vec<u8>>>>);

impl FrameSink for Mirror {
    async fn send(&mut self, frame: &[u8]) {
        self.0.borrow_mut().push_back(frame.to_vec());
    }

    fn refuse(&mut self, bytes: u32) {
        panic!("frame of {bytes} bytes");
    }
}

impl FrameSource for Mirror {
    async fn receive(&mut self, into: &mut [u8; FRAME_BYTES_MAX]) -> usize {
        poll_fn(|_| match self.0.borrow_mut().pop_front() {
            Some(frame) => {
                into[..frame.len()].copy_from_slice(&frame);
                Poll::Ready(frame.len())
            }
            None => Poll::Pending,
        })
        .await
    }
}

#[test]
fn frames_come_back_from_a_mirror() {
    let address = MacAddress::new([2, 0, 0, 0, 0, 9]);
    let device = Box::leak(Box::new(network::device(address, Quiet)));
    let device = &*device;
    let (mut sink, mut source) = (Mirror::default(), Mirror::default());
    source.0 = Rc::clone(&sink.0);
    let transmit = async move {
        network::serve_transmit(device, &MEMORY, &mut sink).await;
    };
    let receive = async move {
        network::serve_receive(device, &MEMORY, &mut source).await;
    };
    let tasks: transport::Tasks = vec![Box::pin(transmit), Box::pin(receive)];
    // Buffers are rounded down to whole words.
    let mut card = VirtIONet::<Arena, _, 16>::new(DeviceTransport::new(device, tasks), 1528).unwrap();
    assert_eq!(card.mac_address(), address.bytes());
    for length in [14, 60, 1513, 1514].repeat(20) {
        let frame = vec![u8::try_from(length % 256).unwrap(); length];
        card.send(TxBuffer::from(&frame)).unwrap();
        let received = card.receive().unwrap();
        assert_eq!(received.packet(), frame);
        card.recycle_rx_buffer(received).unwrap();
    }
}
