//! CR0, TR12, L2 switches and locked operations.

use super::*;
use scc::memory_type::MemoryType::{MpbtWriteBack, Uncached, WriteBack, WriteThrough};

#[test]
fn after_reset_every_access_goes_to_memory() {
    let mut rig = Rig::after_reset();
    rig.load(0x1000, 4, WriteBack);
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 5);
    let read = Seen::Read { at: 0x1000, bytes: 4 };
    assert_eq!(rig.traffic(), [read, read, Seen::Write { at: 0x1000, bytes: 4, value: 5 }, read]);
    assert_eq!(rig.side.peek(PhysAddr::new(0x1000)), None);
}

#[test]
fn with_caching_disabled_lines_present_still_hit() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.load(0x2000, 4, WriteThrough);
    rig.set(|control| {
        control.cache_disable = true;
        control.not_write_through = true;
    });
    rig.traffic();
    rig.store(0x1000, 4, 5, WriteBack);
    rig.store(0x2000, 4, 6, WriteThrough);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 5);
    assert_eq!(rig.load(0x2000, 4, WriteThrough), 6);
    assert_eq!(rig.traffic(), [], "write hits stay, also on write-through pages");
}

#[test]
fn without_not_write_through_write_through_hits_go_out() {
    let mut rig = Rig::new();
    rig.load(0x2000, 4, MemoryType::MpbtWriteThrough);
    rig.set(|control| control.cache_disable = true);
    rig.store(0x2000, 4, 6, MemoryType::MpbtWriteThrough);
    assert_eq!(rig.side.combining(), Some(PhysAddr::new(0x2000)));
}

#[test]
fn fill_inhibit_of_l1_still_fills_l2() {
    let mut rig = Rig::new();
    rig.set(|control| control.l1_fill_inhibit = true);
    rig.load(0x1000, 4, WriteBack);
    rig.load(0x1000, 4, WriteBack);
    assert_eq!(rig.traffic(), [Seen::ReadLine(0x1000)]);
    assert_eq!(rig.side.statistics().l2_hits, 1);
    assert_eq!(rig.side.statistics().data_read_misses, 2);
}

#[test]
fn a_disabled_l2_hides_its_lines_and_warns_if_they_are_dirty() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.wbinvd();
    rig.set(|control| control.l2_way_disable = true);
    assert_eq!(rig.warnings(), [FindingKind::L2DisabledWithDirtyLines]);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0);
    rig.wbinvd();
    rig.traffic();
    rig.load(0x1000, 4, WriteBack);
    assert_eq!(rig.traffic(), [Seen::ReadLine(0x1000)], "no hit and no allocation");
    rig.wbinvd();
    rig.set(|control| control.l2_way_disable = false);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 5, "the dirty line is back");
}

#[test]
fn l2_reset_discards_dirty_lines_at_once() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.wbinvd();
    rig.set(|control| control.l2_reset = true);
    rig.set(|control| control.l2_reset = false);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0);
    assert_eq!(rig.mesh.word(0x1000), 0);
}

#[test]
fn a_stopped_l2_clock_keeps_the_lines() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.wbinvd();
    rig.set(|control| control.l2_clock_stopped = true);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 0);
    rig.wbinvd();
    rig.set(|control| control.l2_clock_stopped = false);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 5);
}

impl Rig {
    fn lock(&mut self, at: u32, bytes: u32) {
        let issue = self.issue();
        let access = self.side.prepare_locked(&mut self.mesh, issue, PhysAddr::new(at), bytes).unwrap();
        self.advance(access.stall);
    }
}

#[test]
fn a_locked_operation_writes_back_then_reads_and_writes_at_the_destination() {
    let mut rig = Rig::new();
    rig.set(|control| control.l2_way_disable = true);
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.traffic();
    rig.lock(0x1000, 4);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 5);
    rig.mesh.set_word(0x1000, 40);
    rig.store(0x1000, 4, 6, WriteBack);
    let read = Seen::Read { at: 0x1000, bytes: 4 };
    let write = Seen::Write { at: 0x1000, bytes: 4, value: 6 };
    assert_eq!(rig.traffic(), [Seen::WriteBack(0x1000), read, write], "the other core's 40 is overwritten");
    rig.load(0x1000, 4, WriteBack);
    assert_eq!(rig.traffic(), [Seen::ReadLine(0x1000)], "later loads fill again");
}

#[test]
fn a_locked_operation_on_a_line_in_l2_stays_there() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 5, WriteBack);
    rig.traffic();
    rig.lock(0x1000, 4);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 5);
    rig.store(0x1000, 4, 6, WriteBack);
    assert_eq!(rig.traffic(), []);
    assert_eq!(rig.mesh.word(0x1000), 0);
    assert_eq!(rig.load(0x1000, 4, WriteBack), 6);
}

#[test]
fn a_locked_operation_over_two_lines_takes_both_out_of_l1() {
    let mut rig = Rig::new();
    rig.set(|control| control.l2_way_disable = true);
    rig.load(0x1000, 4, WriteBack);
    rig.load(0x1020, 4, WriteBack);
    rig.lock(0x101E, 4);
    assert_eq!(rig.side.peek(PhysAddr::new(0x1000)), None);
    assert_eq!(rig.side.peek(PhysAddr::new(0x1020)), None);
}

#[test]
fn a_locked_operation_on_an_uncached_or_message_word_reads_the_word() {
    for kind in [Uncached, MpbtWriteBack] {
        let mut rig = Rig::new();
        rig.lock(0xC000_0000, 4);
        rig.load(0xC000_0000, 4, kind);
        assert_eq!(rig.traffic(), [Seen::Read { at: 0xC000_0000, bytes: 4 }]);
    }
}
