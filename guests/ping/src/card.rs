//! The network card, with a few buffers that wait for frames.
#![expect(unsafe_code, reason = "a buffer that a device fills is lent to it")]

use guest_runtime::abi::device::Slot;
use guest_runtime::devices::drivers::device::net::VirtIONetRaw;
use guest_runtime::devices::drivers::transport::mmio::MmioTransport;
use guest_runtime::devices::{OneToOne, transport};

/// Bytes of the longest frame.
pub(crate) const FRAME_BYTES: usize = 1514;
/// Bytes of its addresses and type.
pub(crate) const HEADER_BYTES: usize = 14;
/// Buffers that wait.
const BUFFERS: usize = 4;
/// Bytes of one: the device's own header and a frame, rounded up.
const BUFFER_BYTES: usize = 1536;

/// The address of a station.
pub(crate) type Address = [u8; 6];

/// Memory for frames that come.
pub(crate) type Buffers = [Buffer; BUFFERS];

/// Memory for one.
#[derive(Clone, Copy)]
pub(crate) struct Buffer([u8; BUFFER_BYTES]);

impl Default for Buffer {
    fn default() -> Self {
        Self([0; BUFFER_BYTES])
    }
}

pub(crate) struct Card<'a> {
    driver: Driver,
    /// The device's until they are used.
    buffers: &'a mut Buffers,
    /// The number that the driver has given each of them.
    tokens: [u16; BUFFERS],
}

type Driver = VirtIONetRaw<OneToOne, MmioTransport<'static>, 8>;

impl<'a> Card<'a> {
    /// Lends all buffers to the device.
    pub(crate) fn new(buffers: &'a mut Buffers) -> Self {
        let registers = transport(Slot::Network).expect("every guest has a card");
        let mut driver = Driver::new(registers).expect("the card works");
        let tokens = buffers.each_mut().map(|buffer| lend(&mut driver, buffer));
        Self { driver, buffers, tokens }
    }

    /// The card's own address.
    pub(crate) fn address(&self) -> Address {
        self.driver.mac_address()
    }

    /// Who has sent a frame.
    pub(crate) fn sender(frame: &[u8; FRAME_BYTES]) -> Address {
        let [_, _, _, _, _, _, address @ .., _, _] =
            *frame.first_chunk::<HEADER_BYTES>().expect("a longer frame");
        address
    }

    /// Ends the reason of an interrupt.
    pub(crate) fn acknowledge(&mut self) {
        self.driver.ack_interrupt();
    }

    /// Takes a frame that has come, and gives its length.
    pub(crate) fn receive(&mut self, into: &mut [u8; FRAME_BYTES]) -> Option<usize> {
        let token = self.driver.poll_receive()?;
        let index = self.tokens.iter().position(|given| *given == token).expect("a buffer of ours");
        let buffer = &mut self.buffers[index];
        // SAFETY: the buffer was lent under this number.
        let received = unsafe { self.driver.receive_complete(token, &mut buffer.0) };
        let (header, length) = received.expect("the buffer is long enough");
        into[..length].copy_from_slice(&buffer.0[header..header + length]);
        self.tokens[index] = lend(&mut self.driver, buffer);
        Some(length)
    }

    /// Sends a frame, and writes its header for that.
    pub(crate) fn send(&mut self, to: Address, kind: [u8; 2], frame: &mut [u8]) {
        let header = [&to[..], &self.address(), &kind];
        header.into_iter().flatten().zip(&mut *frame).for_each(|(byte, place)| *place = *byte);
        self.driver.send(frame).expect("the card sends");
    }
}

fn lend(driver: &mut Driver, buffer: &mut Buffer) -> u16 {
    // SAFETY: nobody touches the buffer before the driver gives its number back.
    unsafe { driver.receive_begin(&mut buffer.0) }.expect("there is room in the queue")
}
