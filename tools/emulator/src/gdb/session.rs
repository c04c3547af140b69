//! One debugging session: the machine, what gdb has asked for, and why it stopped last.

use super::points::Points;
use super::run::Plan;
use super::stop::{Stop, place};
use crate::loader::CoreSymbols;
use crate::machine::{Machine, Report};
use crate::trace::Tracer;
use scc::id::CoreId;
use scc::timing::Time;

/// Whoever runs the machine under the debugger: decides when the run is over and hears about stops.
pub trait Supervisor {
    /// Called every few milliseconds of host time while the machine runs. An exit status ends the run.
    fn finished(&mut self, machine: &mut Machine) -> Option<u8>;
    /// Whether a finding stops the machine; one that does not is told otherwise.
    fn stops_at(&mut self, report: &Report) -> bool;
    /// The machine stopped and gdb has been told; `report` is one line for people.
    fn stopped(&mut self, report: &str);
}

/// What a session works on.
pub struct Attachment<'a> {
    /// The machine.
    pub machine: &'a mut Machine,
    /// Who runs it.
    pub supervisor: &'a mut dyn Supervisor,
    /// Names for addresses in reports.
    pub symbols: Option<&'a CoreSymbols>,
    /// A trace to keep on writing.
    pub tracer: Option<&'a mut Tracer>,
    /// Emulated time at which the run ends.
    pub until: Option<Time>,
}

/// A session.
pub(super) struct Session<'a> {
    pub(super) attached: Attachment<'a>,
    pub(super) points: Points,
    pub(super) plan: Plan,
    /// The core that stopped last.
    pub(super) focus: CoreId,
    /// Cores whose shutdown has been reported, one bit each.
    pub(super) known_shutdowns: u64,
    last_stop: Option<String>,
}

impl<'a> Session<'a> {
    pub(super) fn new(attached: Attachment<'a>) -> Self {
        Session {
            attached,
            points: Points::default(),
            plan: Plan::default(),
            focus: CoreId::all().next().expect("there are cores"),
            known_shutdowns: 0,
            last_stop: None,
        }
    }

    /// Notes why the machine stopped and tells the supervisor.
    pub(super) fn note(&mut self, stop: &Stop) {
        if let Some(core) = stop.core() {
            self.focus = core;
        }
        let text = stop.describe(self.attached.machine, self.attached.symbols);
        self.attached.supervisor.stopped(&text);
        self.last_stop = Some(text);
    }

    /// Why the machine stopped last.
    pub(super) fn last_stop(&self) -> &str {
        self.last_stop.as_deref().unwrap_or("the machine has not run under this debugger yet")
    }

    /// Where a core is, with the symbol if it is known.
    pub(super) fn place(&self, core: CoreId) -> String {
        place(self.attached.machine, core, self.attached.symbols)
    }

    /// Leaves the machine as if no debugger had been there.
    pub(super) fn detach(&mut self) {
        self.points.clear();
        self.points.install(self.attached.machine);
        self.attached.machine.hold(Default::default());
    }
}
