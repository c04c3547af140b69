//! A fake mesh for tests on the host, at most as kind as the chip.
//!
//! [`Machine`] runs one program per core, each a future on a coroutine of its own, and may switch cores at every
//! single operation of the mesh and between the quadwords of one flush. Where the chip is free to behave well
//! or badly, the fake asks a [`Chooser`]: seeded, for random traffic, or exhaustive, for all behaviours up to a
//! [`Budget`]. The fake is unkind throughout:
//!
//! - a line once read stays in the reader's cache, and stale, until it is invalidated;
//! - a store that hits the cache stays there, and an invalidate discards it;
//! - the write-combining buffer never empties by itself, and an incomplete line leaves in quadwords, between
//!   which other cores run; own stores in it are not seen by own loads;
//! - an interrupt may split the stores of a whole line;
//! - lines cached through a window onto one pool are found when it shows another one, and stores that are still on their way
//!   go there;
//! - doorbells are lost, doubled, delayed and overtake each other;
//! - a core may be reset between any two operations: cache and write-combining buffer are lost, the message
//!   buffer keeps what it held, the test-and-set register stays taken.
//!
//! [`Machine::without`] makes the fake skip one named place that invalidates or pushes.

mod board;
mod cache;
mod chooser;
mod explore;
mod machine;
mod mesh;
mod pool;
mod trace;

pub use chooser::{Budget, Chooser, Odds};
pub use explore::{Explored, explore};
pub use machine::{Machine, Outcome, Program};
pub use mesh::FakeMesh;
pub use trace::{Operation, Record};

/// Place that the fake mesh skips.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Removed {
    /// An invalidate.
    Invalidate(crate::mesh::Invalidate),
    /// A push.
    Push(crate::mesh::Push),
}

impl Removed {
    /// All places that can be taken away.
    pub fn all() -> impl Iterator<Item = Self> {
        let invalidates = crate::mesh::Invalidate::ALL.iter().copied().map(Self::Invalidate);
        invalidates.chain(crate::mesh::Push::ALL.iter().copied().map(Self::Push))
    }
}

/// Yields once to the other futures of the same core.
pub async fn yield_now() {
    crate::pause::pause().await;
}
