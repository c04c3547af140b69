//! Names of cores, tiles and mesh coordinates.
//!
//! The die is a mesh of 6 columns (x, left to right) by 4 rows (y, bottom to top) of tiles with two cores
//! each. Tile number = `6*y + x`, core number = `2*tile + z`, route (tileID) = `y << 4 | x`.
//! Facts: SCC reference §1.1.

use core::fmt;

/// Columns of the mesh.
pub const COLUMNS: u8 = 6;
/// Rows of the mesh.
pub const ROWS: u8 = 4;
/// Cores on each tile.
pub const CORES_PER_TILE: u8 = 2;

/// Core number (PID), 0 to 47.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CoreId(u8);

impl CoreId {
    /// Number of cores on the chip.
    pub const COUNT: usize = 48;

    /// Accepts core numbers 0 to 47.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Names core `z` (0 or 1) of `tile`; `None` for any other `z`.
    pub const fn from_tile(tile: TileId, z: u8) -> Option<Self> {
        if z < CORES_PER_TILE { Some(Self(tile.0 * CORES_PER_TILE + z)) } else { None }
    }

    /// Index for tables with one entry per core.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Core number, 0 to 47.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Tile the core sits on.
    pub const fn tile(self) -> TileId {
        TileId(self.0 / CORES_PER_TILE)
    }

    /// Position within the tile (z), 0 or 1.
    pub const fn slot(self) -> u8 {
        self.0 % CORES_PER_TILE
    }

    /// All cores in ascending order.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (0..48).map(Self)
    }
}

impl fmt::Display for CoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Tile number, 0 to 23.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TileId(u8);

impl TileId {
    /// Number of tiles on the chip.
    pub const COUNT: usize = 24;

    /// Accepts tile numbers 0 to 23.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Decodes a route (tileID, `y << 4 | x`); `None` where the mesh has no tile.
    pub const fn from_route(route: u8) -> Option<Self> {
        match TileCoord::new(route & 0xF, route >> 4) {
            Some(coord) => Some(coord.tile()),
            None => None,
        }
    }

    /// Index for tables with one entry per tile.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Tile number, 0 to 23.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Position in the mesh.
    pub const fn coord(self) -> TileCoord {
        TileCoord { x: self.0 % COLUMNS, y: self.0 / COLUMNS }
    }

    /// Routing value (tileID) as LUT entries and FPGA registers hold it: `y << 4 | x`.
    pub const fn route(self) -> u8 {
        let coord = self.coord();
        coord.y << 4 | coord.x
    }

    /// Both cores of the tile, z = 0 first.
    pub const fn cores(self) -> [CoreId; 2] {
        let first = self.0 * CORES_PER_TILE;
        [CoreId(first), CoreId(first + 1)]
    }

    /// All tiles in ascending order.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (0..24).map(Self)
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Position of a tile in the mesh: x = 0 to 5 from the left, y = 0 to 3 from the bottom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TileCoord {
    x: u8,
    y: u8,
}

impl TileCoord {
    /// Accepts x below 6 and y below 4.
    pub const fn new(x: u8, y: u8) -> Option<Self> {
        if x < COLUMNS && y < ROWS { Some(Self { x, y }) } else { None }
    }

    /// Column, 0 to 5.
    pub const fn x(self) -> u8 {
        self.x
    }

    /// Row, 0 to 3.
    pub const fn y(self) -> u8 {
        self.y
    }

    /// Tile at this position.
    pub const fn tile(self) -> TileId {
        TileId(self.y * COLUMNS + self.x)
    }

    /// Manhattan distance to `other` in mesh links, 0 to 8. A request passes one router more.
    pub const fn hops_to(self, other: Self) -> u32 {
        (self.x.abs_diff(other.x) + self.y.abs_diff(other.y)) as u32
    }
}

impl fmt::Display for TileCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.x, self.y)
    }
}

#[cfg(test)]
mod tests {
    use super::{CoreId, TileCoord, TileId};

    #[test]
    fn numbers_outside_the_chip_are_refused() {
        assert_eq!(CoreId::new(48), None);
        assert_eq!(TileId::new(24), None);
        assert_eq!(TileCoord::new(6, 0), None);
        assert_eq!(TileCoord::new(0, 4), None);
        assert_eq!(CoreId::from_tile(TileId::new(0).unwrap(), 2), None);
    }

    #[test]
    fn routes_name_tiles_and_their_gaps_do_not() {
        let named = (0..=u8::MAX).filter_map(TileId::from_route);
        assert!(named.eq(TileId::all()));
        for tile in TileId::all() {
            assert_eq!(TileId::from_route(tile.route()), Some(tile));
        }
        assert_eq!(TileId::from_route(0x06), None);
        assert_eq!(TileId::from_route(0x40), None);
    }

    #[test]
    fn cores_and_tiles_agree_about_each_other() {
        assert_eq!(CoreId::all().count(), CoreId::COUNT);
        let through_tiles = TileId::all().flat_map(TileId::cores);
        assert!(CoreId::all().eq(through_tiles));
        for core in CoreId::all() {
            assert_eq!(CoreId::from_tile(core.tile(), core.slot()), Some(core));
        }
    }

    #[test]
    fn opposite_corners_are_eight_hops_apart() {
        let corner = TileCoord::new(0, 0).unwrap();
        let hops = |x, y| corner.hops_to(TileCoord::new(x, y).unwrap());
        assert_eq!([hops(0, 0), hops(5, 0), hops(0, 2), hops(5, 2), hops(5, 3)], [0, 5, 2, 7, 8]);
        assert_eq!(TileCoord::new(5, 3).unwrap().hops_to(corner), 8);
    }
}
