//! The machine around the core. A cargo feature selects which; [`machine`] is that one under one name.

pub mod scc;

#[cfg(feature = "scc")]
pub use scc as machine;
