//! Tells bare metal from other machines, and hands the linker script to the linker.
//!
//! `cfg(bare_metal)` is set for the target of the SCC's cores and for nothing else: the 32-bit host on which unit tests
//! also run has the same architecture.

use std::env;

/// Target of the cores.
const CORE_TARGET: &str = "i586-unknown-linux-gnu";

fn main() {
    println!("cargo::rerun-if-changed=scc.ld");
    if env::var("TARGET").is_ok_and(|target| target == CORE_TARGET) {
        let directory = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
        println!("cargo::rustc-cfg=bare_metal");
        println!("cargo::rustc-link-arg-bins=-T{directory}/scc.ld");
        println!("cargo::rustc-link-arg-bins=-static");
        println!("cargo::rustc-link-arg-bins=--no-eh-frame-hdr");
    }
}
