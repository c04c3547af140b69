//! All scenarios under many seeds, with doorbells lost, doubled and late, and lines split.

use std::vec::Vec;

use super::*;
use crate::testing::Odds;

/// Every scenario, by name.
pub(super) const SCENARIOS: &[(&str, Scenario)] = &[
    ("three mails", mailbox::three_mails),
    ("three mails, polled", mailbox::three_mails_polled),
    ("three mails, polled of one", mailbox::three_mails_polled_of_one),
    ("full channel", mailbox::full_channel),
    ("posted both ways", mailbox::posted_both_ways),
    ("posted without a bell", board::posted_without_a_bell),
    ("overwritten board", board::overwritten),
    ("own mail", mailbox::own_mail),
    ("own full channel", mailbox::own_full_channel),
    ("late receiver", mailbox::late_receiver),
    ("contended lock", lock::contended),
    ("dead owner", lock::dead_owner),
    ("dead but released", lock::dead_but_released),
    ("dead seizer", lock::dead_seizer),
    ("rival seizers", lock::rival_seizers),
    ("withdrawn claim", lock::withdrawn_claim),
    ("barrier by doorbells", barrier::rung),
    ("barrier, polled", barrier::polled),
    ("barrier with a late core", barrier::with_a_late_one),
    ("barrier of two with a restarted core", barrier::of_two_with_a_restarted_one),
    ("barrier of three with a restarted core", barrier::of_three_with_a_restarted_one),
    ("barrier by counting", barrier::counted),
    ("one call", rpc::one_call),
    ("mixed calls", rpc::mixed_calls),
    ("mechanisms", rpc::mechanisms),
    ("queued calls", rpc::queued_calls),
    ("slots", rpc::slots),
    ("one call by slot", rpc::one_call_by_slot),
    ("restarted at slots", rpc::restarted_at_slots),
    ("cancelled call", rpc::cancelled),
    ("windows", transfer::windows),
    ("watched window", transfer::watched_window),
    ("transfers", transfer::lengths),
    ("transfers, polled", transfer::lengths_polled),
    ("long transfers, polled", transfer::long_ones),
    ("short transfers", transfer::short_ones),
    ("short transfers, polled", transfer::short_ones_polled),
    ("given up unasked", transfer::given_up_unasked),
    ("given up while copied", given_up::while_copied),
    ("asked for last", crowded::asked_for_last),
    ("impatient senders", transfer::impatient_senders),
    ("transfer to restarted receiver", transfer::restarted_receiver),
    ("lent by two", lend::two_lenders),
    ("lent and written", lend::written),
    ("given up while read", lend::given_up_while_read),
    ("given up while written", lend::given_up_while_written),
    ("dead borrower", lend::dead_borrower),
    ("restarted lender", lend::restarted_lender),
    ("restarted callee", rpc::restarted_callee),
    ("restarted receiver", mailbox::restarted_receiver),
    ("answer to a restarted sender", answer::to_a_restarted_sender),
    ("answer to a persistent poster", answer::to_a_persistent_poster),
    ("answer to a polling sender", answer::to_a_polling_sender),
];

#[test]
fn scenarios_hold_under_hostile_seeds() {
    for (name, scenario) in SCENARIOS {
        for seed in 0..30 {
            let (mut machine, check) = scenario(Chooser::seeded(seed, Odds::HOSTILE));
            let result = run(&mut machine, check);
            assert_eq!(result, Ok(()), "{name}, seed {seed}:\n{}", machine.report());
        }
    }
}

#[test]
fn same_seed_makes_the_same_run() {
    let report = || {
        let (mut machine, check) = mailbox::three_mails(Chooser::seeded(5, Odds::HOSTILE));
        assert_eq!(run(&mut machine, check), Ok(()));
        machine.report()
    };
    let reports: Vec<_> = (0..2).map(|_| report()).collect();
    assert_eq!(reports[0], reports[1]);
    assert!(!reports[0].is_empty());
}
