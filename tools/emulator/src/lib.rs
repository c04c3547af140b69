//! The SCC in Rust.
#![forbid(unsafe_code)]

pub mod cache;
pub mod chip;
mod cpu;
pub mod diagnostics;
pub mod loader;

pub use cpu::fpu;
