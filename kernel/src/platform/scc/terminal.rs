//! The terminal: a page through which the host types, and the second serial port.
//!
//! The host writes the page behind the caches and rings by its own source of the global interrupt controller; every access
//! here is uncached. Layout: [`guest_abi::terminal`]. Facts: SCC reference §7.5, §8.2, §8.5.
#![expect(unsafe_code, reason = "ports are named by number")]

use guest_abi::terminal::{MAGIC, MAGIC_OFFSET, TAKEN_OFFSET, TEXT_BYTES, TEXT_OFFSET, TYPED_OFFSET};
use scc::host::Uart;

use super::window::{read_terminal, write_terminal};
use crate::arch::i586::port::Port;

/// Tells the host that it may type: nothing that lay in the page counts. Task context.
pub fn open() {
    write_terminal(TYPED_OFFSET, 0);
    write_terminal(TAKEN_OFFSET, 0);
    write_terminal(MAGIC_OFFSET, MAGIC);
}

/// Tells the host that nobody takes what it types. Task context.
pub fn close() {
    write_terminal(MAGIC_OFFSET, 0);
}

/// Takes what was typed and gives its length, 0 if there is nothing. After the host has rung there is, unless it was taken
/// before. Task context.
pub fn read(into: &mut [u8]) -> usize {
    let taken = read_terminal(TAKEN_OFFSET);
    // More than the page holds is the host's mistake; the text is then what lies there.
    let waiting = read_terminal(TYPED_OFFSET).wrapping_sub(taken).min(TEXT_BYTES);
    let mut count = 0;
    for (place, number) in into.iter_mut().zip(0..waiting) {
        let at = taken.wrapping_add(number) % TEXT_BYTES;
        let word = read_terminal(TEXT_OFFSET + at - at % 4);
        *place = word.to_le_bytes()[at as usize % 4];
        count = number + 1;
    }
    if count != 0 {
        write_terminal(TAKEN_OFFSET, taken.wrapping_add(count));
    }
    count as usize
}

/// Writes text as it is.
pub fn write(text: &[u8]) {
    // SAFETY: the host prints what it gets, and no port of the chip changes memory.
    let data = unsafe { Port::new(Uart::Com2.base_port()) };
    text.iter().for_each(|byte| data.write(*byte));
}
