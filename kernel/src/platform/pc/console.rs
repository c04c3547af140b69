//! Characters to COM1: 115,200 baud, 8 bits, polled. Facts: data sheet of National's 16550.
#![expect(unsafe_code, reason = "ports are named by number")]

use crate::arch::i586::port::Port;

/// First port of COM1.
const COM1: u16 = 0x3F8;
/// Data, and with [`DIVISOR_ACCESS`] the low byte of the divisor.
const DATA: u16 = 0;
/// Interrupt enable, and with [`DIVISOR_ACCESS`] the high byte of the divisor.
const INTERRUPT_ENABLE: u16 = 1;
const FIFO_CONTROL: u16 = 2;
const LINE_CONTROL: u16 = 3;
const MODEM_CONTROL: u16 = 4;
const LINE_STATUS: u16 = 5;

const DIVISOR_ACCESS: u8 = 0x80;
const EIGHT_BITS: u8 = 0x03;
/// 115,200 baud.
const DIVISOR: u8 = 1;
/// FIFOs on and empty.
const FIFO_ON: u8 = 0x07;
/// DTR and RTS.
const READY: u8 = 0x03;
/// The transmitter takes a byte.
const TRANSMITTER_EMPTY: u8 = 0x20;
/// Looks at the status per byte: longer than any byte takes at this rate, for a port without a device never says yes.
const PATIENCE: u32 = 100_000;

fn register(offset: u16) -> Port {
    // SAFETY: a serial port takes and gives bytes; it changes no memory.
    unsafe { Port::new(COM1 + offset) }
}

/// Sets the line up.
pub(super) fn initialise() {
    for (offset, value) in [
        (INTERRUPT_ENABLE, 0),
        (LINE_CONTROL, DIVISOR_ACCESS),
        (DATA, DIVISOR),
        (INTERRUPT_ENABLE, 0),
        (LINE_CONTROL, EIGHT_BITS),
        (FIFO_CONTROL, FIFO_ON),
        (MODEM_CONTROL, READY),
    ] {
        register(offset).write(value);
    }
}

/// Writes text as it is.
pub fn write(text: &[u8]) {
    for byte in text {
        for _ in 0..PATIENCE {
            if register(LINE_STATUS).read() & TRANSMITTER_EMPTY != 0 {
                break;
            }
        }
        register(DATA).write(*byte);
    }
}
