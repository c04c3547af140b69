//! Instructions of a guest that the hypervisor carries out in its place: what they are, not what becomes of them.
//!
//! A guest's kernel runs in ring 1. There the processor refuses what would change the machine ([`privileged`], by #GP), and
//! accesses to virtual devices have no page ([`mmio`], by #PF). In both cases the bytes at EIP are decoded into a value, and
//! whoever runs the guest decides. Code is 32-bit, as the guest's fixed segments make it.
//!
//! The bytes may have changed since they were executed, and end where the guest's mapping ends, so every decoder answers
//! to any bytes, and looks at no more than [`LENGTH_MAX`]. A decoder that one can buy knows all instructions of all
//! processors: iced-x86 without its newer tables takes 53,769 bytes of an image, yaxpeax-x86 117,138. This one knows a few,
//! and its tests compare it with iced-x86 over opcodes, prefixes and addressing bytes.
//!
//! Source: Pentium Processor Family Developer's Manual, volume 3, chapter 25 and appendix A.

mod code;
pub mod compare;
pub mod mmio;
mod modrm;
pub mod operand;
mod prefix;
pub mod privileged;
pub mod register;

#[cfg(test)]
mod judge;

pub use code::{DecodeError, LENGTH_MAX};
pub use operand::{AddressSize, MemoryOperand, Operand, Segment};
pub use register::{GeneralRegisters, Part, Register, Width};
