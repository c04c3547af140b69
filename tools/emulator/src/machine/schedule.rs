//! Who runs next.
//!
//! Every core has its own clock. The earliest runnable core gets a slice; during it the core's *horizon* is
//! the time of the next-earliest agent. Up to the horizon everything it does is in global order. Beyond it,
//! for at most a quantum, it may go on with private work (registers, cache hits; in the fast model also
//! DRAM); the first access another agent could observe ends the slice and is made again later. Cores that
//! wait (HLT) take part with the time of their next timer interrupt; if nothing is runnable, time jumps.

use super::{Diagnostics, Machine};
use crate::cpu::op::Op;
use crate::cpu::run::{Observer, Slice};
use crate::cpu::state::{Activity, Attention, Core};
use crate::diagnostics::Finding;
use scc::id::CoreId;
use scc::timing::Time;
use std::fmt;

/// Cycles a core that is alone may run before the host gets a look.
const ALONE: u64 = 2_000_000;

/// When [`Machine::run`] returns by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Return once no runnable core is earlier than this.
    pub until: Option<Time>,
    /// Return after this many slices, so that the host can look around.
    pub slices: Option<u64>,
}

/// Why [`Machine::run`] returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// [`Limits::slices`] are used up; call again to go on.
    Paused,
    /// [`Limits::until`] was reached.
    TimeReached,
    /// No core can ever run again by itself: all are halted for good, shut down, hung or in reset.
    AllStopped,
    /// A finding stopped the run ([`Diagnostics::Stop`]).
    Finding(Box<Report>),
    /// The observer stopped before an instruction of this core.
    Observed(CoreId),
    /// A debugger's data watchpoint was hit by this core's next instruction.
    Watchpoint(CoreId),
}

/// A finding with the place where it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The core that did it.
    pub core: CoreId,
    /// EIP of the instruction (or of the next one, for findings noticed late).
    pub eip: u32,
    /// Linear address of that instruction.
    pub linear: u32,
    /// When.
    pub time: Time,
    /// What.
    pub finding: Finding,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "core {} at EIP {:#010x} (linear {:#010x}): {}",
            self.core, self.eip, self.linear, self.finding
        )
    }
}

/// The core's own clock at `until`.
fn end_of(core: &Core, until: Option<Time>) -> u64 {
    until.map_or(u64::MAX, |until| until.saturating_sub(core.epoch).cycles_ceil(core.period))
}

/// A slice that a debugger or an observer stopped, to be gone on with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unfinished {
    core: CoreId,
    horizon: Time,
    deadline: u64,
}

impl Machine {
    /// Runs until something in `limits` or on the board ends it.
    pub fn run(&mut self, limits: &Limits) -> RunEnd {
        self.run_observed(limits, None)
    }

    /// As [`Machine::run`], with every instruction shown to an observer first.
    pub(crate) fn run_observed(
        &mut self,
        limits: &Limits,
        mut observer: Option<&mut dyn Observer>,
    ) -> RunEnd {
        let mut slices = limits.slices.unwrap_or(u64::MAX);
        loop {
            if self.fabric.has_effects() {
                self.unfinished = None;
            }
            self.apply_effects();
            while let Some(core) = self.found_by_effects.pop() {
                if let Some(end) = self.take_reports(core) {
                    return end;
                }
            }
            if let Some(mut unfinished) = self.unfinished.take().filter(|slice| self.goes_on(slice)) {
                if slices == 0 {
                    self.unfinished = Some(unfinished);
                    return RunEnd::Paused;
                }
                slices -= 1;
                let core = &self.units[unfinished.core.index()].core;
                unfinished.deadline = unfinished.deadline.min(end_of(core, limits.until));
                let observer = observer.as_mut().map(|observer| &mut **observer as _);
                if let Some(end) = self.run_slice(unfinished, observer) {
                    return end;
                }
                continue;
            }
            let (first, horizon) = self.earliest();
            if let Some(event) = self.fabric.next_event()
                && first.is_none_or(|(_, time)| event <= time)
                && limits.until.is_none_or(|until| event <= until)
            {
                self.now = self.now.max(event);
                self.fabric.run_events(event);
                continue;
            }
            let Some((core, time)) = first else {
                return match limits.until {
                    Some(until) if self.fabric.next_event().is_some() => {
                        self.now = until;
                        RunEnd::TimeReached
                    }
                    _ => {
                        self.now = self.latest();
                        RunEnd::AllStopped
                    }
                };
            };
            if let Some(until) = limits.until
                && time >= until
            {
                self.now = until;
                return RunEnd::TimeReached;
            }
            if slices == 0 {
                return RunEnd::Paused;
            }
            slices -= 1;
            self.now = time;
            let horizon = self.fabric.next_event().map_or(horizon, |event| horizon.min(event));
            let slice = self.prepare(core, time, horizon, limits.until);
            let observer = observer.as_mut().map(|observer| &mut **observer as _);
            if let Some(end) = self.run_slice(slice, observer) {
                return end;
            }
        }
    }

    /// Runs a slice; the answer ends the run.
    fn run_slice(&mut self, slice: Unfinished, observer: Option<&mut dyn Observer>) -> Option<RunEnd> {
        let core = slice.core;
        let unit = &mut self.units[core.index()];
        let end = (self.run)(&mut unit.core, &mut unit.code, &mut self.fabric, slice.deadline, observer);
        // A stop inside the slice must find the time where the core is, or, beyond the horizon, the next agent.
        self.now = self.now.max(unit.core.time().min(slice.horizon));
        if matches!(end, Slice::Observed | Slice::Watchpoint) {
            self.unfinished = Some(slice);
        }
        if let Some(end) = self.take_reports(core) {
            return Some(end);
        }
        match end {
            Slice::Observed => Some(RunEnd::Observed(core)),
            Slice::Watchpoint => Some(RunEnd::Watchpoint(core)),
            Slice::NotRunning | Slice::Effects | Slice::Deadline | Slice::Waiting => None,
        }
    }

    /// Whether a slice that was stopped is still what the core would be given: nothing from outside has changed
    /// who is next.
    fn goes_on(&self, slice: &Unfinished) -> bool {
        let others = self.units.iter().filter(|unit| unit.core.id != slice.core);
        let others = others.filter(|unit| !self.held.contains(unit.core.id));
        let others = others.filter_map(super::unit::Unit::ready_at).fold(Time::MAX, Time::min);
        let horizon = self.fabric.next_event().map_or(others, |event| others.min(event));
        horizon == slice.horizon
            && !self.held.contains(slice.core)
            && self.units[slice.core.index()].core.is_running()
    }

    /// The time of the last thing that any core did.
    fn latest(&self) -> Time {
        self.units.iter().map(|unit| unit.core.time()).fold(self.now, Time::max)
    }

    /// The earliest core with something to do, and the time of the next one after it.
    fn earliest(&self) -> (Option<(CoreId, Time)>, Time) {
        let mut first: Option<(CoreId, Time)> = None;
        let mut second = Time::MAX;
        for unit in &self.units {
            if self.held.contains(unit.core.id) {
                continue;
            }
            let Some(ready) = unit.ready_at() else { continue };
            match first {
                Some((_, time)) if ready >= time => second = second.min(ready),
                _ => {
                    second = first.map_or(second, |(_, time)| time);
                    first = Some((unit.core.id, ready));
                }
            }
        }
        (first, second)
    }

    /// Gets a core ready for a slice.
    fn prepare(&mut self, core: CoreId, time: Time, horizon: Time, until: Option<Time>) -> Unfinished {
        let unit = &mut self.units[core.index()];
        if !unit.core.is_running() {
            unit.wake(time);
        }
        let id = core;
        let core = &mut unit.core;
        if core.apic.next_event(core.cycles).is_some_and(|event| event <= core.cycles) {
            core.apic.advance(core.cycles);
            core.attention |= Attention::INTERRUPT;
        }
        let epoch = core.epoch;
        let in_cycles = |time: Time| time.saturating_sub(epoch).cycles_floor(core.period);
        let alone = horizon == Time::MAX;
        let quantum = if alone { ALONE } else { self.quantum };
        let limit = if alone { u64::MAX } else { in_cycles(horizon) };
        let mut deadline = if alone { core.cycles + quantum } else { limit.saturating_add(quantum) };
        if let Some(event) = core.apic.next_event(core.cycle_at(&Op::BOUNDARY)) {
            deadline = deadline.min(event);
        }
        deadline = deadline.min(end_of(core, until));
        core.horizon = limit;
        Unfinished { core: id, horizon, deadline }
    }

    /// Turns what was found during a slice of `core` into reports; the answer ends the run under
    /// [`Diagnostics::Stop`].
    fn take_reports(&mut self, core: CoreId) -> Option<RunEnd> {
        let state = &mut self.units[core.index()].core;
        let hung = matches!(state.activity, Activity::Hung(_));
        let warned = state.hierarchy.has_warnings() || state.apic.has_finding();
        if !hung && !warned && !self.fabric.has_findings() {
            return None;
        }
        let mut found: Vec<(CoreId, Finding)> = self.fabric.take_findings();
        found.extend(state.hierarchy.take_warnings().into_iter().map(|finding| (core, finding)));
        if let Some(kind) = state.apic.take_finding() {
            found.push((core, Finding { kind, physical: None, system: None }));
        }
        if let Activity::Hung(finding) = &state.activity {
            found.push((core, (**finding).clone()));
        }
        if self.diagnostics == Diagnostics::Off {
            return None;
        }
        for (core, finding) in found {
            let state = &self.units[core.index()].core;
            let report =
                Report { core, eip: state.eip, linear: state.linear_eip(), time: state.time(), finding };
            self.reports.push(report.clone());
            if self.diagnostics == Diagnostics::Stop {
                return Some(RunEnd::Finding(Box::new(report)));
            }
        }
        None
    }
}
