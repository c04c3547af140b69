//! What a guest writes: text for the terminal as it is while that is attached, else lines on the core's console with the
//! guest's name, at a limited rate.

use alloc::rc::Rc;
use core::time::Duration;

use guest_abi::GuestPhysAddr;
use guest_abi::call::Text;

use super::guest_memory::{GuestMemory, OutsideMemory, pieces};
use super::line_rate::{LineRate, Verdict};
use super::terminal::GuestTerminal;
use crate::console::print;
use crate::platform::machine;
use crate::runtime;

/// A longer line is printed in pieces.
const LINE_BYTES: usize = 120;
/// Bytes that are copied out of the guest or into it at a time.
const PIECE_BYTES: usize = 64;
/// Bytes for the terminal that one call writes: a byte leaves the core in some hundred cycles, and other tasks get their
/// turn between calls.
const TERMINAL_BYTES: u32 = 128;
/// Lines that a guest may print at once: more than a boot of Linux has.
const BURST_LINES: u32 = 512;
/// Time that pays for a line beyond: 100 lines a second.
const LINE_PRICE: Duration = Duration::from_millis(10);

/// The line that a guest is writing. Task context.
pub struct Console {
    name: &'static str,
    terminal: Rc<GuestTerminal>,
    rate: LineRate,
    line: [u8; LINE_BYTES],
    used: usize,
}

impl Console {
    /// For the guest of this name.
    #[must_use]
    pub const fn new(name: &'static str, terminal: Rc<GuestTerminal>) -> Self {
        let rate = LineRate::new(BURST_LINES, LINE_PRICE);
        Self { name, terminal, rate, line: [0; LINE_BYTES], used: 0 }
    }

    /// Takes the beginning of a text, prints the lines that it ends or hands it to the terminal, and gives the length of
    /// what was taken.
    ///
    /// # Errors
    /// [`OutsideMemory`] if not all of it is memory of the guest; nothing of it is taken then.
    pub fn write(&mut self, memory: &impl GuestMemory, text: Text) -> Result<u32, OutsideMemory> {
        memory.check(text.address, text.bytes)?;
        let attached = self.terminal.is_attached();
        let taken = if attached { text.bytes.min(TERMINAL_BYTES) } else { text.bytes };
        if attached {
            self.flush();
        }
        let mut place = text.address;
        for length in pieces(taken, PIECE_BYTES) {
            let mut piece = [0; PIECE_BYTES];
            let piece = &mut piece[..length as usize];
            memory.read(place, piece)?;
            if attached {
                machine::terminal::write(piece);
            } else {
                piece.iter().for_each(|byte| self.take(*byte));
            }
            // The text was checked to lie in the memory.
            place = GuestPhysAddr::new(place.number() + length);
        }
        Ok(taken)
    }

    /// Hands typed text to the guest, and gives its length.
    ///
    /// # Errors
    /// [`OutsideMemory`] if there is not memory of the guest for all that it asks for; nothing was taken then.
    pub fn read(&self, memory: &impl GuestMemory, text: Text) -> Result<u32, OutsideMemory> {
        memory.check(text.address, text.bytes)?;
        let mut place = text.address;
        for length in pieces(text.bytes, PIECE_BYTES) {
            let mut piece = [0; PIECE_BYTES];
            let count = self.terminal.typed.take(&mut piece[..length as usize]);
            memory.write(place, &piece[..count])?;
            // The text was checked to lie in the memory.
            place = GuestPhysAddr::new(place.number() + u32::try_from(count).expect("a piece is short"));
            if count < length as usize {
                break;
            }
        }
        Ok(place.number() - text.address.number())
    }

    /// Prints what is left of a line that was not ended.
    fn flush(&mut self) {
        if self.used != 0 {
            self.print();
        }
    }

    /// Prints what is left when the guest has ended: the line, and how much was lost.
    pub fn finish(&mut self) {
        self.flush();
        self.tell_suppressed(self.rate.suppressed());
    }

    fn tell_suppressed(&self, count: u32) {
        if count != 0 {
            print(format_args!("guest {}: ... {count} lines left out", self.name));
        }
    }

    fn take(&mut self, byte: u8) {
        match byte {
            b'\n' => self.print(),
            b'\r' => {}
            _ => {
                if self.used == LINE_BYTES {
                    self.print();
                }
                // What a terminal would take for a command is shown as a dot.
                self.line[self.used] = if byte.is_ascii_graphic() || byte == b' ' { byte } else { b'.' };
                self.used += 1;
            }
        }
    }

    fn print(&mut self) {
        let used = core::mem::take(&mut self.used);
        let Verdict::Print { suppressed } = self.rate.ask(runtime::uptime()) else { return };
        self.tell_suppressed(suppressed);
        let text = core::str::from_utf8(&self.line[..used]).expect("only ASCII is kept");
        print(format_args!("guest {}: {text}", self.name));
    }
}
