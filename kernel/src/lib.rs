//! The kernel of one core of the SCC, from the reset vector into an async executor.
//!
//! Every core runs its own instance of this image in its own private memory; nothing here is shared between cores.
//! Atomics and locks order a core against its own interrupt handlers only. What needs the bare machine is compiled
//! under `cfg(bare_metal)` (set by the build script for the cores' target); the rest also builds for the host, where
//! its unit tests run.
//!
//! Layers, downwards: `boot` runs the phases and starts the executor; [`platform`] knows the machine around the core;
//! `arch` the core; [`mm`] memory. Only `arch`, `platform` and `mm` use unsafe code.
#![no_std]

extern crate alloc;
#[cfg(bare_metal)]
extern crate i586_rt as _;
#[cfg(test)]
extern crate std;

pub mod arch;
pub mod backtrace;
#[cfg(bare_metal)]
pub mod boot;
pub mod command_line;
#[cfg(bare_metal)]
pub mod console;
#[cfg(bare_metal)]
pub mod doorbell;
#[cfg(bare_metal)]
pub mod drivers;
#[cfg(bare_metal)]
pub mod fault;
pub mod hypervisor;
#[cfg(bare_metal)]
pub mod irq;
#[cfg(all(bare_metal, feature = "trials"))]
pub mod joint_test;
pub mod layout;
#[cfg(bare_metal)]
pub mod mail;
#[cfg(all(bare_metal, feature = "trials"))]
pub mod measure;
pub mod mm;
pub mod platform;
#[cfg(bare_metal)]
pub mod provoke;
#[cfg(bare_metal)]
pub mod runtime;
#[cfg(bare_metal)]
pub mod self_test;
#[cfg(bare_metal)]
pub mod services;
pub mod time_of_day;
#[cfg(bare_metal)]
pub mod trace;
#[cfg(bare_metal)]
pub mod trials;
