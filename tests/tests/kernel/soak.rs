//! The soak of the kernels' mail, small: eight cores, lost doorbells, cores stopped in the middle.

use boot_tests::kernel::soak::{Counts, Plan, Summary, run};
use scc::id::CoreId;
use scc::timing::Time;

/// Cores of three tiles next to each other and of the far corners.
const CORES: [u8; 8] = [0, 1, 2, 3, 4, 11, 36, 47];

fn soak(letters: u32, messages: u32, lost_percent: &str, restarts: u32) -> Summary {
    let cores = CORES.map(|number| CoreId::new(number).expect("0 to 47")).to_vec();
    let lost_requests = lost_percent.parse().expect("percent");
    let patience = Time::from_microseconds(1_000_000);
    let counts = Counts { letters, messages };
    let plan = Plan { cores, counts, seed: 7, lost_requests, restarts, patience };
    run(&plan, |_| ()).unwrap_or_else(|(error, board)| {
        let texts: String =
            CORES.iter().map(|core| board.text(CoreId::new(*core).expect("0 to 47"))).collect();
        panic!("{plan:?}: {error}\n{texts}")
    })
}

#[test]
fn every_letter_and_message_comes_once_and_in_order_though_doorbells_are_lost() {
    let summary = soak(8, 3, "20", 0);
    let letters = 8 * 7 * (2 * 8 + 3);
    assert_eq!((summary.sent, summary.received, summary.failed), (letters, letters, 0));
    assert!(summary.lost_requests > 100 && summary.rung_again > 0, "{summary:?}");
}

#[test]
fn nothing_is_lost_unsaid_though_cores_stop_in_the_middle_and_doorbells_are_lost() {
    let summary = soak(24, 3, "5", 2);
    assert_eq!(summary.restarts.len(), 2);
    assert!(summary.failed > 0 && summary.joined > 0, "nobody noticed: {summary:?}");
    assert!(summary.lost_requests > 100, "{summary:?}");
}
