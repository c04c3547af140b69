//! Build script of every bare guest: hands their linker script to the linker, and nothing on any other machine.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=../runtime/guest.ld");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86") {
        let directory = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
        println!("cargo::rustc-link-arg-bins=-T{directory}/../runtime/guest.ld");
        println!("cargo::rustc-link-arg-bins=-static");
        println!("cargo::rustc-link-arg-bins=--no-eh-frame-hdr");
    }
}
