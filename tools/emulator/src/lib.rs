//! The Intel SCC in Rust: 48 P54C cores without coherent caches, their mesh, message buffers, memory
//! controllers and the board's FPGA.
//!
//! [`Machine`] is the entry point: build one, load images, release cores, run it, look at it. Nothing is
//! global; a process may hold as many machines as it likes. The command line `scc-emu` is a thin layer over
//! this library.
#![forbid(unsafe_code)]

pub mod cache;
pub mod chip;
mod cpu;
pub mod diagnostics;
pub mod gdb;
pub mod loader;
mod machine;
mod mmu;
pub mod trace;

pub use cpu::fpu;
pub use cpu::state::Activity;
pub use machine::{
    CoreStatistics, Diagnostics, HostAccessError, Limits, Machine, MachineBuilder, MemoryModel, Registers,
    Report, RunEnd, SegmentRegister, Statistics, TimingModel, Unmapped,
};
