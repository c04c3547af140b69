//! Who owns which line of a core's 8 KB of message buffer.
//!
//! ```text
//! lines      region      written by              holds
//! 0..48      mail        core n writes line n    one letter per sender
//! 48..96     ack         core n, its line        what became of the owner's last letter to core n
//! 96..120    slot        core n, half a line n   a part of a request of core n
//! 120        hello       the owner               the owner's life, and what lies in its blocks unasked
//! 121        scratch     the owner               nothing: stores here push the write-combining buffer
//! 122..126   flow        one peer per quadword   how far a bulk transfer has come
//! 126..134   barrier     one peer per word       flags of dissemination barriers
//! 134        note        holder of the lock      who holds the owner's test-and-set register
//!                        the owner               which lock it is about to take over
//! 135        queue head  owner, lock's holder    fill state of the call queue
//!                        the owner               whose slots were taken from how often, odd or even
//! 136..140   call queue  holder of the lock      requests of any cores
//! 140..142   board       core n, byte n          changes with each letter of core n that is rung for
//! 142..144   slot board  core n, byte n          changes with each part that core n leaves in its slot
//! 144..160   window      anybody                 512 bytes for put and get
//! 160..256   bulk        the owner               six blocks of outgoing bulk data
//! ```
//!
//! A line or quadword has one writer at a time. Neighbours in one line have several, which the chip permits:
//! stores carry byte enables (SCC reference §5.2). No store is wider than its owner's part.

use core::ops::Range;

use scc::address::LINE_BYTES;
use scc::fpga::CounterId;
use scc::id::{CoreId, TileId};
use scc::mpb::CORE_LINES;

use crate::mesh::MpbAddress;

/// Bytes of a line.
pub const LINE: usize = 32;
/// Bytes of a slot, and of the head of a call queue.
pub const HALF_LINE: usize = 16;
/// Offset of a line's last word.
const LAST_WORD: usize = LINE - 4;
/// Bytes that leave the core together even from an incomplete line.
pub const QUADWORD: usize = 8;
const _: () = assert!(LINE_BYTES == 32 && LINE == 2 * HALF_LINE && HALF_LINE == 2 * QUADWORD);

const MAIL: Range<u16> = 0..48;
const ACK: Range<u16> = 48..96;
const SLOT: Range<u16> = 96..120;
const HELLO: Range<u16> = 120..121;
const SCRATCH: Range<u16> = 121..122;
const FLOW: Range<u16> = 122..126;
const BARRIER: Range<u16> = 126..134;
const NOTE: Range<u16> = 134..135;
const QUEUE_HEAD: Range<u16> = 135..136;
const QUEUE: Range<u16> = 136..140;
const BOARD: Range<u16> = 140..142;
const SLOT_BOARD: Range<u16> = 142..144;
const WINDOW: Range<u16> = 144..160;
const BULK: Range<u16> = 160..256;

/// Regions in the order of their lines.
const REGIONS: [Range<u16>; 14] = [
    MAIL, ACK, SLOT, HELLO, SCRATCH, FLOW, BARRIER, NOTE, QUEUE_HEAD, QUEUE, BOARD, SLOT_BOARD, WINDOW, BULK,
];

const CORES: u16 = 48;
const _: () = assert!(CORES as usize == CoreId::COUNT);

// The regions follow each other without gap or overlap and fill the buffer.
const _: () = {
    let mut next = 0;
    let mut region = 0;
    while region < REGIONS.len() {
        assert!(REGIONS[region].start == next && REGIONS[region].end > next);
        next = REGIONS[region].end;
        region += 1;
    }
    assert!(next == CORE_LINES);
};

// Each region holds what its accessor below indexes.
const _: () = assert!(MAIL.end - MAIL.start == CORES);
const _: () = assert!(ACK.end - ACK.start == CORES);
const _: () = assert!((SLOT.end - SLOT.start) as usize * LINE == CORES as usize * HALF_LINE);
const _: () = assert!((BOARD.end - BOARD.start) as usize * LINE >= CORES as usize);
const _: () = assert!(SLOT_BOARD.end - SLOT_BOARD.start == BOARD.end - BOARD.start);
const _: () = assert!((FLOW.end - FLOW.start) as usize * LINE == FlowSlot::COUNT * QUADWORD);
const _: () = assert!(
    (BARRIER.end - BARRIER.start) as usize * LINE >= BarrierId::COUNT * BARRIER_ROUNDS as usize * QUADWORD
);
const _: () = assert!((WINDOW.end - WINDOW.start) as usize * LINE == WINDOW_BYTES);
const _: () = assert!((BULK.end - BULK.start) as usize * LINE == Block::COUNT * Block::BYTES);

/// Requests the call queue holds.
pub const QUEUE_ENTRIES: u32 = 4;
// Counts wrap at a power of two, and the ring with them.
const _: () = assert!((QUEUE.end - QUEUE.start) as u32 == QUEUE_ENTRIES && QUEUE_ENTRIES.is_power_of_two());
/// Bytes of the window for put and get.
pub const WINDOW_BYTES: usize = 512;
/// Rounds of a dissemination barrier over up to 48 cores: log2, rounded up.
pub const BARRIER_ROUNDS: u8 = 6;
const _: () = assert!(1 << BARRIER_ROUNDS >= CORES && 1 << (BARRIER_ROUNDS - 1) < CORES);

/// Block of the bulk area.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Block(u8);

impl Block {
    /// Blocks of one core.
    pub const COUNT: usize = 6;
    /// Bytes of one block.
    pub const BYTES: usize = 512;

    /// Accepts block numbers 0 to 5.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Block number, 0 to 5.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// All blocks in ascending order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..6).map(Self)
    }
}

/// Quadword that tells how far one transfer has come.
///
/// The first six belong to outgoing transfers, named by their first [`Block`]; the others to incoming ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowSlot(u8);

impl FlowSlot {
    /// Flow slots of one core.
    pub const COUNT: usize = 16;
    /// Slots of incoming transfers.
    pub const INCOMING: usize = Self::COUNT - Block::COUNT;

    /// Accepts slot numbers 0 to 15.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Slot of the outgoing transfer that owns `first` as its first block.
    pub const fn outgoing(first: Block) -> Self {
        Self(first.0)
    }

    /// Slots of incoming transfers in ascending order.
    pub fn incoming() -> impl Iterator<Item = Self> {
        (6..16).map(Self)
    }

    /// Slot number, 0 to 15.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Word of the hello line that names a message which lies in the owner's blocks although nobody has asked for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp(u8);

impl Stamp {
    /// Stamps of one core.
    pub const COUNT: usize = 3;

    /// Accepts stamp numbers 0 to 2.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Stamp number, 0 to 2.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// All stamps in ascending order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..3).map(Self)
    }
}

/// Dissemination barrier: a set of flags in every core's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BarrierId(u8);

impl BarrierId {
    /// Barriers that can be in use at once.
    pub const COUNT: usize = 5;

    /// Accepts barrier numbers 0 to 4.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Barrier number, 0 to 4.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Line in which `sender` leaves letters for `owner`.
pub const fn mail(owner: CoreId, sender: CoreId) -> MpbAddress {
    at(owner, &MAIL, sender.index() * LINE)
}

/// Core whose letters are left at this [`mail`] line; `None` elsewhere.
pub const fn sender_of_mail(place: MpbAddress) -> Option<CoreId> {
    let [low, high] = place.line().to_le_bytes();
    if high == 0 { CoreId::new(low) } else { None }
}

/// Line in which `peer` acknowledges letters of `owner`.
pub const fn ack(owner: CoreId, peer: CoreId) -> MpbAddress {
    at(owner, &ACK, peer.index() * LINE)
}

/// Last word of [`mail`], which tells one letter from the next.
pub(crate) const fn mail_last(owner: CoreId, sender: CoreId) -> MpbAddress {
    at(owner, &MAIL, sender.index() * LINE + LAST_WORD)
}

/// Last word of [`ack`], which names the letter.
pub(crate) const fn ack_last(owner: CoreId, peer: CoreId) -> MpbAddress {
    at(owner, &ACK, peer.index() * LINE + LAST_WORD)
}

/// Byte by which `sender` says that it has left a letter for `owner` and rung.
pub const fn board(owner: CoreId, sender: CoreId) -> MpbAddress {
    at(owner, &BOARD, sender.index())
}

/// Words of the [`board`] that senders have bytes in.
pub(crate) const BOARD_WORDS: usize = CoreId::COUNT / 4;
const _: () = assert!(BOARD_WORDS * 4 == CoreId::COUNT && BOARD_WORDS > LINE / 4);

/// First word of the board of `owner`, and of the second of its lines.
pub(crate) const fn board_lines(owner: CoreId) -> [MpbAddress; 2] {
    [at(owner, &BOARD, 0), at(owner, &BOARD, LINE)]
}

/// Byte by which `caller` says that it has left a part in its slot.
pub const fn slot_board(owner: CoreId, caller: CoreId) -> MpbAddress {
    at(owner, &SLOT_BOARD, caller.index())
}

/// First word of the slot board of `owner`, and of the second of its lines.
pub(crate) const fn slot_board_lines(owner: CoreId) -> [MpbAddress; 2] {
    [at(owner, &SLOT_BOARD, 0), at(owner, &SLOT_BOARD, LINE)]
}

/// Half line in which `caller` leaves a part of a request for `owner`.
pub const fn slot(owner: CoreId, caller: CoreId) -> MpbAddress {
    at(owner, &SLOT, caller.index() * HALF_LINE)
}

/// Quadword in which `owner` keeps which turn it has taken last from each caller's slot.
pub const fn slots_taken(owner: CoreId) -> MpbAddress {
    at(owner, &QUEUE_HEAD, HALF_LINE)
}

/// Line that tells the life of `owner`.
pub const fn hello(owner: CoreId) -> MpbAddress {
    at(owner, &HELLO, 0)
}

/// Word of [`hello`] for one message in the blocks of `owner`; it has a quadword of its own.
pub const fn stamp(owner: CoreId, stamp: Stamp) -> MpbAddress {
    at(owner, &HELLO, stamp.0 as usize * QUADWORD)
}

/// Line of `owner` that nobody reads.
pub const fn scratch(owner: CoreId) -> MpbAddress {
    at(owner, &SCRATCH, 0)
}

/// Quadword of a transfer to or from `owner`.
pub const fn flow(owner: CoreId, slot: FlowSlot) -> MpbAddress {
    at(owner, &FLOW, slot.0 as usize * QUADWORD)
}

/// Last word of [`flow`].
pub(crate) const fn flow_end(owner: CoreId, slot: FlowSlot) -> MpbAddress {
    at(owner, &FLOW, slot.0 as usize * QUADWORD + QUADWORD - 4)
}

/// Flag of `owner` for a round, 0 to 5, of a barrier; of other rounds the first six count.
pub const fn barrier_flag(owner: CoreId, barrier: BarrierId, round: u8) -> MpbAddress {
    let index = barrier.0 * BARRIER_ROUNDS + round % BARRIER_ROUNDS;
    at(owner, &BARRIER, index as usize * QUADWORD)
}

/// Note about the holder of the test-and-set register of `owner`.
pub const fn lock_note(owner: CoreId) -> MpbAddress {
    at(owner, &NOTE, 0)
}

/// Claim of `owner` to a lock that it is about to take over.
pub const fn lock_claim(owner: CoreId) -> MpbAddress {
    at(owner, &NOTE, QUADWORD)
}

/// Count of entries that `owner` has taken from its call queue; the half line goes on with the count of those
/// that were appended.
pub const fn queue_taken(owner: CoreId) -> MpbAddress {
    at(owner, &QUEUE_HEAD, 0)
}

/// Count of entries that were appended to the call queue of `owner`.
pub const fn queue_appended(owner: CoreId) -> MpbAddress {
    at(owner, &QUEUE_HEAD, QUADWORD)
}

/// Entry of the call queue of `owner`; the index counts round the ring of [`QUEUE_ENTRIES`].
pub const fn queue_entry(owner: CoreId, index: u32) -> MpbAddress {
    at(owner, &QUEUE, (index % QUEUE_ENTRIES) as usize * LINE)
}

/// Byte of the window of `owner`; `None` behind its end.
pub const fn window(owner: CoreId, offset: usize) -> Option<MpbAddress> {
    if offset < WINDOW_BYTES { Some(at(owner, &WINDOW, offset)) } else { None }
}

/// First line of a block of `owner`; that of the next block follows its last one.
pub const fn bulk(owner: CoreId, block: Block) -> MpbAddress {
    at(owner, &BULK, block.0 as usize * Block::BYTES)
}

/// FPGA counter of the lives of `core`. Counters survive a reset of the chip's cores (SCC reference §7.6).
pub const fn life_counter(core: CoreId) -> CounterId {
    counter(core.number())
}

/// FPGA counter of a counting barrier.
pub const fn barrier_counter(barrier: BarrierId) -> CounterId {
    counter(FIRST_BARRIER_COUNTER + barrier.0)
}

/// FPGA counter that is above 0 while somebody changes which cores of `tile` are in reset. Nothing in this crate uses
/// it: all counters are given out here, so that no two uses meet.
pub const fn reset_counter(tile: TileId) -> CounterId {
    counter(FIRST_RESET_COUNTER + tile.number())
}

/// FPGA counter that orders what cores record of themselves. Nothing in this crate uses it either.
pub const fn order_counter() -> CounterId {
    counter(ORDER_COUNTER)
}

const FIRST_BARRIER_COUNTER: u8 = 48;
const FIRST_RESET_COUNTER: u8 = 54;
const ORDER_COUNTER: u8 = 78;
const _: () = assert!(CoreId::COUNT == FIRST_BARRIER_COUNTER as usize);
const _: () = assert!(FIRST_BARRIER_COUNTER as usize + BarrierId::COUNT <= FIRST_RESET_COUNTER as usize);
const _: () = assert!(FIRST_RESET_COUNTER as usize + TileId::COUNT <= ORDER_COUNTER as usize);

const fn counter(number: u8) -> CounterId {
    CounterId::new(number).expect("counters are 0 to 95")
}

/// Lines that a new life clears: everything but hello, which says that they are clear.
pub(crate) fn cleared_at_start(owner: CoreId) -> impl Iterator<Item = MpbAddress> {
    [MAIL, ACK, SLOT, FLOW, BARRIER, QUEUE_HEAD, QUEUE, BOARD, SLOT_BOARD]
        .into_iter()
        .flat_map(|region| region.map(usize::from))
        .map(move |line| at(owner, &(0..CORE_LINES), line * LINE))
}

#[expect(clippy::cast_possible_truncation, reason = "offsets in a buffer of 8192 bytes fit 16 bits")]
const fn at(owner: CoreId, region: &Range<u16>, offset: usize) -> MpbAddress {
    assert!(offset < (region.end - region.start) as usize * LINE);
    match MpbAddress::new(owner, region.start * LINE as u16 + offset as u16) {
        Ok(address) => address,
        Err(_) => panic!("a region lies outside the buffer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::vec::Vec;

    /// Every part that has a writer of its own, with its length.
    fn parts(owner: CoreId) -> impl Iterator<Item = (MpbAddress, usize)> {
        let per_core =
            CoreId::all().flat_map(move |core| [(mail(owner, core), LINE), (ack(owner, core), LINE)]);
        let board =
            CoreId::all().flat_map(move |core| [(board(owner, core), 1), (slot_board(owner, core), 1)]);
        let slots = CoreId::all().map(move |core| (slot(owner, core), HALF_LINE));
        let flows = (0..16).filter_map(FlowSlot::new).map(move |slot| (flow(owner, slot), QUADWORD));
        let flags = (0..5).filter_map(BarrierId::new).flat_map(move |barrier| {
            (0..BARRIER_ROUNDS).map(move |round| (barrier_flag(owner, barrier, round), QUADWORD))
        });
        let lines = [hello(owner), scratch(owner)].map(|at| (at, LINE));
        let locks = [lock_note(owner), lock_claim(owner)].map(|at| (at, QUADWORD));
        let counts = [queue_taken(owner), queue_appended(owner), slots_taken(owner)].map(|at| (at, QUADWORD));
        let queue = (0..QUEUE_ENTRIES).map(move |entry| (queue_entry(owner, entry), LINE));
        let window = window(owner, 0).map(|at| (at, WINDOW_BYTES));
        let blocks = Block::all().map(move |block| (bulk(owner, block), Block::BYTES));
        let quadwords = flows.chain(flags).chain(locks).chain(counts);
        per_core
            .chain(board)
            .chain(slots)
            .chain(quadwords)
            .chain(lines)
            .chain(queue)
            .chain(window)
            .chain(blocks)
    }

    #[test]
    fn no_byte_has_two_owners() {
        let owner = CoreId::new(7).unwrap();
        let mut owners = HashMap::new();
        for (start, length) in parts(owner) {
            for byte in 0..length {
                let offset = usize::from(start.offset()) + byte;
                assert_eq!(owners.insert(offset, start), None, "byte {offset}");
            }
        }
        assert_eq!(owners.keys().max(), Some(&8191));
        // Spare are two quadwords of the barrier's region, two of the note's line, one of the queue's head, two of each
        // board.
        assert_eq!(owners.len(), 8192 - 9 * QUADWORD);
    }

    #[test]
    fn mail_lines_and_no_others_name_their_senders() {
        let owner = CoreId::new(7).unwrap();
        for sender in CoreId::all() {
            assert_eq!(sender_of_mail(mail(owner, sender)), Some(sender));
        }
        assert_eq!(sender_of_mail(ack(owner, owner)), None);
        assert_eq!(sender_of_mail(bulk(owner, Block(5))), None);
    }

    #[test]
    fn no_counter_has_two_uses() {
        let barriers = (0..5).filter_map(BarrierId::new).map(barrier_counter);
        let used = CoreId::all().map(life_counter).chain(barriers);
        let used: Vec<_> = used.chain(TileId::all().map(reset_counter)).collect();
        assert_eq!(used.len(), 48 + 5 + 24);
        for (index, counter) in used.iter().enumerate() {
            assert!(!used[..index].contains(counter), "{counter:?}");
        }
    }

    #[test]
    fn parts_shorter_than_a_line_stay_within_one() {
        for (start, length) in parts(CoreId::new(0).unwrap()) {
            let fits = length % LINE == 0 && start.offset_in_line() == 0;
            assert!(fits || start.offset_in_line() + length <= LINE, "{start}");
        }
    }

    #[test]
    fn offsets_behind_a_region_are_refused() {
        let owner = CoreId::new(0).unwrap();
        assert_eq!(window(owner, WINDOW_BYTES), None);
        assert_eq!(Block::new(6), None);
        assert_eq!(FlowSlot::new(16), None);
        assert_eq!(Stamp::new(3), None);
        assert_eq!(BarrierId::new(5), None);
    }
}
