//! The per-core ring of records.
//!
//! ```text
//! +0    RingHeader, 32 bytes (one cache line)
//! +32   slot 0, 16 bytes
//! +48   slot 1
//! ...   `capacity` slots, a power of two; record number n is in slot n mod capacity
//! ```
//!
//! One core writes, at task level and in interrupt handlers; the newest records replace the oldest. Whoever makes the
//! ring stores 0 into the kind word of every slot, then the header. A writer
//!
//! 1. takes the number `n` of the record and sets `written` to `n + 1`, as one step that no interrupt divides
//!    (`xadd` without `lock`, or with interrupts off);
//! 2. stores words 0, 2 and 3, then the kind word with [`lap_bit`] of `n`.
//!
//! A reader of the core's memory, which may look between any two instructions, takes `written`, and with
//! [`decode_slot`] the slots that a [`RingCursor`] names, and stops at the first incomplete one until its next visit.
//! The lap bit tells a record from the one that it replaces, so a slot is complete at the instant of its last store.
//! What the cursor counts as lost was overwritten before anybody looked.
//!
//! Memory that holds no ring yet is recognised by its [`MAGIC`]: the kernel writes the header after it has
//! cleared its memory.

use zerocopy::byteorder::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::record::{KIND_WORD, LAP_BIT, RECORD_BYTES, RecordError, RecordWords, Stamped};

/// First word of every ring: `SCCT` in memory.
pub const MAGIC: u32 = u32::from_le_bytes(*b"SCCT");

/// Version of header and records.
pub const VERSION: u16 = 2;

/// Bytes of the header, one line.
pub const HEADER_BYTES: usize = 32;

/// Offset of [`RingHeader::written`], the word that the writer counts in.
pub const WRITTEN_OFFSET: usize = 12;

/// What a reader must know before it can read the slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct RingHeader {
    /// [`MAGIC`].
    pub magic: U32,
    /// [`VERSION`].
    pub version: U16,
    /// [`RECORD_BYTES`].
    pub record_bytes: U16,
    /// Slots, a power of two.
    pub capacity: U32,
    /// Records begun since the ring was made, modulo 2^32.
    pub written: U32,
    /// Rate of the record's time in kHz, 0 as long as the core does not know it.
    pub cycles_kilohertz: U32,
    /// Cycles of the core when the FPGA's clock had counted `anchor_ticks`, within the first 2^32.
    pub anchor_cycles: U32,
    /// Ticks of the FPGA's clock, low word first; 0 as long as the core has not looked.
    pub anchor_ticks: [U32; 2],
}

const _: () = assert!(size_of::<RingHeader>() == HEADER_BYTES);
const _: () = assert!(core::mem::offset_of!(RingHeader, written) == WRITTEN_OFFSET);

/// Why bytes are no ring that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RingError {
    /// Fewer bytes than a header.
    #[error("{0} bytes are too few for a ring's header")]
    Short(usize),
    /// Something else than [`MAGIC`]: no ring was made there yet.
    #[error("no trace ring: it begins with {0:#010x}")]
    NoRing(u32),
    /// Written by another version of the kernel.
    #[error("trace ring of version {0}; this reader knows version {VERSION}")]
    Version(u16),
    /// Records of another size.
    #[error("trace ring with records of {0} bytes instead of {RECORD_BYTES}")]
    RecordSize(u16),
    /// No power of two, or too many slots to be true.
    #[error("trace ring with {0} slots, which is no power of two up to {MOST_SLOTS}")]
    Capacity(u32),
}

/// Largest capacity a reader accepts: 16 MB of records.
pub const MOST_SLOTS: u32 = 1 << 20;

impl RingHeader {
    /// Header of an empty ring. Panics unless `capacity` is a power of two up to [`MOST_SLOTS`].
    pub const fn new(capacity: u32) -> Self {
        assert!(capacity.is_power_of_two() && capacity <= MOST_SLOTS, "slots are a power of two");
        Self {
            magic: U32::new(MAGIC),
            version: U16::new(VERSION),
            record_bytes: U16::new(16),
            capacity: U32::new(capacity),
            written: U32::ZERO,
            cycles_kilohertz: U32::ZERO,
            anchor_cycles: U32::ZERO,
            anchor_ticks: [U32::ZERO; 2],
        }
    }

    /// Cycles of the core and ticks of the FPGA's clock at one moment, if the core has looked.
    pub fn anchor(&self) -> Option<(u64, u64)> {
        let [low, high] = self.anchor_ticks.map(|word| u64::from(word.get()));
        let ticks = high << 32 | low;
        (ticks != 0).then_some((self.anchor_cycles.get().into(), ticks))
    }

    /// Reads and checks the header at the beginning of `bytes`.
    ///
    /// # Errors
    ///
    /// [`RingError`] for memory without a ring and for rings of another layout.
    pub fn read(bytes: &[u8]) -> Result<Self, RingError> {
        let (header, _) = Self::read_from_prefix(bytes).map_err(|_| RingError::Short(bytes.len()))?;
        if header.magic.get() != MAGIC {
            return Err(RingError::NoRing(header.magic.get()));
        }
        if header.version.get() != VERSION {
            return Err(RingError::Version(header.version.get()));
        }
        if usize::from(header.record_bytes.get()) != RECORD_BYTES {
            return Err(RingError::RecordSize(header.record_bytes.get()));
        }
        let capacity = header.capacity.get();
        if !capacity.is_power_of_two() || capacity > MOST_SLOTS {
            return Err(RingError::Capacity(capacity));
        }
        Ok(header)
    }
}

/// Offset from the header of the slot that holds record `number`.
pub const fn slot_offset(number: u32, capacity: u32) -> u32 {
    32 + (number & (capacity - 1)) * 16
}

/// What record `number` has in its kind word besides kind, detail and time: [`LAP_BIT`] in odd laps.
pub const fn lap_bit(number: u32, capacity: u32) -> u32 {
    if number & capacity == 0 { 0 } else { LAP_BIT }
}

/// Reads record `number` from the words in its slot.
///
/// # Errors
///
/// [`RecordError::Incomplete`] as long as the slot holds an older record or none; the others as
/// [`Stamped::decode`].
pub fn decode_slot(words: RecordWords, number: u32, capacity: u32) -> Result<Stamped, RecordError> {
    if words[KIND_WORD] & LAP_BIT != lap_bit(number, capacity) {
        return Err(RecordError::Incomplete);
    }
    Stamped::decode(words)
}

/// How far a reader has come in one core's ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RingCursor {
    next: u32,
    lost: u64,
}

impl RingCursor {
    /// A reader that has read nothing.
    pub const fn new() -> Self {
        Self { next: 0, lost: 0 }
    }

    /// Number of the next record to read.
    pub const fn next(&self) -> u32 {
        self.next
    }

    /// Records that were overwritten before they were read.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Records that can be read now, from [`Self::next`] on; skips and counts those that are gone.
    ///
    /// A ring that was made anew (the core was started again) is read from its beginning, which is noticed when
    /// it holds fewer records than were read already.
    pub fn unread(&mut self, header: &RingHeader) -> u32 {
        let (written, capacity) = (header.written.get(), header.capacity.get());
        let mut unread = written.wrapping_sub(self.next);
        if unread > i32::MAX.cast_unsigned() {
            self.next = 0;
            unread = written;
        }
        if let Some(gone) = unread.checked_sub(capacity) {
            self.next = self.next.wrapping_add(gone);
            self.lost += u64::from(gone);
            unread = capacity;
        }
        unread
    }

    /// Goes on to the next record.
    pub const fn advance(&mut self) {
        self.next = self.next.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Event;

    fn header(capacity: u32, written: u32) -> RingHeader {
        RingHeader { written: U32::new(written), ..RingHeader::new(capacity) }
    }

    #[test]
    fn header_reads_back_and_others_are_refused() {
        let good = header(512, 7);
        assert_eq!(RingHeader::read(good.as_bytes()), Ok(good));
        let refused = |change: fn(&mut RingHeader)| {
            let mut header = header(512, 7);
            change(&mut header);
            RingHeader::read(header.as_bytes()).unwrap_err()
        };
        assert_eq!(RingHeader::read(&[0; 31]), Err(RingError::Short(31)));
        assert_eq!(refused(|header| header.magic = U32::new(5)), RingError::NoRing(5));
        assert_eq!(refused(|header| header.version = U16::new(9)), RingError::Version(9));
        assert_eq!(refused(|header| header.record_bytes = U16::new(8)), RingError::RecordSize(8));
        assert_eq!(refused(|header| header.capacity = U32::new(3)), RingError::Capacity(3));
        assert_eq!(refused(|header| header.capacity = U32::new(1 << 21)), RingError::Capacity(1 << 21));
    }

    #[test]
    fn header_words_lie_where_the_layout_says() {
        let bytes = header(4, 0x0102_0304);
        assert_eq!(bytes.as_bytes()[..16], *b"SCCT\x02\0\x10\0\x04\0\0\0\x04\x03\x02\x01");
        assert_eq!(slot_offset(0, 4), 32);
        assert_eq!(slot_offset(6, 4), 64);
    }

    #[test]
    fn slot_is_read_once_its_record_of_this_lap_is_complete() {
        let record = |cycles| Stamped { cycles, event: Event::Idle };
        let mut words = record(3).encode();
        assert_eq!(decode_slot(words, 1, 4), Ok(record(3)));
        // Record 5 replaces record 1: first its time, last its kind word.
        words[0] = 8;
        assert_eq!(decode_slot(words, 5, 4), Err(RecordError::Incomplete));
        words[KIND_WORD] |= lap_bit(5, 4);
        assert_eq!(decode_slot(words, 5, 4), Ok(record(8)));
        assert_eq!(decode_slot(words, 9, 4), Err(RecordError::Incomplete));
        assert_eq!(decode_slot([0; 4], 1, 4), Err(RecordError::Incomplete));
    }

    #[test]
    fn reader_that_keeps_up_loses_nothing() {
        let mut cursor = RingCursor::default();
        assert_eq!(cursor.unread(&header(4, 3)), 3);
        for _ in 0..3 {
            cursor.advance();
        }
        assert_eq!(cursor.unread(&header(4, 7)), 4);
        assert_eq!((cursor.next(), cursor.lost()), (3, 0));
    }

    #[test]
    fn overwritten_records_are_skipped_and_counted() {
        let mut cursor = RingCursor::default();
        assert_eq!(cursor.unread(&header(4, 9)), 4);
        assert_eq!((cursor.next(), cursor.lost()), (5, 5));
    }

    #[test]
    fn count_may_wrap() {
        let mut cursor = RingCursor { next: u32::MAX, lost: 0 };
        assert_eq!(cursor.unread(&header(4, 2)), 3);
        cursor.advance();
        assert_eq!((cursor.next(), cursor.lost()), (0, 0));
    }

    #[test]
    fn ring_made_anew_is_read_from_its_beginning() {
        let mut cursor = RingCursor { next: 100, lost: 2 };
        assert_eq!(cursor.unread(&header(64, 5)), 5);
        assert_eq!((cursor.next(), cursor.lost()), (0, 2));
    }
}
