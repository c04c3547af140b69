//! A disk.
//!
//! ```text
//! request     read: type, 32 bits; reserved, 32 bits; sector, 64 bits; data to write
//!             written: data that was read; status, one byte
//! ```
//!
//! Source: VIRTIO 1.2 §5.2. Flush is offered and a disk may be read-only; nothing else.

use guest_abi::GuestPhysAddr;
use service::block::{Access, BlockDevice, BlockError, SECTOR_BYTES, Sectors};

use super::chain::SEGMENTS_MAX;
use super::device::{Device, Gone, IrqOutput, Request, pause};
use super::transport::{CONFIGURATION_BYTES, Identity, Kind};
use crate::hypervisor::guest_memory::{GuestMemory, pieces};

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
/// Bytes that are moved between two pauses: 8 sectors.
const PIECE_BYTES: usize = 8 * SECTOR_BYTES;

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
pub fn device<L: IrqOutput>(backend: &impl BlockDevice, line: L) -> Device<L> {
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
    backend: &impl BlockDevice,
) -> ! {
    let mut piece = [0; PIECE_BYTES];
    loop {
        let request = device.next(REQUESTS, memory).await;
        match answer(request, backend, &mut piece).await {
            // The device stands still or has been reset; the next request comes when it has been started.
            Ok(()) | Err(Gone) => pause().await,
        }
    }
}

async fn answer<L: IrqOutput, M: GuestMemory>(
    request: Request<'_, L, M>,
    backend: &impl BlockDevice,
    piece: &mut [u8; PIECE_BYTES],
) -> Result<(), Gone> {
    let mut kind = [0; 4];
    let mut sector = [0; 8];
    request.read(0, &mut kind)?;
    request.read(8, &mut sector)?;
    let sector = u64::from_le_bytes(sector);
    // A request without room for the status has none for data either, and stops the device where it is written.
    let room = request.writable().saturating_sub(1);
    let (outcome, written) = match u32::from_le_bytes(kind) {
        0 => read(&request, sector, room, backend, piece).await?,
        1 => (write(&request, sector, backend, piece).await?, 0),
        // What was written lies where it stays before the write is answered.
        4 => (Outcome::Done, 0),
        _ => (Outcome::Unsupported, 0),
    };
    request.write(room, &[outcome.number()])?;
    // Only bytes without a gap are counted.
    let written = if written == room { room + 1 } else { written };
    request.complete(written)
}

/// Whether the disk has the sectors from `first` on that have `bytes` bytes.
fn has(first: u64, bytes: u32, backend: &impl BlockDevice) -> bool {
    let (count, rest) = (u64::from(bytes) / SECTOR_BYTES as u64, u64::from(bytes) % SECTOR_BYTES as u64);
    rest == 0 && first.checked_add(count).is_some_and(|end| end <= backend.sectors())
}

/// Pieces of `bytes` bytes from sector `first` on: the first sector of each, and its length.
fn pieces_from(first: u64, bytes: u32) -> impl Iterator<Item = (u64, u32)> {
    let sectors = (PIECE_BYTES / SECTOR_BYTES) as u64;
    pieces(bytes, PIECE_BYTES).zip(0..).map(move |(length, number)| (first + number * sectors, length))
}

async fn read<L: IrqOutput, M: GuestMemory>(
    request: &Request<'_, L, M>,
    first: u64,
    room: u32,
    backend: &impl BlockDevice,
    piece: &mut [u8; PIECE_BYTES],
) -> Result<(Outcome, u32), Gone> {
    if !has(first, room, backend) {
        return Ok((Outcome::Failed, 0));
    }
    let mut written = 0;
    for (sector, length) in pieces_from(first, room) {
        let piece = &mut piece[..length as usize];
        if backend.read(sector, piece).await.is_err() {
            return Ok((Outcome::Failed, written));
        }
        request.write(written, piece)?;
        written += length;
        pause().await;
    }
    Ok((Outcome::Done, written))
}

async fn write<L: IrqOutput, M: GuestMemory>(
    request: &Request<'_, L, M>,
    first: u64,
    backend: &impl BlockDevice,
    piece: &mut [u8; PIECE_BYTES],
) -> Result<Outcome, Gone> {
    let bytes = request.readable() - HEADER_BYTES;
    if backend.access() == Access::ReadOnly || !has(first, bytes, backend) {
        return Ok(Outcome::Failed);
    }
    let mut taken = HEADER_BYTES;
    for (sector, length) in pieces_from(first, bytes) {
        let piece = &mut piece[..length as usize];
        request.read(taken, piece)?;
        if backend.write(sector, piece).await.is_err() {
            return Ok(Outcome::Failed);
        }
        taken += length;
        pause().await;
    }
    Ok(Outcome::Done)
}

/// Sectors in memory of their own, which is such that it can be a guest's.
#[derive(Clone, Debug)]
pub struct RamDisk<M>(M);

impl<M: GuestMemory> RamDisk<M> {
    /// A disk whose sectors are `memory`, from its beginning.
    pub const fn new(memory: M) -> Self {
        Self(memory)
    }
}

/// Place of a sector in memory that begins with the first one.
fn place(first: u64) -> Result<GuestPhysAddr, BlockError> {
    let place = first.checked_mul(SECTOR_BYTES as u64).and_then(|place| u32::try_from(place).ok());
    place.map(GuestPhysAddr::new).ok_or(BlockError::OutOfRange)
}

impl<M: GuestMemory> Sectors for RamDisk<M> {
    fn count(&self) -> u64 {
        u64::from(self.0.bytes()) / SECTOR_BYTES as u64
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    fn read(&self, first: u64, into: &mut [u8]) -> Result<(), BlockError> {
        self.0.read(place(first)?, into).map_err(|_| BlockError::OutOfRange)
    }

    fn write(&self, first: u64, from: &[u8]) -> Result<(), BlockError> {
        self.0.write(place(first)?, from).map_err(|_| BlockError::OutOfRange)
    }
}

#[cfg(test)]
mod tests;
