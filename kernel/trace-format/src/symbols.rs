//! The symbol table that `scc-image` puts behind the kernel's image, for backtraces on the core itself.
//!
//! ```text
//! +0    TableHeader, 32 bytes
//! +32   entry 0: address of the function, place of its name     8 bytes
//! ...   `entries` entries, ascending by address
//! then  names: one byte of length, then that many bytes of UTF-8; equal names are stored once
//! ```
//!
//! Its place is the ELF symbol [`PLACE_SYMBOL`], which the kernel's linker script sets behind everything that
//! start-up clears. The kernel finds the table there by its magic number, and its length in the header; it keeps
//! those bytes out of its frame allocator. An image that was loaded by other means has no table, and backtraces
//! then show addresses only.

use zerocopy::byteorder::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// ELF symbol of the table's virtual address, a multiple of 4.
pub const PLACE_SYMBOL: &str = "symbol_table";

/// First word of the table: `SCCN` in memory.
pub const MAGIC: u32 = u32::from_le_bytes(*b"SCCN");

/// Version of the layout.
pub const VERSION: u16 = 1;

/// Longest name in bytes; longer ones are cut.
pub const LONGEST_NAME: usize = 255;

/// Most bytes a table may have; a header that says more is taken for something else.
pub const MOST_BYTES: u32 = 4 << 20;

/// Beginning of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct TableHeader {
    /// [`MAGIC`].
    pub magic: U32,
    /// [`VERSION`].
    pub version: U16,
    /// 0.
    pub reserved: U16,
    /// Bytes of the whole table with this header.
    pub total_bytes: U32,
    /// Number of entries.
    pub entries: U32,
    /// Address after the last function.
    pub end: U32,
    /// 0.
    pub unused: [U32; 3],
}

/// Bytes of [`TableHeader`].
pub const HEADER_BYTES: usize = 32;
const _: () = assert!(size_of::<TableHeader>() == HEADER_BYTES);

/// A function.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct TableEntry {
    /// Virtual address of its first instruction.
    pub address: U32,
    /// Offset of its name's length byte from the beginning of the names.
    pub name: U32,
}

/// Why bytes are no symbol table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SymbolTableError {
    /// Something else than [`MAGIC`]: no table is there.
    #[error("no symbol table: it begins with {0:#010x}")]
    NoTable(u32),
    /// A table of another version.
    #[error("symbol table of version {0}; this reader knows version {VERSION}")]
    Version(u16),
    /// The bytes end before the table does.
    #[error("{have} bytes are too few for a symbol table of {need}")]
    Short {
        /// Bytes given.
        have: usize,
        /// Bytes needed, as far as known.
        need: usize,
    },
    /// Sizes in the header that contradict each other.
    #[error("symbol table of {total_bytes} bytes cannot hold {entries} entries")]
    Sizes {
        /// Bytes of the whole.
        total_bytes: u32,
        /// Number of entries.
        entries: u32,
    },
}

/// A function and a distance from its first instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SymbolPlace<'a> {
    /// Name of the function.
    pub name: &'a str,
    /// Bytes from its first instruction.
    pub offset: u32,
}

impl core::fmt::Display for SymbolPlace<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}+{:#x}", self.name, self.offset)
    }
}

/// A checked view of a table in memory.
#[derive(Clone, Copy, Debug)]
pub struct SymbolTable<'a> {
    entries: &'a [TableEntry],
    names: &'a [u8],
    end: u32,
}

/// Bytes of the table that begins with `header`.
///
/// # Errors
///
/// [`SymbolTableError`] if no table begins there.
pub fn total_bytes(header: &[u8]) -> Result<usize, SymbolTableError> {
    check(header).map(|header| to_usize(header.total_bytes))
}

fn check(bytes: &[u8]) -> Result<TableHeader, SymbolTableError> {
    let short = |_| SymbolTableError::Short { have: bytes.len(), need: HEADER_BYTES };
    let (header, _) = TableHeader::read_from_prefix(bytes).map_err(short)?;
    if header.magic.get() != MAGIC {
        return Err(SymbolTableError::NoTable(header.magic.get()));
    }
    if header.version.get() != VERSION {
        return Err(SymbolTableError::Version(header.version.get()));
    }
    let (total_bytes, entries) = (header.total_bytes.get(), header.entries.get());
    let least = u64::from(entries) * 8 + 32;
    if u64::from(total_bytes) < least || total_bytes > MOST_BYTES {
        return Err(SymbolTableError::Sizes { total_bytes, entries });
    }
    Ok(header)
}

/// A word as an index; the kernel's addresses are 32 bits wide, those of hosts wider.
fn to_usize(word: U32) -> usize {
    usize::try_from(word.get()).expect("the targets have at least 32 bits")
}

impl<'a> SymbolTable<'a> {
    /// Checks the table at the beginning of `bytes`, which may go on behind it.
    ///
    /// # Errors
    ///
    /// [`SymbolTableError`] if there is none, or not all of it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SymbolTableError> {
        let header = check(bytes)?;
        let need = to_usize(header.total_bytes);
        let short = SymbolTableError::Short { have: bytes.len(), need };
        let table = bytes.get(HEADER_BYTES..need).ok_or(short)?;
        let count = to_usize(header.entries);
        let (entries, names) = <[TableEntry]>::ref_from_prefix_with_elems(table, count).map_err(|_| short)?;
        Ok(Self { entries, names, end: header.end.get() })
    }

    /// Number of functions.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no function in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The function that holds a virtual address: the last one that begins at or before it. `None` before the
    /// first function, behind the last one, and where the table is damaged. Any context; about 15 steps for
    /// 30,000 functions.
    pub fn lookup(&self, address: u32) -> Option<SymbolPlace<'a>> {
        if address >= self.end {
            return None;
        }
        let before = self.entries.partition_point(|entry| entry.address.get() <= address);
        let entry = self.entries.get(before.checked_sub(1)?)?;
        let (length, rest) = self.names.get(to_usize(entry.name)..)?.split_first()?;
        let name = core::str::from_utf8(rest.get(..usize::from(*length))?).ok()?;
        Some(SymbolPlace { name, offset: address - entry.address.get() })
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use proptest::prelude::{any, prop_assert, proptest};

    use super::*;

    /// Functions `main` at 0x1000 and 0x3000, `idle` at 0x2000, the last one ends at 0x3010.
    fn table() -> Vec<u8> {
        let names = b"\x04main\x04idle";
        let entries = [(0x1000, 0), (0x2000, 5), (0x3000, 0)];
        let header = TableHeader {
            magic: U32::new(MAGIC),
            version: U16::new(VERSION),
            reserved: U16::ZERO,
            total_bytes: U32::new(32 + 24 + 10),
            entries: U32::new(3),
            end: U32::new(0x3010),
            unused: [U32::ZERO; 3],
        };
        let mut bytes = header.as_bytes().to_vec();
        for (address, name) in entries {
            bytes.extend(TableEntry { address: U32::new(address), name: U32::new(name) }.as_bytes());
        }
        bytes.extend(names);
        bytes
    }

    #[test]
    fn address_is_named_by_the_function_that_begins_before_it() {
        let mut bytes = table();
        bytes.extend([0xCC; 5]);
        let table = SymbolTable::parse(&bytes).unwrap();
        let found = |address| table.lookup(address).map(|place| place.to_string());
        assert_eq!(found(0xFFF), None);
        assert_eq!(found(0x1000).as_deref(), Some("main+0x0"));
        assert_eq!(found(0x1FFF).as_deref(), Some("main+0xfff"));
        assert_eq!(found(0x2004).as_deref(), Some("idle+0x4"));
        assert_eq!(found(0x300F).as_deref(), Some("main+0xf"));
        assert_eq!(found(0x3010), None);
        assert_eq!((table.len(), table.is_empty()), (3, false));
        assert_eq!(total_bytes(&bytes), Ok(66));
    }

    #[test]
    fn other_bytes_are_refused() {
        let refused = |at: usize, value: u8| {
            let mut bytes = table();
            bytes[at] = value;
            SymbolTable::parse(&bytes).unwrap_err()
        };
        assert_eq!(refused(0, 0), SymbolTableError::NoTable(MAGIC & !0xFF));
        assert_eq!(refused(4, 9), SymbolTableError::Version(9));
        assert_eq!(refused(12, 5), SymbolTableError::Sizes { total_bytes: 66, entries: 5 });
        assert_eq!(refused(11, 1), SymbolTableError::Sizes { total_bytes: 0x0100_0042, entries: 3 });
        let short = SymbolTable::parse(&table()[..65]).unwrap_err();
        assert_eq!(short, SymbolTableError::Short { have: 65, need: 66 });
        let short = SymbolTable::parse(&[]).unwrap_err();
        assert_eq!(short, SymbolTableError::Short { have: 0, need: 32 });
    }

    proptest! {
        #[test]
        fn damaged_tables_are_answered(at in 0..66_usize, value in any::<u8>(), address in any::<u32>()) {
            let mut bytes = table();
            bytes[at] = value;
            if let Ok(table) = SymbolTable::parse(&bytes) {
                let place = table.lookup(address);
                prop_assert!(place.is_none_or(|place| place.offset <= address));
            }
        }
    }
}
