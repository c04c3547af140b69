//! The chip around the cores: LUTs, mesh, tiles, memory controllers, FPGA, voltage regulator, host.
//!
//! ```text
//!  core ─► lut (window: agent, hops) ─► latency (when) ─► fabric (who)
//!                                                          ├─ dram, mpb            memory
//!                                                          ├─ tile (glcfg)         registers in, levels out ─► effects
//!                                                          ├─ fpga (gic, counters) registers in, packets out ─► events
//!                                                          ├─ vrc                  voltages
//!                                                          └─ host                 consoles, soft RAM
//! ```
//!
//! [`Fabric`] is the whole; every block below it knows only itself. `events` holds what is still on its way,
//! `effects` what the machine has to do to its cores.

mod bulk;
mod bus_log;
pub mod clocks;
pub mod config;
pub mod dram;
pub mod effects;
mod events;
mod fabric;
mod fpga;
mod glcfg;
pub mod host;
mod lanes;
mod latency;
pub mod loss;
mod lut;
mod mpb;
pub mod port;
mod reservations;
pub mod statistics;
mod tile;
mod vrc;

pub use bus_log::{BusEvent, BusTarget};
pub use fabric::Fabric;
