//! ROM images: a program for the bare chip as one flat file that ends at the top of the address space.
//!
//! The program's linker script places it by physical address below 4 GiB, the reset vector in the last 16 bytes.
//! The ELF is flattened by those addresses; what lies between is filled with ones, as in an erased ROM. A whole
//! number of 64 KiB is what QEMU asks of a ROM. 64 bytes before the end may lie a block of eight words by which
//! the program is told what to do: a magic number, then what [`Rom::with_parameters`] writes.

use std::path::{Path, PathBuf};

use object::elf::PT_LOAD;
use object::read::elf::{ElfFile32, ProgramHeader};
use object::{Endianness, ReadRef};

use crate::program::{self, ProgramError};
use crate::workspace::{CORE_TARGET, Workspace};

/// A ROM image is a multiple of this long.
const GRANULE: u64 = 64 << 10;
/// The image ends here.
const TOP: u64 = 1 << 32;
/// Longest image that this accepts: what QEMU's PC maps.
const LONGEST: u64 = 1 << 20;
/// Distance of the parameter block from the end.
const PARAMETERS_FROM_END: usize = 64;
/// First bytes of the parameter block.
const MAGIC: &[u8; 4] = b"BENC";
/// Words after the magic number.
pub(crate) const PARAMETERS: usize = 4;

/// A flat image.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Rom {
    bytes: Vec<u8>,
}

impl Rom {
    /// Builds `package` for the SCC's cores and flattens it.
    pub(crate) fn build(workspace: &Workspace, package: &'static str) -> Result<Self, RomError> {
        let program = program::build(workspace, package, Some(CORE_TARGET))?;
        let elf = std::fs::read(&program).map_err(|source| RomError::File { path: program, source })?;
        Self::flatten(&elf)
    }

    /// Flattens an ELF file by the physical addresses of its segments.
    pub(crate) fn flatten(elf: &[u8]) -> Result<Self, RomError> {
        let elf = ElfFile32::<Endianness>::parse(elf)?;
        let mut segments = Vec::new();
        for header in elf.elf_program_headers() {
            let endian = elf.endian();
            if header.p_type(endian) == PT_LOAD && header.p_filesz(endian) > 0 {
                let (offset, size) = header.file_range(endian);
                let bytes = elf.data().read_bytes_at(offset, size).map_err(|()| RomError::Truncated)?;
                segments.push((u64::from(header.p_paddr(endian)), bytes));
            }
        }
        Self::from_segments(&segments)
    }

    fn from_segments(segments: &[(u64, &[u8])]) -> Result<Self, RomError> {
        let first = segments.iter().map(|(address, _)| *address).min().ok_or(RomError::Empty)?;
        let length = (TOP - first).next_multiple_of(GRANULE);
        if length > LONGEST {
            return Err(RomError::TooLong { first });
        }
        let base = TOP - length;
        let mut bytes = vec![0xFF; usize::try_from(length).expect("at most a mebibyte")];
        for (address, contents) in segments {
            let start = usize::try_from(address - base).expect("at most a mebibyte");
            let place = bytes.get_mut(start..start + contents.len());
            place.ok_or(RomError::BeyondTop { address: *address })?.copy_from_slice(contents);
        }
        Ok(Self { bytes })
    }

    /// Physical address of the first byte.
    pub(crate) fn base(&self) -> u64 {
        TOP - u64::try_from(self.bytes.len()).expect("at most a mebibyte")
    }

    /// The same image with these words in its parameter block.
    pub(crate) fn with_parameters(&self, words: [u32; PARAMETERS]) -> Result<Self, RomError> {
        let mut bytes = self.bytes.clone();
        let block = bytes.len() - PARAMETERS_FROM_END;
        if !bytes[block..].starts_with(MAGIC) {
            return Err(RomError::NoParameters);
        }
        for (place, word) in bytes[block + MAGIC.len()..].chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Ok(Self { bytes })
    }

    /// Writes the image to a file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), RomError> {
        std::fs::write(path, &self.bytes)
            .map_err(|source| RomError::File { path: path.to_path_buf(), source })
    }
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RomError {
    /// The program was not built.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The program is no 32-bit ELF file.
    #[error("not a program for the chip: {0}")]
    Elf(#[from] object::read::Error),
    /// A segment lies outside the file.
    #[error("a segment lies outside the ELF file")]
    Truncated,
    /// There is nothing to load.
    #[error("the program has no segment to load")]
    Empty,
    /// The image would be too long; usually a segment has no place in ROM.
    #[error("a segment at {first:#x} lies too far below the top of the address space for a ROM")]
    TooLong {
        /// Lowest physical address.
        first: u64,
    },
    /// A segment goes on beyond 4 GiB.
    #[error("the segment at {address:#x} goes on beyond the top of the address space")]
    BeyondTop {
        /// Its physical address.
        address: u64,
    },
    /// The image has no parameter block.
    #[error("the image has no parameter block {PARAMETERS_FROM_END} bytes before its end")]
    NoParameters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_placed_from_the_top_and_gaps_are_ones() {
        let segments: [(u64, &[u8]); 2] = [(TOP - 16, &[0xE9, 1, 2]), (TOP - 0x1_0001, &[7])];
        let rom = Rom::from_segments(&segments).expect("fits");
        assert_eq!(rom.base(), TOP - 0x2_0000);
        assert_eq!(rom.bytes.len(), 0x2_0000);
        assert_eq!(&rom.bytes[0x1_FFF0..0x1_FFF4], &[0xE9, 1, 2, 0xFF]);
        assert_eq!(rom.bytes[0xFFFF], 7);
    }

    #[test]
    fn segments_in_ram_beyond_the_top_and_none_are_refused() {
        assert!(matches!(Rom::from_segments(&[(0x10_0000, &[1])]), Err(RomError::TooLong { .. })));
        assert!(matches!(Rom::from_segments(&[(TOP - 1, &[1, 2])]), Err(RomError::BeyondTop { .. })));
        assert!(matches!(Rom::from_segments(&[]), Err(RomError::Empty)));
    }

    #[test]
    fn parameters_follow_the_magic_number_and_need_it() {
        let rom = Rom::from_segments(&[(TOP - 64, b"BENC")]).expect("fits");
        let patched = rom.with_parameters([1, 2, 3, 4]).expect("has a block");
        assert_eq!(&patched.bytes[0xFFC4..0xFFD4], &[1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
        let bare = Rom::from_segments(&[(TOP - 16, &[0])]).expect("fits");
        assert!(matches!(bare.with_parameters([0; 4]), Err(RomError::NoParameters)));
    }

    #[test]
    fn what_is_no_elf_file_is_refused() {
        assert!(matches!(Rom::flatten(b"MZ"), Err(RomError::Elf(_))));
    }
}
