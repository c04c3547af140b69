//! Memory: page tables, frames, heap, and what tools read of it.

pub mod address_space;
pub mod frame;
#[cfg(bare_metal)]
pub mod frame_access;
#[cfg(bare_metal)]
pub mod heap;
#[cfg(bare_metal)]
pub mod image;
#[cfg(bare_metal)]
pub mod kernel_space;
#[cfg(bare_metal)]
mod task_mutex;
#[cfg(bare_metal)]
pub mod trace_ring;
