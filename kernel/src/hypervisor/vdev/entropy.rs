//! A source of random numbers.
//!
//! Source: VIRTIO 1.2 §5.4.

use core::future::Future;

use super::device::{Device, Gone, IrqOutput, Request, pause};
use super::transport::{CONFIGURATION_BYTES, Identity, Kind};
use crate::hypervisor::guest_memory::GuestMemory;

/// The only queue.
const REQUESTS: usize = 0;
/// Most bytes that are given at once; a driver takes what it gets, and asks again.
const BYTES_MAX: usize = 64;

/// Where random numbers come from.
pub trait Entropy {
    /// Fills `into` with bytes that nobody else has seen or can guess.
    fn fill(&mut self, into: &mut [u8]) -> impl Future<Output = ()>;
}

/// A source with the interrupt output `line`.
pub fn device<L: IrqOutput>(line: L) -> Device<L> {
    let configuration = [0; CONFIGURATION_BYTES];
    Device::new(Identity { kind: Kind::Entropy, features: 0, queue_sizes: [8, 0], configuration }, line)
}

/// Answers requests out of `entropy`, for ever.
///
/// *Cancel safety*: the request that is under way is never answered.
pub async fn serve<L: IrqOutput, M: GuestMemory>(
    device: &Device<L>,
    memory: &M,
    entropy: &mut impl Entropy,
) -> ! {
    loop {
        let request = device.next(REQUESTS, memory).await;
        let mut bytes = [0; BYTES_MAX];
        let count = BYTES_MAX.min(request.writable() as usize);
        entropy.fill(&mut bytes[..count]).await;
        match give(request, &bytes[..count]) {
            // The device stands still or has been reset; the next request comes when it has been started.
            Ok(()) | Err(Gone) => pause().await,
        }
    }
}

fn give<L: IrqOutput, M: GuestMemory>(request: Request<'_, L, M>, bytes: &[u8]) -> Result<(), Gone> {
    request.write(0, bytes)?;
    request.complete(u32::try_from(bytes.len()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
