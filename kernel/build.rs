//! Tells bare metal from other machines, and hands the linker scripts to the linker.
//!
//! `cfg(bare_metal)` is set for the target of the SCC's cores and for nothing else: the 32-bit host on which unit tests
//! also run has the same architecture.

use std::env;

/// Target of the cores.
const CORE_TARGET: &str = "i586-unknown-linux-gnu";

/// Programs and their linker scripts, both of which include the third.
const PROGRAMS: [(&str, &str); 4] = [
    ("kernel", "scc.ld"),
    ("kernel-trials", "scc.ld"),
    ("kernel-pc", "pc.ld"),
    ("kernel-pc-trials", "pc.ld"),
];
const INCLUDED: &str = "sections.ld";

fn main() {
    for (_, script) in PROGRAMS {
        println!("cargo::rerun-if-changed={script}");
    }
    println!("cargo::rerun-if-changed={INCLUDED}");
    if env::var("TARGET").is_ok_and(|target| target == CORE_TARGET) {
        let directory = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
        println!("cargo::rustc-cfg=bare_metal");
        for (program, script) in PROGRAMS {
            for argument in [
                format!("-T{directory}/{script}"),
                format!("-L{directory}"),
                "-static".into(),
                "--no-eh-frame-hdr".into(),
            ] {
                println!("cargo::rustc-link-arg-bin={program}={argument}");
            }
        }
    }
}
