//! Who waits for what, and for how long.

use super::*;
use scc::memory_type::MemoryType::{MpbtUncached, Uncached, WriteBack};

/// Cycles one call takes beyond the instruction's own.
fn cycles(rig: &mut Rig, access: impl FnOnce(&mut Rig)) -> u64 {
    let before = rig.now;
    access(rig);
    (rig.now - before) / PERIOD - 1
}

#[test]
fn reads_wait_for_the_answer_less_the_cycle_of_a_hit() {
    let mut rig = Rig::new();
    assert_eq!(cycles(&mut rig, |rig| _ = rig.load(0x1000, 4, WriteBack)), 99);
    assert_eq!(cycles(&mut rig, |rig| _ = rig.load(0x1000, 4, WriteBack)), 0);
    rig.wbinvd();
    assert_eq!(cycles(&mut rig, |rig| _ = rig.load(0x1000, 4, WriteBack)), 17, "from L2");
}

#[test]
fn a_write_lets_the_core_go_on_until_it_needs_the_unit_again() {
    let mut rig = Rig::new();
    assert_eq!(cycles(&mut rig, |rig| rig.store(0x1000, 4, 1, Uncached)), 0);
    assert_eq!(cycles(&mut rig, |rig| rig.store(0x2000, 4, 1, Uncached)), 99, "the first write's rest");
    assert_eq!(cycles(&mut rig, |rig| _ = rig.load(0x3000, 4, Uncached)), 98 + 100);
}

#[test]
fn hits_do_not_wait_for_a_pending_write() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x2000, 4, 1, Uncached);
    assert_eq!(cycles(&mut rig, |rig| _ = rig.load(0x1000, 4, WriteBack)), 0);
    assert_eq!(cycles(&mut rig, |rig| rig.store(0x1000, 4, 1, WriteBack)), 0);
    assert_eq!(cycles(&mut rig, |rig| rig.store(0xC000_0000, 4, 1, MpbtUncached)), 0, "capture");
}

#[test]
fn an_l2_write_occupies_the_unit() {
    let mut rig = Rig::new();
    rig.load(0x1000, 4, WriteBack);
    rig.wbinvd();
    assert_eq!(cycles(&mut rig, |rig| rig.store(0x1000, 4, 1, WriteBack)), 0);
    assert_eq!(cycles(&mut rig, |rig| rig.store(0x1000, 4, 1, WriteBack)), 17);
}

#[test]
fn a_victim_is_written_before_the_fill_and_both_are_waited_for() {
    let mut rig = Rig::new();
    rig.set(|control| control.l2_way_disable = true);
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 1, WriteBack);
    for way in 1..4 {
        rig.load(0x1000 + way * 0x1000, 4, WriteBack);
    }
    assert_eq!(cycles(&mut rig, |rig| _ = rig.load(0x5000, 4, WriteBack)), 199);
}

#[test]
fn a_partial_flush_waits_for_all_but_the_last_of_its_writes() {
    let mut rig = Rig::new();
    for quadword in 0..3 {
        rig.store(0xC000_0000 + quadword * 8, 4, 1, MpbtUncached);
    }
    assert_eq!(cycles(&mut rig, |rig| rig.store(0xC000_0020, 4, 1, MpbtUncached)), 200);
    let starts: Vec<_> = rig.mesh.seen.iter().map(|&(_, start)| start / PERIOD).collect();
    assert_eq!(starts, [3, 103, 203]);
}

#[test]
fn flat_timing_never_waits() {
    let mut rig = Rig::new();
    rig.mesh.flat = true;
    rig.side.set_l2_cycles(0);
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x1000, 4, 1, WriteBack);
    rig.wbinvd();
    rig.load(0x1000, 4, WriteBack);
    rig.store(0x2000, 4, 1, Uncached);
    rig.fetch(0x3000, Uncached);
    assert_eq!(rig.now, 6 * PERIOD);
}

#[test]
fn accesses_tell_whether_they_left_the_core() {
    let mut rig = Rig::new();
    let issue = rig.issue();
    let at = PhysAddr::new(0x1000);
    let left = |access: Result<Access, Refusal>| access.unwrap().left;
    assert!(left(rig.side.load(&mut rig.mesh, issue, at, 4, WriteBack)));
    assert!(!left(rig.side.load(&mut rig.mesh, issue, at, 4, WriteBack)));
    assert!(!left(rig.side.store(&mut rig.mesh, issue, at, 4, 1, WriteBack)));
    assert!(!left(rig.side.wbinvd(&mut rig.mesh, issue)), "into L2");
    assert!(!left(rig.side.load(&mut rig.mesh, issue, at, 4, WriteBack)), "from L2");
    assert!(left(rig.side.store(&mut rig.mesh, issue, at, 4, 1, Uncached)));
    assert!(!left(rig.side.store(&mut rig.mesh, issue, at, 4, 1, MpbtUncached)));
    assert!(left(rig.side.load(&mut rig.mesh, issue, at, 4, MpbtUncached)));
}
