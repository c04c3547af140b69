//! Strict-mode findings: what software did that the chip would have answered with a hang, corruption or
//! unpredictable behaviour.

use scc::address::{PhysAddr, SystemAddr};

/// One finding, without the place it was found at (the machine adds core, EIP and symbol).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What happened.
    pub kind: FindingKind,
    /// Core-physical address involved.
    pub physical: Option<PhysAddr>,
    /// System address involved.
    pub system: Option<SystemAddr>,
}

/// Kinds of findings; `Display` says what was done and what the chip would have done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindingKind {
    /// The LUT entry names a port without an agent.
    #[error("LUT entry {entry:#07x} names a port without an agent; the chip never answers and the core hangs")]
    NoAgent {
        /// The LUT entry used.
        entry: u32,
    },
}
