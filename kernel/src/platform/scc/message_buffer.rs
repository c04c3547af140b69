//! Message buffers, line by line.
//!
//! A line is copied, never referred to: another core may change it at any time. Reading first drops what L1 holds of
//! message buffers; writing stores eight words in ascending order, which leave the core as one transaction.
//! Facts: SCC reference §2.6, §2.7, §5.2.

use scc::address::LineIndex;
use scc::id::CoreId;

use super::window;
use crate::arch::i586::cpu;
use crate::platform::Absent;

/// Words of a line.
pub type Line = [u32; 8];

/// Reads a line of a core's half of its tile's buffer, as it is now.
///
/// # Errors
/// None here; [`Absent`] on platforms without message buffers.
///
/// # Panics
/// If the half has no such line: 256 is the first one too many.
pub fn read(owner: CoreId, line: LineIndex) -> Result<Line, Absent> {
    cpu::invalidate_message_lines();
    Ok(window::read_message_line(owner, line))
}

/// Writes a line of a core's half of its tile's buffer. Others see all of it or nothing.
///
/// # Errors
/// None here; [`Absent`] on platforms without message buffers.
///
/// # Panics
/// If the half has no such line: 256 is the first one too many.
pub fn write(owner: CoreId, line: LineIndex, words: Line) -> Result<(), Absent> {
    window::write_message_line(owner, line, words);
    Ok(())
}
