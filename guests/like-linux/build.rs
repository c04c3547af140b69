//! Hands the linker script of guests to the linker, and nothing on any other machine.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=like-linux.ld");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86") {
        let directory = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
        println!("cargo::rustc-link-arg-bins=-T{directory}/like-linux.ld");
        println!("cargo::rustc-link-arg-bins=-static");
        println!("cargo::rustc-link-arg-bins=--no-eh-frame-hdr");
    }
}
