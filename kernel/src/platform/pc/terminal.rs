//! The terminal: the second serial port, if there is one. Its interrupt comes through the first 8259.
//!
//! Its FIFOs stay off: switching them on would discard what was typed before the kernel listened.

use core::sync::atomic::{AtomicBool, Ordering};

use super::chipset;
use super::serial::Serial;

/// Whether the port is there and set up.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Takes what is typed from now on. Task context.
pub fn open() {
    if Serial::COM2.is_present() {
        Serial::COM2.initialise();
        chipset::listen_to_serial();
        Serial::COM2.interrupt_when_received(true);
        OPEN.store(true, Ordering::Relaxed);
    }
}

/// Takes no more. Task context.
pub fn close() {
    if OPEN.swap(false, Ordering::Relaxed) {
        Serial::COM2.interrupt_when_received(false);
        chipset::mask_legacy_interrupts();
    }
}

/// Takes what was typed and gives its length, 0 if there is nothing. Task context.
///
/// The port's line stays high while there is something, and its next edge comes with the first byte behind that.
pub fn read(into: &mut [u8]) -> usize {
    let received = core::iter::from_fn(|| Serial::COM2.read());
    let mut count = 0;
    if OPEN.load(Ordering::Relaxed) {
        for (place, byte) in into.iter_mut().zip(received) {
            *place = byte;
            count += 1;
        }
    }
    count
}

/// Writes text as it is; without a port it goes nowhere.
pub fn write(text: &[u8]) {
    if OPEN.load(Ordering::Relaxed) {
        Serial::COM2.write(text);
    }
}
