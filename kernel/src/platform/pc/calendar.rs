//! The PC's clock that goes on while it is off: date and time.
//!
//! It is updated once a second, during which its registers may be between two values; so they are read until two readings
//! agree. Facts: data sheet of Motorola's MC146818A, tables 2 and 3.
#![expect(unsafe_code, reason = "ports are named by number")]

use crate::arch::i586::port::Port;
use crate::time_of_day::Date;

/// Port that selects a register.
const INDEX: u16 = 0x70;
/// Port of the selected register.
const DATA: u16 = 0x71;
/// Registers: second, minute, hour, day of the month, month, year of the century.
const TIME: [u8; 6] = [0, 2, 4, 7, 8, 9];
/// Register B: how the others are to be read.
const FORMAT: u8 = 0x0B;
/// Register B: numbers are binary, not one decimal digit in four bits.
const BINARY: u8 = 1 << 2;
/// Register B: hours are up to 23, not up to 12 with a bit for the afternoon.
const WHOLE_DAY: u8 = 1 << 1;
/// Readings after which the clock counts as broken.
const READINGS: usize = 16;
/// The clock knows two digits of the year.
const CENTURY: u32 = 2000;

/// Seconds since 1970, if the clock shows a date. Hours up to 12 are not understood.
pub(super) fn seconds() -> Option<u32> {
    let mut before = read_all();
    for _ in 0..READINGS {
        let now = read_all();
        if now == before {
            return date(now, read(FORMAT))?.seconds();
        }
        before = now;
    }
    None
}

fn date(registers: [u8; 6], format: u8) -> Option<Date> {
    let number = |byte: u8| if format & BINARY != 0 { byte } else { 10 * (byte >> 4) + (byte & 0xF) };
    let [second, minute, hour, day, month, year] = registers.map(|byte| u32::from(number(byte)));
    let date = Date { year: CENTURY + year, month, day, hour, minute, second };
    (format & WHOLE_DAY != 0).then_some(date)
}

fn read_all() -> [u8; 6] {
    TIME.map(read)
}

fn read(register: u8) -> u8 {
    port(INDEX).write(register);
    port(DATA).read()
}

fn port(number: u16) -> Port {
    // SAFETY: neither of the ports that this file names starts a transfer to memory.
    unsafe { Port::new(number) }
}
