//! The SCC in Rust.
#![forbid(unsafe_code)]

pub mod cache;
mod chip;
mod cpu;
pub mod diagnostics;
pub mod loader;

pub use cpu::fpu;
