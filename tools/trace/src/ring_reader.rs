//! Reads a core's trace ring from its memory, record by record.
//!
//! The memory is whatever fills a buffer from a virtual address and says whether it could: the emulator's view of a
//! running core, or bytes in a test.

use trace_format::record::{RECORD_BYTES, RecordError, Stamped};
use trace_format::ring::{HEADER_BYTES, RingCursor, RingHeader, decode_slot, slot_offset};

/// A place in one core's ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingReader {
    address: u32,
    cursor: RingCursor,
    unknown: u64,
    kilohertz: u32,
}

impl RingReader {
    /// A reader of the ring at virtual `address` that has read nothing.
    pub const fn new(address: u32) -> Self {
        Self { address, cursor: RingCursor::new(), unknown: 0, kilohertz: 0 }
    }

    /// Records that were overwritten before they were read.
    pub const fn lost(&self) -> u64 {
        self.cursor.lost()
    }

    /// Records that this reader does not know the kind of.
    pub const fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Rate of the records' time in kHz as the ring said when it was last read, 0 if it did not.
    pub const fn kilohertz(&self) -> u32 {
        self.kilohertz
    }

    /// The ring's header as it is in memory, whatever it holds; `None` if that cannot be read.
    pub fn header(&self, mut memory: impl FnMut(u32, &mut [u8]) -> bool) -> Option<[u8; HEADER_BYTES]> {
        let mut header = [0; HEADER_BYTES];
        memory(self.address, &mut header).then_some(header)
    }

    /// Reads the records that are new and complete. Memory that cannot be read or holds no ring has none.
    pub fn read(&mut self, mut memory: impl FnMut(u32, &mut [u8]) -> bool) -> Vec<Stamped> {
        let header = self.header(&mut memory);
        let Some(Ok(header)) = header.map(|header| RingHeader::read(&header)) else { return Vec::new() };
        self.kilohertz = header.cycles_kilohertz.get();
        let mut records = Vec::new();
        for _ in 0..self.cursor.unread(&header) {
            let (number, capacity) = (self.cursor.next(), header.capacity.get());
            let offset = slot_offset(number, capacity);
            let mut bytes = [0; RECORD_BYTES];
            if !memory(self.address.wrapping_add(offset), &mut bytes) {
                break;
            }
            let mut words = [0; 4];
            for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
                *word = u32::from_le_bytes(bytes.try_into().expect("chunks of four"));
            }
            match decode_slot(words, number, capacity) {
                Ok(record) => records.push(record),
                Err(RecordError::Incomplete) => break,
                Err(RecordError::UnknownKind(_) | RecordError::UnknownDetail { .. }) => self.unknown += 1,
            }
            self.cursor.advance();
        }
        records
    }
}

#[cfg(test)]
mod tests {
    use trace_format::phase::BootPhase;
    use trace_format::record::Event;
    use trace_format::ring::lap_bit;

    use super::*;

    const RING: u32 = 0xF010_0000;

    /// A ring of four slots in which `written` records were begun, each a poll of the task of its number.
    fn ring(written: u32, words: &dyn Fn(u32) -> [u32; 4]) -> Vec<u8> {
        let mut bytes = vec![0; 32 + 4 * 16];
        let head = [u32::from_le_bytes(*b"SCCT"), 0x10_0002, 4, written];
        for (at, word) in bytes.chunks_exact_mut(4).zip(head) {
            at.copy_from_slice(&word.to_le_bytes());
        }
        for number in written.saturating_sub(4)..written {
            let at = usize::try_from(slot_offset(number, 4)).unwrap();
            let mut words = words(number);
            words[1] |= lap_bit(number, 4);
            for (place, word) in bytes[at..][..16].chunks_exact_mut(4).zip(words) {
                place.copy_from_slice(&word.to_le_bytes());
            }
        }
        bytes
    }

    fn record(number: u32) -> Stamped {
        let phase = BootPhase::from_number(u8::try_from(number % 14).unwrap()).unwrap();
        Stamped { cycles: u64::from(number), event: Event::BootPhase(phase) }
    }

    fn read(reader: &mut RingReader, bytes: &[u8]) -> Vec<Stamped> {
        reader.read(|address, buffer| {
            let at = usize::try_from(address - RING).unwrap();
            bytes.get(at..at + buffer.len()).is_some_and(|source| {
                buffer.copy_from_slice(source);
                true
            })
        })
    }

    #[test]
    fn each_record_is_read_once_and_lost_ones_are_counted() {
        let mut reader = RingReader::new(RING);
        let encode = |number| record(number).encode();
        assert_eq!(read(&mut reader, &ring(3, &encode)), [record(0), record(1), record(2)]);
        assert_eq!(read(&mut reader, &ring(3, &encode)), []);
        assert_eq!(read(&mut reader, &ring(9, &encode)), [record(5), record(6), record(7), record(8)]);
        assert_eq!(reader.lost(), 2);
    }

    #[test]
    fn record_that_is_being_written_waits_for_the_next_visit() {
        let mut reader = RingReader::new(RING);
        let half = |number| if number == 1 { [1, 0, 0, 0] } else { record(number).encode() };
        assert_eq!(read(&mut reader, &ring(3, &half)), [record(0)]);
        assert_eq!(read(&mut reader, &ring(3, &|n| record(n).encode())), [record(1), record(2)]);
    }

    #[test]
    fn kinds_of_later_versions_are_skipped_and_counted() {
        let mut reader = RingReader::new(RING);
        let later = |number| if number == 0 { [1, 0x6E, 0, 0] } else { record(number).encode() };
        assert_eq!(read(&mut reader, &ring(2, &later)), [record(1)]);
        assert_eq!(reader.unknown(), 1);
    }

    #[test]
    fn memory_without_a_ring_has_no_records() {
        let mut reader = RingReader::new(RING);
        assert_eq!(read(&mut reader, &[0; 64]), []);
        assert_eq!(read(&mut reader, &[]), []);
    }
}
