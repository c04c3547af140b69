//! Calls and leases between cores, at both of their ends.

use std::collections::{BTreeMap, HashMap};

use scc::id::CoreId;
use serde::Serialize;
use trace_format::record::Event;

use super::spread::{Gathered, Spread};
use crate::dealing::{Dealing, Edge, Side, Subject};
use crate::item::Moment;

/// Which end of calls a core is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CallEnd {
    /// It calls.
    Made,
    /// It serves.
    Served,
}

impl CallEnd {
    /// One word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Served => "served",
        }
    }
}

/// Figures of the calls of one procedure on one core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallFigures {
    /// The core.
    pub core: u8,
    /// Which end it is.
    pub end: CallEnd,
    /// Number of the procedure.
    pub procedure: u8,
    /// Calls that have begun.
    pub begun: u64,
    /// Cycles of those that have ended: of calls made until the caller goes on, of calls served those of the handler.
    pub cycles: Option<Spread>,
}

/// Which end of leases a core is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LeaseEnd {
    /// It lends memory.
    Lent,
    /// It borrows memory.
    Borrowed,
}

impl LeaseEnd {
    /// One word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lent => "lent",
            Self::Borrowed => "borrowed",
        }
    }
}

/// Figures of the blocks of memory that one core lends, or borrows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseFigures {
    /// The core.
    pub core: u8,
    /// Which end it is.
    pub end: LeaseEnd,
    /// Leases that have begun.
    pub begun: u64,
    /// Bytes of the blocks of all of them.
    pub bytes: u64,
    /// Cycles of those that have ended, from the offer to the return, or of the window that the borrower had.
    pub cycles: Option<Spread>,
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Calls of a procedure.
    Calls(u8),
    Leases,
}

impl Class {
    const fn of(subject: Subject) -> Self {
        match subject {
            Subject::Call(call) => Self::Calls(call.procedure),
            Subject::Lease(_) => Self::Leases,
        }
    }
}

struct Counted {
    begun: u64,
    bytes: u64,
    cycles: Gathered,
}

/// Gathers calls and leases.
#[derive(Default)]
pub(super) struct DealingCount {
    all: BTreeMap<(u8, Side, Class), Counted>,
    /// Beginnings in this life of the core.
    open: HashMap<Dealing, u64>,
}

impl DealingCount {
    /// Another life of a core, or another core, begins.
    pub(super) fn begin_life(&mut self) {
        self.open.clear();
    }

    /// Takes an event, which need not be one of a call or lease.
    pub(super) fn take(&mut self, core: CoreId, event: Event, at: Moment) {
        let Some((dealing, edge)) = Dealing::of(event) else { return };
        let class = Class::of(dealing.subject);
        let new = || Counted { begun: 0, bytes: 0, cycles: Gathered::new() };
        let counted = self.all.entry((core.number(), dealing.side, class)).or_insert_with(new);
        match edge {
            Edge::Begin => {
                self.open.insert(dealing, at.cycles);
                counted.begun += 1;
                if let Subject::Lease(lease) = dealing.subject {
                    counted.bytes += u64::from(lease.bytes);
                }
            }
            Edge::End => {
                if let Some(begun) = self.open.remove(&dealing) {
                    counted.cycles.add(at.cycles - begun);
                }
            }
        }
    }

    /// By core, end and procedure.
    pub(super) fn calls(&self) -> Vec<CallFigures> {
        let figures = |(&(core, side, class), counted): (&(u8, Side, Class), &Counted)| {
            let Class::Calls(procedure) = class else { return None };
            let end = if side == Side::Opener { CallEnd::Made } else { CallEnd::Served };
            let cycles = counted.cycles.spread();
            Some(CallFigures { core, end, procedure, begun: counted.begun, cycles })
        };
        self.all.iter().filter_map(figures).collect()
    }

    /// By core and end.
    pub(super) fn leases(&self) -> Vec<LeaseFigures> {
        let figures = |(&(core, side, class), counted): (&(u8, Side, Class), &Counted)| {
            let end = if side == Side::Opener { LeaseEnd::Lent } else { LeaseEnd::Borrowed };
            let Counted { begun, bytes, ref cycles } = *counted;
            let cycles = cycles.spread();
            (class == Class::Leases).then_some(LeaseFigures { core, end, begun, bytes, cycles })
        };
        self.all.iter().filter_map(figures).collect()
    }
}
