//! Message passing buffer of one tile: 16 KB of memory, repeated through its 16 MB window.
//!
//! Source: SCC reference §5; only the low 14 address bits are decoded (§5.2, (U37) for the power-up contents).

use super::lanes;
use super::port::LINE;

/// Bytes of one tile's buffer.
const SIZE: usize = 16 * 1024;

/// One tile's buffer.
pub(crate) struct Mpb {
    bytes: Box<[u8; SIZE]>,
}

impl Mpb {
    /// A buffer holding `fill` everywhere.
    pub(crate) fn new(fill: u8) -> Self {
        Self { bytes: Box::new([fill; SIZE]) }
    }

    /// Reads 1 to 8 bytes inside one aligned quadword.
    #[inline]
    pub(crate) fn read(&self, address: u64, bytes: u32) -> u64 {
        lanes::extract(self.quadword(offset(address) & !7), address, bytes)
    }

    /// Writes 1 to 8 bytes inside one aligned quadword.
    #[inline]
    pub(crate) fn write(&mut self, address: u64, bytes: u32, value: u64) {
        let start = offset(address) & !7;
        let merged = lanes::merge(self.quadword(start), address, bytes, value);
        self.bytes[start..start + 8].copy_from_slice(&merged.to_le_bytes());
    }

    /// Reads the line at `address`.
    #[inline]
    pub(crate) fn read_line(&self, address: u64) -> [u8; LINE] {
        let start = offset(address) & !(LINE - 1);
        let mut line = [0; LINE];
        line.copy_from_slice(&self.bytes[start..start + LINE]);
        line
    }

    /// Writes the line at `address`.
    #[inline]
    pub(crate) fn write_line(&mut self, address: u64, data: &[u8; LINE]) {
        let start = offset(address) & !(LINE - 1);
        self.bytes[start..start + LINE].copy_from_slice(data);
    }

    #[inline]
    fn quadword(&self, start: usize) -> u64 {
        let mut quadword = [0; 8];
        quadword.copy_from_slice(&self.bytes[start..start + 8]);
        u64::from_le_bytes(quadword)
    }
}

/// The decoded part of an address.
#[inline]
fn offset(address: u64) -> usize {
    usize::try_from(address % SIZE as u64).expect("14 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_repeats_every_16_kb() {
        let mut mpb = Mpb::new(0);
        mpb.write(0x0012_4010, 1, 0x5A);
        assert_eq!(mpb.read(0x10, 1), 0x5A);
    }

    #[test]
    fn a_byte_write_leaves_the_rest_of_the_line_alone() {
        let mut mpb = Mpb::new(0xA5);
        mpb.write(0x25, 1, 0);
        let mut expected = [0xA5; LINE];
        expected[5] = 0;
        assert_eq!(mpb.read_line(0x20), expected);
    }

    #[test]
    fn lines_are_written_whole() {
        let mut mpb = Mpb::new(0);
        mpb.write_line(0x3FE0, &[7; LINE]);
        assert_eq!(mpb.read(0x3FFC, 4), 0x0707_0707);
        assert_eq!(mpb.read(0x0, 4), 0);
    }
}
