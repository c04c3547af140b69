//! The SCC in Rust.
#![forbid(unsafe_code)]

mod cpu;

pub use cpu::fpu;
