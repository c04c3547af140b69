//! A guest's kernel as an ELF file of the i386: Linux's `vmlinux`, or a bare guest.
//!
//! Of the file only the header, the program headers and what these name is looked at. Segments are loaded by their physical
//! addresses, and the entry is a physical address too: bare guests are mapped one to one, and Linux starts with paging off.
//! Everything is checked before the first byte is written, against the file and against the guest's memory.
//!
//! Sources: System V ABI, chapters 4 and 5, with the Intel386 supplement; the note is that of [`guest_abi::linux`].

use guest_abi::{Features, GuestPhysAddr, linux, start};
use zerocopy::byteorder::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::guest_memory::{GuestMemory, OutsideMemory};

/// First bytes of a file of 32 bits, little-endian, version 1.
const IDENTITY: [u8; 7] = [0x7F, b'E', b'L', b'F', 1, 1, 1];
/// `ET_EXEC`: addresses are final.
const KIND_EXECUTABLE: u16 = 2;
/// `EM_386`.
const MACHINE_386: u16 = 3;
/// `PT_LOAD`.
const SEGMENT_LOAD: u32 = 1;
/// `PT_NOTE`.
const SEGMENT_NOTE: u32 = 4;
/// `PF_X`.
const EXECUTABLE: u32 = 1;
/// Most segments that are loaded. Linux has about six.
pub const SEGMENTS_MAX: usize = 16;

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct FileHeader {
    identity: [u8; 16],
    kind: U16,
    machine: U16,
    version: U32,
    entry: U32,
    program_headers: U32,
    section_headers: U32,
    flags: U32,
    header_bytes: U16,
    program_header_bytes: U16,
    program_header_count: U16,
    section_header_bytes: U16,
    section_header_count: U16,
    name_section: U16,
}

#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct ProgramHeader {
    kind: U32,
    offset: U32,
    virtual_address: U32,
    physical_address: U32,
    file_bytes: U32,
    memory_bytes: U32,
    flags: U32,
    alignment: U32,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct NoteHeader {
    name_bytes: U32,
    contents_bytes: U32,
    kind: U32,
}

/// A part of the image: `file` at `place`, then zeros up to `bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Where it goes.
    pub place: GuestPhysAddr,
    /// Its length in memory, at least that of `file`; `place` and `bytes` do not exceed 32 bits.
    pub bytes: u32,
    /// Its contents.
    pub file: &'a [u8],
    /// Whether it is code.
    pub executable: bool,
}

impl Segment<'_> {
    /// What stands in places that are not used.
    const EMPTY: Self = Self { place: GuestPhysAddr::new(0), bytes: 0, file: &[], executable: false };

    /// The first address behind it.
    fn end(&self) -> u32 {
        self.place.number() + self.bytes
    }
}

/// What a kernel says of the interface that it was made for; see [`guest_abi::linux`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Version of the interface.
    pub version: u32,
    /// What it needs.
    pub features: Features,
}

/// A checked file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestImage<'a> {
    entry: GuestPhysAddr,
    segments: [Segment<'a>; SEGMENTS_MAX],
    count: usize,
    note: Option<Note>,
}

impl<'a> GuestImage<'a> {
    /// Checks a file.
    ///
    /// # Errors
    /// [`ElfError`] says what is wrong, and at which place of the file.
    pub fn parse(file: &'a [u8]) -> Result<Self, ElfError> {
        let (header, _) =
            FileHeader::ref_from_prefix(file).map_err(|_| ElfError::Short { bytes: file.len() })?;
        let headers = program_headers(file, header)?;
        let mut image = Self {
            entry: GuestPhysAddr::new(header.entry.get()),
            segments: [Segment::EMPTY; SEGMENTS_MAX],
            count: 0,
            note: None,
        };
        for (index, header) in (0..).zip(headers) {
            match header.kind.get() {
                SEGMENT_LOAD if header.memory_bytes.get() != 0 => {
                    let free = image.segments.get_mut(image.count).ok_or(ElfError::TooManySegments)?;
                    *free = segment(file, index, header)?;
                    image.count += 1;
                }
                SEGMENT_NOTE if image.note.is_none() => {
                    image.note = find_note(contents(file, index, header)?, index)?;
                }
                _ => {}
            }
        }
        image.check_overlaps()?;
        let entry = image.entry.number();
        let is_entry = |segment: &Segment<'_>| {
            segment.executable && (segment.place.number()..segment.end()).contains(&entry)
        };
        if image.segments().iter().any(is_entry) { Ok(image) } else { Err(ElfError::Entry(image.entry)) }
    }

    /// Address of the first instruction.
    #[must_use]
    pub const fn entry(&self) -> GuestPhysAddr {
        self.entry
    }

    /// What the kernel says of itself; `None` if it has no such note.
    #[must_use]
    pub const fn note(&self) -> Option<Note> {
        self.note
    }

    /// The segments, in the order of the file, at most [`SEGMENTS_MAX`]. None is empty, no two overlap, and the lowest place is
    /// [`start::IMAGE_PLACE`].
    pub fn segments(&self) -> &[Segment<'a>] {
        &self.segments[..self.count]
    }

    /// First address behind all segments.
    #[must_use]
    pub fn end(&self) -> GuestPhysAddr {
        let ends = self.segments().iter().map(Segment::end);
        GuestPhysAddr::new(ends.max().unwrap_or(start::IMAGE_PLACE))
    }

    /// Copies the segments into `memory` and clears what the file does not give.
    ///
    /// # Errors
    /// [`OutsideMemory`] if the guest's memory is too small; nothing is written then.
    pub fn load(&self, memory: &impl GuestMemory) -> Result<(), OutsideMemory> {
        for segment in self.segments() {
            memory.check(segment.place, segment.bytes)?;
        }
        for segment in self.segments() {
            memory.write(segment.place, segment.file)?;
            // The length was compared with that in memory, which has 32 bits.
            let given = u32::try_from(segment.file.len()).unwrap_or(segment.bytes);
            let rest = GuestPhysAddr::new(segment.place.number() + given);
            memory.clear(rest, segment.bytes - given)?;
        }
        Ok(())
    }

    fn check_overlaps(&self) -> Result<(), ElfError> {
        for (index, one) in self.segments().iter().enumerate() {
            for other in &self.segments()[index + 1..] {
                if one.place.number() < other.end() && other.place.number() < one.end() {
                    return Err(ElfError::Overlap { one: one.place, other: other.place });
                }
            }
        }
        Ok(())
    }
}

/// Checks the header of the file and gives the table that it names.
fn program_headers<'a>(file: &'a [u8], header: &FileHeader) -> Result<&'a [ProgramHeader], ElfError> {
    if header.identity[..IDENTITY.len()] != IDENTITY {
        let [a, b, c, d, class, order, version, ..] = header.identity;
        return Err(ElfError::Identity { magic: u32::from_le_bytes([a, b, c, d]), class, order, version });
    }
    if (header.kind.get(), header.machine.get()) != (KIND_EXECUTABLE, MACHINE_386) {
        return Err(ElfError::Kind { kind: header.kind.get(), machine: header.machine.get() });
    }
    if usize::from(header.program_header_bytes.get()) != size_of::<ProgramHeader>() {
        return Err(ElfError::ProgramHeaderBytes(header.program_header_bytes.get()));
    }
    let (offset, count) = (header.program_headers.get(), header.program_header_count.get());
    let outside = ElfError::ProgramHeaders { offset, count, file_bytes: file.len() };
    let table = usize::try_from(offset).ok().and_then(|offset| file.get(offset..)).ok_or(outside)?;
    let (headers, _) =
        <[ProgramHeader]>::ref_from_prefix_with_elems(table, usize::from(count)).map_err(|_| outside)?;
    Ok(headers)
}

/// The bytes of the file that the program header `index` is about.
fn contents<'a>(file: &'a [u8], index: u16, header: &ProgramHeader) -> Result<&'a [u8], ElfError> {
    let (offset, bytes) = (header.offset.get(), header.file_bytes.get());
    let range = offset.checked_add(bytes).map(|end| offset as usize..end as usize);
    let outside = ElfError::Contents { segment: index, offset, bytes, file_bytes: file.len() };
    range.and_then(|range| file.get(range)).ok_or(outside)
}

fn segment<'a>(file: &'a [u8], index: u16, header: &ProgramHeader) -> Result<Segment<'a>, ElfError> {
    let place = GuestPhysAddr::new(header.physical_address.get());
    let bytes = header.memory_bytes.get();
    if header.file_bytes.get() > bytes {
        return Err(ElfError::Shrinks { segment: index, file_bytes: header.file_bytes.get(), bytes });
    }
    if place.number() < start::IMAGE_PLACE || place.checked_add(bytes).is_none() {
        return Err(ElfError::Place { segment: index, place, bytes });
    }
    let executable = header.flags.get() & EXECUTABLE != 0;
    Ok(Segment { place, bytes, file: contents(file, index, header)?, executable })
}

/// Looks for the note of this interface among those of a segment. Name and contents begin at multiples of four bytes.
fn find_note(mut notes: &[u8], segment: u16) -> Result<Option<Note>, ElfError> {
    let broken = ElfError::Notes { segment };
    while !notes.is_empty() {
        let (header, rest) = NoteHeader::ref_from_prefix(notes).map_err(|_| broken)?;
        let (name, rest) = padded(rest, header.name_bytes.get()).ok_or(broken)?;
        let (contents, rest) = padded(rest, header.contents_bytes.get()).ok_or(broken)?;
        notes = rest;
        if header.kind.get() == linux::NOTE_TYPE
            && name.strip_suffix(&[0]) == Some(linux::NOTE_NAME.as_bytes())
        {
            let words = <[U32; 2]>::ref_from_bytes(contents).map_err(|_| broken)?;
            let features = Features::from_bits_retain(words[1].get());
            return Ok(Some(Note { version: words[0].get(), features }));
        }
    }
    Ok(None)
}

/// Divides into `length` bytes and what follows their padding, which the last note of a segment need not have.
fn padded(bytes: &[u8], length: u32) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(length).ok()?;
    let (part, rest) = bytes.split_at_checked(length)?;
    Some((part, rest.get(length.wrapping_neg() % 4..).unwrap_or_default()))
}

/// Why a file is no kernel for a guest. The fault of whoever made the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// It ends within the header.
    #[error("file of {bytes} bytes ends within the ELF header")]
    Short {
        /// Length of the file.
        bytes: usize,
    },
    /// Its first bytes are others.
    #[error(
        "offset 0: magic {magic:#010x}, class {class}, byte order {order}, version {version}, not 0x464c457f, 1, 1, 1"
    )]
    Identity {
        /// The first word.
        magic: u32,
        /// 1 for 32 bits.
        class: u8,
        /// 1 for little-endian.
        order: u8,
        /// Version of the format.
        version: u8,
    },
    /// It is a library, an object file, or for another processor.
    #[error("offset 0x10: ELF type {kind} for machine {machine}, not an executable (2) for the i386 (3)")]
    Kind {
        /// `e_type`.
        kind: u16,
        /// `e_machine`.
        machine: u16,
    },
    /// Program headers of another size.
    #[error("offset 0x2a: program headers of {0} bytes, not 32")]
    ProgramHeaderBytes(u16),
    /// The table lies outside the file.
    #[error("offset 0x1c: {count} program headers at {offset:#x} of a file of {file_bytes} bytes")]
    ProgramHeaders {
        /// Where they should be.
        offset: u32,
        /// How many there should be.
        count: u16,
        /// Length of the file.
        file_bytes: usize,
    },
    /// There are more than are ever needed.
    #[error("more than {SEGMENTS_MAX} segments to load")]
    TooManySegments,
    /// A segment's contents lie outside the file.
    #[error("program header {segment}: {bytes} bytes at {offset:#x} of a file of {file_bytes} bytes")]
    Contents {
        /// Number of the program header, from 0.
        segment: u16,
        /// Where its contents should be.
        offset: u32,
        /// How long they should be.
        bytes: u32,
        /// Length of the file.
        file_bytes: usize,
    },
    /// A segment has more contents than memory.
    #[error("program header {segment}: {file_bytes} bytes of the file for {bytes} bytes of memory")]
    Shrinks {
        /// Number of the program header, from 0.
        segment: u16,
        /// Length in the file.
        file_bytes: u32,
        /// Length in memory.
        bytes: u32,
    },
    /// A segment lies where the start information belongs, or beyond 32 bits.
    #[error(
        "program header {segment}: {bytes} bytes at guest-physical {:#x}, not between {:#x} and 4 GiB",
        place.number(),
        start::IMAGE_PLACE
    )]
    Place {
        /// Number of the program header, from 0.
        segment: u16,
        /// Its address.
        place: GuestPhysAddr,
        /// Its length in memory.
        bytes: u32,
    },
    /// Two segments share memory.
    #[error("segments at guest-physical {:#x} and {:#x} overlap", one.number(), other.number())]
    Overlap {
        /// Address of one.
        one: GuestPhysAddr,
        /// Address of the other.
        other: GuestPhysAddr,
    },
    /// The entry is in no segment of code.
    #[error("offset 0x18: entry {:#x} is in no executable segment", .0.number())]
    Entry(GuestPhysAddr),
    /// The notes are no notes.
    #[error("program header {segment}: malformed note")]
    Notes {
        /// Number of the program header, from 0.
        segment: u16,
    },
}

#[cfg(test)]
mod tests;
