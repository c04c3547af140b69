//! The list of guests: how images of guests reach the kernel.
//!
//! Whoever loads the kernel leaves one list in the core's memory. Not for guests: it is what the tools that make images
//! and the hypervisor agree on.
//!
//! ```text
//!  0 magic   4 version   8 number of guests   12 bytes of the whole list
//! 16 the disk that the core lends to guests of all cores: offset in the list, bytes
//! 24 for each guest: name, padded with zeroes; bytes of memory and of the scratch disk; then for image, initial files,
//!    command line and disk: offset in the list, bytes; at the end one more than the core whose disk it borrows, or 0
//! ```
//!
//! Parts begin at multiples of [`ALIGNMENT`] behind the entries.

/// First word: "SCCl" in memory.
pub const MAGIC: u32 = u32::from_le_bytes(*b"SCCl");
/// Version of the layout.
pub const VERSION: u32 = 3;
/// Bytes before the first entry.
pub const HEADER_BYTES: usize = 24;
/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 64;
/// Offset of the last word of an entry.
const LENDER: usize = ENTRY_BYTES - 4;
/// Most bytes of a name.
pub const NAME_BYTES: usize = 20;
/// Most guests of a list.
pub const GUESTS_MAX: usize = 16;
/// What offsets of parts are multiples of.
pub const ALIGNMENT: usize = 16;

/// A guest of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest<'a> {
    /// What the user calls it.
    pub name: &'a str,
    /// Its ELF file, not looked at.
    pub image: &'a [u8],
    /// Its initial file system, for Linux; empty if it has none.
    pub files: &'a [u8],
    /// Words for it, for Linux.
    pub command_line: &'a str,
    /// Contents of the disk that it can read; empty if it has none of its own.
    pub disk: &'a [u8],
    /// Number of the core whose disk it borrows, if it does.
    pub lender: Option<u8>,
    /// Bytes of memory that it is to have, and of the disk that it can write.
    pub room: Room,
}

/// What a guest takes beside what came with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes of memory.
    pub memory_bytes: u32,
    /// Bytes of the scratch disk; 0 if it has none.
    pub scratch_bytes: u32,
}

/// Where a part of a guest is in its list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Offset from the beginning of the list.
    pub offset: u32,
    /// Its length.
    pub bytes: u32,
}

/// Where the parts of a guest are in its list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Its ELF file.
    pub image: Extent,
    /// Its initial file system.
    pub files: Extent,
    /// Its command line.
    pub command_line: Extent,
    /// Its disk.
    pub disk: Extent,
}

/// Why bytes are no list, or an entry no guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Nobody has left a list there.
    #[error("no list of guests: first word {0:#010x}")]
    Magic(u32),
    /// Another version.
    #[error("list of guests of version {0}, not {VERSION}")]
    Version(u32),
    /// A length that the list cannot have.
    #[error("list of guests of {bytes} bytes with {count} entries")]
    Size {
        /// Bytes, as the header says.
        bytes: u32,
        /// Entries, as the header says.
        count: u32,
    },
    /// A part of a guest outside the list.
    #[error("{bytes} bytes at offset {offset} of a list of guests, which ends before")]
    Part {
        /// Where the entry says the part is.
        offset: u32,
        /// How long it says it is.
        bytes: u32,
    },
    /// A name or a command line that is no text.
    #[error("name or command line of a guest that is no text")]
    Text,
}

/// A list whose header is good. Entries are checked one by one, so that a bad one costs that guest only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestList<'a> {
    bytes: &'a [u8],
    count: usize,
}

/// Bytes of the list that begins with `header`.
///
/// # Errors
/// [`ListError`] if none does.
pub fn total_bytes(header: &[u8; HEADER_BYTES]) -> Result<u32, ListError> {
    let [magic, version, count, bytes] = [0, 4, 8, 12].map(|offset| word(header, offset));
    match (magic, version) {
        (MAGIC, VERSION) if count_of(count).is_some_and(|count| entries_end(count) <= length(bytes)) => {
            Ok(bytes)
        }
        (MAGIC, VERSION) => Err(ListError::Size { bytes, count }),
        (MAGIC, version) => Err(ListError::Version(version)),
        (magic, _) => Err(ListError::Magic(magic)),
    }
}

/// The header of a list of `count` guests, at most [`GUESTS_MAX`], `bytes` bytes, and the disk that the core lends.
#[must_use]
pub fn encode_header(count: u32, bytes: u32, disk: Extent) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    put_words(&mut header, [MAGIC, VERSION, count, bytes, disk.offset, disk.bytes]);
    header
}

/// The entry of a guest that borrows the disk of the core with number `lender`, if there is one. Of a name that is longer
/// than [`NAME_BYTES`] the characters that fit are kept.
#[must_use]
pub fn encode_entry(name: &str, room: Room, parts: &Parts, lender: Option<u8>) -> [u8; ENTRY_BYTES] {
    let mut entry = [0; ENTRY_BYTES];
    let (place, words) = entry.split_at_mut(NAME_BYTES);
    let end = (0..=name.len().min(NAME_BYTES)).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    place[..end].copy_from_slice(&name.as_bytes()[..end]);
    let (rooms, extents) = words.split_at_mut(8);
    put_words(rooms, [room.memory_bytes, room.scratch_bytes]);
    let Parts { image, files, command_line, disk } = *parts;
    for (place, part) in extents.chunks_exact_mut(8).zip([image, files, command_line, disk]) {
        put_words(place, [part.offset, part.bytes]);
    }
    put_words(&mut entry[LENDER..], [lender.map_or(0, |core| u32::from(core) + 1)]);
    entry
}

impl<'a> GuestList<'a> {
    /// Takes the list that `bytes` begin with.
    ///
    /// # Errors
    /// [`ListError`] for its header, or if `bytes` end before the list does.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ListError> {
        let header = bytes.first_chunk().ok_or(ListError::Size { bytes: 0, count: 0 })?;
        let total = total_bytes(header)?;
        let count = word(header, 8);
        let list = bytes.get(..length(total)).ok_or(ListError::Size { bytes: total, count })?;
        Ok(Self { bytes: list, count: count_of(count).unwrap_or(0) })
    }

    /// Contents of the disk that the core lends; empty if it lends none that came with it.
    ///
    /// # Errors
    /// [`ListError`] if it is not all in the list.
    pub fn disk(self) -> Result<&'a [u8], ListError> {
        self.part(word(self.bytes, 16), word(self.bytes, 20))
    }

    /// The guests in their order.
    pub fn guests(self) -> impl Iterator<Item = Result<Guest<'a>, ListError>> {
        let entries = &self.bytes[HEADER_BYTES..entries_end(self.count)];
        entries.chunks_exact(ENTRY_BYTES).map(move |entry| self.guest(entry))
    }

    fn guest(self, entry: &'a [u8]) -> Result<Guest<'a>, ListError> {
        let (name, words) = entry.split_at(NAME_BYTES);
        let part = |place| self.part(word(words, place), word(words, place + 4));
        let text = |bytes| core::str::from_utf8(bytes).map_err(|_| ListError::Text);
        let used = name.iter().position(|byte| *byte == 0).unwrap_or(NAME_BYTES);
        Ok(Guest {
            name: text(&name[..used])?,
            room: Room { memory_bytes: word(words, 0), scratch_bytes: word(words, 4) },
            image: part(8)?,
            files: part(16)?,
            command_line: text(part(24)?)?,
            disk: part(32)?,
            lender: word(entry, LENDER).checked_sub(1).and_then(|core| u8::try_from(core).ok()),
        })
    }

    fn part(self, offset: u32, bytes: u32) -> Result<&'a [u8], ListError> {
        let end = length(offset).checked_add(length(bytes));
        end.and_then(|end| self.bytes.get(length(offset)..end)).ok_or(ListError::Part { offset, bytes })
    }
}

/// Offset of the first byte behind the entries of `count` guests.
#[must_use]
pub const fn entries_end(count: usize) -> usize {
    HEADER_BYTES + count * ENTRY_BYTES
}

fn count_of(count: u32) -> Option<usize> {
    usize::try_from(count).ok().filter(|count| *count <= GUESTS_MAX)
}

/// A length of the list as an index; one that is too large for an index is too large for any list.
fn length(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The word at `offset`, which the caller knows to lie within.
fn word(bytes: &[u8], offset: usize) -> u32 {
    let [a, b, c, d] = [0, 1, 2, 3].map(|byte| bytes[offset + byte]);
    u32::from_le_bytes([a, b, c, d])
}

fn put_words<const N: usize>(place: &mut [u8], words: [u32; N]) {
    for (place, word) in place.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::{any, proptest};

    use super::*;

    const ROOM: Room = Room { memory_bytes: 4 << 20, scratch_bytes: 0 };

    fn list(entries: &[[u8; ENTRY_BYTES]], contents: &[u8]) -> Vec<u8> {
        let bytes = entries_end(entries.len()) + contents.len();
        let disk = Extent { offset: u32::try_from(bytes - contents.len()).unwrap(), bytes: 1 };
        let header =
            encode_header(u32::try_from(entries.len()).unwrap(), u32::try_from(bytes).unwrap(), disk);
        [&header[..], &entries.concat(), contents].concat()
    }

    /// An entry whose image has `bytes` bytes at `offset`.
    fn entry(name: &str, offset: u32, bytes: u32) -> [u8; ENTRY_BYTES] {
        encode_entry(name, ROOM, &Parts { image: Extent { offset, bytes }, ..Parts::default() }, None)
    }

    #[test]
    fn guests_come_back_as_they_were_written() {
        let parts = Parts {
            image: Extent { offset: 152, bytes: 3 },
            files: Extent { offset: 155, bytes: 1 },
            command_line: Extent { offset: 153, bytes: 2 },
            disk: Extent { offset: 154, bytes: 2 },
        };
        let room = Room { scratch_bytes: 1 << 16, ..ROOM };
        let entries = [encode_entry("hello", room, &parts, Some(0)), entry("a-name-of-20-letters", 155, 1)];
        let bytes = list(&entries, b"abcd");
        let guests: Vec<_> = GuestList::parse(&bytes).unwrap().guests().map(Result::unwrap).collect();
        let lender = Some(0);
        let (image, files, disk) = (&b"abc"[..], &b"d"[..], &b"cd"[..]);
        let first = Guest { name: "hello", image, files, command_line: "bc", disk, lender, room };
        assert_eq!(guests[0], first);
        assert_eq!(
            (guests[1].name, guests[1].image, guests[1].files, guests[1].lender),
            ("a-name-of-20-letters", &b"d"[..], &b""[..], None)
        );
        assert_eq!(GuestList::parse(&bytes).unwrap().disk(), Ok(&b"a"[..]));
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let bytes = list(&[entry("nineteen-letters-äöü", 88, 0)], &[]);
        let guest = GuestList::parse(&bytes).unwrap().guests().next().unwrap().unwrap();
        assert_eq!(guest.name, "nineteen-letters-ä");
    }

    #[test]
    fn bad_entry_costs_its_guest_only() {
        let bytes = list(&[entry("far", 152, 5), entry("near", 152, 4)], b"abcd");
        let guests: Vec<_> = GuestList::parse(&bytes).unwrap().guests().collect();
        assert_eq!(guests[0], Err(ListError::Part { offset: 152, bytes: 5 }));
        assert_eq!(guests[1].unwrap().image, b"abcd");
    }

    #[test]
    fn other_contents_of_memory_are_no_list() {
        assert_eq!(GuestList::parse(&[0xA5; 64]), Err(ListError::Magic(0xA5A5_A5A5)));
        let mut bytes = list(&[entry("x", 88, 0)], &[]);
        assert_eq!(GuestList::parse(&bytes[..40]), Err(ListError::Size { bytes: 88, count: 1 }));
        assert_eq!(GuestList::parse(&bytes).unwrap().disk(), Err(ListError::Part { offset: 88, bytes: 1 }));
        bytes[8] = 17;
        assert_eq!(GuestList::parse(&bytes), Err(ListError::Size { bytes: 88, count: 17 }));
        bytes[4] = 9;
        assert_eq!(GuestList::parse(&bytes), Err(ListError::Version(9)));
    }

    proptest! {
        #[test]
        fn any_bytes_behind_a_header_are_read_without_panic(
            count in 0_u32..20,
            contents in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let total = u32::try_from(HEADER_BYTES + contents.len()).unwrap();
            let disk = Extent { offset: total / 2, bytes: count };
            let bytes = [&encode_header(count, total, disk)[..], &contents].concat();
            if let Ok(list) = GuestList::parse(&bytes) {
                let _ = list.disk();
                assert_eq!(list.guests().count(), usize::try_from(count).unwrap());
            }
        }
    }
}
