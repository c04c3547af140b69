//! Contents of any frame, whether the direct map shows it or not.
//!
//! Frames beyond the direct map are shown on a few pages, from [`layout::FRAME_WINDOWS`] on, each on the one that its number
//! leads to, and stay there until another one is. Everything is copied: nobody gets a reference, because a guest or a device may own the frame. Task context.
#![expect(unsafe_code, reason = "reads and writes memory by frame")]

use core::ptr::with_exposed_provenance_mut;

use i586::page::PAGE_BYTES;

use super::frame::Frame;
use super::kernel_space;
use crate::arch::i586::cpu;
use crate::layout;

/// Copies bytes out of a frame, from `offset` on.
///
/// # Panics
/// If they do not lie within it.
pub fn read(frame: Frame, offset: u32, into: &mut [u8]) {
    let place = place(frame, offset, into.len());
    // SAFETY: the page is mapped until the next call of this module, and all of the bytes lie in it; `into` is memory of
    // the kernel's own, which no frame of this module's users overlaps.
    unsafe { core::ptr::copy_nonoverlapping(place, into.as_mut_ptr(), into.len()) };
}

/// Copies bytes into a frame, from `offset` on.
///
/// # Panics
/// If they do not lie within it.
pub fn write(frame: Frame, offset: u32, bytes: &[u8]) {
    let place = place(frame, offset, bytes.len());
    // SAFETY: as in `read`; callers own the frame.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
}

/// Fills a frame with zeroes.
pub fn clear(frame: Frame) {
    let place = shown(frame);
    kernel_space::read_lines(place, PAGE_BYTES);
    // SAFETY: the page is mapped and whole; callers own the frame.
    unsafe { cpu::fill_words(place, 0, PAGE_BYTES / 4) };
}

/// Reads words of a frame from `index` (0 to 1023) on: few, without the start of a string instruction.
///
/// # Panics
/// If they do not lie within it.
#[inline(always)]
pub fn load_all(frame: Frame, index: u32, words: &mut [u32]) {
    let first = place(frame, 4 * index, size_of_val(words)).cast::<u32>();
    for (number, word) in words.iter_mut().enumerate() {
        // SAFETY: mapped until the next call of this module, aligned, within the frame; any bits will do.
        *word = unsafe { first.add(number).read_volatile() };
    }
}

/// Writes words of a frame from `index` (0 to 1023) on, ascending.
///
/// # Panics
/// If they do not lie within it.
#[inline(always)]
pub fn store_all(frame: Frame, index: u32, words: &[u32]) {
    let first = place(frame, 4 * index, size_of_val(words)).cast::<u32>();
    for (number, word) in words.iter().enumerate() {
        // SAFETY: mapped until the next call of this module, aligned, within the frame, which callers own.
        unsafe { first.add(number).write_volatile(*word) };
    }
}

/// Reads word `index` (0 to 1023) of a frame.
#[inline(always)]
#[must_use]
pub fn load(frame: Frame, index: u32) -> u32 {
    // SAFETY: mapped, aligned, within the frame; any bits will do.
    unsafe { place(frame, 4 * index, 4).cast::<u32>().read_volatile() }
}

/// Writes word `index` (0 to 1023) of a frame.
#[inline(always)]
pub fn store(frame: Frame, index: u32, word: u32) {
    // SAFETY: mapped, aligned, within the frame, which callers own.
    unsafe { place(frame, 4 * index, 4).cast::<u32>().write_volatile(word) };
}

#[inline(always)]
fn place(frame: Frame, offset: u32, bytes: usize) -> *mut u8 {
    let within = offset <= PAGE_BYTES && bytes <= (PAGE_BYTES - offset) as usize;
    assert!(within, "accesses lie within one frame");
    with_exposed_provenance_mut((shown(frame) + offset) as usize)
}

/// Virtual address at which the frame can be touched until the next call.
#[inline(always)]
fn shown(frame: Frame) -> u32 {
    match frame.base().get() {
        direct @ ..layout::DIRECT_MAP_BYTES => layout::DIRECT_MAP + direct,
        _ => kernel_space::show_in_window(frame),
    }
}
