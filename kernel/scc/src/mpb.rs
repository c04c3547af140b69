//! Message passing buffer: sizes of a tile's SRAM.
//!
//! Each tile holds 16 KB; the lower half belongs to core 0 and the upper half to core 1 by convention only.
//! A 32-byte line is read or written in one transaction. Offsets and line numbers are
//! [`MpbOffset`](crate::address::MpbOffset) and [`LineIndex`](crate::address::LineIndex); the core physical
//! windows are in [`map`](crate::map). Facts: SCC reference §5.1, §5.2.

use crate::address::LINE_BYTES;

/// Bytes of one tile's buffer; the window repeats after as many.
pub const TILE_BYTES: u32 = 0x4000;
/// Bytes of the half that belongs to one core by convention.
pub const CORE_BYTES: u32 = 0x2000;
/// Lines of one tile's buffer.
pub const TILE_LINES: u16 = 512;
/// Lines of one core's half.
pub const CORE_LINES: u16 = 256;

const _: () = assert!(TILE_LINES as u32 * LINE_BYTES == TILE_BYTES);
const _: () = assert!(CORE_LINES as u32 * LINE_BYTES == CORE_BYTES);
