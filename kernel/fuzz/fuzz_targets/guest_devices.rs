//! Any accesses to a device's registers and any contents of its queues: tasks end their turn, memory is only touched
//! through the checked accessor, and a device that has met a fault says so and starts again.
//!
//! The first byte chooses the device; then come steps of a guest: write a register, read one, write memory, let the tasks
//! run. The device has been started with queues of eight entries, so that most steps go beyond the registers.
#![no_main]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use guest_abi::GuestPhysAddr;
use kernel::hypervisor::emulate::Width;
use kernel::hypervisor::guest_memory::GuestMemory;
use kernel::hypervisor::host_memory::HostMemory;
use kernel::hypervisor::vdev::block::{self, RamDisk};
use kernel::hypervisor::vdev::console::{self, TextSink, TextSource};
use kernel::hypervisor::vdev::entropy::{self, Entropy};
use kernel::hypervisor::vdev::network::{self, FrameSink, FrameSource};
use kernel::hypervisor::vdev::register::Register;
use service::net::{FRAME_BYTES_MAX, MacAddress};
use kernel::hypervisor::vdev::transport::Status;
use kernel::hypervisor::vdev::{Device, IrqOutput};
use libfuzzer_sys::fuzz_target;

/// Bytes of the guest's memory. Small, so that chains overlap and end outside.
const MEMORY: u32 = 0x6000;
/// Polls after which a task counts as one that never ends: there are eight chains of at most 32 buffers.
const POLLS_MAX: u32 = 200_000;

struct Quiet;

impl IrqOutput for Quiet {
    fn raise(&self) {}
}

/// Everything that a device can be connected to.
struct BackEnd;

impl TextSink for BackEnd {
    async fn write(&mut self, text: &[u8]) {
        assert!(!text.is_empty());
    }
}

impl TextSource for BackEnd {
    async fn read(&mut self, into: &mut [u8]) -> usize {
        into.fill(b'x');
        into.len()
    }
}

impl Entropy for BackEnd {
    async fn fill(&mut self, into: &mut [u8]) {
        into.fill(7);
    }
}

impl FrameSink for BackEnd {
    async fn send(&mut self, frame: &[u8]) {
        assert!(frame.len() <= FRAME_BYTES_MAX);
    }

    fn refuse(&mut self, bytes: u32) {
        assert!(bytes as usize > FRAME_BYTES_MAX);
    }
}

impl FrameSource for BackEnd {
    async fn receive(&mut self, into: &mut [u8; FRAME_BYTES_MAX]) -> usize {
        into.len()
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

fn run(tasks: &mut [Task<'_>], flag: &Arc<Flag>) {
    let waker = Waker::from(Arc::clone(flag));
    let mut polls = 0;
    flag.0.store(true, Ordering::Relaxed);
    while flag.0.swap(false, Ordering::Relaxed) {
        for task in &mut *tasks {
            assert!(task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        polls += 1;
        assert!(polls < POLLS_MAX, "a task that never ends");
    }
}

fn write(device: &Device<Quiet>, register: Register, value: u32) {
    device.write(register.offset(), Width::Doubleword, value).expect("a register that is written");
}

fn start(device: &Device<Quiet>) {
    write(device, Register::Status, 0);
    write(device, Register::Status, 3);
    write(device, Register::DriverFeaturesHalf, 1);
    write(device, Register::DriverFeatures, 1);
    write(device, Register::DriverFeaturesHalf, 0);
    write(device, Register::DriverFeatures, 1 << 28);
    write(device, Register::Status, 0xB);
    for queue in 0..2 {
        write(device, Register::QueueSelect, queue);
        write(device, Register::QueueSize, 8);
        write(device, Register::DescriptorsLow, 0x1000 + 0x400 * queue);
        write(device, Register::AvailableLow, 0x1200 + 0x400 * queue);
        write(device, Register::UsedLow, 0x1300 + 0x400 * queue);
        write(device, Register::QueueReady, 1);
    }
    write(device, Register::Status, 0xF);
    assert_eq!(device.fault(), None);
}

/// Does the steps; what is missing at the end is 0.
fn steps(device: &Device<Quiet>, memory: &HostMemory, mut data: &[u8], tasks: &mut [Task<'_>]) {
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    start(device);
    while let Some((step, rest)) = data.split_first() {
        let (arguments, rest) = rest.split_at(rest.len().min(6));
        let mut padded = [0; 6];
        padded[..arguments.len()].copy_from_slice(arguments);
        let [first, second, a, b, c, d] = padded;
        let value = u32::from_le_bytes([a, b, c, d]);
        data = rest;
        match step % 5 {
            0 => {
                let register = Register::ALL[usize::from(first) % Register::ALL.len()];
                let _: Result<_, _> = device.write(register.offset(), Width::Doubleword, value);
            }
            1 => {
                let offset = u32::from(first) << 4 | u32::from(second & 15);
                for width in [Width::Byte, Width::Word, Width::Doubleword] {
                    if let Ok(read) = device.read(offset, width) {
                        assert!(read <= width.mask());
                    }
                    let _: Result<_, _> = device.write(offset, width, value);
                }
            }
            2 => {
                let place = 0x1000 + (u32::from(first) << 2 | u32::from(second) << 10) % 0x1000;
                memory.write(GuestPhysAddr::new(place), &padded[2..]).expect("inside");
            }
            3 => {
                let (bytes, rest) = data.split_at(data.len().min(usize::from(a)));
                let place = 0x1000 + (u32::from(first) << 2 | u32::from(second) << 10) % 0x800;
                memory.write(GuestPhysAddr::new(place), bytes).expect("inside");
                data = rest;
            }
            _ => {
                write(device, Register::QueueNotify, u32::from(first & 1));
                run(tasks, &flag);
                let status = device.read(Register::Status.offset(), Width::Doubleword).expect("a register");
                let needs_reset = Status::from_bits_retain(status).contains(Status::NEEDS_RESET);
                assert_eq!(needs_reset, device.fault().is_some());
            }
        }
    }
    start(device);
    run(tasks, &flag);
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let memory = HostMemory::new(MEMORY);
    match choice % 4 {
        0 => {
            let disk = RamDisk::new(HostMemory::new(16 * 512));
            let device = block::device(&disk, Quiet);
            let serve = async {
                block::serve(&device, &memory, &disk).await;
            };
            steps(&device, &memory, data, &mut [Box::pin(serve)]);
        }
        1 => {
            let device = entropy::device(Quiet);
            let serve = async {
                entropy::serve(&device, &memory, &mut BackEnd).await;
            };
            steps(&device, &memory, data, &mut [Box::pin(serve)]);
        }
        2 => {
            let device = console::device(Quiet);
            let output = async {
                console::serve_output(&device, &memory, &mut BackEnd).await;
            };
            let input = async {
                console::serve_input(&device, &memory, &mut BackEnd).await;
            };
            steps(&device, &memory, data, &mut [Box::pin(output), Box::pin(input)]);
        }
        _ => {
            let device = network::device(MacAddress::new([2, 0, 0, 0, 0, 1]), Quiet);
            let transmit = async {
                network::serve_transmit(&device, &memory, &mut BackEnd).await;
            };
            let receive = async {
                network::serve_receive(&device, &memory, &mut BackEnd).await;
            };
            steps(&device, &memory, data, &mut [Box::pin(transmit), Box::pin(receive)]);
        }
    }
});
