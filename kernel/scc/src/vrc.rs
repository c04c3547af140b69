//! Voltage regulator controller: its command, the voltage domains, and what frequency a voltage permits.
//!
//! One write-only register of 17 bits, behind the south port of tile (0,0). The controller answers a write
//! only after the regulator has finished, so a core's next write waits for the first.
//! Facts: SCC reference §1.4, §6.

use bitfield_struct::bitfield;

use crate::id::{TileCoord, TileId};

/// Tile whose south port leads to the controller.
pub const TILE: TileId = TileCoord::new(0, 0).expect("(0,0) lies in the mesh").tile();

/// Command word.
#[bitfield(u32)]
#[derive(PartialEq, Eq, Hash)]
pub struct VrcCommand {
    /// Voltage in steps of 6.25 mV: [`Vid`].
    pub vid: u8,
    /// Voltage domain: [`VoltageDomain`].
    #[bits(3)]
    pub domain: u8,
    /// Ignored.
    #[bits(5)]
    pub ignored: u8,
    /// Must be set; commands without it have no effect.
    pub valid: bool,
    #[bits(15)]
    __: u16,
}

impl VrcCommand {
    /// Command that sets `domain` to `vid`.
    pub const fn set(domain: VoltageDomain, vid: Vid) -> Self {
        Self::new().with_vid(vid.0).with_domain(domain.number()).with_valid(true)
    }
}

/// Island of one supply voltage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VoltageDomain {
    /// Tiles x = 0..1, y = 2..3.
    V0,
    /// Tiles x = 2..3, y = 2..3.
    V1,
    /// Mesh and system interface, numbered 2 and 6 alike; software must not touch it.
    Mesh,
    /// Tiles x = 4..5, y = 2..3.
    V3,
    /// Tiles x = 0..1, y = 0..1.
    V4,
    /// Tiles x = 2..3, y = 0..1.
    V5,
    /// Tiles x = 4..5, y = 0..1.
    V7,
}

impl VoltageDomain {
    /// Domain with the given number; of `number` the low 3 bits count.
    pub const fn from_number(number: u8) -> Self {
        match number & 7 {
            0 => Self::V0,
            1 => Self::V1,
            3 => Self::V3,
            4 => Self::V4,
            5 => Self::V5,
            7 => Self::V7,
            _ => Self::Mesh,
        }
    }

    /// Number in a command; the mesh, which has two, gives 2.
    pub const fn number(self) -> u8 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
            Self::Mesh => 2,
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
            Self::V7 => 7,
        }
    }

    /// Domain that supplies `tile`.
    pub const fn of_tile(tile: TileId) -> Self {
        let coord = tile.coord();
        match (coord.y() >= 2, coord.x() / 2) {
            (true, 0) => Self::V0,
            (true, 1) => Self::V1,
            (true, _) => Self::V3,
            (false, 0) => Self::V4,
            (false, 1) => Self::V5,
            (false, _) => Self::V7,
        }
    }

    /// Tiles of the domain: four, or none for the mesh.
    pub fn tiles(self) -> impl Iterator<Item = TileId> {
        TileId::all().filter(move |&tile| Self::of_tile(tile) == self)
    }
}

/// Voltage identifier: steps of 6.25 mV.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Vid(u8);

impl Vid {
    /// Lowest identifier that means the maximum of 1.3 V.
    pub const MAXIMUM: Self = Self(0xD0);

    /// 1.1 V, in force after the board's start.
    pub const BOOT: Self = Self(0xB0);

    /// Wraps an identifier; every value is valid.
    pub const fn new(vid: u8) -> Self {
        Self(vid)
    }

    /// The identifier.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Voltage in microvolts, at most 1.3 V; identifier 0 switches off.
    pub const fn microvolts(self) -> u32 {
        let steps = if self.0 > Self::MAXIMUM.0 { Self::MAXIMUM.0 } else { self.0 };
        steps as u32 * 6_250
    }

    /// Highest tile frequency in MHz this voltage permits; 0 below the lowest level known to work.
    pub const fn frequency_limit_megahertz(self) -> u16 {
        match self.0 {
            0x00..0x80 => 0,
            0x80..0x90 => 598,
            0x90..0xA0 => 644,
            0xA0..0xB0 => 748,
            0xB0..0xC0 => 875,
            0xC0..0xD0 => 1024,
            0xD0.. => 1198,
        }
    }
}

/// Step of the voltage and frequency table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct VoltageLevel {
    /// Voltage of the level.
    pub vid: Vid,
    /// Highest tile frequency in MHz to use at this level.
    pub limit_megahertz: u16,
}

/// Voltage and frequency table of RCCE. Levels 0 and 1 share a voltage: 460 MHz is the limit to plan with
/// at 0.8 V, 598 MHz the one that still works.
pub const LEVELS: [VoltageLevel; 7] = [
    VoltageLevel { vid: Vid(0x80), limit_megahertz: 460 },
    VoltageLevel { vid: Vid(0x80), limit_megahertz: 598 },
    VoltageLevel { vid: Vid(0x90), limit_megahertz: 644 },
    VoltageLevel { vid: Vid(0xA0), limit_megahertz: 748 },
    VoltageLevel { vid: Vid(0xB0), limit_megahertz: 875 },
    VoltageLevel { vid: Vid(0xC0), limit_megahertz: 1024 },
    VoltageLevel { vid: Vid(0xD0), limit_megahertz: 1198 },
];

#[cfg(test)]
mod tests {
    use super::{LEVELS, Vid, VoltageDomain, VrcCommand};
    use crate::id::{TileCoord, TileId};

    #[test]
    fn command_places_domain_and_voltage() {
        let command = VrcCommand::set(VoltageDomain::V7, Vid::BOOT);
        assert_eq!(command.into_bits(), 1 << 16 | 7 << 8 | 0xB0);
    }

    #[test]
    fn six_domains_supply_four_tiles_each() {
        for number in 0..8 {
            let domain = VoltageDomain::from_number(number);
            let expected = if domain == VoltageDomain::Mesh { 0 } else { 4 };
            assert_eq!(domain.tiles().count(), expected);
        }
        assert_eq!(VoltageDomain::from_number(6), VoltageDomain::Mesh);
        let tile = |x, y| TileCoord::new(x, y).unwrap().tile();
        let first = VoltageDomain::of_tile(TileId::new(0).unwrap());
        assert_eq!(first, VoltageDomain::V4);
        assert_eq!(VoltageDomain::of_tile(tile(3, 2)), VoltageDomain::V1);
        assert_eq!(VoltageDomain::of_tile(tile(5, 3)), VoltageDomain::V3);
        assert_eq!(VoltageDomain::of_tile(tile(4, 1)), VoltageDomain::V7);
    }

    #[test]
    fn voltages_and_limits_match_the_level_table() {
        let millivolts = [800, 800, 900, 1000, 1100, 1200, 1300];
        for (level, millivolts) in LEVELS.iter().zip(millivolts) {
            assert_eq!(level.vid.microvolts(), millivolts * 1000);
            assert!(level.limit_megahertz <= level.vid.frequency_limit_megahertz());
        }
        assert_eq!(Vid::new(0xFF).microvolts(), 1_300_000);
        assert_eq!(Vid::new(0x7F).frequency_limit_megahertz(), 0);
    }
}
