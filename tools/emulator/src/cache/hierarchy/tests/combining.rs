//! The write-combining buffer's rules, seen from the mesh.

use super::*;
use scc::memory_type::MemoryType::{
    MpbtUncached, MpbtWriteBack, MpbtWriteThrough, Uncached, WriteBack, WriteThrough,
};

const MESSAGE_TYPES: [MemoryType; 3] = [MpbtWriteBack, MpbtWriteThrough, MpbtUncached];

#[test]
fn a_message_store_stays_invisible_until_one_to_another_line() {
    for kind in MESSAGE_TYPES {
        let mut rig = Rig::new();
        rig.store(0xC000_0000, 4, 0x1234_5678, kind);
        rig.now += 1_000_000_000_000;
        assert_eq!(rig.traffic(), []);
        rig.store(0xC000_0020, 1, 0, kind);
        assert_eq!(rig.traffic(), [Seen::Write { at: 0xC000_0000, bytes: 4, value: 0x1234_5678 }]);
    }
}

#[test]
fn eight_ascending_words_leave_as_one_line_at_once() {
    let mut rig = Rig::new();
    for word in 0..8 {
        assert_eq!(rig.traffic(), []);
        rig.store(0xC000_0000 + word * 4, 4, u64::from(word), MpbtWriteThrough);
    }
    assert_eq!(rig.traffic(), [Seen::WriteCombined(0xC000_0000)]);
    assert_eq!(rig.mesh.word(0xC000_001C), 7);
    assert_eq!(rig.side.combining(), None);
}

#[test]
fn a_line_completed_out_of_order_leaves_as_one_line() {
    let mut rig = Rig::new();
    for word in [7, 0, 3, 1, 6, 2, 5, 4] {
        rig.store(0xC000_0000 + word * 4, 4, u64::from(word), MpbtUncached);
    }
    assert_eq!(rig.traffic(), [Seen::WriteCombined(0xC000_0000)]);
    assert_eq!(rig.side.statistics().combined_full, 1);
}

#[test]
fn an_incomplete_line_leaves_as_one_write_per_quadword() {
    let mut rig = Rig::new();
    rig.mesh.line(0xC000_0000).fill(0xEE);
    rig.store(0xC000_0004, 4, 0x1111_1111, MpbtUncached);
    rig.store(0xC000_0008, 4, 0x2222_2222, MpbtUncached);
    rig.store(0xC000_0000, 4, 0x3333_3333, MpbtUncached);
    rig.store(0xC000_0100, 4, 0, MpbtUncached);
    let first = Seen::Write { at: 0xC000_0000, bytes: 8, value: 0x1111_1111_3333_3333 };
    let second = Seen::Write { at: 0xC000_0008, bytes: 4, value: 0x2222_2222 };
    assert_eq!(rig.traffic(), [first, second]);
    assert_eq!(rig.mesh.word(0xC000_000C), 0xEEEE_EEEE);
    assert_eq!(rig.side.statistics().combined_partial, 1);
}

#[test]
fn bytes_with_gaps_leave_their_neighbours_alone() {
    let mut rig = Rig::new();
    rig.mesh.line(0xC000_0000).fill(0xEE);
    for offset in [0, 3, 5] {
        rig.store(0xC000_0000 + offset, 1, 0x11, MpbtUncached);
    }
    rig.store(0xC000_0100, 4, 0, MpbtUncached);
    assert_eq!(rig.mesh.line(0xC000_0000)[..8], [0x11, 0xEE, 0xEE, 0x11, 0xEE, 0x11, 0xEE, 0xEE]);
    let starts: Vec<_> = rig.mesh.seen.iter().map(|&(_, start)| start).collect();
    assert!(starts.iter().all(|&start| start == starts[0]), "one quadword is one transaction in time");
}

#[test]
fn nothing_but_message_stores_flushes() {
    let mut rig = Rig::new();
    rig.store(0xC000_0000, 4, 5, MpbtWriteBack);
    rig.store(0xF800_0010, 4, 1, Uncached);
    rig.load(0xF800_0010, 4, Uncached);
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 1, WriteBack);
    rig.store(0x2000, 4, 1, WriteThrough);
    rig.load(0xC000_0020, 4, MpbtWriteBack);
    rig.side.cl1invmb();
    rig.side.invd();
    rig.wbinvd();
    assert_eq!(rig.mesh.word(0xC000_0000), 0);
    assert_eq!(rig.side.combining(), Some(PhysAddr::new(0xC000_0000)));
}

#[test]
fn a_message_load_of_the_buffered_line_flushes_first() {
    for kind in MESSAGE_TYPES {
        let mut rig = Rig::new();
        rig.store(0xC000_0004, 4, 5, kind);
        assert_eq!(rig.load(0xC000_0004, 4, kind), 5);
        assert_eq!(rig.traffic()[0], Seen::Write { at: 0xC000_0004, bytes: 4, value: 5 });
        assert_eq!(rig.side.combining(), None);
    }
}

#[test]
fn a_message_load_that_hits_l1_does_not_flush() {
    let mut rig = Rig::new();
    rig.load(0xC000_0000, 4, MpbtWriteThrough);
    rig.store(0xC000_0000, 4, 5, MpbtWriteThrough);
    rig.traffic();
    assert_eq!(rig.load(0xC000_0000, 4, MpbtWriteThrough), 5);
    assert_eq!(rig.traffic(), []);
}

#[test]
fn a_write_through_message_store_hit_is_visible_after_a_flush() {
    let mut rig = Rig::new();
    rig.load(0xC000_0000, 4, MpbtWriteThrough);
    rig.store(0xC000_0000, 4, 5, MpbtWriteThrough);
    rig.side.cl1invmb();
    rig.store(0xC000_0020, 1, 0, MpbtWriteThrough);
    assert_eq!(rig.mesh.word(0xC000_0000), 5);
    assert_eq!(rig.warnings(), []);
}

#[test]
fn an_uncached_store_without_the_message_bit_is_one_transaction() {
    let mut rig = Rig::new();
    rig.store(0xC000_0000, 4, 1, Uncached);
    rig.store(0xC000_0004, 4, 2, Uncached);
    let first = Seen::Write { at: 0xC000_0000, bytes: 4, value: 1 };
    let second = Seen::Write { at: 0xC000_0004, bytes: 4, value: 2 };
    assert_eq!(rig.traffic(), [first, second]);
}

#[test]
fn reset_loses_the_buffer_and_l1_but_not_l2() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.wbinvd();
    rig.store(0x1000, 4, 7, WriteBack);
    rig.store(0xC000_0000, 4, 5, MpbtUncached);
    rig.load(0x2000, 4, WriteBack);
    rig.store(0x2000, 4, 9, WriteBack);
    rig.side.reset();
    assert_eq!(rig.side.combining(), None);
    assert_eq!(rig.side.peek(PhysAddr::new(0x2000)), Some(0), "the copy in L2");
    assert_eq!(rig.side.peek(PhysAddr::new(0x1000)), Some(7));
    assert!(rig.side.control().cache_disable && rig.side.control().not_write_through);
}
