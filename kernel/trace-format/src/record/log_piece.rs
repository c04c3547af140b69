//! Lines of the log: their text, up to eight bytes a record.

/// Bytes of text in a record.
pub const PIECE_BYTES: usize = 8;

/// Bytes that are kept of a line, the last a sign that more followed: eight records at most.
pub const LOG_BYTES: usize = 8 * PIECE_BYTES - 1;

/// How grave a line is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Something has failed.
    Error,
    /// Something is not as it should be.
    Warning,
    /// What a user wants to know.
    Info,
    /// What a developer wants to know.
    Debug,
    /// Details of that.
    Trace,
}

impl Severity {
    const fn number(self) -> u8 {
        match self {
            Self::Error => 1,
            Self::Warning => 2,
            Self::Info => 3,
            Self::Debug => 4,
            Self::Trace => 5,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Error),
            2 => Some(Self::Warning),
            3 => Some(Self::Info),
            4 => Some(Self::Debug),
            5 => Some(Self::Trace),
            _ => None,
        }
    }

    /// The word that lines begin with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// A piece of a line. A line ends with its first piece that is not full, which may be empty.
///
/// The detail of its record has the length in bits 3 to 0, the severity in 6 to 4, and bit 7 set in the first piece of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogPiece {
    /// Whether the line begins with it.
    pub is_first: bool,
    /// How grave the line is.
    pub severity: Severity,
    bytes: [u8; PIECE_BYTES],
    length: u8,
}

impl LogPiece {
    /// UTF-8; a character may begin in one piece and end in the next.
    pub fn text(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether the line goes on.
    pub const fn is_full(&self) -> bool {
        self.length as usize == PIECE_BYTES
    }

    pub(super) const fn detail(self) -> u8 {
        self.length | self.severity.number() << 4 | (self.is_first as u8) << 7
    }

    pub(super) const fn words(self) -> [u32; 2] {
        let [a, b, c, d, e, f, g, h] = self.bytes;
        [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
    }

    pub(super) fn from_parts(detail: u8, [first, second]: [u32; 2]) -> Option<Self> {
        let severity = Severity::from_number(detail >> 4 & 7)?;
        let length = detail & 0xF;
        let ([a, b, c, d], [e, f, g, h]) = (first.to_le_bytes(), second.to_le_bytes());
        let piece = Self { is_first: detail >> 7 == 1, severity, bytes: [a, b, c, d, e, f, g, h], length };
        (usize::from(length) <= PIECE_BYTES).then_some(piece)
    }
}

/// The pieces of a line, of one that is too long its beginning.
pub fn pieces_of(severity: Severity, line: &[u8]) -> impl Iterator<Item = LogPiece> {
    let kept = &line[..line.len().min(LOG_BYTES)];
    (0..=kept.len()).step_by(PIECE_BYTES).map(move |start| {
        let mut bytes = [0; PIECE_BYTES];
        let mut length = 0;
        for (byte, kept) in bytes.iter_mut().zip(&kept[start..]) {
            *byte = *kept;
            length += 1;
        }
        LogPiece { is_first: start == 0, severity, bytes, length }
    })
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn read_back(line: &[u8]) -> (Vec<u8>, usize) {
        let pieces: Vec<_> = pieces_of(Severity::Warning, line).collect();
        assert!(pieces[0].is_first && pieces[1..].iter().all(|piece| !piece.is_first));
        let (last, before) = pieces.split_last().unwrap();
        assert!(!last.is_full() && before.iter().all(LogPiece::is_full), "{pieces:?}");
        (pieces.iter().flat_map(|piece| piece.text().to_vec()).collect(), pieces.len())
    }

    #[test]
    fn lines_of_every_length_read_back_from_at_most_eight_pieces() {
        for length in 0..=LOG_BYTES {
            let line: Vec<u8> = (b'0'..).cycle().take(length).collect();
            assert_eq!(read_back(&line), (line, length / PIECE_BYTES + 1));
        }
    }

    #[test]
    fn long_line_keeps_its_beginning() {
        assert_eq!(read_back(&[b'x'; 1_000]), (std::vec![b'x'; LOG_BYTES], 8));
    }
}
