//! What replicas keep of a key: a value, and a tag that orders it.

use ipi::wire::Epoch;
use scc::id::CoreId;
use serde::{Deserialize, Serialize};

/// Orders the versions of a key; no two writes have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct Tag {
    /// One more than the highest that the writer saw.
    pub(super) sequence: u32,
    /// The writer's core, its life, and the number of the write in it.
    pub(super) writer: (u8, u16, u32),
}

impl Tag {
    /// A tag above `before` for the write with this number in a life of a core.
    pub(super) fn after(before: Option<Self>, core: CoreId, life: Epoch, number: u32) -> Self {
        let sequence = before.map_or(0, |tag| tag.sequence);
        let sequence = sequence.checked_add(1).expect("four thousand million writes take months");
        Self { sequence, writer: (core.number(), life.get(), number) }
    }
}

/// A value and its tag.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Version {
    pub(super) tag: Tag,
    pub(super) value: u32,
}
