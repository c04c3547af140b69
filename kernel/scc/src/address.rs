//! Addresses on the way from a core to the mesh.
//!
//! A core puts out a 32-bit core physical address ([`PhysAddr`]); its upper 8 bits select a LUT entry
//! ([`LutIndex`]), which turns it into a routed address ([`SystemAddr`]): route, sub-destination and 34 bits
//! for the agent there. At a memory controller those 34 bits are a [`ControllerAddr`], at a message buffer
//! the low 14 bits are an [`MpbOffset`]. Facts: SCC reference §3.1, §5.1.

use core::fmt;

use crate::lut::SubDestination;
use crate::mpb;

/// Bytes of a cache line, of a full mesh data packet and of an MPB line.
pub const LINE_BYTES: u32 = 32;

/// Width of the address a routed request carries to its agent.
pub const SYSTEM_ADDRESS_BITS: u32 = 34;

/// Bytes of core physical space behind one LUT entry.
pub const LUT_WINDOW_BYTES: u32 = 1 << 24;

/// Core physical address: what a core puts out after paging, before the LUT.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PhysAddr(u32);

impl PhysAddr {
    /// Wraps a core physical address; every 32-bit value is one.
    pub const fn new(address: u32) -> Self {
        Self(address)
    }

    /// The address as a number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// First byte of the 32-byte line holding this address.
    pub const fn line_base(self) -> Self {
        Self(self.0 & !(LINE_BYTES - 1))
    }

    /// Byte within the line, 0 to 31.
    pub const fn offset_in_line(self) -> usize {
        (self.0 & (LINE_BYTES - 1)) as usize
    }

    /// Address `bytes` further on; wraps at 4 GB as the core's address lines do.
    pub const fn wrapping_add(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// LUT entry that translates this address: bits 31 to 24.
    pub const fn lut_index(self) -> LutIndex {
        LutIndex(self.0.to_be_bytes()[0])
    }

    /// Bits 23 to 0, which the LUT passes through.
    pub const fn offset_in_window(self) -> u32 {
        self.0 & (LUT_WINDOW_BYTES - 1)
    }
}

impl fmt::LowerHex for PhysAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

impl fmt::Display for PhysAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

/// Number of an entry of a core's LUT; all 256 values are valid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LutIndex(u8);

impl LutIndex {
    /// Entries of each LUT.
    pub const COUNT: usize = 256;

    /// Wraps an entry number.
    pub const fn new(index: u8) -> Self {
        Self(index)
    }

    /// Entry number, 0 to 255.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Index for tables with one element per entry.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Lowest core physical address the entry translates.
    pub const fn base(self) -> PhysAddr {
        PhysAddr((self.0 as u32) << 24)
    }

    /// All entries in ascending order.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (0..Self::COUNT).map(|index| Self(u8::try_from(index).expect("LUT indices are 0..256")))
    }
}

impl fmt::Display for LutIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Routed address: what leaves the tile after the LUT.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SystemAddr {
    /// Skip the router; meant for the own tile's MPB only.
    pub bypass: bool,
    /// Route as the LUT holds it, `y << 4 | x`; it may name no tile.
    pub route: u8,
    /// Port at the addressed tile.
    pub sub: SubDestination,
    /// Address for the agent behind the port, 34 bits.
    pub address: u64,
}

impl SystemAddr {
    /// Address as a memory controller sees it.
    pub const fn controller_addr(self) -> ControllerAddr {
        ControllerAddr::new(self.address)
    }

    /// Address as a tile's message buffer sees it.
    pub const fn mpb_offset(self) -> MpbOffset {
        MpbOffset::wrapping_from(self.address)
    }
}

impl fmt::Display for SystemAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bypass = if self.bypass { " bypass" } else { "" };
        write!(f, "route {:#04x} {}{} address {:#011x}", self.route, self.sub, bypass, self.address)
    }
}

/// Byte address on one memory controller, 34 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ControllerAddr(u64);

impl ControllerAddr {
    /// Keeps the 34 bits a controller receives; higher bits are dropped.
    pub const fn new(address: u64) -> Self {
        Self(address & ((1 << SYSTEM_ADDRESS_BITS) - 1))
    }

    /// Byte address, below 2^34.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// LUT extension of the 16 MB slot: bits 33 to 24.
    pub const fn extension(self) -> u16 {
        let bytes = self.0.to_le_bytes();
        u16::from_le_bytes([bytes[3], bytes[4]])
    }

    /// First byte of the 32-byte line holding this address.
    pub const fn line_base(self) -> Self {
        Self(self.0 & !(LINE_BYTES as u64 - 1))
    }
}

impl fmt::Display for ControllerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#011x}", self.0)
    }
}

/// Byte within one tile's message buffer, 0 to 0x3FFF.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MpbOffset(u16);

impl MpbOffset {
    /// Accepts offsets below 16 KB.
    pub const fn new(offset: u16) -> Option<Self> {
        if (offset as u32) < mpb::TILE_BYTES { Some(Self(offset)) } else { None }
    }

    /// Keeps the 14 bits the buffer decodes: it repeats every 16 KB of its window.
    pub const fn wrapping_from(address: u64) -> Self {
        let bytes = address.to_le_bytes();
        Self(u16::from_le_bytes([bytes[0], bytes[1] & 0x3F]))
    }

    /// Byte offset, 0 to 0x3FFF.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Line holding this byte.
    pub const fn line(self) -> LineIndex {
        LineIndex(self.0 / 32)
    }

    /// Byte within the line, 0 to 31.
    pub const fn offset_in_line(self) -> usize {
        (self.0 % 32) as usize
    }

    /// Core within the tile (z) whose half holds this byte, by convention.
    pub const fn slot(self) -> u8 {
        self.0.to_be_bytes()[0] >> 5
    }
}

/// Number of a 32-byte line in one tile's message buffer, 0 to 511.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineIndex(u16);

impl LineIndex {
    /// Lines of a tile's message buffer.
    pub const COUNT: usize = 512;

    /// Accepts line numbers 0 to 511.
    pub const fn new(index: u16) -> Option<Self> {
        if index < mpb::TILE_LINES { Some(Self(index)) } else { None }
    }

    /// Line number, 0 to 511.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Index for tables with one entry per line.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Offset of the line's first byte.
    pub const fn offset(self) -> MpbOffset {
        MpbOffset(self.0 * 32)
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::{ControllerAddr, LineIndex, LutIndex, MpbOffset, PhysAddr};

    #[test]
    fn core_physical_address_splits_into_lut_index_and_line() {
        let address = PhysAddr::new(0xF900_8234);
        assert_eq!(address.lut_index(), LutIndex::new(0xF9));
        assert_eq!(address.lut_index().base(), PhysAddr::new(0xF900_0000));
        assert_eq!(address.offset_in_window(), 0x8234);
        assert_eq!(address.line_base().get(), 0xF900_8220);
        assert_eq!(address.offset_in_line(), 0x14);
        assert_eq!(PhysAddr::new(u32::MAX).wrapping_add(1), PhysAddr::new(0));
        assert_eq!(format!("{} {address:x}", PhysAddr::new(0x40)), "0x00000040 f9008234");
        assert_eq!(LutIndex::all().count(), LutIndex::COUNT);
    }

    #[test]
    fn controller_address_keeps_34_bits() {
        let address = ControllerAddr::new(0xFFFF_FFFF_FFFF_FFFF);
        assert_eq!(address.get(), 0x3_FFFF_FFFF);
        assert_eq!(address.extension(), 0x3FF);
        assert_eq!(ControllerAddr::new(0x1_EC00_0051).extension(), 0x1EC);
        assert_eq!(ControllerAddr::new(0x1_EC00_0051).line_base().get(), 0x1_EC00_0040);
    }

    #[test]
    fn message_buffer_repeats_every_16_kilobytes() {
        let offset = MpbOffset::wrapping_from(0xFF_6011);
        assert_eq!(offset.get(), 0x2011);
        assert_eq!(offset.slot(), 1);
        assert_eq!(offset.line().get(), 256);
        assert_eq!(offset.line().offset().get(), 0x2000);
        assert_eq!(offset.offset_in_line(), 0x11);
        assert_eq!(MpbOffset::new(0x1FFF).map(MpbOffset::slot), Some(0));
        assert_eq!(MpbOffset::new(0x4000), None);
        assert_eq!(LineIndex::new(512), None);
    }
}
