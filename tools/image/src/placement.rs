//! Whether pieces fit a core's memory and each other.
//!
//! A core's own memory is what sccMerge relocates: private memory from 0 on, and the boot slot, the last 16 MB
//! with the reset vector (SCC reference §3.3, §8.3).

use scc::address::{LutIndex, PhysAddr};
use scc::lut::BoardMemory;
use scc::map;

use crate::GuestListError;
use crate::image::{Piece, PieceKind};

/// Why there is no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// Bytes outside private memory and boot slot.
    #[error(
        "{kind}: {length:#x} bytes at {address} are neither in private memory (below {private_end:#010x} on \
         this board) nor in the boot slot (from {boot} on); link them elsewhere, or use a larger --memory",
        boot = map::BOOT_SLOT
    )]
    OutsideMemory {
        /// Which piece.
        kind: PieceKind,
        /// Its address.
        address: PhysAddr,
        /// Bytes it takes.
        length: u32,
        /// First address after the private memory.
        private_end: u32,
    },
    /// Two pieces at one place.
    #[error("{first} ends at {end:#x}, behind the beginning of {second} at {address}")]
    Overlap {
        /// The piece that begins first.
        first: PieceKind,
        /// Address after its last byte.
        end: u64,
        /// The other one.
        second: PieceKind,
        /// Where the other one begins.
        address: PhysAddr,
    },
    /// No bytes where cores start.
    #[error(
        "no segment holds the reset vector {vector}, where cores start; add a reset page at 0xfffff000 with \
         code at +0xff0",
        vector = map::RESET_VECTOR
    )]
    NoResetVector,
    /// A command line for a kernel that takes none.
    #[error("the kernel has no symbol `boot_command_line`, so it takes no command line")]
    NoCommandLine,
    /// Guests for a kernel that takes none.
    #[error("the kernel has no symbol `symbol_table`, behind which guests are put, so it takes no guests")]
    NoGuests,
    /// Guests of which no list can be made.
    #[error(transparent)]
    GuestList(#[from] GuestListError),
    /// A command line that is too long.
    #[error("the command line has {length} bytes; the kernel takes {room}")]
    LongCommandLine {
        /// Bytes of the text.
        length: usize,
        /// Most bytes of a text.
        room: u32,
    },
    /// A zero byte within the text, which would end it.
    #[error("the command line has a zero byte at {at}")]
    ZeroInCommandLine {
        /// Bytes before it.
        at: usize,
    },
}

/// Checks pieces that are sorted by address.
pub(crate) fn check(pieces: &[Piece], memory: BoardMemory) -> Result<(), PlacementError> {
    for piece in pieces {
        check_place(piece, memory)?;
    }
    for (first, second) in pieces.iter().zip(pieces.iter().skip(1)) {
        if first.end() > u64::from(second.address.get()) {
            return Err(PlacementError::Overlap {
                first: first.kind,
                end: first.end(),
                second: second.kind,
                address: second.address,
            });
        }
    }
    let starts = |piece: &Piece| {
        let offset = map::RESET_VECTOR.get().checked_sub(piece.address.get());
        offset.and_then(|offset| usize::try_from(offset).ok()).is_some_and(|at| at < piece.bytes.len())
    };
    if pieces.iter().any(starts) { Ok(()) } else { Err(PlacementError::NoResetVector) }
}

fn check_place(piece: &Piece, memory: BoardMemory) -> Result<(), PlacementError> {
    let private_end = LutIndex::new(memory.private_slots()).base().get();
    let end_of_region = match piece.address {
        low if low.get() < private_end => u64::from(private_end),
        high if high >= map::BOOT_SLOT => 1 << u32::BITS,
        _ => 0,
    };
    if piece.end() <= end_of_region {
        return Ok(());
    }
    Err(PlacementError::OutsideMemory {
        kind: piece.kind,
        address: piece.address,
        length: piece.memory_bytes,
        private_end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(address: u32, length: usize, memory_bytes: u32) -> Piece {
        Piece {
            address: PhysAddr::new(address),
            bytes: vec![0x90; length],
            memory_bytes,
            kind: PieceKind::Segment { index: 0, file_offset: 0x1000 },
        }
    }

    fn checked(pieces: &[Piece]) -> Result<(), PlacementError> {
        let mut pieces = pieces.to_vec();
        pieces.push(piece(0xFFFF_F000, 4096, 4096));
        check(&pieces, BoardMemory::Gb16)
    }

    #[test]
    fn private_memory_and_boot_slot_are_accepted_to_the_last_byte() {
        assert_eq!(checked(&[piece(0, 16, 0x1400_0000)]), Ok(()));
        assert_eq!(checked(&[piece(0xFF00_0000, 16, 0xFF_F000)]), Ok(()));
    }

    #[test]
    fn bytes_elsewhere_are_refused_with_their_file_offset() {
        for (address, memory) in [(0x1400_0000, 1), (0x13FF_FFFF, 2), (0x8000_0000, 1), (0xFEFF_FFFF, 2)] {
            let error = checked(&[piece(address, 1, memory)]).unwrap_err();
            assert!(matches!(error, PlacementError::OutsideMemory { .. }), "{address:#x}");
            assert!(error.to_string().starts_with("segment 0 (file offset 0x1000)"), "{error}");
        }
        let beyond = [piece(0xFFFF_F000, 4096, 4097)];
        let error = check(&beyond, BoardMemory::Gb64).unwrap_err();
        assert!(matches!(error, PlacementError::OutsideMemory { .. }));
    }

    #[test]
    fn pieces_may_touch_and_not_overlap_not_even_in_their_zero_tails() {
        assert_eq!(checked(&[piece(0x1000, 16, 32), piece(0x1020, 16, 16)]), Ok(()));
        let error = checked(&[piece(0x1000, 16, 33), piece(0x1020, 16, 16)]).unwrap_err();
        assert!(matches!(error, PlacementError::Overlap { end: 0x1021, .. }));
    }

    #[test]
    fn cores_need_something_at_the_reset_vector() {
        let no_vector = check(&[piece(0x1000, 16, 16)], BoardMemory::Gb32);
        assert_eq!(no_vector, Err(PlacementError::NoResetVector));
        let tail_only = check(&[piece(0xFFFF_F000, 16, 4096)], BoardMemory::Gb32);
        assert_eq!(tail_only, Err(PlacementError::NoResetVector));
        assert_eq!(check(&[piece(0xFFFF_FFF0, 16, 16)], BoardMemory::Gb32), Ok(()));
    }
}
