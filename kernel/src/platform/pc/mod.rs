//! A 32-bit PC with one core, started by a multiboot loader such as QEMU's `-kernel`.
//!
//! The same kernel on a machine that others have built: start code, paging, traps, local interrupt controller and
//! executor are those of the SCC. What only the SCC has answers [`Absent`](super::Absent). When the kernel ends it
//! leaves through QEMU's `isa-debug-exit`, see [`finish`].

mod calendar;
mod chipset;
pub mod clocks;
pub mod console;
pub mod core_start;
mod device_map;
pub mod doorbell;
pub mod identity;
mod interrupt;
pub mod mesh;
pub mod message_buffer;
mod multiboot;
mod serial;
mod set_up;
pub mod terminal;
pub mod timer;
pub(crate) mod window;

pub use chipset::finish;
pub use device_map::{for_each_device_page, for_each_device_page as for_each_early_page};
pub use interrupt::handle_interrupt;
pub use multiboot::guest_list;
pub use set_up::{after_caches, before_caches, lendable_bytes, private_bytes};

// Who rang is told in the words of the SCC's controller, on this machine only ever the core itself.
pub use super::scc::gic;

/// CR4 from the start on: no extensions.
pub(crate) const EXTENSIONS: i586::control::Cr4 = i586::control::Cr4::empty();
