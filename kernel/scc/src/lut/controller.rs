//! Memory controllers, where they hang and how sccMerge divides their memory.
//!
//! Four controllers serve a quadrant of 12 cores each. On each controller core `k` (0 to 11) owns `P`
//! private slots of 16 MB starting at slot `k*P`; slot `12*P` is shared by everybody, and the last twelve
//! slots hold one boot slot per core. Facts: SCC reference §1.2, §3.3.

use super::{LutEntry, SubDestination};
use crate::id::{CoreId, TileId};

/// Installed memory of the board; each of the four controllers holds a quarter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BoardMemory {
    /// 16 GB, 4 GB per controller.
    Gb16,
    /// 32 GB, 8 GB per controller.
    Gb32,
    /// 64 GB, 16 GB per controller.
    Gb64,
}

impl BoardMemory {
    /// All sizes in ascending order.
    pub const ALL: [Self; 3] = [Self::Gb16, Self::Gb32, Self::Gb64];

    /// Gigabytes per controller: 4, 8 or 16.
    pub const fn gb_per_controller(self) -> u8 {
        match self {
            Self::Gb16 => 4,
            Self::Gb32 => 8,
            Self::Gb64 => 16,
        }
    }

    /// Bytes per controller.
    pub const fn bytes_per_controller(self) -> u64 {
        (self.gb_per_controller() as u64) << 30
    }

    /// Slots of 16 MB on one controller.
    const fn slots_per_controller(self) -> u16 {
        self.gb_per_controller() as u16 * 64
    }

    /// Private 16 MB slots of each core (P): 20, 41 or 84.
    pub const fn private_slots(self) -> u8 {
        match self {
            Self::Gb16 => 20,
            Self::Gb32 => 41,
            Self::Gb64 => 84,
        }
    }

    /// LUT extension of the slot all cores share on each controller.
    pub const fn shared_extension(self) -> u16 {
        CORES_PER_CONTROLLER * self.private_slots() as u16
    }

    /// LUT extension of the boot slot of `core` on its controller.
    pub const fn boot_extension(self, core: CoreId) -> u16 {
        self.slots_per_controller() - CORES_PER_CONTROLLER + MemoryController::order_of_core(core) as u16
    }
}

/// Cores each controller serves by default.
const CORES_PER_CONTROLLER: u16 = 12;

/// One of the four DDR3 controllers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MemoryController {
    /// West of tile (0,0); cores with x < 3, y < 2.
    Mc0,
    /// East of tile (5,0); cores with x >= 3, y < 2.
    Mc1,
    /// West of tile (0,2); cores with x < 3, y >= 2.
    Mc2,
    /// East of tile (5,2); cores with x >= 3, y >= 2.
    Mc3,
}

impl MemoryController {
    /// All controllers in order of their number.
    pub const ALL: [Self; 4] = [Self::Mc0, Self::Mc1, Self::Mc2, Self::Mc3];

    /// Index for tables with one entry per controller.
    pub const fn index(self) -> usize {
        self.number() as usize
    }

    /// Controller number, 0 to 3.
    pub const fn number(self) -> u8 {
        match self {
            Self::Mc0 => 0,
            Self::Mc1 => 1,
            Self::Mc2 => 2,
            Self::Mc3 => 3,
        }
    }

    /// Route of the tile whose router the controller hangs on.
    pub const fn route(self) -> u8 {
        match self {
            Self::Mc0 => 0x00,
            Self::Mc1 => 0x05,
            Self::Mc2 => 0x20,
            Self::Mc3 => 0x25,
        }
    }

    /// Tile whose router the controller hangs on.
    pub const fn tile(self) -> TileId {
        TileId::from_route(self.route()).expect("the four controller routes name tiles of the mesh")
    }

    /// Router port the controller hangs on.
    pub const fn sub_destination(self) -> SubDestination {
        match self {
            Self::Mc0 | Self::Mc2 => SubDestination::West,
            Self::Mc1 | Self::Mc3 => SubDestination::East,
        }
    }

    /// LUT entry of the controller's first slot; adding a slot number selects that slot.
    pub const fn base_entry(self) -> LutEntry {
        self.entry(0)
    }

    /// LUT entry of the controller's slot with the given extension (10 bits).
    pub const fn entry(self, extension: u16) -> LutEntry {
        LutEntry::new(false, self.route(), self.sub_destination(), extension)
    }

    /// Controller that serves `core` by default.
    pub const fn of_core(core: CoreId) -> Self {
        let coord = core.tile().coord();
        match (coord.x() < 3, coord.y() < 2) {
            (true, true) => Self::Mc0,
            (false, true) => Self::Mc1,
            (true, false) => Self::Mc2,
            (false, false) => Self::Mc3,
        }
    }

    /// Order number k of `core` on its controller, 0 to 11.
    pub const fn order_of_core(core: CoreId) -> u8 {
        let coord = core.tile().coord();
        2 * (coord.x() % 3) + core.slot() + 6 * (coord.y() % 2)
    }

    /// Controller behind a router port; `None` where none is connected.
    pub const fn at(route: u8, sub: SubDestination) -> Option<Self> {
        match (route, sub) {
            (0x00, SubDestination::West) => Some(Self::Mc0),
            (0x05, SubDestination::East) => Some(Self::Mc1),
            (0x20, SubDestination::West) => Some(Self::Mc2),
            (0x25, SubDestination::East) => Some(Self::Mc3),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BoardMemory, MemoryController};
    use crate::id::CoreId;

    #[test]
    fn slot_layout_matches_the_board_table() {
        let last = CoreId::new(47).unwrap();
        for (board, private, shared, boot) in [
            (BoardMemory::Gb16, 20, 0x0F0, 0x0F4),
            (BoardMemory::Gb32, 41, 0x1EC, 0x1F4),
            (BoardMemory::Gb64, 84, 0x3F0, 0x3F4),
        ] {
            assert_eq!(board.private_slots(), private);
            let gigabytes = u16::from(board.gb_per_controller());
            assert_eq!(u16::from(board.private_slots()), (64 * gigabytes - 1) / 12 - 1);
            assert_eq!(board.shared_extension(), shared);
            assert_eq!(board.boot_extension(CoreId::new(0).unwrap()), boot);
            assert_eq!(board.boot_extension(last), boot + 11);
            assert_eq!(board.bytes_per_controller() >> 24, u64::from(board.boot_extension(last)) + 1);
        }
    }

    #[test]
    fn each_controller_is_found_at_its_port_and_serves_twelve_cores() {
        let bases = [0x01800, 0x0B000, 0x41800, 0x4B000];
        for controller in MemoryController::ALL {
            assert_eq!(
                MemoryController::at(controller.route(), controller.sub_destination()),
                Some(controller)
            );
            assert_eq!(controller.base_entry().bits(), bases[controller.index()]);
            assert_eq!(controller.tile().route(), controller.route());
            let mut order: std::vec::Vec<u8> = CoreId::all()
                .filter(|&core| MemoryController::of_core(core) == controller)
                .map(MemoryController::order_of_core)
                .collect();
            order.sort_unstable();
            assert!(order.into_iter().eq(0..12));
        }
    }
}
