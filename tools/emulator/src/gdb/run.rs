//! Runs the machine as gdb asked, in pieces short enough to notice an interrupt.

use super::points::BreakKind;
use super::session::Session;
use super::stop::Stop;
use crate::chip::Fabric;
use crate::cpu::run::Observer;
use crate::cpu::state::{Activity, Core};
use crate::machine::attach::Held;
use crate::machine::{Limits, Machine, RunEnd};
use scc::id::CoreId;
use std::time::{Duration, Instant};

/// Host time between two looks at the connection.
const PATIENCE: Duration = Duration::from_millis(10);
/// Slices between two looks at the clock.
const SLICES: u64 = 8;
/// Slices that finishing an instruction with a watched access may take.
const FINISHING: u64 = 10_000;

/// What gdb wants to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Execute one instruction of this core.
    pub(super) step: Option<CoreId>,
    /// Cores named to go on.
    pub(super) going_on: Vec<CoreId>,
    /// Cores that are not named stand still.
    pub(super) locked: bool,
    progress: Option<Progress>,
}

impl Plan {
    fn held(&self) -> Held {
        if self.locked {
            Held::all_but(self.going_on.iter().copied().chain(self.step))
        } else {
            Held::default()
        }
    }
}

/// Where a core was when its step began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    core: CoreId,
    instructions: u64,
    linear_eip: u32,
}

impl Progress {
    fn begin(core: &Core) -> Self {
        Progress { core: core.id, instructions: core.instructions, linear_eip: core.linear_eip() }
    }

    /// Whether the core has completed an instruction or entered a handler since.
    fn is_made(&self, core: &Core) -> bool {
        self.core == core.id
            && (core.instructions != self.instructions || core.linear_eip() != self.linear_eip)
    }
}

impl Observer for Progress {
    fn before(&mut self, core: &Core, _: &Fabric) -> bool {
        !self.is_made(core)
    }
}

impl Session<'_> {
    /// Prepares the machine for the plan that gdb has made.
    pub(super) fn resume(&mut self) {
        let machine = &mut *self.attached.machine;
        self.points.install(machine);
        machine.hold(self.plan.held());
        if let Some(core) = self.plan.step {
            machine.pass_breakpoint(core);
            self.plan.progress = Some(Progress::begin(machine.core(core)));
        }
    }

    /// Runs for a few milliseconds of host time, or until something stops the machine.
    pub(super) fn run(&mut self) -> Option<Stop> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let slices = if self.plan.step.is_some() { 1 } else { SLICES };
            let end = self.run_slices(slices, self.plan.progress);
            if let Some(stop) = self.stop_of(end) {
                return Some(stop);
            }
        }
        self.attached.supervisor.finished(self.attached.machine).map(Stop::Finished)
    }

    fn run_slices(&mut self, slices: u64, progress: Option<Progress>) -> RunEnd {
        let limits = Limits { until: self.attached.until, slices: Some(slices) };
        let mut progress = progress;
        let observer = progress.as_mut().map(|progress| progress as &mut dyn Observer);
        match self.attached.tracer.as_deref_mut() {
            Some(tracer) => self.attached.machine.run_traced_observed(&limits, tracer, observer),
            None => self.attached.machine.run_observed(&limits, observer),
        }
    }

    fn stop_of(&mut self, end: RunEnd) -> Option<Stop> {
        let stepped = self.stepped();
        match end {
            RunEnd::Observed(core) if stepped != Some(core) => {
                let linear = self.attached.machine.core(core).linear_eip();
                let kind = self.points.breakpoint_at(linear).unwrap_or(BreakKind::Software);
                Some(Stop::Breakpoint(core, kind))
            }
            RunEnd::Watchpoint(core) => Some(self.finish_watched_instruction(core)),
            RunEnd::Finding(report) if !self.attached.supervisor.stops_at(&report) => None,
            RunEnd::Finding(report) => Some(Stop::Finding(report)),
            RunEnd::TimeReached => Some(Stop::Finished(0)),
            RunEnd::Paused | RunEnd::Observed(_) | RunEnd::AllStopped => {
                let step = stepped.map(Stop::Step);
                let idle = (end == RunEnd::AllStopped).then_some(Stop::Idle);
                self.shutdown().or(step).or(idle)
            }
        }
    }

    /// The core that has made the step it was to make.
    fn stepped(&self) -> Option<CoreId> {
        let progress = self.plan.progress?;
        progress.is_made(self.attached.machine.core(progress.core)).then_some(progress.core)
    }

    /// A watched access stops before it is made; gdb expects it to have been made.
    fn finish_watched_instruction(&mut self, core: CoreId) -> Stop {
        let machine = &mut *self.attached.machine;
        let hit = machine.take_watch_hit(core);
        let progress = Progress::begin(machine.core(core));
        machine.ignore_watchpoints(core, true);
        machine.pass_breakpoint(core);
        let mut end = RunEnd::Paused;
        for _ in 0..FINISHING {
            end = self.run_slices(1, Some(progress));
            if end != RunEnd::Paused || progress.is_made(self.attached.machine.core(core)) {
                break;
            }
        }
        self.attached.machine.ignore_watchpoints(core, false);
        match (end, hit) {
            (RunEnd::Finding(report), _) => Stop::Finding(report),
            (_, Some(watchpoint)) => Stop::Watchpoint(core, watchpoint),
            (_, None) => Stop::Step(core),
        }
    }

    /// A core that has shut down and has not been reported.
    fn shutdown(&mut self) -> Option<Stop> {
        for core in CoreId::all() {
            let bit = 1 << core.index();
            if *self.attached.machine.activity(core) != Activity::Shutdown {
                self.known_shutdowns &= !bit;
            } else if self.known_shutdowns & bit == 0 {
                self.known_shutdowns |= bit;
                return Some(Stop::Shutdown(core));
            }
        }
        None
    }
}

/// The core to show when gdb's user interrupts: one that is executing, else the one that stopped last.
pub(super) fn interrupted_core(machine: &Machine, focus: CoreId) -> CoreId {
    let executes = |core: &CoreId| *machine.activity(*core) == Activity::Running;
    if executes(&focus) { focus } else { CoreId::all().find(executes).unwrap_or(focus) }
}
