//! Links the 32-bit program as a static one without a C run-time; other targets get an ordinary binary.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86") {
        println!("cargo::rustc-link-arg-bins=-static");
        println!("cargo::rustc-link-arg-bins=--no-eh-frame-hdr");
    }
}
