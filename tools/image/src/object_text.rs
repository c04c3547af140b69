//! Text objects as bin2obj writes and sccMerge reads them.
//!
//! ```text
//! /origin 00000400        byte address / 4, hexadecimal
//! 90909090 12345678 ...   up to four little-endian words of 32 bits
//! /eof
//! ```
//!
//! Loading works in whole 32-byte lines and fills what the object does not give of a line with zeroes, so pieces
//! are written line by line, as they will be loaded. Format: SCC reference §8.3.

use std::collections::BTreeMap;
use std::fmt::Write;

use scc::address::LINE_BYTES;

use crate::image::Piece;

/// Bytes of a line of memory.
const LINE: usize = 32;
const _: () = assert!(LINE_BYTES == 32);
/// Words on a line of text.
const WORDS_PER_LINE: usize = 4;

/// Writes pieces, which do not overlap, as one object.
pub(crate) fn object_text(pieces: &[Piece]) -> String {
    let mut text = String::new();
    let mut previous = None;
    for (line, bytes) in lines(pieces) {
        if previous.is_none_or(|previous: u32| previous.wrapping_add(LINE_BYTES) != line) {
            writeln!(text, "/origin {:08x}", line / 4).expect("strings take any text");
        }
        previous = Some(line);
        for row in bytes.chunks(4 * WORDS_PER_LINE) {
            for (column, word) in row.chunks(4).enumerate() {
                let value = word.iter().rev().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
                let separator = if column == 0 { "" } else { " " };
                write!(text, "{separator}{value:08x}").expect("strings take any text");
            }
            text.push('\n');
        }
    }
    text.push_str("/eof\n");
    text
}

/// Contents of the touched lines, by address.
fn lines(pieces: &[Piece]) -> BTreeMap<u32, [u8; LINE]> {
    let mut lines = BTreeMap::new();
    for piece in pieces {
        let mut at = piece.address;
        let mut rest = piece.bytes.as_slice();
        while !rest.is_empty() {
            let offset = at.offset_in_line();
            let (now, later) = rest.split_at(rest.len().min(LINE - offset));
            let line = lines.entry(at.line_base().get()).or_insert([0; LINE]);
            line[offset..][..now.len()].copy_from_slice(now);
            at = at.wrapping_add(u32::try_from(now.len()).expect("at most a line"));
            rest = later;
        }
    }
    lines
}

/// A run of words in an object: its byte address and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) address: u64,
    pub(crate) bytes: usize,
}

/// What is wrong with a line of an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectTextError {
    /// Neither `/origin`, `/eof` nor words.
    #[error("line {line}: expected `/origin ADDRESS`, `/eof` or up to four hexadecimal words, not `{text}`")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// No `/eof`.
    #[error("line {line}: the file ends without /eof; it may be cut off")]
    CutOff {
        /// Number of the last line.
        line: usize,
    },
}

/// Lists the blocks of an object.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, ObjectTextError> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut last_line = 0;
    for (line, content) in (1..).zip(text.lines().map(str::trim)) {
        last_line = line;
        let wrong = || ObjectTextError::Line { line, text: content.to_owned() };
        if content == "/eof" {
            return Ok(blocks);
        } else if let Some(origin) = content.strip_prefix("/origin ") {
            let words = u64::from_str_radix(origin.trim(), 16).map_err(|_| wrong())?;
            blocks.push(Block { address: words.saturating_mul(4), bytes: 0 });
        } else {
            let block = blocks.last_mut().ok_or_else(wrong)?;
            let words: Vec<_> = content.split_whitespace().collect();
            let hexadecimal = words.iter().all(|word| u32::from_str_radix(word, 16).is_ok());
            if !hexadecimal || words.len() > WORDS_PER_LINE {
                return Err(wrong());
            }
            block.bytes += 4 * words.len();
        }
    }
    Err(ObjectTextError::CutOff { line: last_line })
}

#[cfg(test)]
mod tests {
    use scc::address::PhysAddr;

    use super::*;
    use crate::PieceKind;

    fn piece(address: u32, bytes: &[u8]) -> Piece {
        let memory_bytes = u32::try_from(bytes.len()).unwrap();
        Piece {
            address: PhysAddr::new(address),
            bytes: bytes.to_vec(),
            memory_bytes,
            kind: PieceKind::NameTable,
        }
    }

    #[test]
    fn words_are_little_endian_and_lines_whole() {
        let text = object_text(&[piece(0x1004, &[0x78, 0x56, 0x34, 0x12, 0xFF])]);
        let zero = "00000000";
        let expected =
            format!("/origin 00000400\n{zero} 12345678 000000ff {zero}\n{zero} {zero} {zero} {zero}\n/eof\n");
        assert_eq!(text, expected);
    }

    #[test]
    fn pieces_that_share_a_line_become_one_block() {
        let text =
            object_text(&[piece(0x1000, &[1; 33]), piece(0x1030, &[2; 20]), piece(0xFFFF_FFF0, &[3; 16])]);
        let found = blocks(&text).unwrap();
        assert_eq!(found, [Block { address: 0x1000, bytes: 96 }, Block { address: 0xFFFF_FFE0, bytes: 32 }]);
    }

    #[test]
    fn wrong_lines_are_named() {
        for (text, line) in
            [("1 2", 1), ("/origin x", 1), ("/origin 0\n1 2 3 4 5", 2), ("/origin 0\n\n/end", 3)]
        {
            assert!(
                matches!(blocks(text), Err(ObjectTextError::Line { line: at, .. }) if at == line),
                "{text}"
            );
        }
        assert_eq!(blocks("/origin 0\n1\n"), Err(ObjectTextError::CutOff { line: 2 }));
        assert_eq!(blocks("/origin 0\n1\n\n/eof").map(|blocks| blocks.len()), Ok(1));
    }
}
