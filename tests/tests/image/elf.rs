//! Writes small ELF files.

/// A segment of an ELF file.
pub(crate) struct Segment {
    /// Core-physical address.
    pub(crate) physical: u32,
    /// Linked address.
    pub(crate) linked: u32,
    /// Bytes in the file.
    pub(crate) bytes: Vec<u8>,
    /// Zero bytes after them in memory.
    pub(crate) zeroes: u32,
}

/// A named value: name, value, `STT_FUNC` or not by its size.
pub(crate) struct Label {
    /// Name.
    pub(crate) name: &'static str,
    /// Value.
    pub(crate) value: u32,
    /// Bytes it covers; a label with bytes is a function.
    pub(crate) size: u32,
}

/// An executable with these segments and labels.
pub(crate) fn executable(segments: &[Segment], labels: &[Label]) -> Vec<u8> {
    let contents_at = 52 + 32 * segments.len();
    let contents: usize = segments.iter().map(|segment| segment.bytes.len()).sum();
    let symbols_at = (contents_at + contents).next_multiple_of(4);
    let strings_at = symbols_at + 16 * (labels.len() + 1);
    let mut strings = vec![0];
    let mut symbols = vec![0; 16];
    for label in labels {
        symbols.extend(words(&[strings.len(), label.value as usize, label.size as usize]));
        symbols.extend([if label.size > 0 { 0x12 } else { 0x10 }, 0, 1, 0]);
        strings.extend(label.name.bytes().chain([0]));
    }
    let mut file = b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0".to_vec();
    file.extend(words(&[1, 0, 52, strings_at + strings.len(), 0]));
    for half in [52_u16, 32, u16::try_from(segments.len()).expect("few"), 40, 3, 0] {
        file.extend(half.to_le_bytes());
    }
    let mut at = contents_at;
    for segment in segments {
        let (length, memory) = (segment.bytes.len(), segment.bytes.len() + segment.zeroes as usize);
        file.extend(words(&[
            1,
            at,
            segment.linked as usize,
            segment.physical as usize,
            length,
            memory,
            7,
            1,
        ]));
        at += length;
    }
    segments.iter().for_each(|segment| file.extend(&segment.bytes));
    file.resize(symbols_at, 0);
    file.extend(symbols.iter());
    file.extend(&strings);
    file.extend([0; 40]);
    file.extend(words(&[0, 2, 0, 0, symbols_at, symbols.len(), 2, 1, 4, 16]));
    file.extend(words(&[0, 3, 0, 0, strings_at, strings.len(), 0, 0, 1, 0]));
    file
}

fn words(values: &[usize]) -> Vec<u8> {
    values.iter().flat_map(|value| u32::try_from(*value).expect("32 bits").to_le_bytes()).collect()
}
