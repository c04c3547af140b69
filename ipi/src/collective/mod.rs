//! Operations in which all members of a group take part: broadcast, reduce, gather, scatter, all-to-all.
//!
//! All members call the same operations of one [`Collective`] in the same order, each with its own arguments.
//! Broadcast and reduce go through a binomial tree, log2 n steps deep; gather and scatter go between the root
//! and each member; all-to-all pairs every member with one to send to and one to receive from in each of n
//! rounds. Data moves by [`Transfers`], so large arguments are pipelined and several operations of different
//! groups overlap. A member that fails makes the operation fail on those that wait for it; the collective is
//! useless after an error.

mod exchange;
mod tree;

use core::cell::Cell;

use scc::id::CoreId;

use crate::group::{Group, GroupError};
use crate::mesh::{Deadline, Mesh};
use crate::transfer::{ReceiveError, TransferError, Transfers};
use crate::wire::Tag;

/// Collective operations of one core in one group.
pub struct Collective<'t, 'm, 'd, M: Mesh> {
    transfers: &'t Transfers<'m, 'd, M>,
    group: Group,
    rank: usize,
    context: Context,
    sequence: Cell<u8>,
    deadline: Cell<Deadline>,
}

/// Number that tells the collectives of a core apart, 0 to 127.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Context(u8);

impl Context {
    /// Accepts 0 to 127.
    pub const fn new(number: u8) -> Option<Self> {
        if number < 128 { Some(Self(number)) } else { None }
    }
}

/// Why a collective operation failed on this core.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CollectiveError {
    /// A transfer to a member failed.
    #[error("sending: {0}")]
    Send(#[from] TransferError),
    /// A transfer from a member failed.
    #[error("receiving: {0}")]
    Receive(#[from] ReceiveError),
    /// A member sent another length than this core expects.
    #[error("a member sent {got} bytes instead of {expected}")]
    Length {
        /// Bytes expected.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// The argument of the root has not one equal part per member.
    #[error("{got} bytes are not {expected} bytes, one part per member")]
    Parts {
        /// Bytes of all parts together.
        expected: usize,
        /// Bytes of the argument.
        got: usize,
    },
}

impl<'t, 'm, 'd, M: Mesh> Collective<'t, 'm, 'd, M> {
    /// Collective operations in `group`. All members choose the same `context`, which must differ between
    /// collectives with common members that are in use at once. Uses tags 0x8000 to 0xFFFF.
    pub fn new(
        transfers: &'t Transfers<'m, 'd, M>,
        group: Group,
        context: Context,
    ) -> Result<Self, GroupError> {
        let rank = group.rank_of(transfers.mailbox().mesh().core())?;
        let deadline = Cell::new(Deadline::Never);
        Ok(Self { transfers, group, rank, context, sequence: Cell::new(0), deadline })
    }

    /// Sets when each of the following operations gives up.
    pub fn set_deadline(&self, deadline: Deadline) {
        self.deadline.set(deadline);
    }

    /// Rank of this core.
    pub const fn rank(&self) -> usize {
        self.rank
    }

    /// Tag of the next operation.
    fn next_tag(&self) -> Tag {
        let sequence = self.sequence.get();
        self.sequence.set(sequence.wrapping_add(1));
        Tag(0x8000 | u16::from(self.context.0) << 8 | u16::from(sequence))
    }

    fn member(&self, rank: usize) -> CoreId {
        self.group.member(rank)
    }

    async fn send(&self, rank: usize, tag: Tag, bytes: &[u8]) -> Result<(), CollectiveError> {
        Ok(self.transfers.send(self.member(rank), tag, bytes, self.deadline.get()).await?)
    }

    async fn receive(&self, rank: usize, tag: Tag, bytes: &mut [u8]) -> Result<(), CollectiveError> {
        let expected = bytes.len();
        let got = self.transfers.recv(self.member(rank), tag, bytes, self.deadline.get()).await?;
        if got == expected { Ok(()) } else { Err(CollectiveError::Length { expected, got }) }
    }
}
