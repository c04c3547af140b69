//! The Single-chip Cloud Computer: what surrounds one of its 48 cores.
//!
//! Facts: SCC reference §2.10, §3.3, §4, §7, §9.

mod device_map;
pub mod gic;
mod memory_map;
#[cfg(bare_metal)]
pub mod message_buffer;

#[cfg(bare_metal)]
pub mod clocks;
#[cfg(bare_metal)]
pub mod console;
#[cfg(bare_metal)]
pub mod doorbell;
#[cfg(bare_metal)]
pub mod identity;
#[cfg(bare_metal)]
mod interrupt;
#[cfg(bare_metal)]
pub mod local_apic;
#[cfg(bare_metal)]
mod set_up;
#[cfg(bare_metal)]
mod start;
#[cfg(bare_metal)]
pub mod timer;
#[cfg(bare_metal)]
mod vectors;
#[cfg(bare_metal)]
mod window;

pub use device_map::{Device, for_each_device_page};
#[cfg(bare_metal)]
pub use interrupt::handle_interrupt;
pub use memory_map::private_windows;
#[cfg(bare_metal)]
pub use set_up::{after_caches, before_caches, private_bytes};
#[cfg(bare_metal)]
pub use start::{map_devices, map_low_memory};
