//! What lies where in a core's memory.
//!
//! Pieces are the ELF's segments at their physical addresses, the text for the kernel at its symbol
//! [`COMMAND_LINE_SYMBOL`], and the table of function names at
//! [`PLACE_SYMBOL`](trace_format::symbols::PLACE_SYMBOL), with the list of guests on the next page. Zero tails of segments (`.bss`) are reserved but not
//! written: sccKit's formats know no fill, and a bare-metal program clears its own.

use std::fmt;

use i586::page::PAGE_BYTES;
use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::lut::BoardMemory;
use trace_format::symbols::PLACE_SYMBOL;

use crate::placement::{self, PlacementError};
use crate::{KernelFile, Recipe, guest_list, name_table};

/// ELF symbol of the place for the command line: text ended by a zero byte.
const COMMAND_LINE_SYMBOL: &str = "boot_command_line";
/// ELF symbol of the end of that place, if the kernel defines it.
const COMMAND_LINE_END_SYMBOL: &str = "boot_command_line_end";
/// Bytes of the place if the kernel does not say.
const COMMAND_LINE_BYTES: u32 = 4096;

/// Where the bytes of a piece come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// A segment of the ELF file.
    Segment {
        /// Its number among the loaded ones.
        index: usize,
        /// Offset of its bytes in the file.
        file_offset: u64,
    },
    /// The text for the kernel.
    CommandLine,
    /// The table of function names.
    NameTable,
    /// The list of guests.
    GuestList,
    /// The same for the core that lends a disk, with its contents, and without guests if it runs none.
    LenderList,
}

impl fmt::Display for PieceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment { index, file_offset } => {
                write!(f, "segment {index} (file offset {file_offset:#x})")
            }
            Self::CommandLine => f.write_str("the command line"),
            Self::NameTable => f.write_str("the table of function names"),
            Self::GuestList => f.write_str("the list of guests"),
            Self::LenderList => f.write_str("the list of guests with a lent disk"),
        }
    }
}

/// Bytes at consecutive core-physical addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Address of the first byte.
    pub address: PhysAddr,
    /// The bytes that are loaded.
    pub bytes: Vec<u8>,
    /// Bytes that it takes in memory, at least those that are loaded.
    pub memory_bytes: u32,
    /// Where it comes from.
    pub kind: PieceKind,
}

impl Piece {
    /// Address after the last byte in memory.
    pub fn end(&self) -> u64 {
        u64::from(self.address.get()) + u64::from(self.memory_bytes)
    }
}

/// The memory of one core, for the cores of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pieces: Vec<Piece>,
    recipe: Recipe,
}

impl Image {
    /// Places the kernel, the command line and the table of names.
    ///
    /// A kernel without the symbol for the table gets none, and takes no guests.
    ///
    /// # Errors
    ///
    /// [`PlacementError`] for pieces that do not fit the board or each other, for a command line or guests that the
    /// kernel does not take, and for a kernel that does not cover the reset vector.
    pub fn new(kernel: &KernelFile, recipe: Recipe) -> Result<Self, PlacementError> {
        let mut pieces: Vec<Piece> = kernel
            .segments
            .iter()
            .enumerate()
            .map(|(index, segment)| Piece {
                address: segment.address,
                bytes: segment.bytes.clone(),
                memory_bytes: segment.memory_bytes,
                kind: PieceKind::Segment { index, file_offset: segment.file_offset },
            })
            .collect();
        pieces.extend(recipe.command_line.as_deref().map(|text| command_line(kernel, text)).transpose()?);
        let table = kernel.symbol(PLACE_SYMBOL).map(|place| {
            let table = name_table(&kernel.functions);
            piece(kernel.physical(place), table, PieceKind::NameTable)
        });
        let lists = lists(table.as_ref(), &recipe)?;
        pieces.extend(table);
        pieces.sort_by_key(|piece| piece.address);
        placement::check(&pieces, recipe.memory)?;
        for list in &lists {
            let mut with_list = pieces.clone();
            with_list.push(list.clone());
            with_list.sort_by_key(|piece| piece.address);
            placement::check(&with_list, recipe.memory)?;
        }
        pieces.extend(lists);
        pieces.sort_by_key(|piece| piece.address);
        pieces.retain(|piece| !piece.bytes.is_empty());
        Ok(Self { pieces, recipe })
    }

    /// The pieces with bytes, by ascending address.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Those that a core gets: of the lists of guests its own, if it has one.
    pub fn pieces_of(&self, core: CoreId) -> impl Iterator<Item = &Piece> {
        let list = self.list_of(core);
        self.pieces.iter().filter(move |piece| match piece.kind {
            PieceKind::GuestList | PieceKind::LenderList => Some(piece.kind) == list,
            _ => true,
        })
    }

    /// The list of guests that a core gets.
    pub(crate) fn list_of(&self, core: CoreId) -> Option<PieceKind> {
        if self.recipe.lent_disk.as_ref().is_some_and(|disk| disk.core == core) {
            return Some(PieceKind::LenderList);
        }
        let has_guests = !self.recipe.guests.is_empty() && self.recipe.has_guests(core);
        has_guests.then_some(PieceKind::GuestList)
    }

    /// What it was made for.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Installed memory of the board it was made for.
    pub fn memory(&self) -> BoardMemory {
        self.recipe.memory
    }
}

/// The lists of guests of a recipe, all at the place behind the table of names; a core gets one of them at most.
fn lists(table: Option<&Piece>, recipe: &Recipe) -> Result<Vec<Piece>, PlacementError> {
    let mut lists = Vec::new();
    let mut add = |kind, list| {
        let before = table.ok_or(PlacementError::NoGuests)?;
        lists.push(piece(page_behind(before), list, kind));
        Ok::<(), PlacementError>(())
    };
    let lender = recipe.lent_disk.as_ref().map(|disk| disk.core);
    if !recipe.guests.is_empty() {
        add(PieceKind::GuestList, guest_list(&recipe.guests, lender, &[])?)?;
    }
    if let Some(disk) = &recipe.lent_disk {
        let guests = if recipe.has_guests(disk.core) { &recipe.guests[..] } else { &[] };
        add(PieceKind::LenderList, guest_list(guests, lender, &disk.contents)?)?;
    }
    Ok(lists)
}

fn command_line(kernel: &KernelFile, text: &str) -> Result<Piece, PlacementError> {
    let place = kernel.symbol(COMMAND_LINE_SYMBOL).ok_or(PlacementError::NoCommandLine)?;
    let room =
        kernel.symbol(COMMAND_LINE_END_SYMBOL).map_or(COMMAND_LINE_BYTES, |end| end.saturating_sub(place));
    if let Some(at) = text.bytes().position(|byte| byte == 0) {
        return Err(PlacementError::ZeroInCommandLine { at });
    }
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    if u32::try_from(bytes.len()).is_ok_and(|length| length <= room) {
        Ok(piece(kernel.physical(place), bytes, PieceKind::CommandLine))
    } else {
        Err(PlacementError::LongCommandLine { length: text.len(), room: room.saturating_sub(1) })
    }
}

/// The first page behind a piece.
fn page_behind(piece: &Piece) -> PhysAddr {
    let end = piece.end().next_multiple_of(u64::from(PAGE_BYTES));
    PhysAddr::new(u32::try_from(end).expect("a table of names lies far below 4 GB"))
}

fn piece(address: PhysAddr, bytes: Vec<u8>, kind: PieceKind) -> Piece {
    let memory_bytes = u32::try_from(bytes.len()).expect("made here, far below 4 GB");
    Piece { address, bytes, memory_bytes, kind }
}

#[cfg(test)]
mod tests {
    use guest_abi::list::GuestList;
    use trace_format::symbols::SymbolTable;

    use super::*;
    use crate::GuestImage;
    use crate::kernel_file::tests::{example, example_with_label};

    fn kernel() -> KernelFile {
        KernelFile::parse(&example()).unwrap()
    }

    #[test]
    fn names_lie_behind_the_memory_of_the_image() {
        let image = Image::new(&kernel(), Recipe::default()).unwrap();
        let places: Vec<_> =
            image.pieces().iter().map(|piece| (piece.address.get(), piece.bytes.len())).collect();
        assert_eq!(places[0], (0x0010_0000, 8));
        assert_eq!(places[1].0, 0x0010_0020);
        assert_eq!(places[2], (0xFFFF_FFF0, 16));
        let table = SymbolTable::parse(&image.pieces()[1].bytes).unwrap();
        assert_eq!(table.lookup(0xF010_0005).unwrap().to_string(), "kernel::main+0x1");
    }

    #[test]
    fn guests_lie_on_the_page_behind_the_names() {
        let guest = GuestImage::new("hello".to_owned(), vec![7; 9], 1 << 20);
        let recipe = Recipe { guests: vec![guest], ..Recipe::default() };
        let image = Image::new(&kernel(), recipe.clone()).unwrap();
        let list = &image.pieces()[2];
        assert_eq!((list.kind, list.address.get()), (PieceKind::GuestList, 0x0010_1000));
        let parsed = GuestList::parse(&list.bytes).unwrap().guests().next().unwrap().unwrap();
        assert_eq!((parsed.name, parsed.image), ("hello", &[7; 9][..]));
        let without = KernelFile::parse(&example_with_label("other_label_")).unwrap();
        assert_eq!(Image::new(&without, recipe), Err(PlacementError::NoGuests));
    }

    #[test]
    fn command_line_needs_its_place_and_fits_it() {
        let with = |text: &str| Recipe { command_line: Some(text.to_owned()), ..Recipe::default() };
        assert_eq!(Image::new(&kernel(), with("selftest")), Err(PlacementError::NoCommandLine));
        let kernel = KernelFile::parse(&example_with_label("boot_command_line")).unwrap();
        let image = Image::new(&kernel, with("selftest log=info")).unwrap();
        assert_eq!(image.pieces()[1].bytes, b"selftest log=info\0");
        assert_eq!(image.pieces()[1].kind, PieceKind::CommandLine);
        assert!(Image::new(&kernel, with(&"x".repeat(4095))).is_ok());
        let long = PlacementError::LongCommandLine { length: 4096, room: 4095 };
        assert_eq!(Image::new(&kernel, with(&"x".repeat(4096))), Err(long));
        assert_eq!(Image::new(&kernel, with("a\0b")), Err(PlacementError::ZeroInCommandLine { at: 1 }));
    }
}
