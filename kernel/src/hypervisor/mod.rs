//! Guests: what their bytes mean, and what the processor sees while one runs.
//!
//! Nothing runs a guest yet.

pub mod boot_params;
pub mod elf;
pub mod emulate;
pub mod guest_memory;
pub mod guest_paging;
#[cfg(not(bare_metal))]
pub mod host_memory;
pub mod shadow_paging;
