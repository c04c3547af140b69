//! Text objects of bin2obj and sccMerge.
//!
//! ```text
//! /origin 00000400        byte address / 4, hexadecimal
//! 90909090 12345678 ...   up to four little-endian words of 32 bits
//! /eof
//! ```
//!
//! Several `/origin` blocks may follow each other; words go on from the last origin. A core's object holds
//! core-physical addresses, an object merged for a memory controller that controller's. Loading works in whole
//! 32-byte lines: bytes of a touched line that the object does not give become 0 ([`ObjectFile::segments`]).
//! Format: SCC reference §8.3.

use scc::address::{ControllerAddr, LINE_BYTES};

use super::line::{content_lines, text_of};
use super::{LineError, NumberError, parse_hexadecimal};

/// Largest origin: the last word of the 34-bit address space.
const LAST_WORD: u64 = ControllerAddr::new(u64::MAX).get() / 4;
/// Words a line may hold.
const WORDS_PER_LINE: usize = 4;

/// Bytes at consecutive addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Byte address of the first byte.
    pub address: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Segment {
    /// Address after the last byte.
    pub fn end(&self) -> u64 {
        self.address.saturating_add(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }
}

/// Contents of a text object, block by block as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectFile {
    /// The blocks; none is empty, they may overlap, later ones win.
    pub blocks: Vec<Segment>,
}

/// What is wrong with a line of a text object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// A word before any `/origin`.
    #[error("a word before the first /origin; expected `/origin` and the byte address / 4")]
    WordBeforeOrigin,
    /// `/origin` without exactly one number.
    #[error("expected one hexadecimal number after /origin, the byte address / 4")]
    OriginWithoutAddress,
    /// A number that is none or too large.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// More than four words on a line.
    #[error("{0} words on a line; at most four are allowed")]
    TooManyWords(usize),
    /// A directive that does not exist.
    #[error("`{0}` is no directive; expected /origin or /eof")]
    UnknownDirective(String),
    /// Words that run over the end of the 34-bit address space.
    #[error("the block runs over the end of the address space")]
    AddressOverflow,
    /// Something after `/eof`.
    #[error("text after /eof")]
    AfterEnd,
    /// The file ends without `/eof`: it was cut off.
    #[error("the file ends without /eof; it may be cut off")]
    NoEnd,
}

impl ObjectFile {
    /// Reads a text object.
    ///
    /// # Errors
    ///
    /// The line and [`ObjectError`] of the first thing that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, LineError<ObjectError>> {
        let text = text_of(bytes);
        let mut object = Self::default();
        let mut open: Option<Segment> = None;
        let mut ended = false;
        let mut last_line = 1;
        for (line, content) in content_lines(&text) {
            let fail = |kind| LineError { line, kind };
            last_line = line;
            if ended {
                return Err(fail(ObjectError::AfterEnd));
            }
            let mut words = content.split_whitespace();
            match content.split_whitespace().next() {
                Some("/eof") => ended = true,
                Some("/origin") => {
                    let (Some(address), None) = (words.nth(1), words.next()) else {
                        return Err(fail(ObjectError::OriginWithoutAddress));
                    };
                    let origin = parse_hexadecimal(address, LAST_WORD).map_err(|e| fail(e.into()))?;
                    object.close(open.replace(Segment { address: origin * 4, bytes: Vec::new() }));
                }
                Some(directive) if directive.starts_with('/') => {
                    return Err(fail(ObjectError::UnknownDirective(directive.to_owned())));
                }
                _ => {
                    let block = open.as_mut().ok_or_else(|| fail(ObjectError::WordBeforeOrigin))?;
                    append(block, words).map_err(fail)?;
                }
            }
        }
        if !ended {
            return Err(LineError { line: last_line, kind: ObjectError::NoEnd });
        }
        object.close(open);
        Ok(object)
    }

    fn close(&mut self, block: Option<Segment>) {
        self.blocks.extend(block.filter(|block| !block.bytes.is_empty()));
    }

    /// What loading writes: whole 32-byte lines, ascending and disjoint, with 0 where the object gives nothing.
    pub fn segments(&self) -> Vec<Segment> {
        let line = u64::from(LINE_BYTES);
        let mut spans: Vec<(u64, u64)> = self
            .blocks
            .iter()
            .map(|block| (block.address / line * line, block.end().next_multiple_of(line)))
            .collect();
        spans.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (start, end) in spans {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        let mut segments: Vec<Segment> = merged
            .into_iter()
            .map(|(start, end)| Segment { address: start, bytes: vec![0; length(start, end)] })
            .collect();
        for block in &self.blocks {
            let found = segments.partition_point(|segment| segment.address <= block.address) - 1;
            let segment = &mut segments[found];
            let offset = length(segment.address, block.address);
            segment.bytes[offset..][..block.bytes.len()].copy_from_slice(&block.bytes);
        }
        segments
    }
}

impl std::fmt::Display for ObjectFile {
    /// Writes the object as bin2obj does; blocks are padded to whole words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for block in &self.blocks {
            writeln!(f, "/origin {:08x}", block.address / 4)?;
            for line in block.bytes.chunks(4 * WORDS_PER_LINE) {
                let words = line.chunks(4).map(|word| {
                    let mut bytes = [0; 4];
                    bytes[..word.len()].copy_from_slice(word);
                    format!("{:08x}", u32::from_le_bytes(bytes))
                });
                writeln!(f, "{}", words.collect::<Vec<_>>().join(" "))?;
            }
        }
        writeln!(f, "/eof")
    }
}

fn append<'a>(block: &mut Segment, words: impl Iterator<Item = &'a str>) -> Result<(), ObjectError> {
    let mut count = 0;
    for word in words {
        count += 1;
        let value = parse_hexadecimal(word, u32::MAX.into())?;
        let value = u32::try_from(value).expect("limited to 32 bits");
        if block.end() / 4 > LAST_WORD {
            return Err(ObjectError::AddressOverflow);
        }
        block.bytes.extend(value.to_le_bytes());
    }
    if count > WORDS_PER_LINE { Err(ObjectError::TooManyWords(count)) } else { Ok(()) }
}

/// Bytes from `start` to `end`, which lie in one object in memory.
fn length(start: u64, end: u64) -> usize {
    usize::try_from(end - start).expect("no longer than the text it was read from, eightfold")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "/origin 00000400\n90909090 12345678 00000001\n/origin 3FFFFC00\nfeedbeef\n/eof\n";

    /// Checklist 77: `/origin` is the byte address / 4.
    #[test]
    fn origin_is_a_byte_address_divided_by_four() {
        let object = ObjectFile::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(object.blocks[0].address, 0x1000);
        assert_eq!(object.blocks[0].bytes, [0x90, 0x90, 0x90, 0x90, 0x78, 0x56, 0x34, 0x12, 1, 0, 0, 0]);
        assert_eq!(object.blocks[1].address, 0xFFFF_F000);
        assert_eq!(object.blocks[1].bytes, [0xEF, 0xBE, 0xED, 0xFE]);
        assert_eq!(object.to_string(), EXAMPLE.to_lowercase());
    }

    #[test]
    fn whole_lines_are_loaded_with_zeroes_between() {
        let text = "/origin 5\n1\n/origin 1\n2\n/origin 5\n3\n/origin 10\n4\n/eof";
        let segments = ObjectFile::parse(text.as_bytes()).unwrap().segments();
        assert_eq!(segments.len(), 2);
        let mut line = [0; 32];
        (line[4], line[20]) = (2, 3);
        assert_eq!(segments[0], Segment { address: 0, bytes: line.to_vec() });
        assert_eq!((segments[1].address, segments[1].bytes.len(), segments[1].bytes[0]), (0x40, 32, 4));
    }

    #[test]
    fn neighbouring_lines_become_one_segment() {
        let segments = ObjectFile::parse(b"/origin 7\n1 2\n/eof").unwrap().segments();
        assert_eq!((segments[0].address, segments[0].bytes.len()), (0, 64));
        assert_eq!(segments.len(), 1);
    }

    #[test]
    fn errors_name_the_line_and_the_expectation() {
        let fails = |text: &str| {
            let error = ObjectFile::parse(text.as_bytes()).unwrap_err();
            (error.line, error.kind)
        };
        assert_eq!(fails("\n1\n/eof"), (2, ObjectError::WordBeforeOrigin));
        assert_eq!(fails("/origin\n/eof"), (1, ObjectError::OriginWithoutAddress));
        assert_eq!(fails("/origin 1 2\n/eof"), (1, ObjectError::OriginWithoutAddress));
        assert_eq!(fails("/origin 0\n1 2 3 4 5\n/eof"), (2, ObjectError::TooManyWords(5)));
        assert_eq!(fails("/start 0"), (1, ObjectError::UnknownDirective("/start".into())));
        assert_eq!(fails("/origin ffffffff\n1\n2\n/eof"), (3, ObjectError::AddressOverflow));
        assert_eq!(fails("/eof\n\n1"), (3, ObjectError::AfterEnd));
        assert_eq!(fails("/origin 0\n1\n"), (2, ObjectError::NoEnd));
        assert_eq!(fails(""), (1, ObjectError::NoEnd));
        assert_eq!(fails("/origin 0\nxyz\n"), (2, NumberError::NotHexadecimal("xyz".into()).into()));
        assert!(matches!(fails("/origin 100000000"), (1, ObjectError::Number(NumberError::TooLarge { .. }))));
        let error = ObjectFile::parse(b"/origin 0\n123456789\n/eof").unwrap_err();
        assert_eq!(error.to_string(), "line 2: `123456789` is too large: at most 0xffffffff");
    }
}
