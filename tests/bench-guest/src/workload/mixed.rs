//! What compiled C spends its time on: sorting, a checksum over bytes, a linked list, a state machine over text and
//! a small integer matrix. Every round works on data made from the checksum of the one before.

use super::Random;

/// Elements sorted.
const ELEMENTS: usize = 256;
/// Bytes summed and scanned.
const BYTES: usize = 1024;
/// Nodes of the list.
const NODES: u16 = 256;
/// Walks along the list.
const WALKS: usize = 4;
/// Rows and columns of the matrix.
const SIZE: usize = 12;

/// One of each task per round.
pub(crate) fn run(rounds: u32, seed: u32) -> u32 {
    let mut checksum = seed;
    for _ in 0..rounds {
        let mut random = Random::new(checksum);
        let mut numbers: [u32; ELEMENTS] = core::array::from_fn(|_| random.next());
        sort(&mut numbers);
        checksum = numbers.iter().step_by(16).fold(checksum, |sum, number| sum.rotate_left(5) ^ number);
        let text = sentence(&numbers);
        checksum ^= crc32(&text);
        checksum = checksum.rotate_left(9) ^ List::new(&numbers).walk();
        checksum = checksum.wrapping_add(count_words(&text));
        checksum = checksum.rotate_left(3) ^ matrix(&numbers);
    }
    checksum
}

/// Quicksort with insertion sort for short pieces.
#[inline(never)]
fn sort(numbers: &mut [u32]) {
    if numbers.len() <= 12 {
        for end in 1..numbers.len() {
            let mut at = end;
            while at > 0 && numbers[at - 1] > numbers[at] {
                numbers.swap(at - 1, at);
                at -= 1;
            }
        }
        return;
    }
    let pivot = numbers[numbers.len() / 2];
    let (mut low, mut high) = (0, numbers.len() - 1);
    loop {
        while numbers[low] < pivot {
            low += 1;
        }
        while numbers[high] > pivot {
            high -= 1;
        }
        if low >= high {
            break;
        }
        numbers.swap(low, high);
        low += 1;
        high -= 1;
    }
    let (left, right) = numbers.split_at_mut(low);
    sort(left);
    sort(right);
}

/// Text of letters, digits, spaces and comment marks, made from `numbers`.
#[inline(never)]
fn sentence(numbers: &[u32; ELEMENTS]) -> [u8; BYTES] {
    let mut text = [b' '; BYTES];
    for (bytes, number) in text.chunks_exact_mut(4).zip(numbers) {
        for (byte, choice) in bytes.iter_mut().zip(number.to_le_bytes()) {
            *byte = match choice & 0x1F {
                0..=3 => b' ',
                4 => b'#',
                5 => b'\n',
                6..=11 => b'0' + (choice >> 5),
                _ => b'a' + (choice & 0x0F),
            };
        }
    }
    text
}

/// CRC-32 of IEEE 802.3, one table look-up per byte.
#[inline(never)]
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = crc_table();
    !bytes.iter().fold(u32::MAX, |crc, byte| TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ crc >> 8)
}

const fn crc_table() -> [u32; 256] {
    // not an address: polynomial of CRC-32
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let mut table = [0; 256];
    let mut index = 0;
    let mut byte = 0_u32;
    while index < table.len() {
        let mut crc = byte;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ POLYNOMIAL };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
        byte += 1;
    }
    table
}

/// A list whose nodes lie in memory in another order than they are linked.
struct List {
    nodes: [Node; NODES as usize],
}

#[derive(Clone, Copy)]
struct Node {
    value: u32,
    next: u16,
}

impl List {
    #[inline(never)]
    fn new(numbers: &[u32; ELEMENTS]) -> Self {
        let mut nodes = [Node { value: 0, next: 0 }; NODES as usize];
        let mut next = 0;
        for (at, (node, number)) in (0..NODES).zip(nodes.iter_mut().zip(numbers)) {
            // 97 is odd, so that all nodes are on one cycle.
            next = (at + 97) % NODES;
            *node = Node { value: *number, next };
        }
        nodes[usize::from(next)].value ^= 1;
        Self { nodes }
    }

    #[inline(never)]
    fn walk(&self) -> u32 {
        let (mut at, mut sum) = (0, 0_u32);
        for _ in 0..WALKS * usize::from(NODES) {
            let node = self.nodes[usize::from(at)];
            sum = sum.wrapping_add(node.value ^ u32::from(at));
            at = node.next;
        }
        sum
    }
}

/// What the scanner is in.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Scan {
    Space,
    Word,
    Number,
    Comment,
}

/// Scans text and counts words, numbers and comments in one number.
#[inline(never)]
fn count_words(text: &[u8]) -> u32 {
    let (mut state, mut words, mut numbers, mut comments) = (Scan::Space, 0_u32, 0_u32, 0_u32);
    for byte in text {
        let next = match (state, byte) {
            (Scan::Comment, b'\n') | (Scan::Space | Scan::Word | Scan::Number, b' ' | b'\n') => Scan::Space,
            (Scan::Comment, _) | (_, b'#') => Scan::Comment,
            (Scan::Word, b'0'..=b'9') => Scan::Word,
            (_, b'0'..=b'9') => Scan::Number,
            _ => Scan::Word,
        };
        if next != state {
            match next {
                Scan::Word => words += 1,
                Scan::Number => numbers += 1,
                Scan::Comment => comments += 1,
                Scan::Space => {}
            }
        }
        state = next;
    }
    words << 20 | numbers << 10 | comments
}

/// Squares a small matrix and folds the result.
#[inline(never)]
fn matrix(numbers: &[u32; ELEMENTS]) -> u32 {
    let mut sum = 0_u32;
    for row in 0..SIZE {
        for column in 0..SIZE {
            let product = (0..SIZE).fold(0_u32, |dot, k| {
                dot.wrapping_add(numbers[row * SIZE + k].wrapping_mul(numbers[k * SIZE + column]))
            });
            sum = sum.rotate_left(1) ^ product;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_standard_check_text_is_right() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn sort_puts_random_and_equal_numbers_in_order() {
        let mut random = Random::new(7);
        let mut numbers: Vec<u32> = (0..200).map(|_| random.next() % 50).collect();
        let mut expected = numbers.clone();
        expected.sort_unstable();
        sort(&mut numbers);
        assert_eq!(numbers, expected);
    }

    #[test]
    fn scanner_tells_words_numbers_and_comments_apart() {
        assert_eq!(count_words(b"ab 12 a1 #x 3\n4"), 2 << 20 | 2 << 10 | 1);
    }

    #[test]
    fn walk_along_the_list_visits_every_node() {
        let numbers = core::array::from_fn(|_| 0);
        // Each walk adds every index once and the one changed value.
        let indices: u32 = (0..u32::from(NODES)).sum();
        let sum = List::new(&numbers).walk();
        assert!(sum.abs_diff(4 * indices) <= 4);
    }
}
