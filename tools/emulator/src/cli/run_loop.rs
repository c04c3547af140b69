//! A run from power-on to the last word.
//!
//! The machine runs in batches of slices. Their size depends on the machine alone, never on the host's clock, so
//! that conditions are looked at after the same instructions in every run; only `--wall` and Ctrl-C know the
//! host's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use scc::id::{CoreId, TileId};
use scc::map;
use scc::tile::TileRegister;
use scc::timing::Time;
use scc_emu::diagnostics::FindingKind;
use scc_emu::loader::{CoreSet, CoreSymbols};
use scc_emu::trace::Tracer;
use scc_emu::{Activity, Diagnostics, Limits, Machine, Report, RunEnd};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::debugging;
use super::exit::{CommandError, ExitStatus};
use super::output::Output;
use super::plan::RunPlan;
use super::report::{self, Outcome};
use super::setup::set_up;
use super::step::SetupStep;

/// Slices between two looks at the consoles while several cores are busy. A core that is alone has long slices.
const BATCH: u64 = 32;
/// Bytes looked at at the reset vector.
const VECTOR_BYTES: usize = 16;

/// Sets a board up as planned, runs it and reports.
pub(crate) fn run(plan: &RunPlan) -> Result<ExitStatus, CommandError> {
    let mut machine = plan.machine();
    let loaded = set_up(&mut machine, plan)?;
    let released = match &plan.release {
        Some(cores) => cores.clone(),
        None => CoreSet::from_cores(loaded.cores),
    };
    if released.is_empty() && !plan.steps.iter().any(writes_resets) {
        return Err(CommandError::NothingReleased);
    }
    let mut output = Output::new(plan, &released, &mut machine)?;
    warn_of_empty_vectors(&machine, &released, &output);
    let mut session = Session {
        plan,
        symbols: &loaded.symbols,
        started: Instant::now(),
        interrupted: watch_for_interrupt()?,
        end: cycle_limit(plan, &machine),
        reported: 0,
        tracer: plan.trace.as_ref().map(Tracer::create).transpose()?,
    };
    released.iter().for_each(|core| machine.release(core));
    let debugged = match &plan.gdb {
        Some(address) => debugging::serve_debugger(&mut machine, address, &mut session, &mut output)?,
        None => None,
    };
    let outcome = match debugged {
        Some(outcome) => outcome,
        None => session.drive(&mut machine, &mut output)?,
    };
    let wall = session.started.elapsed();
    session.tracer.as_mut().map_or(Ok(()), Tracer::finish)?;
    output.finish(&mut machine)?;
    eprintln!("scc-emu: {}", outcome.describe(&machine, &loaded.symbols));
    eprintln!("scc-emu: {}", report::summary(&machine, wall));
    plan.dumps.iter().try_for_each(|request| report::dump(&machine, request))?;
    if let Some(file) = &plan.stats {
        report::statistics(&machine, file)?;
    }
    Ok(outcome.status())
}

/// Whether a step may release a core by itself.
fn writes_resets(step: &SetupStep) -> bool {
    matches!(step, SetupStep::Crb(write) if write.register == TileRegister::Gcbcfg)
}

/// Cores start at the reset vector; memory that nobody loaded there is almost certainly a mistake.
fn warn_of_empty_vectors(machine: &Machine, released: &CoreSet, output: &Output) {
    let empty = released.iter().filter(|core| {
        let mut bytes = [0; VECTOR_BYTES];
        machine.read_core_memory(*core, map::RESET_VECTOR, &mut bytes).is_err()
            || bytes.iter().all(|byte| *byte == bytes[0])
    });
    let empty = CoreSet::from_cores(empty);
    if !empty.is_empty() {
        output.note(&format!(
            "nothing is loaded at the reset vector {} where cores start (core {empty}); \
             load a reset page, for example --load reset.bin@0xfffff000#{empty}",
            map::RESET_VECTOR
        ));
    }
}

/// End of the run in emulated time.
fn cycle_limit(plan: &RunPlan, machine: &Machine) -> Option<Time> {
    let tile = TileId::all().next().expect("24 tiles");
    let period = machine.fabric().tile_period(tile);
    plan.conditions.cycles.map(|cycles| machine.time().saturating_add(Time::from_cycles(cycles, period)))
}

/// A flag that Ctrl-C sets; a second Ctrl-C ends the process at once.
fn watch_for_interrupt() -> Result<Arc<AtomicBool>, CommandError> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&flag))
            .map_err(CommandError::Signal)?;
        signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(CommandError::Signal)?;
    }
    Ok(flag)
}

/// A run under way.
pub(super) struct Session<'a> {
    plan: &'a RunPlan,
    /// Names for addresses.
    pub(super) symbols: &'a CoreSymbols,
    started: Instant,
    interrupted: Arc<AtomicBool>,
    /// Emulated time at which it ends.
    pub(super) end: Option<Time>,
    /// Findings told so far.
    reported: usize,
    /// The trace.
    pub(super) tracer: Option<Tracer>,
}

impl Session<'_> {
    fn drive(&mut self, machine: &mut Machine, output: &mut Output) -> Result<Outcome, CommandError> {
        loop {
            let limits = Limits { until: self.end, slices: Some(self.batch(machine)) };
            let end = debugging::run(machine, &limits, self.tracer.as_mut())?;
            let over = self.over(machine, end, output);
            // A text that was waited for counts even if the machine has stopped since.
            match self.look(machine, output)? {
                Some(outcome @ Outcome::TextSeen(_)) => return Ok(outcome),
                looked => {
                    if let Some(outcome) = over.or(looked) {
                        return Ok(outcome);
                    }
                }
            }
        }
    }

    fn batch(&self, machine: &Machine) -> u64 {
        if self.plan.conditions.halted || machine.busy_cores() < 2 { 1 } else { BATCH }
    }

    /// Shows what is new, and tells whether that, the state of the cores, the host's clock or the user ends the
    /// run.
    pub(super) fn look(
        &mut self,
        machine: &mut Machine,
        output: &mut Output,
    ) -> Result<Option<Outcome>, CommandError> {
        let seen = output.poll(machine)?;
        self.tell_findings(machine, output);
        if let Some(seen) = seen {
            return Ok(Some(Outcome::TextSeen(seen)));
        }
        if self.plan.conditions.halted && machine.busy_cores() == 0 {
            return Ok(Some(Outcome::Halted));
        }
        let now = Instant::now();
        if let Some(wall) = self.plan.conditions.wall.filter(|wall| now - self.started >= *wall) {
            return Ok(Some(Outcome::WallReached(wall)));
        }
        if self.interrupted.load(Ordering::Relaxed) {
            return Ok(Some(Outcome::Interrupted));
        }
        output.update_status(machine, now);
        Ok(None)
    }

    /// Whether a batch that ended with `end` was the last.
    fn over(&self, machine: &Machine, end: RunEnd, output: &Output) -> Option<Outcome> {
        let shut_down = find(machine, |activity| matches!(activity, Activity::Shutdown));
        if let Some(core) = shut_down.filter(|_| self.plan.diagnostics == Diagnostics::Stop) {
            return Some(Outcome::Shutdown(core));
        }
        match end {
            RunEnd::Finding(report) if !ends_the_run(&report) => {
                output.note(&report::describe_finding(&report, self.symbols));
                None
            }
            RunEnd::Finding(report) => Some(Outcome::Finding(report)),
            RunEnd::AllStopped => Some(self.all_stopped(machine, shut_down)),
            RunEnd::TimeReached => self.cycles_reached(),
            RunEnd::Paused | RunEnd::Observed(_) | RunEnd::Watchpoint(_) => None,
        }
    }

    /// The outcome of a run that `--cycles` ends.
    pub(super) fn cycles_reached(&self) -> Option<Outcome> {
        self.plan.conditions.cycles.map(Outcome::CyclesReached)
    }

    fn all_stopped(&self, machine: &Machine, shut_down: Option<CoreId>) -> Outcome {
        if let Some(core) = shut_down {
            return Outcome::Shutdown(core);
        }
        if let Some(core) = find(machine, |activity| matches!(activity, Activity::Hung(_))) {
            return Outcome::Hung(core);
        }
        if self.plan.conditions.texts.is_empty() || self.plan.conditions.halted {
            Outcome::HaltedForGood
        } else {
            Outcome::TextNeverSeen
        }
    }

    fn tell_findings(&mut self, machine: &Machine, output: &Output) {
        if self.plan.diagnostics == Diagnostics::Warn {
            for report in &machine.reports()[self.reported..] {
                output.note(&report::describe_finding(report, self.symbols));
            }
        }
        self.reported = machine.reports().len();
    }
}

/// Whether a finding that stops the machine ends the run too. Ports without a device read as ones; that is worth a
/// word, not the end.
pub(super) fn ends_the_run(report: &Report) -> bool {
    !matches!(report.finding.kind, FindingKind::UnknownPort { .. })
}

fn find(machine: &Machine, is_it: impl Fn(&Activity) -> bool) -> Option<CoreId> {
    CoreId::all().find(|core| is_it(machine.activity(*core)))
}
