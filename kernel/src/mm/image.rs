//! Where the linker has put the kernel: places that its script names.
#![expect(unsafe_code, reason = "places named by the linker script")]

use guest_abi::list;
use i586::page::PAGE_BYTES;
use scc::address::PhysAddr;
use trace_format::symbols::{HEADER_BYTES, total_bytes};

use crate::arch::i586::start;
use crate::layout;

// SAFETY: the linker script defines all of them. Only their addresses are taken, but for the command line's page and
// the symbol table, which are read as bytes.
unsafe extern "C" {
    static text_start: u8;
    static rodata_end: u8;
    static image_start: u8;
    static data_start: u8;
    static data_end: u8;
    static data_copy: u8;
    static image_end: u8;
    static symbol_table: u8;
    static boot_stacks: u8;
    static boot_command_line: u8;
}

fn address(place: *const u8) -> u32 {
    u32::try_from(place.addr()).expect("addresses have 32 bits")
}

/// First address of what must not be written: code and constants.
#[must_use]
pub fn read_only_start() -> u32 {
    address(&raw const text_start)
}

/// First address behind what must not be written, a multiple of 4 KB.
#[must_use]
pub fn read_only_end() -> u32 {
    address(&raw const rodata_end)
}

/// First address behind the image, a multiple of 4 KB.
#[must_use]
pub fn end() -> u32 {
    address(&raw const image_end)
}

/// Memory of both stacks, one behind the other.
#[must_use]
pub fn stacks() -> PhysAddr {
    PhysAddr::new(address(&raw const boot_stacks) - layout::DIRECT_MAP)
}

/// What another core needs of this image: where it goes in core-physical memory, where it lies here, how many bytes.
///
/// Variables are taken from the copy that the start code has made before anything was changed.
pub fn pieces() -> impl Iterator<Item = (PhysAddr, u32, u32)> {
    let direct = |first: u32, bytes| (PhysAddr::new(first), layout::DIRECT_MAP + first, bytes);
    let start = address(&raw const image_start);
    let data = address(&raw const data_start);
    let data_bytes = address(&raw const data_end) - data;
    let table = address(&raw const symbol_table);
    let (guests, guest_bytes) = guest_list().unwrap_or((PhysAddr::new(0), 0));
    [
        direct(address(&raw const boot_command_line), PAGE_BYTES),
        direct(start, read_only_end() - layout::DIRECT_MAP - start),
        (PhysAddr::new(data - layout::DIRECT_MAP), address(&raw const data_copy), data_bytes),
        direct(table - layout::DIRECT_MAP, symbols_end() - table),
        direct(guests.get(), guest_bytes),
    ]
    .into_iter()
}

/// First `length` bytes from where a symbol table may be. They must be mapped.
pub(super) fn symbol_table_bytes(length: usize) -> &'static [u8] {
    // SAFETY: the caller answers for the mapping; nobody ever writes there, and any bytes will do.
    unsafe { core::slice::from_raw_parts(&raw const symbol_table, length) }
}

/// First address behind the symbol table, or behind the image if there is none. The first 4 MB must be mapped.
#[must_use]
pub fn symbols_end() -> u32 {
    let bytes = total_bytes(symbol_table_bytes(HEADER_BYTES)).unwrap_or(0);
    end() + u32::try_from(bytes).unwrap_or(0)
}

/// Place and bytes of the list of guests on the page behind the symbol table, if whoever loaded the image has left one.
/// The first 4 MB must be mapped.
#[must_use]
pub fn guest_list() -> Option<(PhysAddr, u32)> {
    let place = symbols_end().checked_next_multiple_of(PAGE_BYTES)?;
    if place >= layout::DIRECT_MAP + start::LOW_BYTES {
        return None;
    }
    let header = core::ptr::with_exposed_provenance::<[u8; list::HEADER_BYTES]>(place as usize);
    // SAFETY: the page is mapped, and nobody ever writes there; any bytes will do.
    let bytes = list::total_bytes(unsafe { &*header }).ok()?;
    Some((PhysAddr::new(place - layout::DIRECT_MAP), bytes))
}

/// Bytes of the direct map that nobody ever writes.
pub(super) fn constant_bytes(first: PhysAddr, length: u32) -> &'static [u8] {
    let place = core::ptr::with_exposed_provenance::<u8>((layout::DIRECT_MAP + first.get()) as usize);
    // SAFETY: the caller answers for the mapping and for that nobody writes there; any bytes will do.
    unsafe { core::slice::from_raw_parts(place, length as usize) }
}

/// The page in which whoever loads the image may leave a command line.
#[must_use]
pub fn command_line_page() -> &'static [u8] {
    let address = (&raw const boot_command_line).addr() + layout::DIRECT_MAP as usize;
    let page = core::ptr::with_exposed_provenance::<u8>(address);
    // SAFETY: the page is memory of this core, in the direct map, and nobody writes it while the kernel runs.
    unsafe { core::slice::from_raw_parts(page, PAGE_BYTES as usize) }
}
