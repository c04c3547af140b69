//! The P54C: what takes an instruction that Rust has no word for.

pub mod blunder;
pub mod cpu;
pub mod descriptors;
pub mod interrupt_cell;
pub mod port;
pub mod recovery;
pub mod ring_switch;
pub mod stack;
pub mod start;
mod table_page;
mod task_state;
pub mod trap;
