//! Address translation: page tables and translation look-aside buffers.

pub(crate) mod tlb;
pub(crate) mod walk;
