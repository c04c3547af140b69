//! Disks: sectors of 512 bytes, on this core or on another one.
//!
//! [`Sectors`] are at hand: reading them takes no waiting. A [`BlockDevice`] may be far away. Whoever needs a disk asks for
//! a `BlockDevice`, and all `Sectors` are one.

use core::future::{Future, ready};

use serde::{Deserialize, Serialize};

/// Bytes of a sector, always.
pub const SECTOR_BYTES: usize = 512;

/// Whether a disk can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// It cannot, and has the same contents in each life of its core.
    ReadOnly,
    /// It can.
    ReadWrite,
}

/// Why sectors were not read or written. The guest of a virtual disk gets `VIRTIO_BLK_S_IOERR` for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BlockError {
    /// The disk does not have them all.
    #[error("beyond the end of the disk")]
    OutOfRange,
    /// The disk cannot be written.
    #[error("the disk is read-only")]
    ReadOnly,
    /// Its core has begun another life, in which the disk has lost what was written.
    #[error("the disk was lost with a life of its core")]
    Forgotten,
    /// Its core did not answer, or data did not arrive. What was to be written may be.
    #[error("the core of the disk does not answer")]
    Unreachable,
}

/// A disk that need not be waited for.
pub trait Sectors {
    /// How many there are.
    fn count(&self) -> u64;

    /// Whether they can be written.
    fn access(&self) -> Access;

    /// Reads whole sectors from the one with number `first` on.
    ///
    /// # Errors
    /// [`BlockError`]; `into` then holds anything.
    fn read(&self, first: u64, into: &mut [u8]) -> Result<(), BlockError>;

    /// Writes whole sectors from the one with number `first` on.
    ///
    /// # Errors
    /// [`BlockError`]; any of them may be written then.
    fn write(&self, first: u64, from: &[u8]) -> Result<(), BlockError>;
}

/// A disk. Data is whole sectors; those that the disk does not have are an error.
pub trait BlockDevice {
    /// How many sectors there are.
    fn sectors(&self) -> u64;

    /// Whether they can be written.
    fn access(&self) -> Access;

    /// Reads sectors from the one with number `first` on.
    ///
    /// *Cancel safety*: `into` holds anything.
    fn read(&self, first: u64, into: &mut [u8]) -> impl Future<Output = Result<(), BlockError>>;

    /// Writes sectors from the one with number `first` on, and is ready when they are where they stay.
    ///
    /// *Cancel safety*: any of them may be written.
    fn write(&self, first: u64, from: &[u8]) -> impl Future<Output = Result<(), BlockError>>;
}

impl<S: Sectors> BlockDevice for S {
    fn sectors(&self) -> u64 {
        self.count()
    }

    fn access(&self) -> Access {
        Sectors::access(self)
    }

    fn read(&self, first: u64, into: &mut [u8]) -> impl Future<Output = Result<(), BlockError>> {
        ready(Sectors::read(self, first, into))
    }

    fn write(&self, first: u64, from: &[u8]) -> impl Future<Output = Result<(), BlockError>> {
        ready(Sectors::write(self, first, from))
    }
}

impl<S: Sectors + ?Sized> Sectors for &S {
    fn count(&self) -> u64 {
        (**self).count()
    }

    fn access(&self) -> Access {
        (**self).access()
    }

    fn read(&self, first: u64, into: &mut [u8]) -> Result<(), BlockError> {
        (**self).read(first, into)
    }

    fn write(&self, first: u64, from: &[u8]) -> Result<(), BlockError> {
        (**self).write(first, from)
    }
}

/// A disk whose contents came with the kernel and cannot be written.
#[derive(Clone, Copy, Debug)]
pub struct ReadOnlyImage<'a>(&'a [u8]);

impl<'a> ReadOnlyImage<'a> {
    /// The whole sectors of `image`; a rest that is shorter is no part of the disk.
    pub const fn new(image: &'a [u8]) -> Self {
        let (sectors, _) = image.as_chunks::<SECTOR_BYTES>();
        Self(sectors.as_flattened())
    }
}

impl Sectors for ReadOnlyImage<'_> {
    fn count(&self) -> u64 {
        (self.0.len() / SECTOR_BYTES) as u64
    }

    fn access(&self) -> Access {
        Access::ReadOnly
    }

    fn read(&self, first: u64, into: &mut [u8]) -> Result<(), BlockError> {
        let begin = usize::try_from(first).ok().and_then(|first| first.checked_mul(SECTOR_BYTES));
        let end = begin.and_then(|begin| begin.checked_add(into.len()));
        let found = begin.zip(end).and_then(|(begin, end)| self.0.get(begin..end));
        into.copy_from_slice(found.ok_or(BlockError::OutOfRange)?);
        Ok(())
    }

    fn write(&self, _: u64, _: &[u8]) -> Result<(), BlockError> {
        Err(BlockError::ReadOnly)
    }
}
