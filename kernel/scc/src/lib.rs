//! Facts of the Intel Single-chip Cloud Computer: identities, addresses, LUT rules, registers, timing.
//!
//! What the kernel and the emulator must agree on, and nothing else: values, layouts and encodings. No
//! code here touches hardware or imitates it. Numbers come from the SCC hardware reference (cited as
//! `SCC reference §x.y`), which in turn follows the External Architecture Specification and sccKit.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod address;
pub mod command;
pub mod fpga;
pub mod gic;
pub mod host;
pub mod id;
pub mod lut;
pub mod map;
pub mod memory_type;
pub mod mpb;
pub mod tile;
pub mod timing;
pub mod vrc;
