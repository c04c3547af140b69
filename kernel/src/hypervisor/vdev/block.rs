//! A disk.
//!
//! ```text
//! request     read: type, 32 bits; reserved, 32 bits; sector, 64 bits; data to write
//!             written: data that was read; status, one byte
//! ```
//!
//! Source: VIRTIO 1.2 §5.2. Flush is offered and a disk may be read-only; nothing else.

use core::future::{Future, ready};

use guest_abi::GuestPhysAddr;

use super::chain::SEGMENTS_MAX;
use super::device::{Device, Gone, IrqOutput, Request, pause};
use super::transport::{CONFIGURATION_BYTES, Identity, Kind};
use crate::hypervisor::guest_memory::GuestMemory;

/// Bytes of a sector, always.
pub const SECTOR_BYTES: usize = 512;

/// `VIRTIO_BLK_F_SEG_MAX`
const FEATURE_SEGMENTS: u64 = 1 << 2;
/// `VIRTIO_BLK_F_RO`
const FEATURE_READ_ONLY: u64 = 1 << 5;
/// `VIRTIO_BLK_F_FLUSH`
const FEATURE_FLUSH: u64 = 1 << 9;
/// The only queue.
const REQUESTS: usize = 0;
/// Bytes of type, reserved word and sector.
const HEADER_BYTES: u32 = 16;
/// Sectors that are moved between two pauses.
const SECTORS_AT_ONCE: u64 = 8;

/// What holds the sectors.
pub trait BlockBackend {
    /// How many there are.
    fn sectors(&self) -> u64;

    /// Whether they can be written.
    fn access(&self) -> Access;

    /// Reads one sector, below [`Self::sectors`].
    fn read(
        &mut self,
        sector: u64,
        into: &mut [u8; SECTOR_BYTES],
    ) -> impl Future<Output = Result<(), BlockError>>;

    /// Writes one sector, below [`Self::sectors`]. Only for [`Access::ReadWrite`].
    fn write(
        &mut self,
        sector: u64,
        from: &[u8; SECTOR_BYTES],
    ) -> impl Future<Output = Result<(), BlockError>>;

    /// Is ready when what was written is safe.
    fn flush(&mut self) -> impl Future<Output = Result<(), BlockError>>;
}

/// Whether a disk can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It cannot.
    ReadOnly,
    /// It can.
    ReadWrite,
}

/// A back end has failed; the guest gets `VIRTIO_BLK_S_IOERR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sector {sector} failed")]
pub struct BlockError {
    /// Where.
    pub sector: u64,
}

/// How a request ended: its last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    Unsupported,
}

impl Outcome {
    const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Unsupported => 2,
        }
    }
}

/// A disk for `backend`, with the interrupt output `line`.
pub fn device<L: IrqOutput>(backend: &impl BlockBackend, line: L) -> Device<L> {
    let mut configuration = [0; CONFIGURATION_BYTES];
    configuration[0..8].copy_from_slice(&backend.sectors().to_le_bytes());
    // Header and status are buffers too.
    let segments = u32::try_from(SEGMENTS_MAX - 2).unwrap_or(1);
    configuration[12..16].copy_from_slice(&segments.to_le_bytes());
    let read_only = match backend.access() {
        Access::ReadOnly => FEATURE_READ_ONLY,
        Access::ReadWrite => 0,
    };
    let features = FEATURE_SEGMENTS | FEATURE_FLUSH | read_only;
    Device::new(Identity { kind: Kind::Block, features, queue_sizes: [64, 0], configuration }, line)
}

/// Serves the disk, one request after the other, for ever.
///
/// *Cancel safety*: the request that is under way is never answered.
pub async fn serve<L: IrqOutput, M: GuestMemory>(
    device: &Device<L>,
    memory: &M,
    backend: &mut impl BlockBackend,
) -> ! {
    loop {
        let request = device.next(REQUESTS, memory).await;
        match answer(request, backend).await {
            // The device stands still or has been reset; the next request comes when it has been started.
            Ok(()) | Err(Gone) => pause().await,
        }
    }
}

async fn answer<L: IrqOutput, M: GuestMemory>(
    request: Request<'_, L, M>,
    backend: &mut impl BlockBackend,
) -> Result<(), Gone> {
    let mut kind = [0; 4];
    let mut sector = [0; 8];
    request.read(0, &mut kind)?;
    request.read(8, &mut sector)?;
    let sector = u64::from_le_bytes(sector);
    // A request without room for the status has none for data either, and stops the device where it is written.
    let room = request.writable().saturating_sub(1);
    let (outcome, written) = match u32::from_le_bytes(kind) {
        0 => read(&request, sector, room, backend).await?,
        1 => (write(&request, sector, backend).await?, 0),
        4 => (backend.flush().await.map_or(Outcome::Failed, |()| Outcome::Done), 0),
        _ => (Outcome::Unsupported, 0),
    };
    request.write(room, &[outcome.number()])?;
    // Only bytes without a gap are counted.
    let written = if written == room { room + 1 } else { written };
    request.complete(written)
}

/// The sectors from `first` on that have `bytes` bytes; `None` if the disk does not have them all.
fn sectors(first: u64, bytes: u32, backend: &impl BlockBackend) -> Option<u64> {
    let count = u64::from(bytes) / SECTOR_BYTES as u64;
    let is_whole = u64::from(bytes) % SECTOR_BYTES as u64 == 0;
    let end = first.checked_add(count).filter(|end| is_whole && *end <= backend.sectors())?;
    Some(end - first)
}

async fn read<L: IrqOutput, M: GuestMemory>(
    request: &Request<'_, L, M>,
    first: u64,
    room: u32,
    backend: &mut impl BlockBackend,
) -> Result<(Outcome, u32), Gone> {
    let Some(count) = sectors(first, room, backend) else { return Ok((Outcome::Failed, 0)) };
    let (mut bytes, mut written) = ([0; SECTOR_BYTES], 0);
    for index in 0..count {
        if backend.read(first + index, &mut bytes).await.is_err() {
            return Ok((Outcome::Failed, written));
        }
        request.write(written, &bytes)?;
        written += u32::try_from(SECTOR_BYTES).unwrap_or(0);
        pause_after(index).await;
    }
    Ok((Outcome::Done, written))
}

async fn write<L: IrqOutput, M: GuestMemory>(
    request: &Request<'_, L, M>,
    first: u64,
    backend: &mut impl BlockBackend,
) -> Result<Outcome, Gone> {
    let count = sectors(first, request.readable() - HEADER_BYTES, backend);
    let (Some(count), Access::ReadWrite) = (count, backend.access()) else { return Ok(Outcome::Failed) };
    let (mut bytes, mut taken) = ([0; SECTOR_BYTES], HEADER_BYTES);
    for index in 0..count {
        request.read(taken, &mut bytes)?;
        if backend.write(first + index, &bytes).await.is_err() {
            return Ok(Outcome::Failed);
        }
        taken += u32::try_from(SECTOR_BYTES).unwrap_or(0);
        pause_after(index).await;
    }
    Ok(Outcome::Done)
}

async fn pause_after(index: u64) {
    if index % SECTORS_AT_ONCE == SECTORS_AT_ONCE - 1 {
        pause().await;
    }
}

/// Sectors in memory of their own, which is such that it can be a guest's.
#[derive(Clone, Debug)]
pub struct RamDisk<M>(M);

impl<M: GuestMemory> RamDisk<M> {
    /// A disk whose sectors are `memory`, from its beginning.
    pub const fn new(memory: M) -> Self {
        Self(memory)
    }

    fn place(&self, sector: u64) -> Result<GuestPhysAddr, BlockError> {
        let place = u32::try_from(sector * SECTOR_BYTES as u64).map_err(|_| BlockError { sector })?;
        Ok(GuestPhysAddr::new(place))
    }
}

impl<M: GuestMemory> BlockBackend for RamDisk<M> {
    fn sectors(&self) -> u64 {
        u64::from(self.0.bytes()) / SECTOR_BYTES as u64
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    fn read(
        &mut self,
        sector: u64,
        into: &mut [u8; SECTOR_BYTES],
    ) -> impl Future<Output = Result<(), BlockError>> {
        let read = |place| self.0.read(place, into).map_err(|_| BlockError { sector });
        ready(self.place(sector).and_then(read))
    }

    fn write(
        &mut self,
        sector: u64,
        from: &[u8; SECTOR_BYTES],
    ) -> impl Future<Output = Result<(), BlockError>> {
        let write = |place| self.0.write(place, from).map_err(|_| BlockError { sector });
        ready(self.place(sector).and_then(write))
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), BlockError>> {
        ready(Ok(()))
    }
}

/// A disk whose contents came with the kernel and cannot be written.
#[derive(Clone, Copy, Debug)]
pub struct ReadOnlyImage<'a>(&'a [[u8; SECTOR_BYTES]]);

impl<'a> ReadOnlyImage<'a> {
    /// The whole sectors of `image`; a rest that is shorter is no part of the disk.
    #[must_use]
    pub const fn new(image: &'a [u8]) -> Self {
        Self(image.as_chunks().0)
    }
}

impl BlockBackend for ReadOnlyImage<'_> {
    fn sectors(&self) -> u64 {
        self.0.len() as u64
    }

    fn access(&self) -> Access {
        Access::ReadOnly
    }

    fn read(
        &mut self,
        sector: u64,
        into: &mut [u8; SECTOR_BYTES],
    ) -> impl Future<Output = Result<(), BlockError>> {
        let found = usize::try_from(sector).ok().and_then(|sector| self.0.get(sector));
        ready(found.map(|bytes| *into = *bytes).ok_or(BlockError { sector }))
    }

    fn write(&mut self, sector: u64, _: &[u8; SECTOR_BYTES]) -> impl Future<Output = Result<(), BlockError>> {
        ready(Err(BlockError { sector }))
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), BlockError>> {
        ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
