//! Operations through a binomial tree.
//!
//! Ranks are counted from the root: relative rank v has the parent v with its lowest bit cleared, and children
//! v + 1, v + 2, v + 4, … below that bit.

use super::{Collective, CollectiveError};
use crate::mesh::Mesh;

impl<M: Mesh> Collective<'_, '_, '_, M> {
    /// Copies the bytes of the member of rank `root` to all members; all give buffers of the same length.
    ///
    /// *Cancel safety*: members below this one in the tree fail.
    pub async fn broadcast(&self, root: usize, bytes: &mut [u8]) -> Result<(), CollectiveError> {
        let tag = self.next_tag();
        let size = self.group.size();
        let relative = self.relative(root);
        if relative != 0 {
            self.receive(root + parent(relative), tag, bytes).await?;
        }
        // The largest subtree first: it takes longest.
        for bit in bits_below(relative, size).rev().filter(|bit| relative + bit < size) {
            self.send(root + relative + bit, tag, bytes).await?;
        }
        Ok(())
    }

    /// Combines the bytes of all members into those of the member of rank `root`.
    ///
    /// `combine` adds its second argument to its first; it must be associative and commutative, for the order of
    /// members is not kept. `scratch` is as long as `bytes`. On other members `bytes` holds a partial result
    /// afterwards.
    ///
    /// *Cancel safety*: members above this one in the tree fail.
    pub async fn reduce(
        &self,
        root: usize,
        bytes: &mut [u8],
        scratch: &mut [u8],
        mut combine: impl FnMut(&mut [u8], &[u8]),
    ) -> Result<(), CollectiveError> {
        let tag = self.next_tag();
        let size = self.group.size();
        let relative = self.relative(root);
        for bit in bits_below(relative, size).filter(|bit| relative + bit < size) {
            self.receive(root + relative + bit, tag, scratch).await?;
            combine(bytes, scratch);
        }
        if relative != 0 {
            self.send(root + parent(relative), tag, bytes).await?;
        }
        Ok(())
    }

    /// Combines the bytes of all members and gives all of them the result. Arguments as for
    /// [`reduce`](Self::reduce).
    ///
    /// *Cancel safety*: other members fail.
    pub async fn all_reduce(
        &self,
        bytes: &mut [u8],
        scratch: &mut [u8],
        combine: impl FnMut(&mut [u8], &[u8]),
    ) -> Result<(), CollectiveError> {
        self.reduce(0, bytes, scratch, combine).await?;
        self.broadcast(0, bytes).await
    }

    fn relative(&self, root: usize) -> usize {
        let size = self.group.size();
        (self.rank + size - root % size) % size
    }
}

const fn parent(relative: usize) -> usize {
    relative & (relative - 1)
}

/// Powers of two below the lowest bit of a relative rank, or below the size for the root, ascending.
fn bits_below(relative: usize, size: usize) -> impl DoubleEndedIterator<Item = usize> {
    let end =
        if relative == 0 { size.next_power_of_two().trailing_zeros() } else { relative.trailing_zeros() };
    (0..end).map(|bit| 1 << bit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn every_member_but_the_root_is_the_child_of_its_parent() {
        for size in 1..=48 {
            let children =
                |rank| bits_below(rank, size).map(move |bit| rank + bit).filter(|child| *child < size);
            let mut reached: Vec<_> = (0..size).flat_map(children).collect();
            reached.sort_unstable();
            assert!(reached.into_iter().eq(1..size), "size {size}");
            assert!((1..size).all(|rank| children(parent(rank)).any(|child| child == rank)));
        }
    }
}
