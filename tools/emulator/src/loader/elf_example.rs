//! A small ELF file for tests: two segments, one with a zero tail, and a symbol table.

/// Offset of the first program header.
pub(super) const PROGRAM_HEADERS: usize = 52;

/// The file: 8 bytes at 0x1000 linked to 0xC000_1000 with 24 bytes of zeroes after them, 4 bytes at 0xFFFF_FFF0,
/// symbols `start` at 0xC000_1000 and `main` (4 bytes) at 0xC000_1004.
pub(super) fn file() -> Vec<u8> {
    let strings = b"\0start\0main\0";
    let contents_at = PROGRAM_HEADERS + 2 * 32;
    let symbols_at = contents_at + 12;
    let strings_at = symbols_at + 3 * 16;
    let sections_at = strings_at + strings.len();
    let words = |values: &[usize]| -> Vec<u8> {
        values.iter().flat_map(|value| u32::try_from(*value).unwrap().to_le_bytes()).collect()
    };
    let mut file = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0];
    file.extend(words(&[1, 0xC000_1000, PROGRAM_HEADERS, sections_at, 0]));
    for half in [52_u16, 32, 2, 40, 3, 0] {
        file.extend(half.to_le_bytes());
    }
    file.extend(words(&[1, contents_at, 0xC000_1000, 0x1000, 8, 32, 5, 4]));
    file.extend(words(&[1, contents_at + 8, 0xFFFF_FFF0, 0xFFFF_FFF0, 4, 4, 5, 4]));
    file.extend(1..=12);
    file.extend([0; 16]);
    file.extend(words(&[1, 0xC000_1000, 0]));
    file.extend([0x10, 0, 1, 0]);
    file.extend(words(&[7, 0xC000_1004, 4]));
    file.extend([0x12, 0, 1, 0]);
    file.extend(strings);
    file.extend([0; 40]);
    file.extend(words(&[0, 2, 0, 0, symbols_at, 48, 2, 1, 4, 16]));
    file.extend(words(&[0, 3, 0, 0, strings_at, strings.len(), 0, 0, 1, 0]));
    file
}
