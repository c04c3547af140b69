//! The write-combining buffer: one line with byte valid bits, for message (MPBT) stores that leave L1
//! (SCC reference §2.7).
//!
//! The buffer never empties itself: only a completed line, a store to another line, or a load of its own line
//! that misses L1 (U16) sends it out. The hierarchy does the sending; this type keeps content and order.

use super::line::{self, Line, LineBytes};

/// Bytes per quadword, the unit of partial writes.
const QUADWORD: usize = 8;

/// What a store does to the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreEffect {
    /// The bytes are captured; nothing leaves the core.
    Captured,
    /// The bytes complete the line, which is written out at once.
    Completes,
    /// The buffer holds another line, which is written out first.
    Replaces,
}

/// One partial write: the valid bytes of one quadword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartialWrite {
    /// Offset of the quadword in the line: 0, 8, 16 or 24.
    pub(crate) offset: u32,
    /// Which of its bytes are written, bit 0 for the lowest address; never 0.
    pub(crate) enables: u8,
    /// Its bytes, little-endian.
    pub(crate) value: u64,
}

/// The buffer. Empty exactly if no byte is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WriteCombine {
    line: Line,
    valid: u32,
    bytes: LineBytes,
}

impl WriteCombine {
    /// Returns an empty buffer.
    pub(crate) const fn new() -> Self {
        Self { line: Line::of_tag(0), valid: 0, bytes: [0; 32] }
    }

    /// Returns the line the buffer holds bytes of.
    pub(crate) fn held(&self) -> Option<Line> {
        (self.valid != 0).then_some(self.line)
    }

    /// Returns the bytes if the whole line is valid.
    pub(crate) fn complete(&self) -> Option<&LineBytes> {
        (self.valid == u32::MAX).then_some(&self.bytes)
    }

    /// Returns a byte of `line` if it waits here.
    pub(crate) fn byte(&self, line: Line, offset: usize) -> Option<u8> {
        (self.held() == Some(line) && self.valid >> offset & 1 != 0).then(|| self.bytes[offset])
    }

    /// Replaces a byte of `line` if it waits here.
    pub(crate) fn patch(&mut self, line: Line, offset: usize, byte: u8) {
        if self.byte(line, offset).is_some() {
            self.bytes[offset] = byte;
        }
    }

    /// Returns what a store of `bytes` (1 to 8) at `offset` of `line` would do.
    pub(crate) fn effect(&self, line: Line, offset: usize, bytes: u32) -> StoreEffect {
        match self.held() {
            Some(held) if held != line => StoreEffect::Replaces,
            Some(_) if self.valid | mask(offset, bytes) == u32::MAX => StoreEffect::Completes,
            _ => StoreEffect::Captured,
        }
    }

    /// Merges a store into the buffer, which is empty or holds the same line.
    pub(crate) fn merge(&mut self, line: Line, offset: usize, bytes: u32, value: u64) {
        debug_assert!(self.held().is_none_or(|held| held == line));
        self.line = line;
        self.valid |= mask(offset, bytes);
        line::write(&mut self.bytes, offset, bytes, value);
    }

    /// Returns the partial write of the lowest quadword with a valid byte (ascending order, U15).
    pub(crate) fn next_partial(&self) -> Option<PartialWrite> {
        let quadword = (0..4_u8).find(|&quadword| self.enables(quadword) != 0)?;
        let offset = usize::from(quadword) * QUADWORD;
        Some(PartialWrite {
            offset: u32::from(quadword) * 8,
            enables: self.enables(quadword),
            value: line::read(&self.bytes, offset, 8),
        })
    }

    /// Forgets the bytes of a partial write that has gone out.
    pub(crate) fn retire(&mut self, partial: PartialWrite) {
        self.valid &= !(0xFF << partial.offset);
        self.forget_bytes_if_empty();
    }

    /// Empties the buffer.
    pub(crate) fn clear(&mut self) {
        self.valid = 0;
        self.forget_bytes_if_empty();
    }

    fn enables(&self, quadword: u8) -> u8 {
        self.valid.to_le_bytes()[usize::from(quadword)]
    }

    /// Keeps equality of buffers a matter of their valid bytes.
    fn forget_bytes_if_empty(&mut self) {
        if self.valid == 0 {
            *self = Self::new();
        }
    }
}

fn mask(offset: usize, bytes: u32) -> u32 {
    (u32::MAX >> (32 - bytes)) << offset
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::address::PhysAddr;

    fn line(address: u32) -> Line {
        Line::of(PhysAddr::new(address))
    }

    #[test]
    fn the_last_missing_byte_completes_in_any_order() {
        for missing in 0..32 {
            let mut buffer = WriteCombine::new();
            for offset in (0..32).filter(|&offset| offset != missing) {
                assert_eq!(buffer.effect(line(0x40), offset, 1), StoreEffect::Captured);
                buffer.merge(line(0x40), offset, 1, offset as u64);
            }
            assert_eq!(buffer.complete(), None);
            assert_eq!(buffer.effect(line(0x40), missing, 1), StoreEffect::Completes);
            buffer.merge(line(0x40), missing, 1, missing as u64);
            let expected: LineBytes = std::array::from_fn(|offset| u8::try_from(offset).unwrap());
            assert_eq!(buffer.complete(), Some(&expected));
        }
    }

    #[test]
    fn another_line_replaces_and_the_same_line_merges() {
        let mut buffer = WriteCombine::new();
        assert_eq!(buffer.effect(line(0x40), 0, 4), StoreEffect::Captured);
        buffer.merge(line(0x40), 0, 4, 0x1111_1111);
        assert_eq!(buffer.effect(line(0x60), 0, 4), StoreEffect::Replaces);
        assert_eq!(buffer.effect(line(0x40), 2, 4), StoreEffect::Captured);
        buffer.merge(line(0x40), 2, 4, 0x2222_2222);
        let partial = buffer.next_partial().unwrap();
        assert_eq!((partial.offset, partial.enables), (0, 0b0011_1111));
        assert_eq!(partial.value & 0xFFFF_FFFF_FFFF, 0x2222_2222_1111);
    }

    #[test]
    fn partial_writes_ascend_one_per_quadword() {
        let mut buffer = WriteCombine::new();
        buffer.merge(line(0), 30, 1, 3);
        buffer.merge(line(0), 6, 4, 0x0201_0201);
        let mut seen = Vec::new();
        while let Some(partial) = buffer.next_partial() {
            seen.push((partial.offset, partial.enables));
            buffer.retire(partial);
        }
        assert_eq!(seen, [(0, 0b1100_0000), (8, 0b0000_0011), (24, 0b0100_0000)]);
        assert_eq!(buffer, WriteCombine::new());
    }
}
