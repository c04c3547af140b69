//! Where sccMerge puts a core's memory on its memory controller.
//!
//! Each controller serves twelve cores; core `k` of them owns `P` private slots of 16 MB and one boot slot:
//!
//! ```text
//! address < P * 16 MB          (k * P) slots + address
//! last 16 MB of the space      boot slot of k + address within it
//! anything else                an error
//! ```
//!
//! A place (controller, k) is named by the core that owns it by default: there are 48 of each. Rules: SCC
//! reference §3.3, §8.3.

use scc::address::{ControllerAddr, LutIndex, PhysAddr};
use scc::id::CoreId;
use scc::lut::{self, BoardMemory, MemoryController};
use scc::map;

/// An address that sccMerge cannot place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelocationError {
    /// Neither private memory nor boot slot.
    #[error(
        "address {address} is neither private memory (below {private_end:#010x} on this board) nor in the boot \
         slot (from {boot} on); link the image elsewhere or choose a larger --memory",
        boot = map::BOOT_SLOT
    )]
    Unplaceable {
        /// The address.
        address: PhysAddr,
        /// First address after the private memory.
        private_end: u32,
    },
    /// Bytes that begin inside a region and run over its end.
    #[error("{length:#x} bytes at {address} run over the end of the memory they begin in")]
    RunsOver {
        /// Address of the first byte.
        address: PhysAddr,
        /// Number of bytes.
        length: u64,
    },
}

/// Address on the controller of `length` bytes that the core with the memory of `owner` sees at `address`.
///
/// The controller is the one `owner` belongs to by default.
///
/// # Errors
///
/// [`RelocationError`] for bytes outside private memory and boot slot.
pub fn relocate(
    board: BoardMemory,
    owner: CoreId,
    address: PhysAddr,
    length: u64,
) -> Result<ControllerAddr, RelocationError> {
    let private_end = LutIndex::new(board.private_slots()).base().get();
    let region_end = match address.get() {
        low if low < private_end => u64::from(private_end),
        high if high >= map::BOOT_SLOT.get() => 1 << u32::BITS,
        _ => return Err(RelocationError::Unplaceable { address, private_end }),
    };
    if u64::from(address.get()).saturating_add(length) > region_end {
        return Err(RelocationError::RunsOver { address, length });
    }
    let entry = lut::default_entry(board, owner, address.lut_index())
        .expect("private memory and boot slot are in the default map");
    Ok(entry.translate(address).controller_addr())
}

/// The core that owns place `order` (0 to 11) of `controller` by default.
pub(super) fn owner_of_place(controller: MemoryController, order: u8) -> Option<CoreId> {
    CoreId::all().find(|&core| {
        MemoryController::of_core(core) == controller && MemoryController::order_of_core(core) == order
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(board: BoardMemory, k: u8, address: u32) -> Result<u64, RelocationError> {
        let owner = owner_of_place(MemoryController::Mc1, k).unwrap();
        relocate(board, owner, PhysAddr::new(address), 4).map(ControllerAddr::get)
    }

    /// Checklist 77: relocation of 0x1000 for k = 3, and of the reset page.
    #[test]
    fn private_memory_and_boot_slot_are_relocated_as_scc_merge_does() {
        for (board, gigabytes, private) in
            [(BoardMemory::Gb16, 4, 20), (BoardMemory::Gb32, 8, 41), (BoardMemory::Gb64, 16, 84_u64)]
        {
            assert_eq!(place(board, 3, 0x1000), Ok(((3 * private) << 24) + 0x1000));
            let boot = 64 * gigabytes - 12 + 3;
            assert_eq!(place(board, 3, 0xFFFF_F000), Ok((boot << 24) + 0xFF_F000));
            let last = u32::try_from((private << 24) - 4).unwrap();
            assert_eq!(place(board, 11, last), Ok(((11 * private) << 24) + u64::from(last)));
        }
    }

    #[test]
    fn addresses_between_are_refused() {
        let error = place(BoardMemory::Gb32, 0, 0x2900_0000).unwrap_err();
        let expected =
            RelocationError::Unplaceable { address: PhysAddr::new(0x2900_0000), private_end: 0x2900_0000 };
        assert_eq!(error, expected);
        assert!(matches!(place(BoardMemory::Gb32, 0, 0xFEFF_FFFC), Err(RelocationError::Unplaceable { .. })));
        assert!(matches!(place(BoardMemory::Gb32, 0, 0x28FF_FFFE), Err(RelocationError::RunsOver { .. })));
        assert!(matches!(place(BoardMemory::Gb32, 0, 0xFFFF_FFFE), Err(RelocationError::RunsOver { .. })));
    }

    #[test]
    fn every_place_has_one_owner() {
        let mut owners: Vec<_> = MemoryController::ALL
            .into_iter()
            .flat_map(|controller| (0..12).filter_map(move |order| owner_of_place(controller, order)))
            .collect();
        owners.sort_unstable();
        assert!(owners.into_iter().eq(CoreId::all()));
        assert_eq!(owner_of_place(MemoryController::Mc0, 12), None);
    }
}
