//! What a guest writes: lines on the core's console, with the guest's name.

use guest_abi::GuestPhysAddr;
use guest_abi::call::Text;

use super::guest_memory::{GuestMemory, OutsideMemory, pieces};
use crate::console::print;

/// A longer line is printed in pieces.
const LINE_BYTES: usize = 120;
/// Bytes that are copied out of the guest at a time.
const PIECE_BYTES: usize = 64;

/// The line that a guest is writing. Task context.
#[derive(Debug)]
pub struct Console {
    name: &'static str,
    line: [u8; LINE_BYTES],
    used: usize,
}

impl Console {
    /// For the guest of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, line: [0; LINE_BYTES], used: 0 }
    }

    /// Takes a text, and prints the lines that it ends.
    ///
    /// # Errors
    /// [`OutsideMemory`] if not all of it is memory of the guest; nothing of it is taken then.
    pub fn write(&mut self, memory: &impl GuestMemory, text: Text) -> Result<(), OutsideMemory> {
        memory.check(text.address, text.bytes)?;
        let mut place = text.address;
        for length in pieces(text.bytes, PIECE_BYTES) {
            let mut piece = [0; PIECE_BYTES];
            let piece = &mut piece[..length as usize];
            memory.read(place, piece)?;
            piece.iter().for_each(|byte| self.take(*byte));
            // The text was checked to lie in the memory.
            place = GuestPhysAddr::new(place.number() + length);
        }
        Ok(())
    }

    /// Prints what is left of a line that was not ended.
    pub fn flush(&mut self) {
        if self.used != 0 {
            self.print();
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
        let text = core::str::from_utf8(&self.line[..self.used]).expect("only ASCII is kept");
        print(format_args!("guest {}: {text}", self.name));
        self.used = 0;
    }
}
