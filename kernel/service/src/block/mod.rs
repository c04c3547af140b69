//! `block`: lends the disk of its core to all others.
//!
//! The disk is what came with the core's load, or else memory, see [`Sectors`]. A core that wants to use it makes a
//! [`RemoteDisk`], which is a [`BlockDevice`] like one of its own:
//!
//! ```text
//! RemoteDisk::read ── call: Read(span) ──▶ reads the sectors
//!                  ◀── transfer: the data ──
//!                  ◀── reply: the shape of the disk, or an error
//! RemoteDisk::write ── call: Write(span) ─▶ asks for the data
//!                  ── transfer: the data ─▶ writes the sectors
//!                  ◀── reply
//! ```
//!
//! Requests are served one after the other. Each side waits 20 ms at most, so a core that is lost costs an error, never more.
//! A disk that can be written belongs to a life of its core: in the next one it is another disk, and whoever used the former
//! one gets errors instead of a disk that has forgotten what was written.

mod device;
mod remote;

use alloc::vec;

use ipi::mesh::Mesh;
use ipi::rpc::{Caller, Procedure, ServeError};
use ipi::wire::Tag;
use serde::{Deserialize, Serialize};

pub use self::device::{Access, BlockDevice, BlockError, ReadOnlyImage, SECTOR_BYTES, Sectors};
pub use self::remote::RemoteDisk;
use crate::Ctx;

/// Sectors that travel together at most.
pub const SECTORS_AT_ONCE: usize = 8;
/// Milliseconds after which the data of a request will not come, or will not be taken.
const PATIENCE_MILLISECONDS: u32 = 20;
/// Tag of the data of request 0; those of others follow, and begin anew after [`TAGS`].
const FIRST_TAG: u16 = 0x4400;
/// Tags: many more than requests that a core has under way.
const TAGS: u16 = 0x400;

/// What the service does.
pub struct Disk;

impl Procedure for Disk {
    const NUMBER: u8 = 23;
    type Request = Request;
    type Reply = Result<Shape, BlockError>;
}

/// What is asked of a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Request {
    /// How it is.
    Describe,
    /// Send these sectors to the caller.
    Read(Span),
    /// Take these sectors from the caller.
    Write(Span),
}

/// Some sectors, and how their data travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Span {
    first: u64,
    count: u8,
    /// The disk that is meant.
    edition: u16,
    /// Number of the request, below [`TAGS`].
    number: u16,
}

impl Span {
    const fn tag(self) -> Tag {
        Tag(FIRST_TAG + self.number % TAGS)
    }
}

/// How a disk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shape {
    sectors: u64,
    access: Access,
    /// The life of the core for a disk that forgets with it, else 0.
    edition: u16,
}

/// Why the service does not run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RunError {
    /// There is nothing to lend.
    #[error("this core has no disk")]
    NoDisk,
    /// The core has no place for a server.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Lends the core's disk until it is told to stop.
pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), RunError> {
    let disk = ctx.disk().ok_or(RunError::NoDisk)?;
    let edition = match disk.access() {
        Access::ReadOnly => 0,
        Access::ReadWrite => ctx.mail().epoch().get(),
    };
    let shape = Shape { sectors: disk.count(), access: disk.access(), edition };
    let [read, written, failed] = ["read", "written", "failed"].map(|name| ctx.counter(name));
    ctx.serve::<Disk>(async |caller, request| {
        let done = match request {
            Request::Describe => Ok(()),
            Request::Read(span) => {
                lend(ctx, (disk, &shape), caller, span).await.map(|()| read.add(span.count.into()))
            }
            Request::Write(span) => {
                take(ctx, (disk, &shape), caller, span).await.map(|()| written.add(span.count.into()))
            }
        };
        done.inspect_err(|_| failed.increment()).map(|()| shape)
    })
    .await?;
    Ok(())
}

/// Sends sectors to the caller.
async fn lend<M: Mesh>(
    ctx: Ctx<'_, M>,
    (disk, shape): (&dyn Sectors, &Shape),
    caller: Caller,
    span: Span,
) -> Result<(), BlockError> {
    let mut data = vec![0; bytes_of(shape, span)?];
    disk.read(span.first, &mut data)?;
    let until = ctx.within(PATIENCE_MILLISECONDS);
    let sent = ctx.transfers().send_to_life(caller.core, caller.life, span.tag(), &data, until).await;
    sent.map_err(|_| BlockError::Unreachable)
}

/// Takes sectors from the caller.
async fn take<M: Mesh>(
    ctx: Ctx<'_, M>,
    (disk, shape): (&dyn Sectors, &Shape),
    caller: Caller,
    span: Span,
) -> Result<(), BlockError> {
    if shape.access == Access::ReadOnly {
        return Err(BlockError::ReadOnly);
    }
    let mut data = vec![0; bytes_of(shape, span)?];
    let until = ctx.within(PATIENCE_MILLISECONDS);
    match ctx.transfers().recv(caller.core, span.tag(), &mut data, until).await {
        Ok(length) if length == data.len() => disk.write(span.first, &data),
        _ => Err(BlockError::Unreachable),
    }
}

/// Length of the sectors, if they are of this disk and not too many.
fn bytes_of(shape: &Shape, span: Span) -> Result<usize, BlockError> {
    if span.edition != shape.edition {
        return Err(BlockError::Forgotten);
    }
    let end = span.first.checked_add(span.count.into()).filter(|end| *end <= shape.sectors);
    end.ok_or(BlockError::OutOfRange)?;
    let count = usize::from(span.count);
    if count > SECTORS_AT_ONCE { Err(BlockError::OutOfRange) } else { Ok(count * SECTOR_BYTES) }
}

#[cfg(test)]
mod tests;
