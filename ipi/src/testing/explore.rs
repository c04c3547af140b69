//! Runs a scenario under all behaviours of the chip up to a bound.

use super::chooser::{Budget, Chooser};
use super::machine::{Machine, Outcome};

/// What an exploration covered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Explored {
    /// Runs made, each with different choices.
    pub runs: u64,
    /// Whether those were all runs within the budget.
    pub is_complete: bool,
}

/// Runs what `scenario` builds with every combination of unkind choices up to `budget`, but at most `most` runs.
/// `scenario` returns the machine and a check to make after its run.
///
/// # Panics
///
/// A run does not finish, or its check panics; the message shows the run's last operations.
pub fn explore<C: FnOnce()>(
    budget: Budget,
    most: u64,
    mut scenario: impl FnMut(Chooser) -> (Machine, C),
) -> Explored {
    let chooser = Chooser::exhaustive(budget);
    let mut runs = 0;
    loop {
        let (mut machine, check) = scenario(chooser.clone());
        let outcome = machine.run();
        runs += 1;
        assert_eq!(outcome, Outcome::Finished, "run {runs}:\n{}", machine.report());
        check();
        if !chooser.advance() {
            return Explored { runs, is_complete: true };
        }
        if runs == most {
            return Explored { runs, is_complete: false };
        }
    }
}
