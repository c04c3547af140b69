//! Scenarios under all behaviours of the chip up to a bound.

use super::*;
use crate::testing::{Budget, explore};

/// Bound of an exploration: preemptive switches of cores, and faults, combined in one run.
fn holds_up_to(switches: usize, faults: usize, scenario: Scenario) {
    let budget = Budget { switches, faults };
    let explored = explore(budget, 60_000, |chooser| {
        let (machine, check) = scenario(chooser);
        (machine, move || assert_eq!(check(), Ok(())))
    });
    assert!(explored.is_complete, "{} runs did not exhaust {budget:?}", explored.runs);
    std::println!("{} runs exhaust {budget:?}", explored.runs);
}

#[test]
fn mail_holds_under_all_interleavings_with_two_switches_and_one_fault() {
    holds_up_to(2, 1, mailbox::two_mails);
}

#[test]
fn mail_of_one_holds_under_all_interleavings_with_two_switches_and_one_fault() {
    holds_up_to(2, 1, mailbox::two_mails_of_one);
}

#[test]
fn lock_holds_under_all_interleavings_with_eight_switches() {
    holds_up_to(8, 0, lock::contended);
}

#[test]
fn lock_of_a_dead_owner_is_taken_over_wherever_another_core_dies_trying_with_two_switches() {
    holds_up_to(2, 0, lock::dead_seizer);
}

#[test]
fn lock_has_one_holder_wherever_one_of_two_that_take_it_over_dies_with_two_switches() {
    holds_up_to(2, 0, lock::rival_seizers);
}

#[test]
fn flag_barrier_holds_under_all_interleavings_with_two_switches_and_one_fault() {
    holds_up_to(2, 1, barrier::of_two);
}

#[test]
fn counting_barrier_holds_under_all_interleavings_with_three_switches() {
    holds_up_to(3, 0, barrier::counted);
}

#[test]
fn call_holds_under_all_interleavings_with_one_switch_and_one_fault() {
    holds_up_to(1, 1, rpc::one_call);
}

#[test]
fn call_by_slot_holds_under_all_interleavings_with_one_switch_and_one_fault() {
    holds_up_to(1, 1, rpc::one_call_by_slot);
}

#[test]
fn short_transfer_is_whole_or_given_up_under_all_interleavings_with_one_switch_and_one_fault() {
    holds_up_to(1, 1, transfer::short_ones);
}
