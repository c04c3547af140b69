//! LUT contents sccMerge writes for a used core.
//!
//! The map of core physical space is the same for every core except for its own private memory, MPB, CRB
//! and boot slot:
//!
//! ```text
//! 0 .. P-1      private DRAM          0xE0 .. 0xF7  CRB of tile 0 .. 23
//! 0x80 .. 0x83  shared DRAM MC0..MC3  0xF8          own CRB
//! 0xC0 .. 0xD7  MPB of tile 0 .. 23   0xF9          FPGA registers      0xFB  voltage regulator
//! 0xD8          own MPB               0xFA          host window         0xFC  FPGA memory port
//! 0xFF          boot slot
//! ```
//!
//! Everything else is not written. Facts: SCC reference §3.3.

use super::{BoardMemory, LutEntry, MemoryController, SubDestination};
use crate::address::LutIndex;
use crate::fpga;
use crate::id::{CoreId, TileId};
use crate::map;
use crate::vrc;

/// Entry sccMerge writes for `core` at `index`; `None` where it writes nothing.
///
/// The own MPB is mapped without bypass, as sccKit 1.3.0 and later do. The entry for the FPGA memory port
/// (0xFC) is present, as in the later tools.
pub fn default_entry(board: BoardMemory, core: CoreId, index: LutIndex) -> Option<LutEntry> {
    let own = MemoryController::of_core(core);
    let number = index.get();
    if number < board.private_slots() {
        let first = u16::from(MemoryController::order_of_core(core)) * u16::from(board.private_slots());
        return Some(own.entry(first + u16::from(number)));
    }
    if let Some(position) = number.checked_sub(map::index::SHARED_DRAM.get())
        && let Some(controller) = MemoryController::ALL.get(usize::from(position))
    {
        return Some(controller.entry(board.shared_extension()));
    }
    if let Some(tile) = number.checked_sub(map::index::MPB.get()).and_then(TileId::new) {
        return Some(LutEntry::new(false, tile.route(), SubDestination::Mpb, 0));
    }
    if let Some(tile) = number.checked_sub(map::index::CRB.get()).and_then(TileId::new) {
        return Some(LutEntry::new(false, tile.route(), SubDestination::Crb, 0));
    }
    let system_interface =
        |extension| LutEntry::new(false, fpga::TILE.route(), SubDestination::South, extension);
    Some(match index {
        map::index::OWN_MPB => LutEntry::new(false, core.tile().route(), SubDestination::Mpb, 0),
        map::index::OWN_CRB => LutEntry::new(false, core.tile().route(), SubDestination::Crb, 0),
        map::index::FPGA => system_interface(0x100),
        map::index::HOST_WINDOW => system_interface(0x200),
        map::index::FPGA_MEMORY => system_interface(0x180),
        map::index::VRC => LutEntry::new(false, vrc::TILE.route(), SubDestination::South, 0),
        map::index::BOOT_SLOT => own.entry(board.boot_extension(core)),
        _ => return None,
    })
}

/// As [`default_entry`], with entry 0 pointing at the boot slot too (sccMerge `-1slot`).
pub fn default_entry_one_slot(board: BoardMemory, core: CoreId, index: LutIndex) -> Option<LutEntry> {
    let index = if index.get() == 0 { map::index::BOOT_SLOT } else { index };
    default_entry(board, core, index)
}

/// Entry for every index [`default_entry`] leaves alone under sccMerge `-lut_default`: the slot after the
/// shared one on the core's own controller.
pub const fn filler_entry(board: BoardMemory, core: CoreId) -> LutEntry {
    MemoryController::of_core(core).entry(board.shared_extension() + 1)
}
