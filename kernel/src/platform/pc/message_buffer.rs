//! Message buffers, which a PC does not have.

use scc::address::LineIndex;
use scc::id::CoreId;

use crate::platform::{Absent, Feature};

/// Words of a line.
pub type Line = [u32; 8];

/// Reads a line.
///
/// # Errors
/// Always [`Absent`].
pub const fn read(_owner: CoreId, _line: LineIndex) -> Result<Line, Absent> {
    Err(Absent(Feature::MessageBuffer))
}

/// Writes a line.
///
/// # Errors
/// Always [`Absent`].
pub const fn write(_owner: CoreId, _line: LineIndex, _words: Line) -> Result<(), Absent> {
    Err(Absent(Feature::MessageBuffer))
}
