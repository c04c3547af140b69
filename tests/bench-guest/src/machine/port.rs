//! Ports: the serial port, the port benchmark, and the ways to end on each machine.
#![expect(unsafe_code, reason = "port and flag instructions")]

use core::arch::asm;
use core::fmt;

use super::parameters::Machine;

/// First port of the first serial adapter.
const SERIAL: u16 = 0x3F8;
/// Its line status.
const LINE_STATUS: u16 = SERIAL + 5;
/// Line status: both transmit buffer and shift register are empty.
const ALL_SENT: u8 = 0x40;
/// Its line control: 8 data bits; the top bit swaps the first two registers for the divisor.
const LINE_CONTROL: u16 = SERIAL + 3;
/// Its scratch register, which does nothing.
const SCRATCH: u16 = SERIAL + 7;
/// Reads of the line status before the adapter is taken to be absent.
const PATIENCE: u32 = 1_000_000;

/// QEMU's `isa-debug-exit` as this project places it.
const QEMU_EXIT: u16 = 0xF4;
/// Bochs ends when this word is written here.
const BOCHS_EXIT: (u16, &[u8]) = (0x8900, b"Shutdown");

/// Writes and reads per round.
const PAIRS: u32 = 1_000;

/// Writes the scratch register and reads it back; the checksum is made of what was read.
pub(super) fn run(rounds: u32, seed: u32) -> u32 {
    let mut checksum = seed;
    for _ in 0..rounds {
        for _ in 0..PAIRS {
            write(SCRATCH, checksum.to_le_bytes()[1]);
            checksum = checksum.rotate_left(7).wrapping_add(u32::from(read(SCRATCH)) ^ 0x5A);
        }
    }
    checksum
}

/// The first serial port as a text stream.
pub(super) struct Serial;

impl Serial {
    /// Sets a PC's adapter to 8 bits at full speed. The SCC's soft UART would print the divisor.
    pub(super) fn set_up(machine: Machine) {
        if machine == Machine::Pc {
            for (port, value) in [(LINE_CONTROL, 0x83), (SERIAL, 1), (SERIAL + 1, 0), (LINE_CONTROL, 3)] {
                write(port, value);
            }
        }
    }
}

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            wait_until_sent();
            write(SERIAL, byte);
        }
        Ok(())
    }
}

/// Waits until the adapter has sent all, so that ending the machine loses nothing; gives up if there is none.
fn wait_until_sent() {
    for _ in 0..PATIENCE {
        if read(LINE_STATUS) & ALL_SENT != 0 {
            break;
        }
    }
}

/// Ends the run: leaves the emulator on a PC, stops the core for good on the SCC.
pub(super) fn end(machine: Machine) -> ! {
    if machine == Machine::Pc {
        wait_until_sent();
        write(QEMU_EXIT, 0);
        BOCHS_EXIT.1.iter().for_each(|byte| write(BOCHS_EXIT.0, *byte));
    }
    loop {
        // SAFETY: stopping harms nobody; interrupts are off and stay off.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}

fn write(port: u16, value: u8) {
    // SAFETY: none of the ports above changes memory.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags)) };
}

fn read(port: u16) -> u8 {
    let value;
    // SAFETY: none of the ports above changes memory.
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack, preserves_flags)) };
    value
}
