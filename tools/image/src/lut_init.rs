//! `lut_init.dat`: the LUTs of the used cores as writes to configuration registers.
//!
//! ```text
//! 00 2 00000808 00001801      tileID, sub-destination 2, byte offset, value: hexadecimal
//! ```
//!
//! The entries are those that sccMerge writes (SCC reference §3.3, §8.3).

use scc::address::LutIndex;
use scc::id::CoreId;
use scc::lut::{BoardMemory, SubDestination, default_entry};
use scc::tile::TileRegister;

use crate::CoreList;

/// The writes for `cores`.
pub(crate) fn lut_init(cores: &CoreList, memory: BoardMemory) -> String {
    cores.iter().flat_map(|core| LutIndex::all().filter_map(move |index| line(core, memory, index))).collect()
}

fn line(core: CoreId, memory: BoardMemory, index: LutIndex) -> Option<String> {
    let entry = default_entry(memory, core, index)?;
    let register = TileRegister::Lut(core.slot(), index);
    Some(format!(
        "{:02x} {} {:08x} {:08x}\n",
        core.tile().route(),
        SubDestination::Crb.bits(),
        register.offset(),
        entry.bits()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_cores_get_the_entries_of_the_default_map() {
        let text = lut_init(&"0,47".parse().unwrap(), BoardMemory::Gb32);
        assert_eq!(text.lines().count(), 2 * 100);
        assert!(text.contains("00 2 00000808 00001801\n"));
        assert!(text.contains("35 2 000017f8 0004b1ff\n"));
        assert!(!text.contains("01 2"));
    }
}
