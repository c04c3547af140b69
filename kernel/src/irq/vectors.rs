//! Vectors of the interrupts that reach a core. Higher ones are served first.

/// Low four bits are ones, as the controller wants it.
pub const SPURIOUS: u8 = 0x2F;
/// First of the eight of a PC's first 8259.
pub const LEGACY: u8 = 0x30;
/// The timer.
pub const TIMER: u8 = 0x40;
/// LINT0: the global interrupt controller.
pub const GLOBAL: u8 = 0x50;
/// LINT1: another core has set this core's interrupt bit directly.
pub const DIRECT: u8 = 0x60;
/// The local controller has found an error.
pub const ERROR: u8 = 0x70;
