//! Operations in which every member has a part of its own.

use futures_util::future::join;

use super::{Collective, CollectiveError};
use crate::mesh::Mesh;

impl<M: Mesh> Collective<'_, '_, '_, M> {
    /// Collects the bytes of all members, in the order of ranks, at the member of rank `root`, which gives an
    /// `all` of their length together; others give an empty one.
    ///
    /// *Cancel safety*: the root fails, or members whose part the root has not received.
    pub async fn gather(&self, root: usize, own: &[u8], all: &mut [u8]) -> Result<(), CollectiveError> {
        let tag = self.next_tag();
        let root = root % self.group.size();
        if self.rank != root {
            return self.send(root, tag, own).await;
        }
        self.check_parts(own.len(), all.len())?;
        for (rank, part) in all.chunks_mut(own.len().max(1)).enumerate() {
            if rank == root {
                part.copy_from_slice(own);
            } else {
                self.receive(rank, tag, part).await?;
            }
        }
        Ok(())
    }

    /// Gives each member its part of the bytes of the member of rank `root`, which gives an `all` of as many
    /// equal parts as there are members; others give an empty one.
    ///
    /// *Cancel safety*: members that have not received their part fail.
    pub async fn scatter(&self, root: usize, all: &[u8], own: &mut [u8]) -> Result<(), CollectiveError> {
        let tag = self.next_tag();
        let root = root % self.group.size();
        if self.rank != root {
            return self.receive(root, tag, own).await;
        }
        self.check_parts(own.len(), all.len())?;
        for (rank, part) in all.chunks(own.len().max(1)).enumerate() {
            if rank == root {
                own.copy_from_slice(part);
            } else {
                self.send(rank, tag, part).await?;
            }
        }
        Ok(())
    }

    /// Sends part i of `outgoing` to the member of rank i and receives its part for this member into part i of
    /// `incoming`. Both have as many equal parts as there are members.
    ///
    /// *Cancel safety*: members that have not received their part fail.
    pub async fn all_to_all(&self, outgoing: &[u8], incoming: &mut [u8]) -> Result<(), CollectiveError> {
        let tag = self.next_tag();
        let size = self.group.size();
        let part = outgoing.len() / size;
        self.check_parts(part, outgoing.len())?;
        self.check_parts(part, incoming.len())?;
        let range = |rank: usize| rank * part..(rank + 1) * part;
        incoming[range(self.rank)].copy_from_slice(&outgoing[range(self.rank)]);
        for round in 1..size {
            let to = (self.rank + round) % size;
            let from = (self.rank + size - round) % size;
            let sent = self.send(to, tag, &outgoing[range(to)]);
            let received = self.receive(from, tag, &mut incoming[range(from)]);
            let (sent, received) = join(sent, received).await;
            sent?;
            received?;
        }
        Ok(())
    }

    fn check_parts(&self, part: usize, got: usize) -> Result<(), CollectiveError> {
        let expected = part * self.group.size();
        if got == expected { Ok(()) } else { Err(CollectiveError::Parts { expected, got }) }
    }
}
