//! The two memory models an instruction can be compiled for.
//!
//! Handlers are generic over [`Model`], so that the choice is made once, when a machine is built, and costs
//! nothing per access.

/// A memory model.
pub(crate) trait Model: 'static {
    /// True when caches, the write-combining buffer and the P54C's TLB geometry are modelled.
    const STRICT: bool;
}

/// Caches and write-combining buffer modelled; stale data is stale.
pub(crate) struct Strict;

/// No caches: every access is coherent; message buffers and devices keep their exact behaviour.
pub(crate) struct Fast;

impl Model for Strict {
    const STRICT: bool = true;
}

impl Model for Fast {
    const STRICT: bool = false;
}
