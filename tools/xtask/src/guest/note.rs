//! The ELF note by which a hypervisor knows a kernel for it, as crate `guest-abi` describes it.

use std::path::{Path, PathBuf};

use guest_abi::{Features, VERSION, linux};
use object::read::elf::{ElfFile32, FileHeader, ProgramHeader};
use object::{Endianness, elf};

/// What a kernel says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Introduction {
    /// Physical address of its first instruction.
    pub(super) entry: u32,
    /// Version of the interface it was made for.
    pub(super) version: u32,
    /// Features it needs.
    pub(super) needs: Features,
}

/// Reads the kernel at `path`, and makes sure that a hypervisor of this version can load and enter it.
pub(super) fn introduction(path: &Path) -> Result<Introduction, NoteError> {
    let bytes = std::fs::read(path).map_err(|source| NoteError::File { path: path.to_path_buf(), source })?;
    let found = read(&bytes)?.ok_or(NoteError::Missing)?;
    if found.version == VERSION { Ok(found) } else { Err(NoteError::Version { found: found.version }) }
}

/// `None` if the file has no such note.
fn read(bytes: &[u8]) -> Result<Option<Introduction>, NoteError> {
    let file = ElfFile32::<Endianness>::parse(bytes)?;
    let endian = file.endian();
    let entry = file.elf_header().e_entry(endian);
    let in_a_segment = file.elf_program_headers().iter().any(|header| {
        let start = header.p_paddr(endian);
        let end = start.saturating_add(header.p_filesz(endian));
        header.p_type(endian) == elf::PT_LOAD && (start..end).contains(&entry)
    });
    if !in_a_segment {
        return Err(NoteError::Entry { entry });
    }
    for header in file.elf_program_headers() {
        let Some(mut notes) = header.notes(endian, bytes)? else { continue };
        while let Some(note) = notes.next()? {
            let words: Option<Vec<_>> =
                note.desc().chunks(4).map(|word| Some(u32::from_le_bytes(word.try_into().ok()?))).collect();
            if note.name() != linux::NOTE_NAME.as_bytes() || note.n_type(endian).0 != linux::NOTE_TYPE {
                continue;
            }
            if let Some([version, needs]) = words.as_deref() {
                let needs = Features::from_bits_retain(*needs);
                return Ok(Some(Introduction { entry, version: *version, needs }));
            }
        }
    }
    Ok(None)
}

/// Why a hypervisor would not start a kernel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoteError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is no 32-bit ELF file.
    #[error("not a kernel: {0}")]
    Elf(#[from] object::read::Error),
    /// Its entry is not in what is loaded.
    #[error("the kernel's entry {entry:#x} is in none of its segments, by physical addresses")]
    Entry {
        /// The address.
        entry: u32,
    },
    /// It has no note.
    #[error("the kernel has no note of the guest interface")]
    Missing,
    /// It is for another version.
    #[error("the kernel is for version {found} of the guest interface, not {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with one segment to load at 0x100000 and, if given, one note.
    fn kernel(entry: u32, note: Option<(&[u8; 4], [u32; 2])>) -> Vec<u8> {
        let mut bytes = b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let halves = |values: &[u16]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
        bytes.extend(halves(&[2, 3]));
        bytes.extend([1, entry, 52, 0, 0].iter().flat_map(|word: &u32| word.to_le_bytes()));
        bytes.extend(halves(&[52, 32, if note.is_some() { 2 } else { 1 }, 0, 0, 0]));
        let load = [1, 0, 0xC010_0000, 0x10_0000, 52, 52, 5, 4096];
        let place = [4_u32, 116, 0, 0, 24, 24, 4, 4];
        bytes.extend(load.iter().chain(&place).flat_map(|word: &u32| word.to_le_bytes()));
        if let Some((name, words)) = note {
            bytes.extend([4_u32, 8, linux::NOTE_TYPE].iter().flat_map(|word| word.to_le_bytes()));
            bytes.extend(name);
            bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }
        bytes
    }

    #[test]
    fn note_says_version_and_features() {
        let found = read(&kernel(0x10_0010, Some((b"SCC\0", [1, 7])))).expect("a good file");
        let needs = Features::from_bits_retain(7);
        assert_eq!(found, Some(Introduction { entry: 0x10_0010, version: 1, needs }));
    }

    #[test]
    fn kernel_without_note_or_with_a_foreign_one_is_told() {
        assert_eq!(read(&kernel(0x10_0000, None)).expect("a good file"), None);
        assert_eq!(read(&kernel(0x10_0000, Some((b"GNU\0", [1, 7])))).expect("a good file"), None);
    }

    #[test]
    fn entry_must_be_a_physical_address_of_a_segment() {
        assert!(matches!(read(&kernel(0xC010_0010, None)), Err(NoteError::Entry { entry: 0xC010_0010 })));
    }
}
