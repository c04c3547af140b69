//! What a bare-metal guest needs: start code, hypercalls, a console, an end.
//!
//! A guest is a program with `#![no_std]` and `#![no_main]` that names its main function by `entry!` and links with
//! `guest.ld`, see `guests/hello`. It runs in ring 1 with its memory mapped one to one; when main returns, it powers off, and
//! a panic prints its message and ends it. For other machines than the SCC's cores this crate is empty.
#![no_std]
#![cfg(target_arch = "x86")]

extern crate i586_rt as _;

pub use clock::clock;
pub use guest_abi as abi;

pub mod call;
mod clock;
pub mod console;
#[cfg(feature = "devices")]
pub mod devices;
pub mod interrupts;
mod panic;
pub mod start;
pub mod user;
