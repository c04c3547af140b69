//! Instruction fetch and its coherence with the core's own stores.

use super::*;
use scc::memory_type::MemoryType::{MpbtWriteBack, MpbtWriteThrough, Uncached, WriteBack};

#[test]
fn a_second_fetch_hits_and_keeps_slot_and_stamp() {
    let mut rig = Rig::new();
    rig.fetch(0x1000, WriteBack);
    let found = rig.side.code_lookup(PhysAddr::new(0x1010)).unwrap();
    rig.traffic();
    rig.fetch(0x101F, WriteBack);
    assert_eq!(rig.traffic(), []);
    assert_eq!(rig.side.code_lookup(PhysAddr::new(0x1000)), Some(found));
    assert_eq!(rig.side.statistics().code_reads, 2);
    assert_eq!(rig.side.statistics().code_misses, 1);
}

#[test]
fn fetched_code_stays_stale_when_others_write_it() {
    let mut rig = Rig::new();
    rig.fetch(0x1000, WriteBack);
    rig.mesh.line(0x1000).fill(0x90);
    assert_eq!(rig.fetch(0x1000, WriteBack), [0; LINE]);
}

#[test]
fn every_kind_of_own_store_invalidates_the_code_line() {
    for kind in [WriteBack, MemoryType::WriteThrough, Uncached, MpbtWriteBack, MpbtWriteThrough] {
        for in_l1_data in [false, true] {
            let mut rig = Rig::new();
            if in_l1_data {
                rig.load(0x1000, 4, WriteBack);
            }
            rig.fetch(0x1000, WriteBack);
            let (slot, stamp) = rig.side.code_lookup(PhysAddr::new(0x1000)).unwrap();
            rig.store(0x1008, 4, 5, kind);
            assert_ne!(rig.side.code_stamp(slot), stamp, "{kind:?}");
            assert_eq!(rig.side.code_lookup(PhysAddr::new(0x1000)), None, "{kind:?}");
        }
    }
}

#[test]
fn a_store_hits_after_a_load_of_a_line_that_is_already_code() {
    let mut rig = Rig::new();
    rig.fetch(0x1000, WriteBack);
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 0xC3, WriteBack);
    assert_eq!(rig.fetch(0x1000, WriteBack)[0], 0xC3);
}

#[test]
fn a_fetch_sees_dirty_data_of_the_same_core() {
    for l2_disabled in [false, true] {
        let mut rig = Rig::new();
        rig.set(|control| control.l2_way_disable = l2_disabled);
        rig.load(0x1000, 4, WriteBack);
        rig.store(0x1000, 4, 0xC3, WriteBack);
        assert_eq!(rig.fetch(0x1000, WriteBack)[0], 0xC3);
        assert_eq!(rig.load(0x1000, 4, WriteBack), 0xC3);
        rig.store(0x1000, 4, 0x90, WriteBack);
        assert_eq!(rig.fetch(0x1000, WriteBack)[0], 0x90);
    }
}

#[test]
fn a_fetch_from_l2_is_refused_if_dirty_data_must_leave_first() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, MpbtWriteBack);
    let issue = Issue { may_leave: false, ..rig.issue() };
    let before = rig.clone();
    let refused = rig.side.fetch_line(&mut rig.mesh, issue, PhysAddr::new(0x1000), WriteBack);
    assert_eq!(refused, Err(Refusal::NotYet));
    assert_eq!(rig, before);
}

#[test]
fn only_the_first_store_to_a_code_line_leaves_the_fast_path() {
    let mut rig = Rig::new();
    let at = PhysAddr::new(0x1000);
    rig.load(0x1000, 4, WriteBack);
    rig.fetch(0x1000, WriteBack);
    assert!(!rig.side.store_hit(at, 4, 1));
    rig.store(0x1000, 4, 1, WriteBack);
    assert!(rig.side.store_hit(at, 4, 2));
}

#[test]
fn uncached_code_is_read_in_quadwords() {
    let mut rig = Rig::after_reset();
    rig.mesh.line(0xFFFF_FFE0)[16] = 0xEA;
    assert_eq!(rig.fetch(0xFFFF_FFF0, WriteBack)[16], 0xEA);
    let quadwords = [0xFFFF_FFE0, 0xFFFF_FFE8, 0xFFFF_FFF0, 0xFFFF_FFF8];
    assert_eq!(rig.traffic(), quadwords.map(|at| Seen::Read { at, bytes: 8 }));
    assert_eq!(rig.side.code_lookup(PhysAddr::new(0xFFFF_FFF0)), None);
}

#[test]
fn code_of_a_message_page_is_cached_like_any_other() {
    let mut rig = Rig::new();
    rig.fetch(0x1000, MpbtWriteBack);
    rig.side.cl1invmb();
    rig.traffic();
    rig.fetch(0x1000, MpbtWriteBack);
    assert_eq!(rig.traffic(), []);
}

#[test]
fn maintenance_empties_the_code_cache() {
    let mut rig = Rig::new();
    for clear in [Rig::wbinvd, |rig: &mut Rig| rig.side.invd(), |rig: &mut Rig| rig.side.reset()] {
        rig.fetch(0x1000, WriteBack);
        clear(&mut rig);
        assert_eq!(rig.side.code_lookup(PhysAddr::new(0x1000)), None);
    }
}
