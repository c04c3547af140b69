//! Makes the list of guests that a kernel finds behind its table of function names; layout in [`guest_abi::list`].

use std::io;
use std::path::Path;

use guest_abi::list::{ALIGNMENT, Extent, GUESTS_MAX, Parts, Room, encode_entry, encode_header, entries_end};
use scc::id::CoreId;

/// A guest as it is handed to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestImage {
    /// What the kernel calls it; cut to [`guest_abi::list::NAME_BYTES`].
    pub name: String,
    /// Its file, not looked at: what is wrong with it the kernel says, and then goes on without it.
    pub bytes: Vec<u8>,
    /// Its initial file system, for Linux; may be empty.
    pub files: Vec<u8>,
    /// Words for it, for Linux.
    pub command_line: String,
    /// Contents of the disk that it can read; may be empty.
    pub disk: Vec<u8>,
    /// Bytes of memory that it is to have, and of the disk that it can write.
    pub room: Room,
}

/// Why there is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuestListError {
    /// More guests than a list holds.
    #[error("{0} guests for one core; a list holds {GUESTS_MAX}")]
    TooMany(usize),
    /// More bytes than a core can address.
    #[error("the images of the guests do not fit in 4 GB")]
    TooLarge,
}

impl GuestImage {
    /// A guest of this file, without anything else.
    #[must_use]
    pub fn new(name: String, bytes: Vec<u8>, memory_bytes: u32) -> Self {
        let room = Room { memory_bytes, ..Room::default() };
        Self { name, bytes, files: Vec::new(), command_line: String::new(), disk: Vec::new(), room }
    }

    /// Reads a guest's file; the guest has its name without extension, and nothing else.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(file: &Path, memory_bytes: u32) -> io::Result<Self> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self::new(name, std::fs::read(file)?, memory_bytes))
    }
}

/// The list of `guests`, which borrow the disk of core `lender`, if there is one, and of the `disk` that the core lends
/// whose list it is.
///
/// # Errors
/// [`GuestListError`] if they are too many or too large.
pub fn guest_list(
    guests: &[GuestImage],
    lender: Option<CoreId>,
    disk: &[u8],
) -> Result<Vec<u8>, GuestListError> {
    if guests.len() > GUESTS_MAX {
        return Err(GuestListError::TooMany(guests.len()));
    }
    let number = |length: usize| u32::try_from(length).map_err(|_| GuestListError::TooLarge);
    let mut entries = Vec::new();
    let mut contents = Vec::new();
    let mut add = |bytes: &[u8]| {
        contents.resize(contents.len().next_multiple_of(ALIGNMENT), 0);
        let offset = number(entries_end(guests.len()) + contents.len())?;
        contents.extend(bytes);
        Ok(Extent { offset, bytes: number(bytes.len())? })
    };
    let disk = add(disk)?;
    for guest in guests {
        let parts = Parts {
            image: add(&guest.bytes)?,
            files: add(&guest.files)?,
            command_line: add(guest.command_line.as_bytes())?,
            disk: add(&guest.disk)?,
        };
        entries.extend(encode_entry(&guest.name, guest.room, &parts, lender.map(CoreId::number)));
    }
    let total = number(entries_end(guests.len()) + contents.len())?;
    let header = encode_header(number(guests.len())?, total, disk);
    Ok([&header[..], &entries, &contents].concat())
}

#[cfg(test)]
mod tests {
    use guest_abi::list::GuestList;

    use super::*;

    fn guest(name: &str, bytes: &[u8]) -> GuestImage {
        GuestImage {
            files: b"files".to_vec(),
            command_line: "words".to_owned(),
            disk: b"disk".to_vec(),
            ..GuestImage::new(name.to_owned(), bytes.to_vec(), 1 << 20)
        }
    }

    #[test]
    fn kernel_finds_each_part_at_an_aligned_place() {
        let list =
            guest_list(&[guest("one", b"12345"), guest("two", b"6")], CoreId::new(7), b"lent").unwrap();
        let parsed: Vec<_> = GuestList::parse(&list).unwrap().guests().map(Result::unwrap).collect();
        assert_eq!(GuestList::parse(&list).unwrap().disk(), Ok(&b"lent"[..]));
        assert_eq!(parsed[1].lender, Some(7));
        assert_eq!(parsed.len(), 2);
        assert_eq!((parsed[0].name, parsed[0].image), ("one", &b"12345"[..]));
        assert_eq!((parsed[1].name, parsed[1].image), ("two", &b"6"[..]));
        assert_eq!(parsed[1].room, Room { memory_bytes: 1 << 20, scratch_bytes: 0 });
        let place = |image: &[u8]| image.as_ptr().addr() - list.as_ptr().addr();
        assert_eq!((place(parsed[0].image), place(parsed[1].image)), (168, 232));
        let others = (parsed[1].files, parsed[1].command_line, parsed[1].disk);
        assert_eq!(others, (&b"files"[..], "words", &b"disk"[..]));
    }

    #[test]
    fn too_many_guests_are_refused() {
        assert_eq!(guest_list(&vec![guest("x", b""); 17], None, b""), Err(GuestListError::TooMany(17)));
    }
}
