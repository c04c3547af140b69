//! Calls between cores, at both of their ends.

use std::collections::{BTreeMap, HashMap};

use scc::id::CoreId;
use serde::Serialize;
use trace_format::record::{Event, RemoteCall};

use super::spread::{Gathered, Spread};
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

struct Calls {
    begun: u64,
    cycles: Gathered,
}

/// Gathers calls.
#[derive(Default)]
pub(super) struct CallCount {
    calls: BTreeMap<(u8, CallEnd, u8), Calls>,
    /// Beginnings in this life of the core, by end, other core and call.
    open: HashMap<(CallEnd, u8, RemoteCall), u64>,
}

impl CallCount {
    /// Another life of a core, or another core, begins.
    pub(super) fn begin_life(&mut self) {
        self.open.clear();
    }

    fn calls(&mut self, core: CoreId, end: CallEnd, procedure: u8) -> &mut Calls {
        let new = || Calls { begun: 0, cycles: Gathered::new() };
        self.calls.entry((core.number(), end, procedure)).or_insert_with(new)
    }

    /// Takes an event, which need not be one of a call.
    pub(super) fn take(&mut self, core: CoreId, event: Event, at: Moment) {
        let (end, peer, call, begins) = match event {
            Event::CallBegin { to, call } => (CallEnd::Made, to, call, true),
            Event::CallEnd { to, call } => (CallEnd::Made, to, call, false),
            Event::ServeBegin { from, call } => (CallEnd::Served, from, call, true),
            Event::ServeEnd { from, call } => (CallEnd::Served, from, call, false),
            _ => return,
        };
        let key = (end, peer, call);
        if begins {
            self.open.insert(key, at.cycles);
            self.calls(core, end, call.procedure).begun += 1;
        } else if let Some(begun) = self.open.remove(&key) {
            self.calls(core, end, call.procedure).cycles.add(at.cycles - begun);
        }
    }

    /// By core, end and procedure.
    pub(super) fn figures(&self) -> Vec<CallFigures> {
        let figures = |(&(core, end, procedure), calls): (&(u8, CallEnd, u8), &Calls)| CallFigures {
            core,
            end,
            procedure,
            begun: calls.begun,
            cycles: calls.cycles.spread(),
        };
        self.calls.iter().map(figures).collect()
    }
}
