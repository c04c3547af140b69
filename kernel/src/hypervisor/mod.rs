//! Guests: what their bytes mean, what the processor sees while one runs, and running them.
//!
//! A `vm::Vm` owns a guest's memory, its shadow page tables and its registers. It runs as a task of the class of virtual
//! processors; what it needs it asks for by leaving its rings, see `vcpu::Exit`. Whatever a guest does ends at most that
//! guest.

pub mod boot_params;
#[cfg(bare_metal)]
pub mod console;
pub mod control;
pub mod delivery;
#[cfg(bare_metal)]
pub mod devices;
pub mod elf;
pub mod emulate;
#[cfg(bare_metal)]
pub mod group;
pub mod guest_memory;
pub mod guest_paging;
#[cfg(not(bare_metal))]
pub mod host_memory;
#[cfg(bare_metal)]
mod life;
pub mod line_rate;
pub mod linear;
#[cfg(bare_metal)]
pub mod ram;
pub mod shadow_paging;
#[cfg(bare_metal)]
pub mod shown;
#[cfg(bare_metal)]
mod start;
#[cfg(bare_metal)]
pub mod tables;
#[cfg(bare_metal)]
pub mod terminal;
#[cfg(bare_metal)]
pub mod timer;
pub mod typed_text;
#[cfg(bare_metal)]
pub mod vcpu;
pub mod vdev;
#[cfg(bare_metal)]
pub mod vm;

#[cfg(bare_metal)]
pub use start::{has_guests, run_all};
