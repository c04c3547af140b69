//! System interface and FPGA: ports behind the south port of tile (3,0), register bank, interrupts.
//!
//! Facts: SCC reference §1.2, §3.5, §7.

use crate::id::{TileCoord, TileId};

mod port;

pub use port::FpgaPort;

/// Tile whose south port leads to the system interface.
pub const TILE: TileId = TileCoord::new(3, 0).expect("(3,0) lies in the mesh").tile();
