//! Windows onto registers and message buffers: the only place that dereferences their addresses.
//!
//! Each access is one aligned 32-bit load or store, as the tile registers, the FPGA and the APIC want. A register that
//! exists is always there: nothing here can fail. Facts: SCC reference §2.10, §4.1, §7.1.
#![expect(unsafe_code, reason = "device registers are memory")]

use core::ptr::with_exposed_provenance_mut;

use i586::apic::ApicRegister;
use ipi::mesh::{MpbAddress, POOL_BYTES, Pool};
use scc::address::{LINE_BYTES, LineIndex, LutIndex};
use scc::fpga::FpgaRegister;
use scc::id::{CoreId, TileId};
use scc::lut::LutEntry;
use scc::mpb;
use scc::tile::{Gcbcfg, Glcfg, TileRegister};

use super::device_map::Device;
use super::pool;
use crate::arch::i586::cpu;
use crate::layout;

/// Registers of a tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct TileWindow(u32);

impl TileWindow {
    /// The tile this core sits on.
    #[must_use]
    pub(super) fn own() -> Self {
        Self(Device::OwnTile.base())
    }

    /// Any tile of the chip.
    #[must_use]
    pub(super) fn of(tile: TileId) -> Self {
        Self(Device::Tile(tile).base())
    }

    /// Reads a register. Reading a lock takes it.
    #[must_use]
    pub(super) fn read(self, register: TileRegister) -> u32 {
        load(self.0 + register.offset())
    }

    /// Writes the pins of a core. None of them changes memory that a running core relies on.
    pub(super) fn write_pins(self, register: TileRegister, pins: Glcfg) {
        debug_assert!(matches!(register, TileRegister::Glcfg(_)), "pins are in GLCFG");
        // SAFETY: pins interrupt, stop or restart a core; they do not change what is in memory.
        unsafe { self.write(register, pins.into_bits()) };
    }

    /// Changes which cores and L2s of the tile are in reset; the clocks must be what they were.
    pub(super) fn write_resets(self, value: Gcbcfg) {
        // SAFETY: resets end what other cores do; the memory of this one is not touched.
        unsafe { self.write(TileRegister::Gcbcfg, value.into_bits()) };
    }

    /// Points an entry behind [`layout::REACH`] or a window onto other cores' pools at some memory. For the own tile.
    pub(super) fn write_reach(self, slot: u8, index: LutIndex, memory: LutEntry) {
        // SAFETY: nothing of this core lies behind these entries; Rust refers to nothing in the windows.
        unsafe { self.write(TileRegister::Lut(slot, index), memory.bits()) };
    }

    /// Tries to take a test-and-set lock.
    pub(super) fn take_lock(self, slot: u8) -> bool {
        self.read(TileRegister::Lock(slot)) & 1 == 1
    }

    /// Frees a test-and-set lock. Any value does.
    pub(super) fn free_lock(self, slot: u8) {
        // SAFETY: a lock is a bit of its own.
        unsafe { self.write(TileRegister::Lock(slot), 1) };
    }

    /// Writes a register. A change of clock, reset or LUT takes effect before this returns.
    ///
    /// # Safety
    /// A LUT entry of this core must not take memory away that Rust relies on, nor give it to somebody else.
    pub(super) unsafe fn write(self, register: TileRegister, value: u32) {
        // SAFETY: the register belongs to the window; what its value changes is the caller's duty.
        unsafe { store(self.0 + register.offset(), value) };
    }
}

/// Reads a register of the FPGA.
#[must_use]
pub(super) fn read_fpga(register: FpgaRegister) -> u32 {
    load(Device::Fpga.base() + register.offset())
}

/// Writes a register of the FPGA. None of those named by [`FpgaRegister`] changes a core's memory.
pub(super) fn write_fpga(register: FpgaRegister, value: u32) {
    // SAFETY: the register exists; no register of the bank moves or changes memory.
    unsafe { store(Device::Fpga.base() + register.offset(), value) };
}

/// Reads an aligned word of the page through which the host types.
#[must_use]
pub(super) fn read_terminal(offset: u32) -> u32 {
    load(Device::Terminal.base() + offset)
}

/// Writes an aligned word of the page through which the host types.
pub(super) fn write_terminal(offset: u32, word: u32) {
    // SAFETY: the page is set aside by the linker script, and nobody holds a reference into it.
    unsafe { store(Device::Terminal.base() + offset, word) };
}

/// Reads a register of the local APIC.
#[must_use]
pub(crate) fn read_apic(register: ApicRegister) -> u32 {
    load(Device::LocalApic.base() + register.offset())
}

/// Writes a register of the local APIC.
pub(crate) fn write_apic(register: ApicRegister, value: u32) {
    // SAFETY: the register exists; the APIC changes no memory, and interrupts arrive through gates only.
    unsafe { store(Device::LocalApic.base() + register.offset(), value) };
}

fn load(address: u32) -> u32 {
    let pointer = with_exposed_provenance_mut::<u32>(address as usize);
    // SAFETY: callers add a register's offset to its window's base; device windows stay mapped from the start on.
    unsafe { pointer.read_volatile() }
}

/// # Safety
/// The register's effect must not change memory that Rust relies on.
unsafe fn store(address: u32, value: u32) {
    let pointer = with_exposed_provenance_mut::<u32>(address as usize);
    // SAFETY: as for `load`; the effect is the caller's duty.
    unsafe { pointer.write_volatile(value) };
}

/// Fills this core's half of its tile's message buffer with zeros.
pub(super) fn clear_message_buffer(core: CoreId) {
    // SAFETY: nobody holds a reference into a message buffer, and any core may write to it.
    unsafe { cpu::fill_words(Device::OwnMessageBuffer(core.slot()).base(), 0, mpb::CORE_BYTES / 4) };
}

/// Reads a line; L1 must not hold it any more.
pub(super) fn read_message_line(owner: CoreId, line: LineIndex) -> [u32; 8] {
    load_line(message_line(owner, line))
}

/// Writes a line in ascending order.
pub(super) fn write_message_line(owner: CoreId, line: LineIndex, words: [u32; 8]) {
    store_line(message_line(owner, line), words);
}

#[inline(always)]
fn load_line(first: u32) -> [u32; 8] {
    [0, 4, 8, 12, 16, 20, 24, 28].map(|offset| load(first + offset))
}

/// Stores the words of a line of a message buffer in ascending order.
#[inline(always)]
fn store_line(first: u32, [a, b, c, d, e, f, g, h]: [u32; 8]) {
    begin_line(first, [a, b, c, d, e]).write([f, g, h]);
}

/// Stores the first words of a line.
#[inline(always)]
fn begin_line(first: u32, [a, b, c, d, e]: [u32; 5]) -> RestOfLine {
    for (word, offset) in [(a, 0), (b, 4), (c, 8), (d, 12), (e, 16)] {
        // SAFETY: nobody holds a reference into a message buffer, and any core may write to it.
        unsafe { store(first + offset, word) };
    }
    RestOfLine { first }
}

/// A line of which five words are written.
#[must_use]
pub(super) struct RestOfLine {
    first: u32,
}

impl RestOfLine {
    /// Writes the others, which sends the line off.
    #[inline(always)]
    pub(super) fn write(self, [f, g, h]: [u32; 3]) {
        for (word, offset) in [(f, 20), (g, 24), (h, 28)] {
            // SAFETY: nobody holds a reference into a message buffer, and any core may write to it.
            unsafe { store(self.first + offset, word) };
        }
    }
}

/// Where this core sees a core's half of its tile's buffer. Its own, too, is seen through the window onto all tiles: the
/// way is the same, and no line has two addresses.
#[inline]
fn message_half(owner: CoreId) -> u32 {
    Device::MessageBuffer(owner).base()
}

/// Reads an aligned word, as L1 sees it.
#[inline]
pub(super) fn read_message_word(at: MpbAddress) -> u32 {
    debug_assert!(at.offset().is_multiple_of(4), "a word is aligned");
    load(message_half(at.owner()) + u32::from(at.offset()))
}

/// Writes an aligned word.
#[inline]
pub(super) fn write_message_word(at: MpbAddress, word: u32) {
    debug_assert!(at.offset().is_multiple_of(4), "a word is aligned");
    // SAFETY: nobody holds a reference into a message buffer, and any core may write to it.
    unsafe { store(message_half(at.owner()) + u32::from(at.offset()), word) };
}

/// Reads a line in ascending order, as L1 sees it. For a line that interrupts must not divide.
#[inline(always)]
pub(super) fn read_message_words(at: MpbAddress) -> [u32; 8] {
    debug_assert!(at.offset_in_line() == 0, "a line is read from its beginning");
    load_line(message_half(at.owner()) + u32::from(at.offset()))
}

/// Writes the first words of a line, in ascending order.
#[inline(always)]
pub(super) fn write_first_message_words(at: MpbAddress, words: [u32; 5]) -> RestOfLine {
    debug_assert!(at.offset_in_line() == 0, "a line is written from its beginning");
    begin_line(message_half(at.owner()) + u32::from(at.offset()), words)
}

/// Reads bytes of one line in ascending order, as L1 sees them.
pub(super) fn read_message_bytes(owner: CoreId, offset: u16, bytes: &mut [u8]) {
    let (mut address, mut rest) = (message_half(owner) + within_line(offset, bytes.len()), bytes);
    while let Some((byte, behind)) = core::mem::take(&mut rest).split_first_mut() {
        if address.is_multiple_of(4) && behind.len() >= 3 {
            let (others, behind) = behind.split_at_mut(3);
            let [first, second, third, fourth] = load(address).to_le_bytes();
            *byte = first;
            others.copy_from_slice(&[second, third, fourth]);
            (address, rest) = (address + 4, behind);
        } else {
            let pointer = with_exposed_provenance_mut::<u8>(address as usize);
            // SAFETY: the byte lies in a message buffer, whose windows stay mapped from the start on.
            *byte = unsafe { pointer.read_volatile() };
            (address, rest) = (address + 1, behind);
        }
    }
}

/// Writes an aligned quadword in ascending order.
#[inline]
pub(super) fn write_message_quadword(at: MpbAddress, [first, last]: [u32; 2]) {
    debug_assert!(at.offset().is_multiple_of(8), "a quadword is aligned");
    let address = message_half(at.owner()) + u32::from(at.offset());
    for (word, offset) in [(first, 0), (last, 4)] {
        // SAFETY: nobody holds a reference into a message buffer, and any core may write to it.
        unsafe { store(address + offset, word) };
    }
}

/// Writes a byte.
#[inline]
pub(super) fn write_message_byte(at: MpbAddress, byte: u8) {
    let address = message_half(at.owner()) + u32::from(at.offset());
    let pointer = with_exposed_provenance_mut::<u8>(address as usize);
    // SAFETY: nobody holds a reference into a message buffer, and any core may write to it.
    unsafe { pointer.write_volatile(byte) };
}

/// Writes bytes of one line in ascending order.
pub(super) fn write_message_bytes(owner: CoreId, offset: u16, bytes: &[u8]) {
    let (mut address, mut rest) = (message_half(owner) + within_line(offset, bytes.len()), bytes);
    while let Some((byte, behind)) = rest.split_first() {
        let word = rest.first_chunk().filter(|_| address.is_multiple_of(4));
        if let Some(word) = word {
            // SAFETY: nobody holds a reference into a message buffer, and any core may write to it.
            unsafe { store(address, u32::from_le_bytes(*word)) };
            (address, rest) = (address + 4, &rest[4..]);
        } else {
            let pointer = with_exposed_provenance_mut::<u8>(address as usize);
            // SAFETY: as for words.
            unsafe { pointer.write_volatile(*byte) };
            (address, rest) = (address + 1, behind);
        }
    }
}

/// Copies consecutive lines of a message buffer, as L1 sees them, to this core's memory.
pub(super) fn read_message_lines(from: MpbAddress, bytes: &mut [u8]) {
    copy_out(message_half(from.owner()) + lines_within(from.offset(), bytes.len()), bytes);
}

/// Copies lines of a pool, as L1 sees them, to this core's memory.
pub(super) fn read_pool_lines(pool: Pool, offset: u32, bytes: &mut [u8]) {
    copy_out(pool_lines(pool, offset, bytes.len()), bytes);
}

/// Bytes that are touched before they are copied: few enough that they stay in L1 until then.
const COPIED_AT_ONCE: usize = 1024;

/// Copies lines, each of which is touched before where it goes: no cache of the chip allocates on a write miss, and every
/// store would be a transaction of its own. SCC reference §2.3.
fn copy_out(source: u32, bytes: &mut [u8]) {
    for (piece, at) in bytes.chunks_mut(COPIED_AT_ONCE).zip((source..).step_by(COPIED_AT_ONCE)) {
        touch(piece);
        copy_touched(at, piece);
    }
}

fn copy_touched(source: u32, bytes: &mut [u8]) {
    let (words, rest) = bytes.as_chunks_mut::<4>();
    let (count, target) = (in_32_bits(words.len()), words.as_mut_ptr().expose_provenance());
    // SAFETY: callers name lines of a message buffer or a pool, whose windows stay mapped, and they are copied to bytes that
    // are borrowed for that.
    unsafe { cpu::copy_words(in_32_bits(target), source, count) };
    for (byte, at) in rest.iter_mut().zip(source + 4 * count..) {
        // SAFETY: as for words.
        *byte = unsafe { with_exposed_provenance_mut::<u8>(at as usize).read_volatile() };
    }
}

/// Has L1 hold all lines in which `bytes` lie.
fn touch(bytes: &[u8]) {
    let (fours, rest) = bytes.as_chunks();
    fours.iter().for_each(cpu::touch_four_lines);
    for place in rest.chunks(LINE_BYTES as usize).filter_map(|line| line.first()).chain(bytes.last()) {
        // SAFETY: a reference may be read from.
        unsafe { core::ptr::from_ref(place).read_volatile() };
    }
}

/// Writes consecutive lines of a message buffer in ascending order.
pub(super) fn write_message_lines(to: MpbAddress, bytes: &[u8]) {
    copy_in(message_half(to.owner()) + lines_within(to.offset(), bytes.len()), bytes);
}

/// Writes lines of a pool in ascending order.
pub(super) fn write_pool_lines(pool: Pool, offset: u32, bytes: &[u8]) {
    copy_in(pool_lines(pool, offset, bytes.len()), bytes);
}

fn copy_in(target: u32, bytes: &[u8]) {
    let (words, rest) = bytes.as_chunks::<4>();
    let (count, source) = (in_32_bits(words.len()), words.as_ptr().expose_provenance());
    // SAFETY: nobody holds a reference into a message buffer or a pool, and any core may write to them; the bytes are
    // borrowed.
    unsafe { cpu::copy_words(target, in_32_bits(source), count) };
    for (byte, at) in rest.iter().zip(target + 4 * count..) {
        // SAFETY: as for words.
        unsafe { with_exposed_provenance_mut::<u8>(at as usize).write_volatile(*byte) };
    }
}

/// Where this core sees lines of a pool.
fn pool_lines(pool: Pool, offset: u32, length: usize) -> u32 {
    assert!(offset.is_multiple_of(LINE_BYTES), "lines begin at multiples of 32");
    assert!(
        offset <= POOL_BYTES && length <= (POOL_BYTES - offset) as usize,
        "the lines end within the pool"
    );
    pool::first_byte(pool) + offset
}

/// A count or an address of this core, which has 32 bits.
fn in_32_bits(number: usize) -> u32 {
    u32::try_from(number).expect("a core has 32-bit addresses")
}

/// The offset of the first of some lines of a core's half.
fn lines_within(offset: u16, length: usize) -> u32 {
    let offset = u32::from(offset);
    assert!(offset.is_multiple_of(LINE_BYTES), "lines begin at multiples of 32");
    assert!(
        length <= (mpb::CORE_BYTES - offset) as usize,
        "the lines end within a core's half of a message buffer"
    );
    offset
}

/// An offset into a core's half, if `length` bytes from there on stay in its line.
fn within_line(offset: u16, length: usize) -> u32 {
    let offset = u32::from(offset);
    assert!((offset % LINE_BYTES) as usize + length <= LINE_BYTES as usize, "an access stays within a line");
    assert!(offset < mpb::CORE_BYTES, "a core's half of a message buffer has 8 KB");
    offset
}

fn message_line(owner: CoreId, line: LineIndex) -> u32 {
    assert!(line.get() < mpb::CORE_LINES, "a core's half of a message buffer has 256 lines");
    Device::MessageBuffer(owner).base() + u32::from(line.offset().get())
}

/// Copies words from this core's memory to an offset in the window onto other memory, in ascending order.
pub(super) fn copy_into_reach(target: u32, source: u32, words: u32) {
    assert!(target + 4 * words <= layout::REACH_BYTES, "the copy ends inside the window");
    // SAFETY: callers name parts of their image as the source; the memory in the window belongs to a core in reset, and
    // no reference leads there.
    unsafe { cpu::copy_words(layout::REACH + target, source, words) };
}
