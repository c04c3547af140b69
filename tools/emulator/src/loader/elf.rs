//! ELF files: loadable segments by physical address, and symbols.
//!
//! Only what a P54C can run is accepted: 32 bits, little-endian, x86, linked to fixed addresses. The `object`
//! crate reads the structures; this module checks what it hands out and copies it.

use object::Endianness;
use object::elf::{self, FileHeader32, ProgramHeader32};
use object::read::StringTable;
use object::read::elf::{FileHeader, ProgramHeader, SectionTable, Sym};

use scc::address::PhysAddr;

use super::{Symbol, SymbolTable};

/// One loadable segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfSegment {
    /// Core-physical address of the first byte.
    pub address: PhysAddr,
    /// Bytes of the file.
    pub bytes: Vec<u8>,
    /// Zero bytes after them.
    pub zero_bytes: u32,
}

/// What the emulator needs of an ELF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfImage {
    /// Entry point, a virtual address. Cores do not start there but at the reset vector.
    pub entry: u32,
    /// Segments with at least one byte, in file order.
    pub segments: Vec<ElfSegment>,
    /// Symbols with a name and a place.
    pub symbols: SymbolTable,
}

/// Why a file is no image for a core.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// Not ELF at all.
    #[error(
        "this is no ELF file (it does not begin with 7f 45 4c 46); load raw images with --load FILE@0xADDR"
    )]
    NotElf,
    /// ELF for another machine.
    #[error("ELF class {class}, data {data}, machine {machine}: expected 32-bit little-endian x86 (1, 1, 3)")]
    OtherMachine {
        /// EI_CLASS: 1 for 32 bits.
        class: u8,
        /// EI_DATA: 1 for little-endian.
        data: u8,
        /// e_machine: 3 for x86.
        machine: u16,
    },
    /// Not linked to fixed addresses.
    #[error("ELF type {0} is not an executable (2); link it to fixed addresses, without -pie or -shared")]
    NotExecutable(u16),
    /// A header or table that the file does not hold.
    #[error("the {what} at offset {offset:#x} lies outside the file; it may be cut off")]
    OutsideFile {
        /// Which structure.
        what: &'static str,
        /// Where the file says it is.
        offset: u64,
    },
    /// A segment whose size in memory is smaller than in the file.
    #[error("segment {index} is smaller in memory ({memory:#x}) than in the file ({file:#x})")]
    SizesContradict {
        /// Number of the program header.
        index: usize,
        /// p_memsz.
        memory: u32,
        /// p_filesz.
        file: u32,
    },
    /// A segment that runs over the end of the address space.
    #[error("segment {index} at {address} with {size:#x} bytes runs over the end of the address space")]
    RunsOver {
        /// Number of the program header.
        index: usize,
        /// p_paddr.
        address: PhysAddr,
        /// p_memsz.
        size: u32,
    },
    /// No loadable bytes.
    #[error("the file has no loadable segment")]
    NothingToLoad,
}

impl ElfImage {
    /// Reads an ELF file.
    ///
    /// # Errors
    ///
    /// [`ElfError`] for files of another machine and for structures that contradict each other.
    pub fn parse(bytes: &[u8]) -> Result<Self, ElfError> {
        let (header, endian) = header(bytes)?;
        let segments = segments(header, endian, bytes)?;
        if segments.is_empty() {
            return Err(ElfError::NothingToLoad);
        }
        Ok(Self { entry: header.e_entry(endian), segments, symbols: symbols(header, endian, bytes)? })
    }
}

fn header(bytes: &[u8]) -> Result<(&FileHeader32<Endianness>, Endianness), ElfError> {
    if !bytes.starts_with(&elf::ELFMAG) {
        return Err(ElfError::NotElf);
    }
    // Class, data and machine are at the same offsets in all ELF files.
    let [class, data, machine_low, machine_high] =
        [4, 5, 18, 19].map(|offset| bytes.get(offset).copied().unwrap_or(0));
    let machine = u16::from_le_bytes([machine_low, machine_high]);
    if class != elf::ELFCLASS32.0 || data != elf::ELFDATA2LSB.0 || machine != elf::EM_386.0 {
        return Err(ElfError::OtherMachine { class, data, machine });
    }
    let cut_off = |_| ElfError::OutsideFile { what: "file header", offset: 0 };
    let header = FileHeader32::<Endianness>::parse(bytes).map_err(cut_off)?;
    let endian = header.endian().map_err(cut_off)?;
    let kind = header.e_type(endian);
    if kind != elf::ET_EXEC { Err(ElfError::NotExecutable(kind.0)) } else { Ok((header, endian)) }
}

fn segments(
    header: &FileHeader32<Endianness>,
    endian: Endianness,
    bytes: &[u8],
) -> Result<Vec<ElfSegment>, ElfError> {
    let outside =
        |_| ElfError::OutsideFile { what: "table of segments", offset: header.e_phoff(endian).into() };
    let headers = header.program_headers(endian, bytes).map_err(outside)?;
    let loadable = headers
        .iter()
        .enumerate()
        .filter(|(_, header)| header.p_type(endian) == elf::PT_LOAD && header.p_memsz(endian) != 0);
    loadable.map(|(index, header)| segment(index, header, endian, bytes)).collect()
}

fn segment(
    index: usize,
    header: &ProgramHeader32<Endianness>,
    endian: Endianness,
    bytes: &[u8],
) -> Result<ElfSegment, ElfError> {
    let (file, memory) = (header.p_filesz(endian), header.p_memsz(endian));
    let address = PhysAddr::new(header.p_paddr(endian));
    let zero_bytes = memory.checked_sub(file).ok_or(ElfError::SizesContradict { index, memory, file })?;
    if u64::from(address.get()) + u64::from(memory) > 1 << u32::BITS {
        return Err(ElfError::RunsOver { index, address, size: memory });
    }
    let data = header.data(endian, bytes).map_err(|()| ElfError::OutsideFile {
        what: "contents of a segment",
        offset: header.p_offset(endian).into(),
    })?;
    Ok(ElfSegment { address, bytes: data.to_vec(), zero_bytes })
}

fn symbols(
    header: &FileHeader32<Endianness>,
    endian: Endianness,
    bytes: &[u8],
) -> Result<SymbolTable, ElfError> {
    let outside =
        |_| ElfError::OutsideFile { what: "table of symbols", offset: header.e_shoff(endian).into() };
    let sections = header.section_headers(endian, bytes).map_err(outside)?;
    let sections = SectionTable::<FileHeader32<Endianness>>::new(sections, StringTable::default());
    let table = sections.symbols(endian, bytes, elf::SHT_SYMTAB).map_err(outside)?;
    let named = table.iter().filter(|symbol| {
        let kind = symbol.st_type();
        let placed = symbol.st_shndx(endian) != elf::SHN_UNDEF && symbol.st_shndx(endian) != elf::SHN_ABS;
        placed && (kind == elf::STT_FUNC || kind == elf::STT_NOTYPE || kind == elf::STT_OBJECT)
    });
    Ok(SymbolTable::new(named.filter_map(|symbol| {
        let name = symbol.name(endian, table.strings()).ok()?;
        let name = String::from_utf8_lossy(name).into_owned();
        Some(Symbol { address: symbol.st_value(endian), size: symbol.st_size(endian), name })
    })))
}

#[cfg(test)]
mod tests {
    use super::super::elf_example::{self, PROGRAM_HEADERS};
    use super::*;

    fn patched(at: usize, bytes: &[u8]) -> Result<ElfImage, ElfError> {
        let mut file = elf_example::file();
        file[at..][..bytes.len()].copy_from_slice(bytes);
        ElfImage::parse(&file)
    }

    #[test]
    fn segments_are_placed_by_physical_address() {
        let image = ElfImage::parse(&elf_example::file()).unwrap();
        let segment = |address, bytes: &[u8], zero_bytes| ElfSegment {
            address: PhysAddr::new(address),
            bytes: bytes.to_vec(),
            zero_bytes,
        };
        let expected =
            [segment(0x1000, &[1, 2, 3, 4, 5, 6, 7, 8], 24), segment(0xFFFF_FFF0, &[9, 10, 11, 12], 0)];
        assert_eq!(image.segments, expected);
        assert_eq!(image.entry, 0xC000_1000);
    }

    #[test]
    fn symbols_name_virtual_addresses() {
        let symbols = ElfImage::parse(&elf_example::file()).unwrap().symbols;
        assert_eq!(symbols.lookup(0xC000_1002).unwrap().to_string(), "start+0x2");
        assert_eq!(symbols.lookup(0xC000_1004).unwrap().to_string(), "main");
    }

    #[test]
    fn other_files_are_refused_with_what_was_expected() {
        assert_eq!(ElfImage::parse(b"\x90\x90"), Err(ElfError::NotElf));
        assert_eq!(patched(4, &[2]), Err(ElfError::OtherMachine { class: 2, data: 1, machine: 3 }));
        assert_eq!(patched(18, &[62]), Err(ElfError::OtherMachine { class: 1, data: 1, machine: 62 }));
        assert_eq!(patched(16, &[3]), Err(ElfError::NotExecutable(3)));
        let header = ElfError::OutsideFile { what: "file header", offset: 0 };
        assert_eq!(ElfImage::parse(&elf_example::file()[..30]), Err(header));
    }

    #[test]
    fn contradicting_structures_are_refused() {
        let huge = 0xFFFF_0000_u32.to_le_bytes();
        let table = ElfError::OutsideFile { what: "table of segments", offset: 0xFFFF_0000 };
        assert_eq!(patched(28, &huge), Err(table));
        let contents = ElfError::OutsideFile { what: "contents of a segment", offset: 0xFFFF_0000 };
        assert_eq!(patched(PROGRAM_HEADERS + 4, &huge), Err(contents));
        let sizes = ElfError::SizesContradict { index: 0, memory: 4, file: 8 };
        assert_eq!(patched(PROGRAM_HEADERS + 20, &[4]), Err(sizes));
        let over = ElfError::RunsOver { index: 0, address: PhysAddr::new(0x1000), size: 0xFFFF_F001 };
        assert_eq!(patched(PROGRAM_HEADERS + 20, &0xFFFF_F001_u32.to_le_bytes()), Err(over));
        let symbols = ElfError::OutsideFile { what: "table of symbols", offset: 0xFFFF_0000 };
        assert_eq!(patched(32, &huge), Err(symbols));
        let mut nothing = elf_example::file();
        (nothing[PROGRAM_HEADERS], nothing[PROGRAM_HEADERS + 32]) = (0, 0);
        assert_eq!(ElfImage::parse(&nothing), Err(ElfError::NothingToLoad));
    }
}
