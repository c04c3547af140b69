//! The kernel as a program for a PC, with what cores check and measure: see feature `trials`.
#![cfg_attr(bare_metal, no_std, no_main)]

// The start code, the traps and the panic handler are reached from there.
use kernel as _;

/// On any machine but a bare PC there is nothing to boot.
#[cfg(not(bare_metal))]
fn main() {
    eprintln!("this is the kernel for a bare PC; start it with `cargo run -- boot --platform pc`");
}
