//! Why guests were left.

use std::collections::BTreeMap;

use scc::id::CoreId;
use serde::Serialize;

use super::spread::{Gathered, Spread};
use crate::exit::ExitReason;
use crate::item::GuestRun;

/// Figures of one reason on one core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExitFigures {
    /// The core.
    pub core: u8,
    /// The reason in words.
    pub reason: String,
    /// Times guests were left for it.
    pub count: u64,
    /// Cycles that the guest had run before.
    pub run: Option<Spread>,
    /// Cycles until the core was in a guest again; `None` if it never was in the same poll.
    pub served: Option<Spread>,
}

struct Exits {
    run: Gathered,
    served: Gathered,
}

/// Gathers reasons.
#[derive(Default)]
pub(super) struct ExitCount(BTreeMap<(u8, ExitReason), Exits>);

impl ExitCount {
    fn exits(&mut self, core: CoreId, reason: ExitReason) -> &mut Exits {
        let new = || Exits { run: Gathered::new(), served: Gathered::new() };
        self.0.entry((core.number(), reason)).or_insert_with(new)
    }

    pub(super) fn take(&mut self, core: CoreId, run: &GuestRun) {
        self.exits(core, run.reason).run.add(run.to.cycles - run.from.cycles);
        if let Some((reason, cycles)) = run.served {
            self.exits(core, reason).served.add(cycles);
        }
    }

    /// By core, most frequent first.
    pub(super) fn figures(&self) -> Vec<ExitFigures> {
        let figures = |(&(core, reason), exits): (&(u8, ExitReason), &Exits)| {
            let (run, served) = (exits.run.spread(), exits.served.spread());
            let count = run.map_or(0, |run| run.count);
            ExitFigures { core, reason: reason.to_string(), count, run, served }
        };
        let mut all: Vec<_> = self.0.iter().map(figures).collect();
        all.sort_by_key(|exits| (exits.core, std::cmp::Reverse(exits.count)));
        all
    }
}
