//! Decides what the chip leaves open: who runs next, what becomes of a doorbell, where a line is split.

use std::cell::RefCell;
use std::rc::Rc;
use std::vec::Vec;

/// How often, in 256 cases, a [seeded](Chooser::seeded) chooser does something unkind.
#[derive(Clone, Copy, Debug)]
pub struct Odds {
    /// Switches to another core between two operations.
    pub switch: u8,
    /// Loses a doorbell.
    pub lose: u8,
    /// Doubles a doorbell.
    pub double: u8,
    /// Delays a doorbell.
    pub delay: u8,
    /// Splits the stores of a line.
    pub split: u8,
}

impl Odds {
    /// Switches often, loses nothing.
    pub const SWITCHING: Self = Self { switch: 64, lose: 0, double: 0, delay: 32, split: 16 };
    /// Everything goes wrong now and then.
    pub const HOSTILE: Self = Self { switch: 64, lose: 24, double: 24, delay: 48, split: 24 };
}

/// How many unkind choices an [exhaustive](Chooser::exhaustive) exploration combines in one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Switches away from a core that could go on.
    pub switches: usize,
    /// Lost, doubled or delayed doorbells, and split lines.
    pub faults: usize,
}

/// What is to be chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Choice {
    /// 0 = go on with the same core; else another one.
    Switch,
    /// 0 = deliver at once, 1 = lose, 2 = double, 3 = delay.
    Doorbell,
    /// 0 = whole; n = interrupted after n quadwords.
    Split,
    /// n = the core dies before its n-th operation from now; part of the scenario, so it costs no budget.
    Death,
}

/// Source of decisions; the same source makes the same run.
#[derive(Clone, Debug)]
pub struct Chooser(Rc<RefCell<Source>>);

#[derive(Debug)]
enum Source {
    Seeded { state: u64, odds: Odds },
    Exhaustive { budget: Budget, path: Vec<Branch>, depth: usize, spent: Budget },
}

#[derive(Debug, Clone, Copy)]
struct Branch {
    taken: usize,
    options: usize,
}

impl Chooser {
    /// Random choices from a seed.
    pub fn seeded(seed: u64, odds: Odds) -> Self {
        Self(Rc::new(RefCell::new(Source::Seeded { state: seed, odds })))
    }

    /// Kind choices, then all runs with unkind ones up to `budget`.
    pub fn exhaustive(budget: Budget) -> Self {
        let spent = Budget { switches: 0, faults: 0 };
        Self(Rc::new(RefCell::new(Source::Exhaustive { budget, path: Vec::new(), depth: 0, spent })))
    }

    /// Prepares the next run of an exhaustive exploration; whether there is one.
    pub(super) fn advance(&self) -> bool {
        match &mut *self.0.borrow_mut() {
            Source::Seeded { .. } => false,
            Source::Exhaustive { path, depth, spent, .. } => {
                path.truncate(*depth);
                while path.last().is_some_and(|branch| branch.taken + 1 == branch.options) {
                    path.pop();
                }
                *depth = 0;
                *spent = Budget { switches: 0, faults: 0 };
                path.last_mut().map(|branch| branch.taken += 1).is_some()
            }
        }
    }

    /// Picks one of `options`, 0 being the kind one.
    pub(super) fn choose(&self, choice: Choice, options: usize) -> usize {
        if options < 2 {
            return 0;
        }
        match &mut *self.0.borrow_mut() {
            Source::Seeded { state, odds } => seeded(state, *odds, choice, options),
            Source::Exhaustive { budget, path, depth, spent } => {
                let mut free = 0;
                let (spent, most) = match choice {
                    Choice::Switch => (&mut spent.switches, budget.switches),
                    Choice::Doorbell | Choice::Split => (&mut spent.faults, budget.faults),
                    Choice::Death => (&mut free, usize::MAX),
                };
                if *spent == most {
                    return 0;
                }
                if *depth == path.len() {
                    path.push(Branch { taken: 0, options });
                }
                let taken = path[*depth].taken;
                *depth += 1;
                *spent += usize::from(taken != 0);
                taken
            }
        }
    }
}

fn seeded(state: &mut u64, odds: Odds, choice: Choice, options: usize) -> usize {
    let among = |state: &mut u64, from: usize| {
        let others = u64::try_from(options - from).expect("options fit 64 bits");
        from + usize::try_from(next(state) % others).expect("less than the options")
    };
    let die = next(state).to_le_bytes()[7];
    match choice {
        Choice::Switch if die < odds.switch => among(state, 1),
        Choice::Split if die < odds.split => among(state, 1),
        Choice::Doorbell if die < odds.lose => 1,
        Choice::Doorbell if die < odds.lose.saturating_add(odds.double) => 2,
        Choice::Doorbell if die < odds.lose.saturating_add(odds.double).saturating_add(odds.delay) => 3,
        Choice::Death => among(state, 0),
        Choice::Switch | Choice::Split | Choice::Doorbell => 0,
    }
}

/// SplitMix64, the mixing function of Steele, Lea and Flood (OOPSLA 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exhaustive_choices_visit_every_path_within_the_budget_once() {
        let chooser = Chooser::exhaustive(Budget { switches: 1, faults: 1 });
        let mut runs = Vec::new();
        loop {
            let run = [
                chooser.choose(Choice::Switch, 3),
                chooser.choose(Choice::Switch, 3),
                chooser.choose(Choice::Doorbell, 2),
            ];
            assert!(!runs.contains(&run));
            runs.push(run);
            if !chooser.advance() {
                break;
            }
        }
        // No switch, or one of two at one of two places; each with the fault and without.
        assert_eq!(runs.len(), (1 + 2 * 2) * 2);
    }
}
