//! RCCE for C programs that run as bare-metal guests, one on each core: put and get, flags, messages, barriers.
//!
//! The C face is `include/RCCE.h`. Everything that leaves the core is a hypercall of the guest's group
//! ([`guest_runtime::abi::call`], 15 to 20), which the kernel serves by crate `ipi`: a guest has no access to message buffers of its own.
//! A guest has one thread and takes no interrupts, so nothing here is ever interrupted by itself.
//!
//! `cargo xtask guest c FILE.c` compiles a program, `c/print.c` and this library into a guest.
#![cfg_attr(target_arch = "x86", no_std)]
#![cfg(target_arch = "x86")]

mod buffer;
mod entry;
mod flags;
mod memory;
mod messages;
mod private;
mod status;
mod text;
mod time;
