//! What turns a guest's bytes into meaning: its kernel image, its instructions, its virtual devices.
//!
//! Nothing here touches hardware, and nothing runs a guest yet.

pub mod boot_params;
pub mod elf;
pub mod emulate;
pub mod guest_memory;
#[cfg(not(bare_metal))]
pub mod host_memory;
