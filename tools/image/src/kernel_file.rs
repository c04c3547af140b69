//! The kernel's ELF file: what is loaded, and the names of its functions.
//!
//! Only what a P54C can run is accepted: 32 bits, little-endian, x86, linked to fixed addresses. Errors say at
//! which offset of the file the wrong thing is.

use object::Endianness;
use object::elf::{self, FileHeader32, ProgramHeader32};
use object::read::StringTable;
use object::read::elf::{FileHeader, ProgramHeader, SectionTable, Sym};
use scc::address::PhysAddr;

/// A loadable segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadSegment {
    /// Core-physical address it is loaded at.
    pub address: PhysAddr,
    /// Address it is linked to.
    pub virtual_address: u32,
    /// Bytes of the file.
    pub bytes: Vec<u8>,
    /// Bytes it takes in memory; what is beyond [`Self::bytes`] the program clears itself.
    pub memory_bytes: u32,
    /// Offset of its bytes in the file.
    pub file_offset: u64,
}

/// A named function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionSymbol {
    /// Virtual address.
    pub address: u32,
    /// Bytes it covers, 0 if the file does not say.
    pub size: u32,
    /// Name as the file has it.
    pub name: String,
}

/// What an image needs of an ELF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelFile {
    /// Segments with at least one byte in memory, in file order.
    pub segments: Vec<LoadSegment>,
    /// Functions with a name, by address.
    pub functions: Vec<FunctionSymbol>,
    /// Every other name with its value, for [`Self::symbol`].
    names: Vec<(String, u32)>,
}

/// Why a file is no kernel for a core.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// Not ELF at all.
    #[error("at offset 0x0: this is no ELF file (it does not begin with 7f 45 4c 46)")]
    NotElf,
    /// ELF for another machine.
    #[error(
        "at offset 0x4: ELF class {class}, data {data}, machine {machine}; expected a 32-bit little-endian x86 \
         program (1, 1, 3), as built for i586-unknown-linux-gnu"
    )]
    OtherMachine {
        /// EI_CLASS: 1 for 32 bits.
        class: u8,
        /// EI_DATA: 1 for little-endian.
        data: u8,
        /// e_machine: 3 for x86.
        machine: u16,
    },
    /// Not linked to fixed addresses.
    #[error("at offset 0x10: ELF type {0} is not an executable (2); link it without -pie or -shared")]
    NotExecutable(u16),
    /// A header or table that the file does not hold.
    #[error("at offset {offset:#x}: the {what} lies outside the file, which may be cut off")]
    OutsideFile {
        /// Which structure.
        what: &'static str,
        /// Where the file says it is.
        offset: u64,
    },
    /// A segment whose size in memory is smaller than in the file.
    #[error(
        "at offset {offset:#x}: segment {index} is smaller in memory ({memory:#x}) than in the file ({file:#x})"
    )]
    SizesContradict {
        /// Number of the program header.
        index: usize,
        /// Where the program header is.
        offset: u64,
        /// p_memsz.
        memory: u32,
        /// p_filesz.
        file: u32,
    },
    /// No loadable bytes.
    #[error("at offset {offset:#x}: none of the {count} segments is loadable")]
    NothingToLoad {
        /// Where the program headers are.
        offset: u64,
        /// How many there are.
        count: usize,
    },
}

impl KernelFile {
    /// Reads an ELF file.
    ///
    /// # Errors
    ///
    /// [`ElfError`] for files of another machine and for structures that contradict each other.
    pub fn parse(bytes: &[u8]) -> Result<Self, ElfError> {
        let (header, endian) = header(bytes)?;
        let segments = segments(header, endian, bytes)?;
        let mut file = Self { segments, functions: Vec::new(), names: Vec::new() };
        file.read_symbols(header, endian, bytes)?;
        Ok(file)
    }

    /// Value of a symbol by name.
    pub fn symbol(&self, name: &str) -> Option<u32> {
        let other = || self.names.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        self.functions.iter().find(|function| function.name == name).map(|f| f.address).or_else(other)
    }

    /// Core-physical address of a linked address: that of the segment that holds it, or that ends at most 4 KB
    /// before it. Addresses elsewhere are core-physical already.
    pub fn physical(&self, address: u32) -> PhysAddr {
        const REACH: u32 = 4096;
        let distance = |segment: &LoadSegment| {
            let from_start = address.checked_sub(segment.virtual_address)?;
            let behind = from_start.saturating_sub(segment.memory_bytes);
            (behind < REACH).then_some(behind)
        };
        let nearest = self
            .segments
            .iter()
            .filter_map(|segment| Some((distance(segment)?, segment)))
            .min_by_key(|(behind, _)| *behind);
        match nearest {
            Some((_, segment)) => segment.address.wrapping_add(address.wrapping_sub(segment.virtual_address)),
            None => PhysAddr::new(address),
        }
    }

    fn read_symbols(
        &mut self,
        header: &FileHeader32<Endianness>,
        endian: Endianness,
        bytes: &[u8],
    ) -> Result<(), ElfError> {
        let outside =
            |_| ElfError::OutsideFile { what: "table of symbols", offset: header.e_shoff(endian).into() };
        let sections = header.section_headers(endian, bytes).map_err(outside)?;
        let sections = SectionTable::<FileHeader32<Endianness>>::new(sections, StringTable::default());
        let table = sections.symbols(endian, bytes, elf::SHT_SYMTAB).map_err(outside)?;
        for symbol in table.iter().filter(|symbol| symbol.st_shndx(endian) != elf::SHN_UNDEF) {
            let Ok(name) = symbol.name(endian, table.strings()) else { continue };
            let name = String::from_utf8_lossy(name).into_owned();
            let address = symbol.st_value(endian);
            match symbol.st_type() {
                _ if name.is_empty() => {}
                elf::STT_FUNC => {
                    self.functions.push(FunctionSymbol { address, size: symbol.st_size(endian), name });
                }
                elf::STT_NOTYPE | elf::STT_OBJECT => self.names.push((name, address)),
                _ => {}
            }
        }
        self.functions.sort_unstable();
        Ok(())
    }
}

fn header(bytes: &[u8]) -> Result<(&FileHeader32<Endianness>, Endianness), ElfError> {
    if !bytes.starts_with(&elf::ELFMAG) {
        return Err(ElfError::NotElf);
    }
    // Class, data and machine are at the same offsets in all ELF files.
    let [class, data, low, high] = [4, 5, 18, 19].map(|offset| bytes.get(offset).copied().unwrap_or(0));
    let machine = u16::from_le_bytes([low, high]);
    if class != elf::ELFCLASS32.0 || data != elf::ELFDATA2LSB.0 || machine != elf::EM_386.0 {
        return Err(ElfError::OtherMachine { class, data, machine });
    }
    let cut_off = |_| ElfError::OutsideFile { what: "file header", offset: 0 };
    let header = FileHeader32::<Endianness>::parse(bytes).map_err(cut_off)?;
    let endian = header.endian().map_err(cut_off)?;
    let kind = header.e_type(endian);
    if kind == elf::ET_EXEC { Ok((header, endian)) } else { Err(ElfError::NotExecutable(kind.0)) }
}

fn segments(
    header: &FileHeader32<Endianness>,
    endian: Endianness,
    bytes: &[u8],
) -> Result<Vec<LoadSegment>, ElfError> {
    let table = u64::from(header.e_phoff(endian));
    let outside = |_| ElfError::OutsideFile { what: "table of segments", offset: table };
    let headers = header.program_headers(endian, bytes).map_err(outside)?;
    let entry_bytes = u64::from(header.e_phentsize(endian));
    let mut segments = Vec::new();
    for ((index, header), place) in headers.iter().enumerate().zip(0_u64..) {
        if header.p_type(endian) == elf::PT_LOAD && header.p_memsz(endian) != 0 {
            segments.push(segment(index, table + place * entry_bytes, header, endian, bytes)?);
        }
    }
    let nothing = ElfError::NothingToLoad { offset: table, count: headers.len() };
    if segments.is_empty() { Err(nothing) } else { Ok(segments) }
}

fn segment(
    index: usize,
    offset: u64,
    header: &ProgramHeader32<Endianness>,
    endian: Endianness,
    bytes: &[u8],
) -> Result<LoadSegment, ElfError> {
    let (file, memory) = (header.p_filesz(endian), header.p_memsz(endian));
    if memory < file {
        return Err(ElfError::SizesContradict { index, offset, memory, file });
    }
    let file_offset = u64::from(header.p_offset(endian));
    let data = header
        .data(endian, bytes)
        .map_err(|()| ElfError::OutsideFile { what: "contents of a segment", offset: file_offset })?;
    Ok(LoadSegment {
        address: PhysAddr::new(header.p_paddr(endian)),
        virtual_address: header.p_vaddr(endian),
        bytes: data.to_vec(),
        memory_bytes: memory,
        file_offset,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Offset of the first program header.
    const PROGRAM_HEADERS: usize = 52;

    /// An ELF file: 8 bytes at 0x0010_0000 linked to 0xF010_0000 with 24 bytes of memory after them, 16 bytes at
    /// the reset vector; functions `start` and `_ZN6kernel4mainE`, and a label `symbol_table` behind the memory.
    pub(crate) fn example() -> Vec<u8> {
        example_with_label("symbol_table")
    }

    /// As [`example`], with another name for the label.
    pub(crate) fn example_with_label(label: &str) -> Vec<u8> {
        let strings = [b"\0start\0_ZN6kernel4mainE\0", label.as_bytes(), b"\0"].concat();
        let contents_at = PROGRAM_HEADERS + 2 * 32;
        let symbols_at = contents_at + 24;
        let strings_at = symbols_at + 4 * 16;
        let sections_at = strings_at + strings.len();
        let words = |values: &[usize]| -> Vec<u8> {
            values.iter().flat_map(|value| u32::try_from(*value).unwrap().to_le_bytes()).collect()
        };
        let mut file = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0];
        file.extend(words(&[1, 0xF010_0000, PROGRAM_HEADERS, sections_at, 0]));
        for half in [52_u16, 32, 2, 40, 3, 0] {
            file.extend(half.to_le_bytes());
        }
        file.extend(words(&[1, contents_at, 0xF010_0000, 0x0010_0000, 8, 32, 5, 4]));
        file.extend(words(&[1, contents_at + 8, 0xFFFF_FFF0, 0xFFFF_FFF0, 16, 16, 5, 4]));
        file.extend(1..=24);
        file.extend([0; 16]);
        for (name, value, size, kind) in
            [(1, 0xF010_0000, 4, 0x12), (7, 0xF010_0004, 4, 0x12), (24, 0xF010_0020, 0, 0x10)]
        {
            file.extend(words(&[name, value, size]));
            file.extend([kind, 0, 1, 0]);
        }
        file.extend(&strings);
        file.extend([0; 40]);
        file.extend(words(&[0, 2, 0, 0, symbols_at, 64, 2, 1, 4, 16]));
        file.extend(words(&[0, 3, 0, 0, strings_at, strings.len(), 0, 0, 1, 0]));
        file
    }

    fn patched(at: usize, bytes: &[u8]) -> Result<KernelFile, ElfError> {
        let mut file = example();
        file[at..][..bytes.len()].copy_from_slice(bytes);
        KernelFile::parse(&file)
    }

    #[test]
    fn segments_and_symbols_are_read() {
        let kernel = KernelFile::parse(&example()).unwrap();
        let first = &kernel.segments[0];
        assert_eq!((first.address.get(), first.virtual_address), (0x0010_0000, 0xF010_0000));
        assert_eq!((first.bytes.len(), first.memory_bytes, first.file_offset), (8, 32, 116));
        assert_eq!(kernel.segments[1].bytes, (9..=24).collect::<Vec<u8>>());
        assert_eq!(kernel.symbol("symbol_table"), Some(0xF010_0020));
        assert_eq!(kernel.symbol("start"), Some(0xF010_0000));
        assert_eq!(kernel.symbol("stop"), None);
        assert_eq!(kernel.functions.len(), 2);
    }

    #[test]
    fn linked_addresses_lead_to_where_their_segment_is_loaded() {
        let kernel = KernelFile::parse(&example()).unwrap();
        for (linked, physical) in [
            (0xF010_0004, 0x0010_0004),
            (0xF010_0020, 0x0010_0020),
            (0xF010_101F, 0x0010_101F),
            (0xF010_1020, 0xF010_1020),
            (0x0000_1000, 0x0000_1000),
            (0xFFFF_FFF0, 0xFFFF_FFF0),
        ] {
            assert_eq!(kernel.physical(linked), PhysAddr::new(physical), "{linked:#x}");
        }
    }

    #[test]
    fn other_files_are_refused_with_what_was_expected() {
        assert_eq!(KernelFile::parse(b"MZ"), Err(ElfError::NotElf));
        assert_eq!(patched(4, &[2]), Err(ElfError::OtherMachine { class: 2, data: 1, machine: 3 }));
        assert_eq!(patched(18, &[62]), Err(ElfError::OtherMachine { class: 1, data: 1, machine: 62 }));
        assert_eq!(patched(16, &[3]), Err(ElfError::NotExecutable(3)));
        let header = ElfError::OutsideFile { what: "file header", offset: 0 };
        assert_eq!(KernelFile::parse(&example()[..30]), Err(header));
    }

    #[test]
    fn contradicting_structures_are_refused_at_their_offset() {
        let huge = 0xFFFF_0000_u32.to_le_bytes();
        let outside = |what| Err(ElfError::OutsideFile { what, offset: 0xFFFF_0000 });
        assert_eq!(patched(28, &huge), outside("table of segments"));
        assert_eq!(patched(PROGRAM_HEADERS + 4, &huge), outside("contents of a segment"));
        assert_eq!(patched(32, &huge), outside("table of symbols"));
        let sizes = ElfError::SizesContradict { index: 1, offset: 84, memory: 4, file: 16 };
        assert_eq!(patched(PROGRAM_HEADERS + 32 + 20, &[4]), Err(sizes));
        let mut nothing = example();
        (nothing[PROGRAM_HEADERS], nothing[PROGRAM_HEADERS + 32]) = (0, 0);
        assert_eq!(KernelFile::parse(&nothing), Err(ElfError::NothingToLoad { offset: 52, count: 2 }));
    }
}
