//! Where the program keeps what needs a fixed physical address. All of it is RAM on every machine that has 32 MiB.
//!
//! ```text
//! 0x0010_0000  image, bss (rom.ld)
//! 0x0030_0000  top of the stack
//! 0x0030_0000  descriptor tables, task-state segment
//! 0x0031_0000  page directory, then page tables
//! 0x0040_0000  generated code
//! 0x0050_0000  source and target of string moves
//! 0x0100_0000  pages of the pointer chase, 16 MiB
//! ```

/// First address above the stack.
pub(super) const STACK_TOP: usize = 0x0030_0000;
/// Global descriptor table.
pub(super) const DESCRIPTOR_TABLE: usize = 0x0030_0000;
/// Interrupt descriptor table.
pub(super) const GATE_TABLE: usize = 0x0030_1000;
/// Task-state segment.
pub(super) const TASK_STATE: usize = 0x0030_2000;
/// First address above the stack of ring 3.
pub(super) const USER_STACK_TOP: usize = 0x0030_4000;
/// Page directory.
pub(super) const PAGE_DIRECTORY: usize = 0x0031_0000;
/// Page tables, one after the other.
pub(super) const PAGE_TABLES: usize = 0x0031_1000;
/// Code that the cold-code benchmark makes.
pub(super) const GENERATED_CODE: usize = 0x0040_0000;
/// Source of string moves.
pub(super) const MOVE_SOURCE: usize = 0x0050_0000;
/// Target of string moves.
pub(super) const MOVE_TARGET: usize = 0x0060_0000;
/// Pages of the pointer chase.
pub(super) const CHASE: usize = 0x0100_0000;
/// First address that is not used.
pub(super) const END: usize = 0x0200_0000;
