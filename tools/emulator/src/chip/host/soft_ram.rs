//! Soft RAM: host memory behind the 2 GB window, answered by the host's tool; the first gigabyte exists.
//!
//! Source: SCC reference §8.5.

use std::collections::BTreeMap;

use crate::chip::lanes;
use crate::chip::port::LINE;

/// Bytes the host provides.
const SIZE: u64 = 1 << 30;
/// Bytes of the window.
const WINDOW: u64 = 2 << 30;
/// Bytes of a page, the unit in which the memory comes into being.
const PAGE: u64 = 4096;

/// Sparse host memory, zero until written.
#[derive(Debug, Default)]
pub(crate) struct SoftRam {
    pages: BTreeMap<u64, Box<[u64; 512]>>,
}

impl SoftRam {
    /// Offset of a 34-bit address in the host's memory; `None` where the host has none.
    pub(crate) const fn offset(address: u64) -> Option<u64> {
        let offset = address % WINDOW;
        if offset < SIZE { Some(offset) } else { None }
    }

    /// Reads 1 to 8 bytes inside one aligned quadword.
    pub(crate) fn read(&self, offset: u64, bytes: u32) -> u64 {
        let quadword = self.pages.get(&(offset / PAGE)).map_or(0, |page| page[index(offset)]);
        lanes::extract(quadword, offset, bytes)
    }

    /// Writes 1 to 8 bytes inside one aligned quadword.
    pub(crate) fn write(&mut self, offset: u64, bytes: u32, value: u64) {
        let page = self.pages.entry(offset / PAGE).or_insert_with(|| Box::new([0; 512]));
        let quadword = &mut page[index(offset)];
        *quadword = lanes::merge(*quadword, offset, bytes, value);
    }

    /// Reads the line at `offset`.
    pub(crate) fn read_line(&self, offset: u64) -> [u8; LINE] {
        let mut line = [0; LINE];
        for (position, quadword) in (offset & !31..).step_by(8).zip(line.chunks_exact_mut(8)) {
            quadword.copy_from_slice(&self.read(position, 8).to_le_bytes());
        }
        line
    }

    /// Writes the line at `offset`.
    pub(crate) fn write_line(&mut self, offset: u64, data: &[u8; LINE]) {
        for (position, quadword) in (offset & !31..).step_by(8).zip(data.as_chunks::<8>().0) {
            self.write(position, 8, u64::from_le_bytes(*quadword));
        }
    }
}

/// Quadword of the page that `offset` falls in.
fn index(offset: u64) -> usize {
    usize::try_from(offset % PAGE / 8).expect("nine bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_bytes_share_the_memory() {
        let mut ram = SoftRam::default();
        ram.write(0x1005, 2, 0xBEEF);
        let line = ram.read_line(0x1000);
        assert_eq!(line[4..8], [0, 0xEF, 0xBE, 0]);
        ram.write_line(0x1FE0, &[3; LINE]);
        assert_eq!(ram.read(0x1FFC, 4), 0x0303_0303);
        assert_eq!(ram.read(0x3000_0000, 8), 0);
        assert_eq!(SoftRam::offset(0x2_4000_0000), None);
        assert_eq!(SoftRam::offset(0x2_0000_1000), Some(0x1000));
    }
}
