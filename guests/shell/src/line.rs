//! The line that is being typed.

/// Most bytes of a line; further ones are refused.
const LINE_BYTES: usize = 256;

/// What a byte did to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is part of the line.
    Added,
    /// It took the last one away.
    Removed,
    /// The line is whole.
    Whole,
    /// Nothing.
    Nothing,
}

/// A line of ASCII text.
pub(super) struct Line {
    bytes: [u8; LINE_BYTES],
    used: usize,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; LINE_BYTES], used: 0 }
    }

    /// Takes the next byte.
    pub(super) fn take(&mut self, byte: u8) -> Progress {
        match byte {
            b'\r' | b'\n' => Progress::Whole,
            0x08 | 0x7F if self.used > 0 => {
                self.used -= 1;
                Progress::Removed
            }
            b' '..=b'~' if self.used < LINE_BYTES => {
                self.bytes[self.used] = byte;
                self.used += 1;
                Progress::Added
            }
            _ => Progress::Nothing,
        }
    }

    /// The line so far.
    pub(super) fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.used]).expect("only ASCII is kept")
    }

    /// Begins the next line.
    pub(super) fn clear(&mut self) {
        self.used = 0;
    }
}
