//! x
pub(crate) mod port; pub(crate) mod dram; pub mod effects; pub(crate) mod lanes; pub(crate) mod config; mod fabric_stub;
pub use fabric_stub::*; pub use config::{FabricConfig, Timing as FabricTiming, PowerUpContents}; pub(crate) mod bulk;
