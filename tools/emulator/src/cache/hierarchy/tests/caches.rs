//! Staleness, write policies, evictions and maintenance instructions.

use super::*;
use scc::memory_type::MemoryType::{
    MpbtUncached, MpbtWriteBack, MpbtWriteThrough, Uncached, WriteBack, WriteThrough,
};

#[test]
fn a_cached_line_stays_stale_until_it_is_evicted() {
    let mut rig = Rig::new();
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0);
    rig.mesh.set_word(0x1000, 7);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0);
    rig.wbinvd();
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0, "L2 is stale too");
    rig.wbinvd();
    rig.flush_l2();
    assert_eq!(rig.load(0x1000, 4, WriteBack), 7);
}

#[test]
fn a_write_back_store_hit_reaches_memory_only_through_l1_and_l2_flushes() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1004, 4, 9, WriteBack);
    assert_eq!(rig.mesh.word(0x1004), 0);
    rig.wbinvd();
    assert_eq!(rig.mesh.word(0x1004), 0, "the write-back landed in L2");
    rig.flush_l2();
    assert_eq!(rig.mesh.word(0x1004), 9);
    assert_eq!(rig.side.statistics().l1_write_backs, 1);
    assert_eq!(rig.side.statistics().l2_write_backs, 1);
}

#[test]
fn a_store_miss_allocates_nowhere() {
    let mut rig = Rig::new();
    rig.store(0x1000, 4, 5, WriteBack);
    assert_eq!(rig.traffic(), [Seen::Write { at: 0x1000, bytes: 4, value: 5 }]);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 5);
    assert_eq!(rig.traffic(), [Seen::ReadLine(0x1000)]);
}

#[test]
fn a_store_that_misses_l1_and_hits_l2_stays_in_l2() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.wbinvd();
    rig.traffic();
    rig.store(0x1000, 4, 5, WriteBack);
    assert_eq!(rig.traffic(), []);
    assert_eq!(rig.mesh.word(0x1000), 0);
    assert_eq!(rig.side.peek(PhysAddr::new(0x1000)), Some(5));
}

#[test]
fn write_through_stores_update_l1_and_go_down() {
    let mut rig = Rig::new();
    rig.set(|control| control.l2_way_disable = true);
    rig.load(0x1000, 4, WriteThrough);
    rig.store(0x1000, 4, 5, WriteThrough);
    assert_eq!(rig.mesh.word(0x1000), 5);
    rig.mesh.set_word(0x1000, 0);
    assert_eq!(rig.load(0x1000, 4, WriteThrough), 5, "L1 was updated");
}

#[test]
fn write_through_stores_that_hit_l2_leave_it_dirty() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteThrough);
    rig.store(0x1000, 4, 5, WriteThrough);
    assert_eq!(rig.mesh.word(0x1000), 0);
    rig.wbinvd();
    rig.flush_l2();
    assert_eq!(rig.mesh.word(0x1000), 5);
}

#[test]
fn a_write_through_store_to_an_exclusive_line_goes_down_too() {
    let mut rig = Rig::new();
    rig.set(|control| control.l2_way_disable = true);
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteThrough);
    assert_eq!(rig.mesh.word(0x1000), 5);
}

#[test]
fn a_write_back_store_to_a_shared_line_writes_through_once() {
    let mut rig = Rig::new();
    rig.set(|control| control.l2_way_disable = true);
    rig.load(0x1000, 4, WriteThrough);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.store(0x1000, 4, 6, WriteBack);
    assert_eq!(rig.mesh.word(0x1000), 5);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 6);
}

#[test]
fn a_dirty_victim_that_misses_l2_is_written_to_memory_as_a_line() {
    let mut rig = Rig::new();
    rig.set(|control| control.l2_way_disable = true);
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.traffic();
    for way in 1..=4 {
        rig.load(0x1000 + way * 0x1000, 4, WriteBack);
    }
    assert_eq!(rig.traffic()[3..], [Seen::WriteBack(0x1000), Seen::ReadLine(0x5000)]);
    assert_eq!(rig.mesh.word(0x1000), 5);
}

#[test]
fn a_fill_from_l2_is_refused_if_its_victim_leaves() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.wbinvd();
    for way in 0..4 {
        rig.load(0xC000_0000 + way * 0x1000, 4, MpbtWriteBack);
        rig.store(0xC000_0000 + way * 0x1000, 4, 1, MpbtWriteBack);
    }
    let issue = Issue { may_leave: false, ..rig.issue() };
    let before = rig.clone();
    let refused = rig.side.load(&mut rig.mesh, issue, PhysAddr::new(0x1000), 4, WriteBack);
    assert_eq!(refused, Err(Refusal::NotYet));
    assert_eq!(rig, before);
}

#[test]
fn a_fill_that_the_mesh_puts_off_does_not_write_its_victims_twice() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 1, WriteBack);
    rig.wbinvd();
    for way in 1..4 {
        rig.load(0x1000 + way * 0x1_0000, 4, WriteBack);
    }
    rig.traffic();
    rig.mesh.refuse_after = Some(1);
    let issue = rig.issue();
    let refused = rig.side.load(&mut rig.mesh, issue, PhysAddr::new(0x9_1000), 4, WriteBack);
    assert_eq!(refused, Err(Refusal::NotYet));
    rig.mesh.refuse_after = None;
    rig.load(0x9_1000, 4, WriteBack);
    assert_eq!(rig.traffic(), [Seen::WriteBack(0x1000), Seen::ReadLine(0x9_1000)]);
}

#[test]
fn four_reads_at_64_kilobytes_evict_a_fresh_l2_set() {
    let mut rig = Rig::new();
    rig.load(0xD800_0040, 4, WriteBack);
    rig.store(0xD800_0040, 4, 3, WriteBack);
    rig.wbinvd();
    for way in 1..=4 {
        rig.load(0xD800_0040 + way * 0x1_0000, 4, WriteBack);
    }
    assert_eq!(rig.mesh.word(0xD800_0040), 3);
}

#[test]
fn message_loads_hit_l1_until_they_are_invalidated() {
    let mut rig = Rig::new();
    for kind in [MpbtWriteBack, MpbtWriteThrough] {
        rig.load(0xC000_0000, 4, kind);
        rig.load(0xC000_0004, 4, kind);
        assert_eq!(rig.traffic(), [Seen::ReadLine(0xC000_0000)]);
        rig.side.cl1invmb();
        rig.load(0xC000_0000, 4, kind);
        assert_eq!(rig.traffic(), [Seen::ReadLine(0xC000_0000)], "L2 was not filled");
        rig.side.cl1invmb();
    }
    assert_eq!(rig.side.statistics().message_fills, 4);
}

#[test]
fn message_loads_do_not_hit_l2() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.wbinvd();
    rig.mesh.set_word(0x1000, 8);
    assert_eq!(rig.load(0x1000, 4, MpbtWriteBack), 8);
}

#[test]
fn the_message_invalidate_leaves_other_lines_alone() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.load(0x2000, 4, WriteBack);
    rig.store(0x2000, 4, 1, WriteBack);
    rig.traffic();
    rig.side.cl1invmb();
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0);
    assert_eq!(rig.load(0x2000, 4, WriteBack), 1);
    assert_eq!(rig.traffic(), []);
    assert_eq!(rig.warnings(), []);
}

#[test]
fn a_write_back_message_store_hit_is_lost_by_the_message_invalidate() {
    let mut rig = Rig::new();
    rig.load(0xC000_0000, 4, MpbtWriteBack);
    rig.store(0xC000_0000, 4, 5, MpbtWriteBack);
    rig.side.cl1invmb();
    assert_eq!(rig.warnings(), [FindingKind::MessageInvalidateDiscardsDirtyLines]);
    rig.store(0xC000_0020, 1, 0, MpbtWriteBack);
    assert_eq!(rig.load(0xC000_0000, 4, MpbtWriteBack), 0);
}

#[test]
fn an_evicted_dirty_message_line_goes_straight_to_its_destination() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.load(0x1000, 4, MpbtWriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.wbinvd();
    assert_eq!(rig.mesh.word(0x1000), 5, "the message tag sent it past L2, which holds the line");
}

#[test]
fn a_message_access_tags_the_line_it_hits_and_a_plain_one_leaves_the_tag() {
    let mut rig = Rig::new();
    for (first, second) in [(WriteBack, MpbtWriteBack), (MpbtWriteBack, WriteBack)] {
        rig.load(0x1000, 4, first);
        rig.load(0x1000, 4, second);
        rig.traffic();
        rig.side.cl1invmb();
        rig.load(0x1000, 4, MpbtWriteBack);
        assert_eq!(rig.traffic(), [Seen::ReadLine(0x1000)]);
        rig.wbinvd();
    }
}

#[test]
fn a_message_store_hit_tags_the_line() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 1, MpbtWriteBack);
    rig.side.cl1invmb();
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0, "dropped with its data");
}

#[test]
fn invd_drops_dirty_lines_and_warns() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.side.invd();
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0);
    assert_eq!(rig.warnings(), [FindingKind::InvalidateDiscardsDirtyLines]);
}

#[test]
fn uncached_accesses_pass_cached_copies_by_and_warn() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    assert_eq!(rig.load(0x1000, 4, Uncached), 0);
    assert_eq!(rig.warnings(), [FindingKind::UncachedAccessToCachedLine]);
    rig.store(0x1000, 4, 6, Uncached);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 5);
    assert_eq!(rig.warnings(), [FindingKind::UncachedAccessToCachedLine]);
    rig.load(0x3000, 4, Uncached);
    rig.load(0x1000, 4, MpbtUncached);
    assert_eq!(rig.warnings(), []);
}

#[test]
fn uncached_accesses_across_a_quadword_split_low_first() {
    let mut rig = Rig::new();
    rig.store(0x1006, 4, 0x4433_2211, Uncached);
    let low = Seen::Write { at: 0x1006, bytes: 2, value: 0x2211 };
    let high = Seen::Write { at: 0x1008, bytes: 2, value: 0x4433 };
    assert_eq!(rig.traffic(), [low, high]);
    assert_eq!(rig.load(0x1005, 8, Uncached), 0x44_3322_1100);
    assert_eq!(rig.traffic(), [Seen::Read { at: 0x1005, bytes: 3 }, Seen::Read { at: 0x1008, bytes: 5 }]);
}

#[test]
fn dirty_lines_are_found_by_window_wherever_they_are() {
    let mut rig = Rig::new();
    let index = PhysAddr::new(0x8100_0040).lut_index();
    let next = PhysAddr::new(0x8200_0000).lut_index();
    rig.load(0x8100_0040, 4, WriteBack);
    assert!(!rig.side.dirty_lines_in(index));
    rig.store(0x8100_0040, 4, 1, WriteBack);
    assert!(rig.side.dirty_lines_in(index), "in L1");
    assert!(!rig.side.dirty_lines_in(next));
    rig.wbinvd();
    assert!(rig.side.dirty_lines_in(index), "in L2");
    rig.flush_l2();
    assert!(!rig.side.dirty_lines_in(index));
    rig.store(0x8100_0040, 4, 1, MpbtUncached);
    assert!(rig.side.dirty_lines_in(index), "in the write-combining buffer");
}
