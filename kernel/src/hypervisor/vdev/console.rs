//! A terminal: one port, text in both directions, no size.
//!
//! Source: VIRTIO 1.2 §5.3.

use core::future::Future;

use super::device::{Device, Gone, IrqOutput, Request, pause};
use super::transport::{CONFIGURATION_BYTES, Identity, Kind};
use crate::hypervisor::guest_memory::{GuestMemory, pieces};

/// receiveq of port 0.
const INPUT: usize = 0;
/// transmitq of port 0.
const OUTPUT: usize = 1;
/// Bytes that are moved at once.
const PIECE_BYTES: usize = 128;

/// Where the guest's text goes.
pub trait TextSink {
    /// Is ready when there is room for more text.
    fn write(&mut self, text: &[u8]) -> impl Future<Output = ()>;
}

/// Where text for the guest comes from.
pub trait TextSource {
    /// Waits for text and gives its length, from 1 up to that of `into`.
    fn read(&mut self, into: &mut [u8]) -> impl Future<Output = usize>;
}

/// A terminal with the interrupt output `line`.
pub fn device<L: IrqOutput>(line: L) -> Device<L> {
    let configuration = [0; CONFIGURATION_BYTES];
    Device::new(Identity { kind: Kind::Console, features: 0, queue_sizes: [16, 16], configuration }, line)
}

/// Hands what the guest writes to `sink`, for ever.
///
/// *Cancel safety*: the text that is under way is never completed.
pub async fn serve_output<L: IrqOutput, M: GuestMemory>(
    device: &Device<L>,
    memory: &M,
    sink: &mut impl TextSink,
) -> ! {
    loop {
        let request = device.next(OUTPUT, memory).await;
        match pass_on(request, sink).await {
            // The device stands still or has been reset; the next text comes when it has been started.
            Ok(()) | Err(Gone) => pause().await,
        }
    }
}

async fn pass_on<L: IrqOutput, M: GuestMemory>(
    request: Request<'_, L, M>,
    sink: &mut impl TextSink,
) -> Result<(), Gone> {
    let (mut text, mut done) = ([0; PIECE_BYTES], 0);
    for count in pieces(request.readable(), PIECE_BYTES) {
        let piece = &mut text[..count as usize];
        request.read(done, piece)?;
        sink.write(piece).await;
        done += count;
        pause().await;
    }
    request.complete(0)
}

/// Hands text from `source` to the guest, for ever. Text waits while the guest has no buffer for it.
///
/// *Cancel safety*: text that has been read from the source may be lost.
pub async fn serve_input<L: IrqOutput, M: GuestMemory>(
    device: &Device<L>,
    memory: &M,
    source: &mut impl TextSource,
) -> ! {
    let mut text = [0; PIECE_BYTES];
    loop {
        let length = source.read(&mut text).await.min(PIECE_BYTES);
        let mut waiting = &text[..length];
        while !waiting.is_empty() {
            let request = device.next(INPUT, memory).await;
            let count = waiting.len().min(request.writable() as usize);
            // What a device that was reset has not taken is kept for its next life.
            if let Ok(()) = fill(request, &waiting[..count]) {
                waiting = &waiting[count..];
            }
            pause().await;
        }
    }
}

fn fill<L: IrqOutput, M: GuestMemory>(request: Request<'_, L, M>, text: &[u8]) -> Result<(), Gone> {
    request.write(0, text)?;
    request.complete(u32::try_from(text.len()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
