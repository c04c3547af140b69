//! The clocks a board is brought up with.
//!
//! Routers and memory keep their clocks; a tile's is the divider field of its GCBCFG and may be changed by
//! software. Source: SCC reference §1.5, §4.5, §10.5.

use scc::id::TileId;
use scc::timing::{MemoryClock, MeshClock, Time, tile_period};

/// Tile clocks of dividers 1 to 15 in MHz, as the vendor's tables name them.
const TILE_MEGAHERTZ: [u16; 15] = [800, 533, 400, 320, 266, 228, 200, 178, 160, 145, 133, 123, 114, 106, 100];

/// Smallest and largest divider field the vendor's tables have.
const DIVIDERS: std::ops::RangeInclusive<u8> = 1..=15;

/// Clocks at power-up; the default is the usual preset, tiles 533 MHz, mesh 800 MHz, DDR3-800.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    mesh: MeshClock,
    memory: MemoryClock,
    dividers: [u8; TileId::COUNT],
}

/// Clocks no board has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// DDR3-1066 with slow routers.
    #[error("DDR3-1066 needs a mesh of 1600 MHz; with 800 MHz memory runs as DDR3-800")]
    MemoryTooFast,
    /// A divider field outside the vendor's tables.
    #[error("divider {0} is no tile clock: dividers are 1 (800 MHz) to 15 (100 MHz)")]
    Divider(u8),
    /// A frequency no divider gives.
    #[error(
        "no tile runs at {0} MHz: expected 1600 MHz divided by 2 to 16, that is 800, 533, 400, 320, 266, 228, \
         200, 178, 160, 145, 133, 123, 114, 106 or 100"
    )]
    TileMegahertz(u16),
}

impl Clocks {
    /// Clocks of routers and memory, with every tile at 533 MHz.
    ///
    /// # Errors
    /// If routers of that clock cannot keep up with the memory.
    pub fn new(mesh: MeshClock, memory: MemoryClock) -> Result<Self, ClockError> {
        if memory == MemoryClock::Ddr1066 && mesh == MeshClock::Mhz800 {
            return Err(ClockError::MemoryTooFast);
        }
        Ok(Self { mesh, memory, ..Self::default() })
    }

    /// Sets the divider field of a tile: 1600 MHz / (`divider` + 1).
    ///
    /// # Errors
    /// If `divider` is not 1 to 15.
    pub fn set_divider(&mut self, tile: TileId, divider: u8) -> Result<(), ClockError> {
        if !DIVIDERS.contains(&divider) {
            return Err(ClockError::Divider(divider));
        }
        self.dividers[tile.index()] = divider;
        Ok(())
    }

    /// The divider field for a tile clock, in MHz as the vendor's tables name it.
    ///
    /// # Errors
    /// If no divider gives it.
    pub fn divider_for(megahertz: u16) -> Result<u8, ClockError> {
        let named = DIVIDERS.zip(TILE_MEGAHERTZ).find(|(_, name)| *name == megahertz);
        named.map(|(divider, _)| divider).ok_or(ClockError::TileMegahertz(megahertz))
    }

    /// Clock of the routers.
    #[must_use]
    pub fn mesh(&self) -> MeshClock {
        self.mesh
    }

    /// Clock of the memory.
    #[must_use]
    pub fn memory(&self) -> MemoryClock {
        self.memory
    }

    /// Divider field of a tile.
    #[must_use]
    pub fn divider(&self, tile: TileId) -> u8 {
        self.dividers[tile.index()]
    }

    /// Clock period of a tile.
    #[must_use]
    pub fn period(&self, tile: TileId) -> Time {
        tile_period(self.divider(tile))
    }
}

impl Default for Clocks {
    fn default() -> Self {
        Self { mesh: MeshClock::default(), memory: MemoryClock::default(), dividers: [2; TileId::COUNT] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::timing::GRID_MEGAHERTZ;

    #[test]
    fn every_divider_of_the_clock_table_has_its_frequency() {
        for (divider, megahertz) in DIVIDERS.zip(TILE_MEGAHERTZ) {
            assert_eq!(Clocks::divider_for(megahertz), Ok(divider));
            assert!((GRID_MEGAHERTZ / (u16::from(divider) + 1)).abs_diff(megahertz) <= 1);
        }
        for wrong in [0, 99, 534, 1600] {
            assert_eq!(Clocks::divider_for(wrong), Err(ClockError::TileMegahertz(wrong)));
        }
    }

    #[test]
    fn impossible_clocks_are_refused() {
        assert_eq!(Clocks::new(MeshClock::Mhz800, MemoryClock::Ddr1066), Err(ClockError::MemoryTooFast));
        let mut clocks = Clocks::new(MeshClock::Mhz1600, MemoryClock::Ddr1066).unwrap();
        for divider in [0, 16] {
            let tile = TileId::all().next().unwrap();
            assert_eq!(clocks.set_divider(tile, divider), Err(ClockError::Divider(divider)));
        }
    }
}
