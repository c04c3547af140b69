//! The machine around the core. A cargo feature selects which; [`machine`] is that one under one name.

use core::fmt;

/// How the work of a core that stops has ended.
pub use trace_format::debug_exit::Ending;

#[cfg(all(bare_metal, feature = "pc", not(feature = "scc")))]
pub mod pc;
pub mod scc;

#[cfg(all(bare_metal, feature = "pc", not(feature = "scc")))]
pub use pc as machine;
#[cfg(feature = "scc")]
pub use scc as machine;

/// What not every platform has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// A clock that all cores see.
    ChipTime,
    /// Buffers on the chip through which cores exchange messages.
    MessageBuffer,
    /// More cores than this one.
    OtherCores,
}

impl fmt::Display for Feature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ChipTime => "a chip-wide clock",
            Self::MessageBuffer => "message buffers",
            Self::OtherCores => "other cores",
        })
    }
}

/// The platform does not have what a call was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: not on this platform")]
pub struct Absent(pub Feature);
