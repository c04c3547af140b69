//! Look-up table: from core physical to system addresses.
//!
//! Each core has 256 entries of 22 bits, one per 16 MB of core physical space:
//!
//! ```text
//! [21] bypass | [20:17] y | [16:13] x | [12:10] sub-destination | [9:0] address extension
//! ```
//!
//! Bits 20 to 13 together are the route. The address extension becomes bits 33 to 24 of the system address;
//! bits 23 to 0 pass through. What sccMerge writes by default is in [`default_entry`], the memory controllers
//! and board sizes in [`MemoryController`] and [`BoardMemory`]. Facts: SCC reference §3.1, §3.3.

use core::fmt;

use crate::address::{PhysAddr, SystemAddr};

mod controller;
mod default_map;

pub use controller::{BoardMemory, MemoryController};
pub use default_map::{default_entry, default_entry_one_slot, filler_entry};

/// Port at the addressed tile, the 3-bit sub-destination of a LUT entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SubDestination {
    /// Core 0; names requesters, never answers a request.
    Core0,
    /// Core 1; names requesters, never answers a request.
    Core1,
    /// Configuration registers (CRB) of the tile.
    Crb,
    /// Message passing buffer of the tile.
    Mpb,
    /// East router port: MC1 at (5,0), MC3 at (5,2).
    East,
    /// South router port: system interface at (3,0), voltage regulator at (0,0).
    South,
    /// West router port: MC0 at (0,0), MC2 at (0,2).
    West,
    /// North router port; nothing is connected anywhere.
    North,
}

impl SubDestination {
    /// Decodes the low 3 bits of `bits`; higher bits are ignored.
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 7 {
            0 => Self::Core0,
            1 => Self::Core1,
            2 => Self::Crb,
            3 => Self::Mpb,
            4 => Self::East,
            5 => Self::South,
            6 => Self::West,
            _ => Self::North,
        }
    }

    /// Encoding, 0 to 7.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Core0 => 0,
            Self::Core1 => 1,
            Self::Crb => 2,
            Self::Mpb => 3,
            Self::East => 4,
            Self::South => 5,
            Self::West => 6,
            Self::North => 7,
        }
    }
}

impl fmt::Display for SubDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Core0 => "core 0",
            Self::Core1 => "core 1",
            Self::Crb => "CRB",
            Self::Mpb => "MPB",
            Self::East => "east port",
            Self::South => "south port",
            Self::West => "west port",
            Self::North => "north port",
        })
    }
}

/// One entry of a core's LUT.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LutEntry(u32);

impl LutEntry {
    /// Bits an entry register stores; the others read 0.
    pub const MASK: u32 = 0x003F_FFFF;

    /// Contents after a hard reset: core 0 of tile 0, which answers nobody.
    pub const RESET: Self = Self(0);

    /// Keeps the 22 bits the register stores.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::MASK)
    }

    /// Composes an entry. Of `extension` the low 10 bits are used.
    pub const fn new(bypass: bool, route: u8, sub: SubDestination, extension: u16) -> Self {
        Self(
            (bypass as u32) << 21
                | (route as u32) << 13
                | (sub.bits() as u32) << 10
                | (extension & 0x3FF) as u32,
        )
    }

    /// Register contents, 22 bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether requests skip the router.
    pub const fn bypass(self) -> bool {
        self.0 & 1 << 21 != 0
    }

    /// Row of the addressed tile, 4 bits; may lie outside the mesh.
    pub const fn y(self) -> u8 {
        self.route() >> 4
    }

    /// Column of the addressed tile, 4 bits; may lie outside the mesh.
    pub const fn x(self) -> u8 {
        self.route() & 0xF
    }

    /// Route, `y << 4 | x`; may name no tile.
    pub const fn route(self) -> u8 {
        (self.0 >> 13).to_le_bytes()[0]
    }

    /// Port at the addressed tile.
    pub const fn sub_destination(self) -> SubDestination {
        SubDestination::from_bits((self.0 >> 10).to_le_bytes()[0])
    }

    /// Bits 33 to 24 of the system address.
    pub const fn extension(self) -> u16 {
        let bytes = self.0.to_le_bytes();
        u16::from_le_bytes([bytes[0], bytes[1] & 0x3])
    }

    /// Routed address of `address`, whose LUT index must have selected this entry.
    pub const fn translate(self, address: PhysAddr) -> SystemAddr {
        SystemAddr {
            bypass: self.bypass(),
            route: self.route(),
            sub: self.sub_destination(),
            address: (self.extension() as u64) << 24 | address.offset_in_window() as u64,
        }
    }
}

impl fmt::LowerHex for LutEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

impl fmt::Display for LutEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{LutEntry, SubDestination};

    #[test]
    fn entry_keeps_22_bits_and_its_fields() {
        let entry = LutEntry::from_bits(u32::MAX);
        assert_eq!(entry.bits(), 0x003F_FFFF);
        let entry = LutEntry::new(true, 0x35, SubDestination::Mpb, 0x2A5);
        assert!(entry.bypass());
        assert_eq!((entry.x(), entry.y(), entry.route()), (5, 3, 0x35));
        assert_eq!(entry.sub_destination(), SubDestination::Mpb);
        assert_eq!(entry.extension(), 0x2A5);
        assert_eq!(entry.bits(), 1 << 21 | 3 << 17 | 5 << 13 | 3 << 10 | 0x2A5);
    }

    #[test]
    fn sub_destinations_round_trip() {
        for bits in 0..8 {
            assert_eq!(SubDestination::from_bits(bits).bits(), bits);
        }
    }
}
