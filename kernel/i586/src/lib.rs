//! Facts of the core: a P54C (second-generation Pentium) as built into the SCC.
//!
//! Values, layouts and encodings that the kernel and the emulator must agree on, one module per part of the
//! architecture; no behaviour beyond packing and unpacking, no access to any machine state. Multi-bit registers are
//! bit fields over plain integers, pure sets of flags are `bitflags`, closed sets are enums with a fallible conversion
//! from the number the hardware uses.
//!
//! Sources: the Pentium Processor Family Developer's Manual, volume 3, and the SCC reference, chapter 2. The
//! message-passing additions (CR4 bit 11, page entry bit 7) exist on this chip only.
#![no_std]
#![forbid(unsafe_code)]

pub mod apic;
pub mod control;
pub mod cpuid;
pub mod debug;
pub mod exception;
pub mod flags;
pub mod fpu;
pub mod msr;
pub mod page;
pub mod reset;
pub mod segment;
pub mod tss;
