//! The lender's side: blocks of the own pool, and lending them.

use scc::id::CoreId;

use super::Lending;
use super::table::Fate;
use crate::layout::QUADWORD;
use crate::mailbox::{Mode, PeerError, SendError};
use crate::mesh::{Deadline, Invalidate, LeaseStage, LeaseStep, Mesh, Pool, PoolRange, Push, Step};
use crate::wire::{Access, LeaseId, LeaseRecord, LendMail, LendOffer, Tag};

/// There is no room for a block of this length in the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no room for a block of {0} bytes")]
pub struct NoRoom(pub usize);

/// Why a block was not read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BlockError {
    /// The bytes do not begin with a line, or end behind the block.
    #[error("{length} bytes at {offset} are no lines of the block")]
    Range {
        /// First byte.
        offset: usize,
        /// Bytes.
        length: usize,
    },
    /// A borrower that was to return it may still be writing to it.
    #[error("a borrower may still be writing to the block")]
    Held,
}

/// Why a block was not lent, or not returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LendError {
    /// The offer did not arrive.
    #[error(transparent)]
    Offer(#[from] SendError),
    /// The borrower did not return it: the deadline passed, or it is gone.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// Too many offers wait there.
    #[error("the borrower declined")]
    Declined,
    /// A borrower that was to return it may still be writing to it.
    #[error("an earlier borrower may still be writing to the block")]
    Held,
    /// No core lends to itself.
    #[error("the borrower is this core")]
    ToItself,
}

/// Memory of the own pool. Dropping it frees it, at once or when a borrower that writes has returned it.
pub struct Block<'l, 'm, 'd, M: Mesh> {
    lending: &'l Lending<'m, 'd, M>,
    range: PoolRange,
}

impl<M: Mesh> core::fmt::Debug for Block<'_, '_, '_, M> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_tuple("Block").field(&self.range).finish()
    }
}

impl<'m, 'd, M: Mesh> Lending<'m, 'd, M> {
    /// Takes memory for `length` bytes, 1 to 4 MB less 512 bytes. What it holds is left open.
    pub fn allocate(&self, length: usize) -> Result<Block<'_, 'm, 'd, M>, NoRoom> {
        let range = self.table.borrow_mut().space.take(length).ok_or(NoRoom(length))?;
        Ok(Block { lending: self, range })
    }

    /// Lends a block for reading to the task that borrows with this tag on core `to`; completes when it was returned. Any
    /// number of cores may be lent a block at a time, sixteen leases of one core at once.
    ///
    /// At the deadline the block is the lender's again at once: the borrower's next read fails.
    ///
    /// *Cancel safety*: as at the deadline.
    pub async fn lend(
        &self,
        to: CoreId,
        tag: Tag,
        block: &Block<'_, 'm, 'd, M>,
        deadline: Deadline,
    ) -> Result<(), LendError> {
        self.lend_with(to, tag, (block.range, Access::Read), deadline).await
    }

    /// Lends a block for reading and writing, as [`lend`](Self::lend) does.
    ///
    /// At the deadline the borrower may be in the middle of a write. The block is [held](BlockError::Held) then, and not
    /// used for anything else, until it was returned or the borrower is in reset or in another life; a borrower that has
    /// halted keeps it until it is reset.
    ///
    /// *Cancel safety*: as at the deadline.
    pub async fn lend_mut(
        &self,
        to: CoreId,
        tag: Tag,
        block: &mut Block<'_, 'm, 'd, M>,
        deadline: Deadline,
    ) -> Result<(), LendError> {
        self.lend_with(to, tag, (block.range, Access::Write), deadline).await
    }

    async fn lend_with(
        &self,
        to: CoreId,
        tag: Tag,
        (range, access): (PoolRange, Access),
        deadline: Deadline,
    ) -> Result<(), LendError> {
        if to == self.mailbox.mesh().core() {
            return Err(LendError::ToItself);
        }
        if self.table.borrow().is_held(range) {
            return Err(LendError::Held);
        }
        let base = self.base.expect("blocks come from a pool");
        let mut watch = self.mailbox.watch((to, None), deadline);
        let begin = || self.table.borrow_mut().begin(to, range, access);
        let (record, lease) = watch.until(Mode::Interrupt, begin).await?;
        let mut lent = Lent { lending: self, to, record, lease, may_be_used: false };
        lent.note(LeaseStage::Lends, range);
        let offer = LendOffer { lease, tag, base, range, record, access };
        // Stores leave in order: the contents before the record, and the record before the offer.
        self.write_record(record, offer.recorded(self.mailbox.epoch()));
        // What a dropped future has sent may arrive.
        lent.may_be_used = true;
        let sent = self.mailbox.send(to, LendMail::Offer(offer).emit(), deadline).await;
        let life = self.mailbox.known_life_of(to);
        self.table.borrow_mut().lease(record).life = life;
        if let Err(error) = sent {
            lent.may_be_used = error == SendError::TimedOut;
            return Err(error.into());
        }
        let returned = || match self.table.borrow_mut().lease(record).fate {
            Fate::Returned(was_borrowed) => Some(was_borrowed),
            Fate::Lent | Fate::Held { .. } => None,
        };
        let mut watch = self.mailbox.watch((to, life), deadline);
        match watch.until(Mode::Interrupt, returned).await {
            Ok(was_borrowed) => {
                lent.may_be_used = false;
                if was_borrowed { Ok(()) } else { Err(LendError::Declined) }
            }
            Err(error) => {
                lent.may_be_used = error == PeerError::TimedOut;
                Err(error.into())
            }
        }
    }
}

impl<M: Mesh> Block<'_, '_, '_, M> {
    /// Bytes.
    pub const fn length(&self) -> usize {
        self.range.length() as usize
    }

    /// Copies bytes out of the block, from the beginning of a line on. About 100 cycles for each line.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<(), BlockError> {
        let place = self.place(offset, bytes.len())?;
        // Whatever a borrower has written, its return was read after an invalidate.
        self.lending.mailbox.mesh().read_pool(Pool::Own, place, bytes);
        Ok(())
    }

    /// Copies bytes into the block, from the beginning of a line on. About 100 cycles for each line.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), BlockError> {
        let place = self.place(offset, bytes.len())?;
        let mesh = self.lending.mailbox.mesh();
        mesh.invalidate(Invalidate::BlockWrite);
        mesh.write_pool(Pool::Own, place, bytes);
        mesh.push(Push::BlockWritten);
        Ok(())
    }

    fn place(&self, offset: usize, length: usize) -> Result<u32, BlockError> {
        if self.lending.table.borrow().is_held(self.range) {
            return Err(BlockError::Held);
        }
        self.range.place(offset, length).ok_or(BlockError::Range { offset, length })
    }
}

impl<M: Mesh> Drop for Block<'_, '_, '_, M> {
    fn drop(&mut self) {
        // There is a lease only if a future that lends was neither polled to its end nor dropped.
        let ended = self.lending.table.borrow_mut().drop_block(self.range);
        ended.into_iter().for_each(|record| self.lending.write_record(record, [0; QUADWORD]));
        self.lending.changed();
    }
}

/// A lease whose lender waits; over when it is dropped.
struct Lent<'l, 'm, 'd, M: Mesh> {
    lending: &'l Lending<'m, 'd, M>,
    to: CoreId,
    record: LeaseRecord,
    lease: LeaseId,
    /// Somebody may have borrowed the block and not returned it.
    may_be_used: bool,
}

impl<M: Mesh> Lent<'_, '_, '_, M> {
    fn note(&self, stage: LeaseStage, range: PoolRange) {
        let (peer, life, lease) = (self.to, self.lending.mailbox.epoch(), self.lease);
        let step = LeaseStep { stage, peer, life, lease, bytes: range.length() };
        self.lending.mailbox.mesh().note(Step::Lease(step));
    }
}

impl<M: Mesh> Drop for Lent<'_, '_, '_, M> {
    fn drop(&mut self) {
        // Out before anything that is written to the block afterwards.
        self.lending.write_record(self.record, [0; QUADWORD]);
        let mut table = self.lending.table.borrow_mut();
        let lease = *table.lease(self.record);
        self.note(LeaseStage::Lent, lease.range);
        let is_used = self.may_be_used && !matches!(lease.fate, Fate::Returned(_));
        if is_used && let Some(life) = lease.life.or_else(|| self.lending.mailbox.known_life_of(self.to)) {
            table.lease(self.record).life = Some(life);
            table.add_mail(self.to, life, LendMail::Withdraw { lease: self.lease });
        }
        if is_used && lease.access == Access::Write {
            table.lease(self.record).fate = Fate::Held { is_dropped: false };
        } else {
            table.end(self.record);
        }
        drop(table);
        self.lending.changed();
    }
}
