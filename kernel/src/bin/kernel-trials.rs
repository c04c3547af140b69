//! The kernel as a program, with what cores check and measure: see feature `trials`.
#![cfg_attr(bare_metal, no_std, no_main)]

// The start code, the traps and the panic handler are reached from there.
use kernel as _;

/// On any machine but the chip there is nothing to boot.
#[cfg(not(bare_metal))]
fn main() {
    eprintln!("this is the kernel of the SCC's cores; build it for them and start it with `cargo run`");
}
