//! The borrower's side: blocks of others, seen through a window.

use scc::id::CoreId;

use super::Lending;
use super::space::place_of;
use super::table::Offered;
use crate::layout::QUADWORD;
use crate::mailbox::{Mode, PeerError};
use crate::mesh::{Deadline, Invalidate, LeaseStage, LeaseStep, Mesh, Pool, PoolWindow, Push, Step};
use crate::wire::{Access, Tag};

/// Bytes that are stored between two looks at the record: some thousand cycles. A core that is reset and started takes
/// far longer until it lends anything, so what is stored then goes where nobody has anything.
const PIECE: usize = 1 << 10;

/// Why a block was not borrowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BorrowError {
    /// The lender did not come.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// Where the lender says that its pool is, it has no memory.
    #[error("the lender has no memory there")]
    NoMemory,
    /// No core borrows from itself.
    #[error("the lender is this core")]
    FromItself,
}

/// Why a borrowed block was not read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AccessError {
    /// The bytes do not begin with a line, or end behind the block.
    #[error("{length} bytes at {offset} are no lines of the block")]
    Range {
        /// First byte.
        offset: usize,
        /// Bytes.
        length: usize,
    },
    /// It was lent for reading.
    #[error("the block was lent for reading")]
    ReadOnly,
    /// The lender has given up, or began a new life.
    #[error("the block is not lent any more")]
    Ended,
}

impl<'m, 'd, M: Mesh> Lending<'m, 'd, M> {
    /// Borrows the next block that core `from` lends with this tag. Four blocks can be borrowed at a time, later ones wait.
    ///
    /// *Cancel safety*: a block that was matched is returned.
    pub async fn borrow(
        &self,
        from: CoreId,
        tag: Tag,
        deadline: Deadline,
    ) -> Result<Borrowed<'_, 'm, 'd, M>, BorrowError> {
        if from == self.mailbox.mesh().core() {
            return Err(BorrowError::FromItself);
        }
        let met = self.mailbox.known_life_of(from);
        let mut watch = self.mailbox.watch((from, met), deadline);
        loop {
            let matched = || self.table.borrow_mut().match_offer(from, tag);
            let offered = watch.until(Mode::Interrupt, matched).await?;
            let mut borrowed = Borrowed { lending: self, offered, window: None, is_borrowed: false };
            let window = watch.until(Mode::Interrupt, || self.table.borrow_mut().take_window()).await?;
            borrowed.window = Some(window);
            if !self.mailbox.mesh().show_pool(window, from, offered.offer.base) {
                return Err(BorrowError::NoMemory);
            }
            if borrowed.is_lent() {
                borrowed.is_borrowed = true;
                borrowed.note(LeaseStage::Borrows);
                return Ok(borrowed);
            }
            // Its lender has given up; the next one may be good.
        }
    }
}

/// A block of another core; returned when it is dropped.
pub struct Borrowed<'l, 'm, 'd, M: Mesh> {
    lending: &'l Lending<'m, 'd, M>,
    offered: Offered,
    window: Option<PoolWindow>,
    is_borrowed: bool,
}

impl<M: Mesh> core::fmt::Debug for Borrowed<'_, '_, '_, M> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_tuple("Borrowed").field(&self.offered).finish()
    }
}

impl<M: Mesh> Borrowed<'_, '_, '_, M> {
    /// Bytes.
    pub const fn length(&self) -> usize {
        self.offered.offer.range.length() as usize
    }

    /// What it was lent for.
    pub const fn access(&self) -> Access {
        self.offered.offer.access
    }

    /// Copies bytes out of the block, from the beginning of a line on, as they are now. About 100 cycles for each line and
    /// as much once more, plus the distance to the lender's memory.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<(), AccessError> {
        let place = self.place(offset, bytes.len())?;
        let mesh = self.lending.mailbox.mesh();
        mesh.invalidate(Invalidate::LentRead);
        mesh.read_pool(self.pool(), place, bytes);
        if self.is_recorded() { Ok(()) } else { Err(AccessError::Ended) }
    }

    /// Copies bytes into the block, from the beginning of a line on. The lender sees them when the block was returned. Cost
    /// as for [`read`](Self::read), for each KB.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), AccessError> {
        if self.access() == Access::Read {
            return Err(AccessError::ReadOnly);
        }
        let place = self.place(offset, bytes.len())?;
        let mesh = self.lending.mailbox.mesh();
        let mut pieces = (place..).step_by(PIECE).zip(bytes.chunks(PIECE));
        let written = pieces.try_for_each(|(place, piece)| {
            // No line of the block is cached after that.
            if !self.is_lent() {
                return Err(AccessError::Ended);
            }
            mesh.write_pool(self.pool(), place, piece);
            Ok(())
        });
        mesh.push(Push::LentWritten);
        written
    }

    fn place(&self, offset: usize, length: usize) -> Result<u32, AccessError> {
        let place = self.offered.offer.range.place(offset, length);
        place.ok_or(AccessError::Range { offset, length })
    }

    fn pool(&self) -> Pool {
        Pool::Behind(self.window.expect("a block is used through its window"))
    }

    fn note(&self, stage: LeaseStage) {
        let Offered { from: peer, life, offer } = self.offered;
        let step = LeaseStep { stage, peer, life, lease: offer.lease, bytes: offer.range.length() };
        self.lending.mailbox.mesh().note(Step::Lease(step));
    }

    /// Whether the lease lasts now.
    fn is_lent(&self) -> bool {
        self.lending.mailbox.mesh().invalidate(Invalidate::LeaseCheck);
        self.is_recorded()
    }

    /// Whether the record shows the lease. The caller has invalidated since it was last read.
    fn is_recorded(&self) -> bool {
        let Offered { life, offer, .. } = self.offered;
        let mut record = [0; QUADWORD];
        self.lending.mailbox.mesh().read_pool(self.pool(), place_of(offer.record), &mut record);
        record == offer.recorded(life)
    }
}

impl<M: Mesh> Drop for Borrowed<'_, '_, '_, M> {
    fn drop(&mut self) {
        let lending = self.lending;
        let Offered { from, life, offer } = self.offered;
        if let Some(window) = self.window {
            lending.mailbox.mesh().hide_pool(window);
            lending.table.borrow_mut().free_window(window);
        }
        if self.is_borrowed {
            self.note(LeaseStage::Returns);
        }
        lending.table.borrow_mut().end_borrowed(from, life, offer.lease, self.is_borrowed);
        lending.changed();
    }
}
