//! The Single-chip Cloud Computer: what surrounds one of its 48 cores.
//!
//! Facts: SCC reference §2.10, §3.3, §4, §7, §9.

mod device_map;
pub mod gic;
mod memory_map;
#[cfg(all(bare_metal, feature = "scc"))]
pub mod message_buffer;

#[cfg(all(bare_metal, feature = "scc"))]
pub mod clocks;
#[cfg(all(bare_metal, feature = "scc"))]
pub mod console;
#[cfg(all(bare_metal, feature = "scc"))]
pub mod core_start;
#[cfg(all(bare_metal, feature = "scc"))]
pub mod doorbell;
#[cfg(all(bare_metal, feature = "scc"))]
pub mod identity;
#[cfg(all(bare_metal, feature = "scc"))]
mod interrupt;
#[cfg(all(bare_metal, feature = "scc"))]
pub mod mesh;
#[cfg(all(bare_metal, feature = "scc"))]
mod pool;
#[cfg(all(bare_metal, feature = "scc"))]
mod reset;
#[cfg(all(bare_metal, feature = "scc"))]
mod set_up;
#[cfg(all(bare_metal, feature = "scc"))]
pub mod terminal;
#[cfg(all(bare_metal, feature = "scc"))]
pub mod timer;
#[cfg(all(bare_metal, feature = "scc"))]
pub(crate) mod window;

#[cfg(all(bare_metal, feature = "scc"))]
pub use crate::mm::image::guest_list;
pub use device_map::{Device, for_each_device_page, for_each_early_page};
#[cfg(all(bare_metal, feature = "scc"))]
pub use interrupt::handle_interrupt;
pub use memory_map::private_windows;
#[cfg(all(bare_metal, feature = "scc"))]
pub use set_up::{after_caches, before_caches, finish, lendable_bytes, private_bytes};

/// CR4 from the start on: page-table bit 7 means "message buffer".
#[cfg(all(bare_metal, feature = "scc"))]
pub(crate) const EXTENSIONS: i586::control::Cr4 = i586::control::Cr4::MESSAGE_PASSING;
