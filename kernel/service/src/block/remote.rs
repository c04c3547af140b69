//! The disk of another core.

use futures_util::future::try_join;
use ipi::mesh::Mesh;
use scc::id::CoreId;

use super::{
    Access, BlockDevice, BlockError, Disk, PATIENCE_MILLISECONDS, Request, SECTOR_BYTES, SECTORS_AT_ONCE,
    Shape, Span, TAGS,
};
use crate::Ctx;

/// The disk that service [`block`](super) of another core lends. Task context.
pub struct RemoteDisk<'s, M: Mesh> {
    ctx: Ctx<'s, M>,
    core: CoreId,
    shape: Shape,
}

impl<'s, M: Mesh> RemoteDisk<'s, M> {
    /// The disk of `core`, which is another than this one: data does not travel from a core to itself. Asks again while
    /// it may be starting.
    ///
    /// # Errors
    /// [`BlockError::Unreachable`] if it does not answer.
    ///
    /// *Cancel safety*: may be dropped at any time.
    pub async fn open(ctx: Ctx<'s, M>, core: CoreId) -> Result<Self, BlockError> {
        let shape = ctx.while_starting(async || ask(ctx, core, Request::Describe).await).await?;
        Ok(Self { ctx, core, shape })
    }

    /// Whether the disk has the sectors from `first` on that have `bytes` bytes.
    fn check(&self, first: u64, bytes: usize) -> Result<(), BlockError> {
        let end = first.checked_add((bytes / SECTOR_BYTES) as u64).filter(|end| *end <= self.shape.sectors);
        end.filter(|_| bytes.is_multiple_of(SECTOR_BYTES)).map(|_| ()).ok_or(BlockError::OutOfRange)
    }

    fn span(&self, first: u64, data: &[u8]) -> Span {
        let count = u8::try_from(data.len() / SECTOR_BYTES).expect("at most eight sectors travel together");
        let number = (self.ctx.fresh_number() % u32::from(TAGS)).try_into().expect("a remainder of 16 bits");
        Span { first, count, edition: self.shape.edition, number }
    }
}

async fn ask<M: Mesh>(ctx: Ctx<'_, M>, core: CoreId, request: Request) -> Result<Shape, BlockError> {
    ctx.call::<Disk>(core, &request).await.map_err(|_| BlockError::Unreachable)?
}

impl<M: Mesh> BlockDevice for RemoteDisk<'_, M> {
    fn sectors(&self) -> u64 {
        self.shape.sectors
    }

    fn access(&self) -> Access {
        self.shape.access
    }

    async fn read(&self, first: u64, into: &mut [u8]) -> Result<(), BlockError> {
        self.check(first, into.len())?;
        for (place, data) in
            (first..).step_by(SECTORS_AT_ONCE).zip(into.chunks_mut(SECTORS_AT_ONCE * SECTOR_BYTES))
        {
            let span = self.span(place, data);
            let until = self.ctx.within(PATIENCE_MILLISECONDS);
            let received = async {
                match self.ctx.transfers().recv(self.core, span.tag(), data, until).await {
                    Ok(length) if length == usize::from(span.count) * SECTOR_BYTES => Ok(()),
                    _ => Err(BlockError::Unreachable),
                }
            };
            try_join(ask(self.ctx, self.core, Request::Read(span)), received).await?;
        }
        Ok(())
    }

    async fn write(&self, first: u64, from: &[u8]) -> Result<(), BlockError> {
        self.check(first, from.len())?;
        for (place, data) in
            (first..).step_by(SECTORS_AT_ONCE).zip(from.chunks(SECTORS_AT_ONCE * SECTOR_BYTES))
        {
            let span = self.span(place, data);
            let until = self.ctx.within(PATIENCE_MILLISECONDS);
            let sent = async {
                let sent = self.ctx.transfers().send(self.core, span.tag(), data, until).await;
                sent.map_err(|_| BlockError::Unreachable)
            };
            try_join(ask(self.ctx, self.core, Request::Write(span)), sent).await?;
        }
        Ok(())
    }
}
