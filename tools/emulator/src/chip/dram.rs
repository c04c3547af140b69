//! DRAM behind the four memory controllers: a sparse arena of 4 KB pages.
//!
//! A page exists once something was written to it (or a caller asked for it); until then it reads as the fill
//! byte. A two-level table, one second level per 16 MB slot, maps (controller, page) to an index into the arena,
//! so a look-up is two array reads and an idle board costs almost nothing.
//!
//! Every page knows which of its 32-byte lines some core decoded instructions from; a write into such a line
//! bumps the page's version, which tells holders of decoded code to look again.
//!
//! Source: SCC reference §1.2, §3.1 (U25), §5.2 (U37).

use scc::lut::{BoardMemory, MemoryController};

use super::lanes;
use super::port::LINE;

/// Bytes of one page of the arena.
pub const PAGE: usize = 4096;

/// 16 MB slots one controller can address (34-bit addresses).
const SLOTS: usize = 1024;
/// Pages in a 16 MB slot.
const PAGES_PER_SLOT: usize = 4096;
/// Table entry of a page that does not exist yet.
const ABSENT: u32 = u32::MAX;

/// Index of a page in the arena; stays valid for the life of the machine.
pub type PageIndex = u32;

/// One 4 KB page.
#[derive(Clone)]
pub struct Page {
    /// The page's contents. Whoever writes here directly calls [`Page::written`] for the bytes written.
    pub bytes: [u8; PAGE],
    /// One bit per 32-byte line that some core decoded instructions from.
    pub code_lines: [u32; 4],
    /// Count of writes into lines whose code bit was set.
    pub version: u32,
}

impl Page {
    fn filled(byte: u8) -> Self {
        Self { bytes: [byte; PAGE], code_lines: [0; 4], version: 0 }
    }

    /// Marks the line of `offset` as one that instructions were decoded from.
    #[inline]
    pub fn mark_code(&mut self, offset: usize) {
        let line = (offset % PAGE) / LINE;
        self.code_lines[line / 32] |= 1 << (line % 32);
    }

    /// Whether a line of the `bytes` bytes at `offset` (inside the page) had instructions decoded from it.
    #[inline]
    pub fn holds_code(&self, offset: usize, bytes: usize) -> bool {
        let bit = |offset: usize| {
            let line = (offset % PAGE) / LINE;
            self.code_lines[line / 32] >> (line % 32) & 1
        };
        bit(offset) | bit(offset + bytes - 1) != 0
    }

    /// Accounts for a write to the line of `offset`: if it held code, the version moves on. Returns whether it did.
    #[inline]
    pub fn written(&mut self, offset: usize) -> bool {
        let line = (offset % PAGE) / LINE;
        let bit = 1 << (line % 32);
        let word = &mut self.code_lines[line / 32];
        let held_code = *word & bit != 0;
        if held_code {
            *word &= !bit;
            self.version = self.version.wrapping_add(1);
        }
        held_code
    }
}

/// A byte of DRAM: controller and byte address behind it, already inside the installed size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DramAddress {
    controller: MemoryController,
    byte: u64,
}

impl DramAddress {
    /// Offset inside the 4 KB page.
    #[inline]
    fn offset(self) -> usize {
        usize::try_from(self.byte % PAGE as u64).expect("twelve bits")
    }

    /// Index of the slot's second-level table and of the page in it.
    #[inline]
    fn page(self) -> (usize, usize) {
        let number = usize::try_from(self.byte / PAGE as u64).expect("22 bits");
        (self.controller.index() * SLOTS + number / PAGES_PER_SLOT, number % PAGES_PER_SLOT)
    }
}

/// All DRAM of the board.
pub struct Dram {
    pages: Vec<Page>,
    slots: Vec<Option<Box<[u32; PAGES_PER_SLOT]>>>,
    size: u64,
    fill: u8,
    /// Counts writes into lines that held code, anywhere.
    code_writes: u32,
}

impl Dram {
    /// Empty memory of the given size; unwritten bytes read as `fill`.
    pub(crate) fn new(memory: BoardMemory, fill: u8) -> Self {
        let mut slots = Vec::new();
        slots.resize_with(MemoryController::ALL.len() * SLOTS, || None);
        Self { pages: Vec::new(), slots, size: memory.bytes_per_controller(), fill, code_writes: 0 }
    }

    /// The byte at `byte` of a controller, wrapped to the installed size (U25); `true` if it had to be wrapped.
    #[inline]
    pub(crate) fn locate(&self, controller: MemoryController, byte: u64) -> (DramAddress, bool) {
        (DramAddress { controller, byte: byte & (self.size - 1) }, byte >= self.size)
    }

    /// The page of an address, if anything was ever stored there.
    #[inline]
    pub(crate) fn find(&self, at: DramAddress) -> Option<PageIndex> {
        let (slot, page) = at.page();
        let index = self.slots[slot].as_ref()?[page];
        (index != ABSENT).then_some(index)
    }

    /// The page of an address, created if need be.
    #[inline]
    pub(crate) fn obtain(&mut self, at: DramAddress) -> PageIndex {
        match self.find(at) {
            Some(index) => index,
            None => self.create(at),
        }
    }

    #[cold]
    fn create(&mut self, at: DramAddress) -> PageIndex {
        let (slot, page) = at.page();
        let index = u32::try_from(self.pages.len()).expect("64 GB are 2^24 pages");
        self.pages.push(Page::filled(self.fill));
        self.slots[slot].get_or_insert_with(|| Box::new([ABSENT; PAGES_PER_SLOT]))[page] = index;
        index
    }

    /// A page of the arena; `None` for an index that was never given out.
    #[inline]
    pub fn page(&self, index: PageIndex) -> Option<&Page> {
        self.pages.get(index as usize)
    }

    /// A page of the arena, for writing; see [`Page::written`].
    #[inline]
    pub fn page_mut(&mut self, index: PageIndex) -> Option<&mut Page> {
        self.pages.get_mut(index as usize)
    }

    /// Stores the low `bytes` bytes of `value`, 1 to 8, at `offset` of a page; they do not cross the page's end.
    /// Returns whether instructions had been decoded from a line it touched.
    #[inline]
    pub fn store(&mut self, index: PageIndex, offset: usize, bytes: u32, value: u64) -> bool {
        let page = &mut self.pages[index as usize];
        let bytes = bytes as usize;
        page.bytes[offset..offset + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
        let held_code = page.written(offset) | page.written(offset + bytes - 1);
        self.code_writes = self.code_writes.wrapping_add(u32::from(held_code));
        held_code
    }

    /// Changes with every write into a line that held code: while it is the same, all decoded code is valid.
    #[inline(always)]
    pub(crate) fn code_writes(&self) -> u32 {
        self.code_writes
    }

    /// How many pages exist.
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// Reads 1 to 8 bytes inside one aligned quadword.
    #[inline]
    pub(crate) fn read(&self, at: DramAddress, bytes: u32) -> u64 {
        let start = at.offset() & !7;
        let quadword = match self.find(at) {
            Some(index) => quadword(&self.pages[index as usize].bytes, start),
            None => u64::from_le_bytes([self.fill; 8]),
        };
        lanes::extract(quadword, at.byte, bytes)
    }

    /// Writes 1 to 8 bytes inside one aligned quadword.
    #[inline]
    pub(crate) fn write(&mut self, at: DramAddress, bytes: u32, value: u64) {
        let index = self.obtain(at);
        let start = at.offset() & !7;
        let page = &mut self.pages[index as usize];
        let merged = lanes::merge(quadword(&page.bytes, start), at.byte, bytes, value);
        page.bytes[start..start + 8].copy_from_slice(&merged.to_le_bytes());
        let held_code = page.written(start);
        self.code_writes = self.code_writes.wrapping_add(u32::from(held_code));
    }

    /// Reads the line at `at`.
    #[inline]
    pub(crate) fn read_line(&self, at: DramAddress) -> [u8; LINE] {
        let start = at.offset() & !(LINE - 1);
        match self.find(at) {
            Some(index) => {
                let mut line = [0; LINE];
                line.copy_from_slice(&self.pages[index as usize].bytes[start..start + LINE]);
                line
            }
            None => [self.fill; LINE],
        }
    }

    /// Writes the line at `at`.
    #[inline]
    pub(crate) fn write_line(&mut self, at: DramAddress, data: &[u8; LINE]) {
        let start = at.offset() & !(LINE - 1);
        let index = self.obtain(at);
        let page = &mut self.pages[index as usize];
        page.bytes[start..start + LINE].copy_from_slice(data);
        let held_code = page.written(start);
        self.code_writes = self.code_writes.wrapping_add(u32::from(held_code));
    }

    /// Copies bytes of any length and alignment into a controller's memory.
    pub(crate) fn load(&mut self, controller: MemoryController, byte: u64, data: &[u8]) {
        let (mut position, mut rest) = (byte, data);
        while !rest.is_empty() {
            let (at, _) = self.locate(controller, position);
            let length = (PAGE - at.offset()).min(rest.len());
            let (chunk, tail) = rest.split_at(length);
            let index = self.obtain(at);
            let page = &mut self.pages[index as usize];
            page.bytes[at.offset()..at.offset() + length].copy_from_slice(chunk);
            for line in (at.offset() & !(LINE - 1)..at.offset() + length).step_by(LINE) {
                let held_code = page.written(line);
                self.code_writes = self.code_writes.wrapping_add(u32::from(held_code));
            }
            position = position.wrapping_add(length as u64);
            rest = tail;
        }
    }
}

/// The quadword at `start`, a multiple of 8.
#[inline]
fn quadword(bytes: &[u8; PAGE], start: usize) -> u64 {
    let mut quadword = [0; 8];
    quadword.copy_from_slice(&bytes[start..start + 8]);
    u64::from_le_bytes(quadword)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Dram {
        Dram::new(BoardMemory::Gb32, 0xA5)
    }

    #[test]
    fn unwritten_memory_reads_as_the_fill_byte_and_costs_no_page() {
        let dram = memory();
        let (at, _) = dram.locate(MemoryController::Mc3, 0x1_2345_6788);
        assert_eq!(dram.read(at, 4), 0xA5A5_A5A5);
        assert_eq!(dram.read_line(at), [0xA5; LINE]);
        assert_eq!(dram.page_count(), 0);
    }

    #[test]
    fn narrow_writes_leave_their_neighbours_alone() {
        let mut dram = memory();
        let (at, _) = dram.locate(MemoryController::Mc1, 0x1003);
        dram.write(at, 2, 0xBEEF);
        let (line, _) = dram.locate(MemoryController::Mc1, 0x1000);
        assert_eq!(dram.read(line, 8), 0xA5A5_A5BE_EFA5_A5A5);
        let (other, _) = dram.locate(MemoryController::Mc0, 0x1003);
        assert_eq!(dram.read(other, 2), 0xA5A5);
    }

    #[test]
    fn addresses_beyond_the_installed_size_wrap() {
        let mut dram = memory();
        let (beyond, wrapped) = dram.locate(MemoryController::Mc0, 0x2_0000_0040);
        assert!(wrapped);
        dram.write(beyond, 1, 0x77);
        let (inside, wrapped) = dram.locate(MemoryController::Mc0, 0x40);
        assert!(!wrapped);
        assert_eq!(dram.read(inside, 1), 0x77);
    }

    #[test]
    fn a_write_into_a_code_line_moves_the_version_once() {
        let mut dram = memory();
        let (at, _) = dram.locate(MemoryController::Mc0, 0x2040);
        assert_eq!(dram.obtain(at), 0);
        dram.pages[0].mark_code(0x5F);
        let (other_line, _) = dram.locate(MemoryController::Mc0, 0x2060);
        dram.write(other_line, 4, 1);
        assert_eq!(dram.pages[0].version, 0);
        dram.write(at, 4, 1);
        dram.write(at, 4, 2);
        assert_eq!(dram.pages[0].version, 1);
    }

    #[test]
    fn loading_crosses_page_boundaries() {
        let mut dram = memory();
        let data: Vec<u8> = (0..=255).collect();
        dram.load(MemoryController::Mc2, 0x0FF_FFF80, &data);
        let (before, _) = dram.locate(MemoryController::Mc2, 0x0FF_FFFFF);
        let (after, _) = dram.locate(MemoryController::Mc2, 0x100_00000);
        assert_eq!(dram.read(before, 1), 0x7F);
        assert_eq!(dram.read(after, 1), 0x80);
    }
}
