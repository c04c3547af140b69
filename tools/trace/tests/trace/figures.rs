//! Figures of a chip whose rhythm is known.

use scc_trace::read_bytes;
use scc_trace::report::{Figures, text};

use super::synthetic::ROUND;

fn figures(cores: u8, rounds: u64) -> Figures {
    Figures::of(&super::trace(cores, rounds))
}

#[test]
fn every_cycle_of_a_core_is_accounted_for_once() {
    for core in figures(4, 50).cores {
        let parts = core.boot + core.polls + core.interrupts + core.executor + core.idle + core.unknown;
        assert_eq!(parts, core.elapsed);
        assert_eq!(core.elapsed, 51 * ROUND - 1);
        // Two interrupts of 90 and 100 cycles in each round.
        assert_eq!(core.interrupts, 50 * 190);
        assert_eq!((core.lost_records, core.unknown), (0, 0));
    }
}

#[test]
fn waits_and_polls_are_what_the_rhythm_makes_them() {
    let figures = figures(1, 100);
    let mail = figures.tasks.iter().find(|task| task.name == "mail").unwrap();
    let (wait, queued, poll) = (mail.wake_to_poll.unwrap(), mail.queued.unwrap(), mail.poll.unwrap());
    assert_eq!((wait.count, wait.least, wait.p50, wait.most), (100, 190, 190, 190));
    assert_eq!(queued.most, 0, "no other poll runs between the doorbell and the poll of mail");
    let longest = (0..100).map(|round| 250 + round * 37 % 400).max();
    assert_eq!((poll.least, Some(poll.most)), (250, longest), "it ends when the next poll begins");
    let work = figures.tasks.iter().find(|task| task.name == "work").unwrap();
    assert_eq!((work.polls, work.spawned), (200, 1));
    // Woken in mail's poll, which goes on for 150 cycles and the round's variation, and by its own yield.
    assert_eq!(work.queued.unwrap().least, 150);
    // An interrupt of 100 cycles in one of its two polls belongs to the poll's length but not to its cycles.
    let lengths = 100 * (1_000 + 100);
    assert_eq!(work.cycles, lengths - 100 * 100);
}

#[test]
fn letters_are_counted_at_both_ends() {
    let figures = figures(3, 10);
    for core in &figures.cores {
        assert_eq!((core.letters_written, core.letters_read), (10, 9));
    }
}

#[test]
fn lost_records_are_told_and_nothing_is_made_up_for_them() {
    let bytes = super::bytes(2, 20, Some((1, 7)));
    let figures = Figures::of(&read_bytes(&bytes, false, |_, _| {}).unwrap());
    assert_eq!(figures.cores[1].lost_records, 9);
    assert_eq!(figures.cores[0].lost_records, 0);
    let mail = |core| figures.tasks.iter().find(|task| task.name == "mail" && task.core == core).unwrap();
    assert_eq!((mail(0).polls, mail(1).polls), (20, 19));
    assert!(figures.cores[1].unknown > 0);
    let text = text(&figures);
    assert!(text.contains("core 1: 9 overwritten before they were read"), "{text}");
}
