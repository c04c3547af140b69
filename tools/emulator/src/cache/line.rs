//! A cache line: its core-physical address and access to its bytes.

use crate::chip::port::LINE;
use scc::address::{LutIndex, PhysAddr};

/// Bytes of one line.
pub(crate) type LineBytes = [u8; LINE];

/// Address bits below the line address.
const OFFSET_MASK: u32 = 31;

/// Core-physical address of a line: a multiple of 32. Caches are tagged with it, so they never see the LUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line(u32);

impl Line {
    /// Returns the line that `at` lies in.
    #[inline(always)]
    pub(crate) fn of(at: PhysAddr) -> Self {
        Self(at.line_base().get())
    }

    /// Returns the line whose address makes up the upper 27 bits of a tag word.
    #[inline(always)]
    pub(crate) const fn of_tag(tag: u32) -> Self {
        Self(tag & !OFFSET_MASK)
    }

    /// Returns the address of the line's first byte.
    pub(crate) fn start(self) -> PhysAddr {
        PhysAddr::new(self.0)
    }

    /// Returns the address of byte `offset` (0 to 31) of the line.
    pub(crate) fn byte(self, offset: u32) -> PhysAddr {
        PhysAddr::new(self.0 | (offset & OFFSET_MASK))
    }

    /// Returns the address as a number, for tag words: its low five bits are 0.
    #[inline(always)]
    pub(crate) const fn tag(self) -> u32 {
        self.0
    }

    /// Returns the set of a cache with `SETS` sets (a power of two) that may hold the line.
    #[inline(always)]
    pub(crate) const fn set<const SETS: usize>(self) -> usize {
        (self.0 >> 5) as usize % SETS
    }

    /// Returns the index of the LUT entry that routes the line.
    pub(crate) const fn lut_index(self) -> LutIndex {
        PhysAddr::new(self.0).lut_index()
    }
}

/// Reads `bytes` (1 to 8) at `offset` of a line, little-endian and right-aligned.
///
/// # Panics
///
/// If the access crosses the end of the line.
#[inline(always)]
pub(crate) fn read(line: &LineBytes, offset: usize, bytes: u32) -> u64 {
    match bytes {
        1 => u64::from(line[offset]),
        2 => u64::from(u16::from_le_bytes(chunk(line, offset))),
        4 => u64::from(u32::from_le_bytes(chunk(line, offset))),
        8 => u64::from_le_bytes(chunk(line, offset)),
        _ => {
            let mut value = [0; 8];
            let bytes = bytes as usize;
            value[..bytes].copy_from_slice(&line[offset..offset + bytes]);
            u64::from_le_bytes(value)
        }
    }
}

/// Writes the low `bytes` (1 to 8) of `value` at `offset` of a line.
///
/// # Panics
///
/// If the access crosses the end of the line.
#[inline(always)]
pub(crate) fn write(line: &mut LineBytes, offset: usize, bytes: u32, value: u64) {
    let value = value.to_le_bytes();
    match bytes {
        1 => line[offset] = value[0],
        2 => line[offset..offset + 2].copy_from_slice(&value[..2]),
        4 => line[offset..offset + 4].copy_from_slice(&value[..4]),
        8 => line[offset..offset + 8].copy_from_slice(&value),
        _ => {
            let bytes = bytes as usize;
            line[offset..offset + bytes].copy_from_slice(&value[..bytes]);
        }
    }
}

#[inline(always)]
fn chunk<const N: usize>(line: &LineBytes, offset: usize) -> [u8; N] {
    *line[offset..].first_chunk().expect("callers split accesses at line boundaries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_reads_back_what_it_wrote_and_nothing_else() {
        for bytes in 1..=8 {
            for offset in 0..=(LINE - bytes as usize) {
                let mut line = [0xEE; LINE];
                write(&mut line, offset, bytes, 0x8877_6655_4433_2211);
                let mask = u64::MAX >> (64 - 8 * bytes);
                assert_eq!(read(&line, offset, bytes), 0x8877_6655_4433_2211 & mask);
                let untouched = line.iter().filter(|&&byte| byte == 0xEE).count();
                assert_eq!(untouched, LINE - bytes as usize);
            }
        }
    }
}
