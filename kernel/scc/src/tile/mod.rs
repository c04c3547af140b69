//! Configuration registers of a tile (CRB).
//!
//! Eight registers and two LUTs, 32 bits wide on 8-byte spacing; the block decodes 13 address bits, so it
//! repeats every 8 KB. [`TileRegister`] names them, the sibling types give their fields and reset values.
//! Facts: SCC reference §4.

use crate::address::LutIndex;

mod gcbcfg;
mod glcfg;
mod l2cfg;
mod my_tile_id;
mod sensor;

pub use gcbcfg::Gcbcfg;
pub use glcfg::Glcfg;
pub use l2cfg::L2cfg;
pub use my_tile_id::{MyTileId, Requester};
pub use sensor::{SensorControl, SensorValue};

/// Bytes after which the block repeats.
pub const BLOCK_BYTES: u32 = 0x2000;

/// Register of the block. `z`, the core within the tile, is 0 or 1; of other values the lowest bit counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TileRegister {
    /// Core configuration: pins and latched status of core z.
    Glcfg(u8),
    /// L2 configuration of core z.
    L2cfg(u8),
    /// Thermal sensor control.
    SensorControl,
    /// Thermal sensor counts, read only.
    SensorValue,
    /// Clock dividers and resets of the tile.
    Gcbcfg,
    /// Coordinates of the tile and number of the reading core, read only.
    MyTileId,
    /// Test-and-set lock: a read returns the bit and clears it, any write sets it.
    Lock(u8),
    /// LUT entry of core z.
    Lut(u8, LutIndex),
}

impl TileRegister {
    /// Byte offset within the block.
    pub const fn offset(self) -> u32 {
        match self {
            Self::Glcfg(z) => 0x0010 + 8 * (z & 1) as u32,
            Self::L2cfg(z) => 0x0020 + 8 * (z & 1) as u32,
            Self::SensorControl => 0x0040,
            Self::SensorValue => 0x0048,
            Self::Gcbcfg => 0x0080,
            Self::MyTileId => 0x0100,
            Self::Lock(z) => 0x0200 << (z & 1),
            Self::Lut(z, index) => (0x0800 << (z & 1)) + 8 * index.get() as u32,
        }
    }

    /// Register at a byte offset, taken modulo 8 KB.
    ///
    /// Only the base of an 8-byte slot names a register: its upper half does not exist, and bytes within the
    /// lower half are the caller's to select. `None` also for slots without a register.
    #[inline]
    pub const fn from_offset(offset: u32) -> Option<Self> {
        let offset = offset % BLOCK_BYTES;
        Some(match offset {
            0x0010 => Self::Glcfg(0),
            0x0018 => Self::Glcfg(1),
            0x0020 => Self::L2cfg(0),
            0x0028 => Self::L2cfg(1),
            0x0040 => Self::SensorControl,
            0x0048 => Self::SensorValue,
            0x0080 => Self::Gcbcfg,
            0x0100 => Self::MyTileId,
            0x0200 => Self::Lock(0),
            0x0400 => Self::Lock(1),
            0x0800..0x1800 if offset.is_multiple_of(8) => {
                let z = if offset < 0x1000 { 0 } else { 1 };
                Self::Lut(z, LutIndex::new((offset / 8).to_le_bytes()[0]))
            }
            _ => return None,
        })
    }
}

/// Value of a lock that a read has just taken, and of a free lock after reset.
pub const LOCK_FREE: u32 = 1;

#[cfg(test)]
mod tests {
    use super::{BLOCK_BYTES, TileRegister};
    use crate::address::LutIndex;

    #[test]
    fn every_register_is_found_at_its_offset_and_its_repetition() {
        let mut registers = 0;
        for offset in 0..BLOCK_BYTES {
            if let Some(register) = TileRegister::from_offset(offset) {
                assert_eq!(register.offset(), offset);
                assert_eq!(TileRegister::from_offset(offset + BLOCK_BYTES * 5), Some(register));
                registers += 1;
            }
        }
        assert_eq!(registers, 10 + 2 * 256);
    }

    #[test]
    fn offsets_match_the_register_map() {
        let lut = |z, index| TileRegister::Lut(z, LutIndex::new(index));
        assert_eq!(TileRegister::Lock(0).offset(), 0x200);
        assert_eq!(TileRegister::Lock(1).offset(), 0x400);
        assert_eq!(lut(0, 255).offset(), 0x0FF8);
        assert_eq!(lut(1, 1).offset(), 0x1008);
        assert_eq!(lut(1, 255).offset(), 0x17F8);
        assert_eq!(TileRegister::from_offset(0x84), None);
        assert_eq!(TileRegister::from_offset(0x1800), None);
    }
}
