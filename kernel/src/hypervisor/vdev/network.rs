//! A network card: whole Ethernet frames in both directions, nothing computed for the driver.
//!
//! Every frame has a header of twelve bytes in front, of which only the last two mean something, and only towards the
//! driver: the number of its buffers, which is 1.
//!
//! Frames are no longer than [`FRAME_BYTES_MAX`]. Every driver has buffers for such a frame (§5.1.6.3.1), and not every one
//! for more, so that of one guest cannot hurt that of another by long frames.
//!
//! Source: VIRTIO 1.2 §5.1.

use alloc::rc::Rc;
use core::future::Future;

use service::net::{FRAME_BYTES_MAX, MacAddress, Plug};

use super::device::{Device, Gone, IrqOutput, Request, pause};
use super::transport::{CONFIGURATION_BYTES, Identity, Kind};
use crate::hypervisor::guest_memory::GuestMemory;

/// Bytes between addresses and type of a frame that the driver may use (`mtu`).
const CONTENTS_BYTES_MAX: u16 = 1500;

/// `VIRTIO_NET_F_MTU`
const FEATURE_MTU: u64 = 1 << 3;
/// `VIRTIO_NET_F_MAC`
const FEATURE_MAC: u64 = 1 << 5;
/// receiveq1
const RECEIVE: usize = 0;
/// transmitq1
const TRANSMIT: usize = 1;
/// Bytes of the header.
const HEADER_BYTES: u32 = 12;

/// Where the guest's frames go.
pub trait FrameSink {
    /// Is ready when the frame has been taken, or dropped.
    fn send(&mut self, frame: &[u8]) -> impl Future<Output = ()>;

    /// Is told of a frame of `bytes` bytes, more than [`FRAME_BYTES_MAX`], that was dropped.
    fn refuse(&mut self, bytes: u32);
}

/// Where frames for the guest come from.
pub trait FrameSource {
    /// Waits for a frame and gives its length.
    fn receive(&mut self, into: &mut [u8; FRAME_BYTES_MAX]) -> impl Future<Output = usize>;
}

impl FrameSink for Rc<Plug<'_>> {
    async fn send(&mut self, frame: &[u8]) {
        // A frame without header is the guest's own loss: no card could send it either.
        self.bring(frame).unwrap_or(());
    }

    // The guest cannot have asked for it: the card says how long frames are.
    fn refuse(&mut self, _: u32) {}
}

impl FrameSource for Rc<Plug<'_>> {
    async fn receive(&mut self, into: &mut [u8; FRAME_BYTES_MAX]) -> usize {
        let frame = self.take().await;
        let length = frame.len().min(FRAME_BYTES_MAX);
        into[..length].copy_from_slice(&frame[..length]);
        length
    }
}

/// A card with the interrupt output `line`.
pub fn device<L: IrqOutput>(address: MacAddress, line: L) -> Device<L> {
    let mut configuration = [0; CONFIGURATION_BYTES];
    configuration[0..6].copy_from_slice(&address.bytes());
    configuration[10..12].copy_from_slice(&CONTENTS_BYTES_MAX.to_le_bytes());
    let features = FEATURE_MAC | FEATURE_MTU;
    Device::new(Identity { kind: Kind::Network, features, queue_sizes: [64, 64], configuration }, line)
}

/// Hands the guest's frames to `sink`, for ever.
///
/// *Cancel safety*: the frame that is under way is never completed.
pub async fn serve_transmit<L: IrqOutput, M: GuestMemory>(
    device: &Device<L>,
    memory: &M,
    sink: &mut impl FrameSink,
) -> ! {
    let mut frame = [0; FRAME_BYTES_MAX];
    loop {
        let request = device.next(TRANSMIT, memory).await;
        match transmit(request, &mut frame, sink).await {
            // The device stands still or has been reset; the next frame comes when it has been started.
            Ok(()) | Err(Gone) => pause().await,
        }
    }
}

async fn transmit<L: IrqOutput, M: GuestMemory>(
    request: Request<'_, L, M>,
    frame: &mut [u8; FRAME_BYTES_MAX],
    sink: &mut impl FrameSink,
) -> Result<(), Gone> {
    // A request that ends within its header stops the device here.
    request.read(0, &mut [0; HEADER_BYTES as usize])?;
    let bytes = request.readable() - HEADER_BYTES;
    match frame.get_mut(..bytes as usize) {
        Some(frame) => {
            request.read(HEADER_BYTES, frame)?;
            sink.send(frame).await;
        }
        None => sink.refuse(bytes),
    }
    request.complete(0)
}

/// Hands frames from `source` to the guest, for ever. A frame waits while the guest has no buffer for it; a buffer that is
/// too short for a frame stops the device.
///
/// *Cancel safety*: a frame that has been received from the source may be lost.
pub async fn serve_receive<L: IrqOutput, M: GuestMemory>(
    device: &Device<L>,
    memory: &M,
    source: &mut impl FrameSource,
) -> ! {
    let mut frame = [0; FRAME_BYTES_MAX];
    loop {
        let length = source.receive(&mut frame).await.min(FRAME_BYTES_MAX);
        let request = device.next(RECEIVE, memory).await;
        match receive(request, &frame[..length]) {
            // The frame is lost, as it is on a line that is cut.
            Ok(()) | Err(Gone) => pause().await,
        }
    }
}

fn receive<L: IrqOutput, M: GuestMemory>(request: Request<'_, L, M>, frame: &[u8]) -> Result<(), Gone> {
    let mut header = [0; HEADER_BYTES as usize];
    header[10] = 1;
    request.write(0, &header)?;
    request.write(HEADER_BYTES, frame)?;
    request.complete(HEADER_BYTES + u32::try_from(frame.len()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
