//! A 32-bit program that executes single instructions and survives whatever they do.
//!
//! It has no main loop: it maps its regions, installs one handler for all faults and raises a first trap. From
//! then on everything happens in the handler ([`session`]): it records where the last instruction ended up, puts
//! the next one in place and returns into it. Behind every instruction lie INT3s, so one signal per case brings
//! control back. Needs Linux, nothing of a C library.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
extern crate i586_rt as _;

#[cfg(target_arch = "x86")]
mod linux;
#[cfg(target_arch = "x86")]
mod session;
#[cfg(target_arch = "x86")]
mod signal;
#[cfg(target_arch = "x86")]
mod start;

#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("native-runner is a 32-bit program: build it for i586-unknown-linux-gnu");
    std::process::exit(2);
}
