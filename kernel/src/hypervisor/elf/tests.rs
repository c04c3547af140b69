//! Files made by hand, whole and broken.

use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use proptest::prelude::{any, prop_assert, proptest};

use super::*;
use crate::hypervisor::host_memory::HostMemory;

/// A program header: kind, offset, physical address, bytes of the file, bytes of memory, flags.
type Header = [u32; 6];

/// A file with these program headers behind the file header, filled up to 0x1000 bytes with its own offsets.
fn file(entry: u32, headers: &[Header]) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=u8::MAX).cycle().take(0x1000).collect();
    bytes[..0x34].fill(0);
    bytes[..7].copy_from_slice(&IDENTITY);
    put(&mut bytes, 0x10, 0x0003_0002);
    put(&mut bytes, 0x14, 1);
    put(&mut bytes, 0x18, entry);
    put(&mut bytes, 0x1C, 0x34);
    put(&mut bytes, 0x28, 0x0020_0034);
    put(&mut bytes, 0x2C, u32::try_from(headers.len()).unwrap());
    for (index, [kind, offset, place, file_bytes, memory_bytes, flags]) in headers.iter().enumerate() {
        let words = [
            *kind,
            *offset,
            place.wrapping_add(0xC000_0000),
            *place,
            *file_bytes,
            *memory_bytes,
            *flags,
            4096,
        ];
        for (word, value) in words.into_iter().enumerate() {
            put(&mut bytes, 0x34 + 32 * index + 4 * word, value);
        }
    }
    bytes
}

fn put(bytes: &mut [u8], offset: usize, word: u32) {
    bytes[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
}

const CODE: Header = [1, 0x200, 0x10_0000, 0x100, 0x100, 5];
const DATA: Header = [1, 0x300, 0x10_1000, 0x80, 0x900, 6];

fn error(bytes: &[u8]) -> ElfError {
    GuestImage::parse(bytes).expect_err("broken")
}

#[test]
fn segments_are_loaded_by_physical_address_and_the_rest_is_cleared() {
    let bytes = file(0x10_0010, &[[0x6474_E551, 0, 0, 0, 0, 0], DATA, CODE]);
    let image = GuestImage::parse(&bytes).unwrap();
    assert_eq!((image.entry().number(), image.end().number()), (0x10_0010, 0x10_1900));
    let memory = HostMemory::new(0x10_2000);
    memory.write(GuestPhysAddr::new(0x10_0000), &[0xEE; 0x2000]).unwrap();
    image.load(&memory).unwrap();
    let loaded: [u8; 0x2000] = memory.read_array(GuestPhysAddr::new(0x10_0000)).unwrap();
    assert_eq!(loaded[..0x100], bytes[0x200..0x300]);
    assert!(loaded[0x100..0x1000].iter().all(|byte| *byte == 0xEE));
    assert_eq!(loaded[0x1000..0x1080], bytes[0x300..0x380]);
    assert!(loaded[0x1080..0x1900].iter().all(|byte| *byte == 0));
    assert_eq!(loaded[0x1900], 0xEE);
}

#[test]
fn guest_with_too_little_memory_keeps_it_as_it_was() {
    let bytes = file(0x10_0000, &[CODE, DATA]);
    let image = GuestImage::parse(&bytes).unwrap();
    let memory = HostMemory::new(0x10_18FF);
    let outside = OutsideMemory { first: GuestPhysAddr::new(0x10_1000), bytes: 0x900 };
    assert_eq!(image.load(&memory), Err(outside));
    assert_eq!(memory.read_array(GuestPhysAddr::new(0x10_0000)), Ok([0; 16]));
}

#[test]
fn files_of_other_kinds_are_refused() {
    let whole = file(0x10_0000, &[CODE]);
    let with = |offset: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[offset] = byte;
        error(&bytes)
    };
    assert_eq!(error(&whole[..51]), ElfError::Short { bytes: 51 });
    for offset in 0..7 {
        assert!(matches!(with(offset, 9), ElfError::Identity { .. }), "{offset}");
    }
    assert_eq!(with(0x10, 3), ElfError::Kind { kind: 3, machine: 3 });
    assert_eq!(with(0x12, 62), ElfError::Kind { kind: 2, machine: 62 });
    assert_eq!(with(0x2A, 56), ElfError::ProgramHeaderBytes(56));
    assert_eq!(with(0x2C, 0xFF), ElfError::ProgramHeaders { offset: 0x34, count: 0xFF, file_bytes: 0x1000 });
    assert!(matches!(with(0x1F, 0xFF), ElfError::ProgramHeaders { offset: 0xFF00_0034, .. }));
}

#[test]
fn segments_outside_file_memory_or_each_other_are_refused() {
    let at = GuestPhysAddr::new;
    let one = |header: Header| error(&file(0x10_0000, &[CODE, header]));
    let contents = |offset, bytes| ElfError::Contents { segment: 1, offset, bytes, file_bytes: 0x1000 };
    assert_eq!(one([1, 0xFFF, 0x20_0000, 2, 2, 4]), contents(0xFFF, 2));
    assert_eq!(one([1, u32::MAX, 0x20_0000, 2, 2, 4]), contents(u32::MAX, 2));
    let shrinks = ElfError::Shrinks { segment: 1, file_bytes: 3, bytes: 2 };
    assert_eq!(one([1, 0x200, 0x20_0000, 3, 2, 4]), shrinks);
    for (place, bytes) in [(0xF_FFFF, 2), (0x1000, 2), (0xFFFF_F000, 0x1000), (0x20_0000, u32::MAX)] {
        let refused = ElfError::Place { segment: 1, place: at(place), bytes };
        assert_eq!(one([1, 0x200, place, 0, bytes, 4]), refused);
    }
    let overlap = ElfError::Overlap { one: at(0x10_0000), other: at(0x10_00FF) };
    assert_eq!(one([1, 0x200, 0x10_00FF, 1, 1, 4]), overlap);
    assert!(GuestImage::parse(&file(0x10_0000, &[CODE, [1, 0x200, 0x10_0100, 1, 1, 4]])).is_ok());
    assert_eq!(error(&file(0x10_0000, &[[1, 0, 0x10_0000, 0, 1, 4]; 17])), ElfError::TooManySegments);
}

#[test]
fn entry_must_be_code() {
    for entry in [0, 0xF_FFFF, 0x10_0100, 0x10_1000, 0xC010_0000] {
        assert_eq!(error(&file(entry, &[CODE, DATA])), ElfError::Entry(GuestPhysAddr::new(entry)));
    }
    assert_eq!(error(&file(0, &[])), ElfError::Entry(GuestPhysAddr::new(0)));
}

/// A note, its contents last.
fn note(name: &[u8], kind: u32, words: &[u32]) -> Vec<u8> {
    let header = [u32::try_from(name.len()).unwrap(), u32::try_from(4 * words.len()).unwrap(), kind];
    let mut bytes: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend(name);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes
}

fn with_notes(notes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(notes.len()).unwrap();
    let mut bytes = file(0x10_0000, &[CODE, [4, 0x800, 0, length, length, 4]]);
    bytes[0x800..][..notes.len()].copy_from_slice(notes);
    bytes
}

#[test]
fn note_is_found_among_others() {
    let notes = [note(b"GNU\0", 1, &[0; 4]), note(b"SCC\0", 2, &[9]), note(b"Linux\0", 1, &[1, 2])].concat();
    let parsed = |notes: &[u8]| GuestImage::parse(&with_notes(notes)).unwrap().note();
    assert_eq!(parsed(&notes), None);
    let notes = [notes, note(b"SCC\0", 1, &[1, 7])].concat();
    assert_eq!(parsed(&notes), Some(Note { version: 1, features: Features::LINUX }));
}

#[test]
fn notes_that_end_early_are_refused() {
    let whole = note(b"SCC\0", 1, &[1, 7]);
    for length in 1..whole.len() {
        assert_eq!(error(&with_notes(&whole[..length])), ElfError::Notes { segment: 1 }, "{length}");
    }
    assert_eq!(error(&with_notes(&note(b"SCC\0", 1, &[1]))), ElfError::Notes { segment: 1 });
    assert_eq!(error(&with_notes(&[0xFF; 12])), ElfError::Notes { segment: 1 });
}

#[test]
fn errors_name_place_and_expectation() {
    let texts: Vec<String> = vec![
        error(&file(0x10_0000, &[CODE, [1, 0xFFF, 0x20_0000, 2, 2, 4]])).to_string(),
        error(&file(0x10_0000, &[[1, 0, 0x5000, 0, 1, 5]])).to_string(),
    ];
    assert_eq!(
        texts,
        [
            "program header 1: 2 bytes at 0xfff of a file of 4096 bytes",
            "program header 0: 1 bytes at guest-physical 0x5000, not between 0x100000 and 4 GiB",
        ]
    );
}

proptest! {
    /// A whole file with any four bytes of its headers replaced: what is accepted can be loaded or is refused for the
    /// size of memory only, and lies where it says.
    #[test]
    fn any_header_is_refused_or_loadable(offset in 0_usize..0x90, word in any::<u32>(), small in 0_u32..0x2000) {
        for word in [word, small, 0x10_0000 + small] {
            let mut bytes = file(0x10_0000, &[CODE, DATA]);
            put(&mut bytes, offset, word);
            if let Ok(image) = GuestImage::parse(&bytes) {
                for segment in image.segments() {
                    prop_assert!(segment.place.number() >= start::IMAGE_PLACE);
                    prop_assert!(segment.place.checked_add(segment.bytes).is_some());
                    prop_assert!(segment.file.len() <= segment.bytes as usize);
                }
                let memory = HostMemory::new(0x10_4000);
                prop_assert!(image.load(&memory).is_ok() == (image.end().number() <= memory.bytes()));
            }
        }
    }
}
