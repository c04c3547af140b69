//! Tile identity register: coordinates of the tile and who is asking.
//!
//! ```text
//! [10:7] y | [6:3] x | [2:0] requester: 0 or 1 = reading core within its tile, 5 = system interface
//! ```
//!
//! Facts: SCC reference §4.7.

use crate::id::{CoreId, TileCoord, TileId};

/// Who reads the register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Requester {
    /// A core, wherever it is; its number within its tile is reported.
    Core(CoreId),
    /// The system interface, for the host.
    SystemInterface,
}

impl Requester {
    const fn bits(self) -> u32 {
        match self {
            Self::Core(core) => core.slot() as u32,
            Self::SystemInterface => 5,
        }
    }
}

/// Value of the tile identity register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MyTileId(u32);

impl MyTileId {
    /// Value `requester` reads at `tile`.
    ///
    /// Unverified for a core of another tile: that it sees its own number within its tile.
    pub const fn new(tile: TileId, requester: Requester) -> Self {
        let coord = tile.coord();
        Self((coord.y() as u32) << 7 | (coord.x() as u32) << 3 | requester.bits())
    }

    /// Wraps a value read from the register.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Register contents.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Tile whose register was read; `None` if the coordinates lie outside the mesh.
    pub const fn tile(self) -> Option<TileId> {
        let bytes = (self.0 >> 3).to_le_bytes();
        match TileCoord::new(bytes[0] & 0xF, bytes[0] >> 4) {
            Some(coord) => Some(coord.tile()),
            None => None,
        }
    }

    /// Core that reads this value from its own tile; `None` if it is no core or no tile.
    pub const fn core(self) -> Option<CoreId> {
        match self.tile() {
            Some(tile) => CoreId::from_tile(tile, self.0.to_le_bytes()[0] & 7),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MyTileId, Requester};
    use crate::id::{CoreId, TileId};

    #[test]
    fn each_core_recognises_itself() {
        for core in CoreId::all() {
            let value = MyTileId::new(core.tile(), Requester::Core(core));
            assert_eq!(MyTileId::from_bits(value.bits()).core(), Some(core));
        }
    }

    #[test]
    fn host_reads_requester_five() {
        let tile = TileId::from_route(0x05).unwrap();
        let value = MyTileId::new(tile, Requester::SystemInterface);
        assert_eq!(value.bits(), 0x2D);
        assert_eq!(value.tile(), Some(tile));
        assert_eq!(value.core(), None);
    }
}
