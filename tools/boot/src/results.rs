//! What is left to say when a run is over: one table for people, the same as JSON.

use std::fmt::Write;

use guest_terminal::Answered;
use scc::fpga::TIMESTAMP_MEGAHERTZ;
use scc::id::CoreId;
use scc::timing::Time;
use serde::Serialize;
use trace_format::phase::BootPhase;
use trace_format::record::TestOutcome;

use crate::{CoreState, GuestResult, Outcome, Session};

/// Times from reset to a phase over the cores that reached it, in microseconds of the core's clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PhaseTimes {
    /// The phase.
    #[serde(serialize_with = "phase_name")]
    pub phase: BootPhase,
    /// Cores that reached it.
    pub cores: usize,
    /// Shortest time.
    pub min_us: f64,
    /// Median.
    pub median_us: f64,
    /// Longest time.
    pub max_us: f64,
    /// Shortest time in cycles of the core.
    pub min_cycles: u64,
    /// Median in cycles.
    pub median_cycles: u64,
    /// Longest time in cycles.
    pub max_cycles: u64,
}

fn phase_name<S: serde::Serializer>(phase: &BootPhase, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(phase.name())
}

/// One core's line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoreResult {
    /// Core number.
    pub core: u8,
    /// How it stands.
    pub state: &'static str,
    /// Phases by name, with the microseconds since reset.
    pub phases: Vec<(&'static str, f64)>,
    /// Self-tests by name, with `passed`, `failed` or `skipped`.
    pub tests: Vec<(String, &'static str)>,
    /// What went wrong, if something did.
    pub trouble: Option<String>,
    /// Interrupts taken.
    pub interrupts: u64,
    /// Letters sent and acknowledged, by the tasks that record them.
    pub mail_sent: u64,
    /// Letters taken, by the tasks that record them.
    pub mail_received: u64,
    /// Trace records read.
    pub records: u64,
    /// Trace records lost.
    pub lost: u64,
    #[serde(skip)]
    final_state: CoreState,
}

/// Everything about a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// Cores that take part.
    pub cores: Vec<CoreResult>,
    /// Guests in the order of their starts.
    pub guests: Vec<GuestResult>,
    /// What a script typed and a guest answered; `None` without a script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Vec<Answered>>,
    /// Phases in the order in which cores go through them.
    pub phases: Vec<PhaseTimes>,
    /// Microseconds from the start of the board to the first task of the last core, by the chip's clock as the cores
    /// read it; `None` unless all cores came so far.
    pub all_up_us: Option<f64>,
    /// Why the run ended.
    pub ended: String,
    /// Exit status.
    pub status: u8,
    /// Emulated time in microseconds.
    pub emulated_us: f64,
    /// Host time in seconds.
    pub host_seconds: f64,
    /// Instructions of all cores.
    pub instructions: u64,
    /// Millions of instructions per second of host time.
    pub mips: f64,
    /// Requests to the interrupt controller that were lost on purpose.
    pub lost_requests: u64,
    /// Interrupt packets that were lost on purpose.
    pub lost_packets: u64,
}

impl Results {
    /// Draws up the results of a session that ended with `outcome`.
    pub fn new(session: &Session, outcome: &Outcome) -> Self {
        let cores: Vec<_> = session.observer.cores().iter().map(|core| core_result(session, core)).collect();
        let instructions = session.machine.instructions();
        let host_seconds = session.observer.host_time().as_secs_f64();
        let chip = session.machine.fabric().statistics();
        Self {
            phases: phase_times(session),
            all_up_us: all_up(session),
            ended: describe(session, outcome),
            status: status(&cores, session.observer.guests(), outcome),
            guests: session.observer.guests().to_vec(),
            answered: None,
            emulated_us: microseconds(session.machine.time()),
            host_seconds,
            instructions,
            mips: rate(instructions, host_seconds),
            lost_requests: chip.lost_requests,
            lost_packets: chip.lost_packets,
            cores,
        }
    }

    /// The summary for people.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut say = |line: std::fmt::Arguments<'_>| {
            writeln!(text, "{line}").expect("strings take any text");
        };
        let up = self.cores.iter().filter(|core| core.reached(BootPhase::FirstTask)).count();
        let passed = self.cores.iter().filter(|core| core.final_state == CoreState::Passed).count();
        let tests: usize = self.cores.iter().map(|core| core.tests.len()).sum();
        let failed: usize = self.cores.iter().map(CoreResult::failed_tests).sum();
        if !self.phases.is_empty() {
            say(format_args!(
                "{:<12} {:>6} {:>12} {:>12} {:>12}",
                "phase", "cores", "min us", "median us", "max us"
            ));
        }
        for phase in &self.phases {
            say(format_args!(
                "{:<12} {:>6} {:>12.1} {:>12.1} {:>12.1}",
                phase.phase, phase.cores, phase.min_us, phase.median_us, phase.max_us
            ));
        }
        for core in &self.cores {
            if let Some(trouble) = &core.trouble {
                say(format_args!("core {:02} {}: {trouble}", core.core, core.state));
            }
        }
        for guest in &self.guests {
            say(format_args!("{}", guest_line(guest)));
        }
        let tested = match tests {
            0 => "no self-test was run".to_owned(),
            _ => format!("{passed} passed all self-tests ({tests} tests, {failed} failed)"),
        };
        say(format_args!("{up} of {} cores up, {tested}", self.cores.len()));
        let lost: u64 = self.cores.iter().map(|core| core.lost).sum();
        if lost > 0 {
            say(format_args!("{lost} trace records were overwritten before they were read"));
        }
        if self.lost_requests + self.lost_packets > 0 {
            say(format_args!(
                "lost on purpose: {} interrupt requests, {} interrupt packets",
                self.lost_requests, self.lost_packets
            ));
        }
        say(format_args!(
            "{:.3} ms emulated in {:.2} s, {} instructions, {:.1} MIPS; {}",
            self.emulated_us / 1000.0,
            self.host_seconds,
            self.instructions,
            self.mips,
            self.ended
        ));
        text
    }

    /// The results as JSON.
    ///
    /// # Errors
    ///
    /// If a number cannot be written, which only infinite times could cause.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

impl CoreResult {
    fn reached(&self, phase: BootPhase) -> bool {
        self.phases.iter().any(|(name, _)| *name == phase.name())
    }

    fn failed_tests(&self) -> usize {
        self.tests.iter().filter(|(_, outcome)| *outcome == outcome_word(TestOutcome::Failed)).count()
    }
}

fn core_result(session: &Session, core: CoreId) -> CoreResult {
    let progress = session.observer.watch.progress(core);
    let state = session.state(core);
    let time = |cycles: u64| {
        microseconds(Time::from_cycles(cycles, session.machine.fabric().tile_period(core.tile())))
    };
    CoreResult {
        core: core.number(),
        state: state.word(),
        phases: progress.phases.iter().map(|(phase, cycles)| (phase.name(), time(*cycles))).collect(),
        tests: progress.tests.iter().map(|test| (test.name.clone(), outcome_word(test.outcome))).collect(),
        trouble: trouble(session, core, state),
        interrupts: progress.vitals.all_interrupts(),
        mail_sent: progress.vitals.mail_sent,
        mail_received: progress.vitals.mail_received,
        records: progress.records,
        lost: session.observer.watch.lost(core),
        final_state: state,
    }
}

/// What is worth a line about a core that did not do as it should.
fn trouble(session: &Session, core: CoreId, state: CoreState) -> Option<String> {
    let progress = session.observer.watch.progress(core);
    let reached = progress.last_phase().map_or("no phase", BootPhase::name);
    let exception = progress.exception.map_or_else(String::new, |(vector, eip)| {
        format!("; last exception {vector} at {}", session.observer.place(eip))
    });
    let at = || session.observer.place(session.machine.registers(core).eip);
    match state {
        CoreState::Passed | CoreState::Up | CoreState::Idle => None,
        CoreState::Failed => {
            let failed = progress.tests.iter().filter(|test| test.outcome == TestOutcome::Failed);
            Some(failed.map(|test| test.name.as_str()).collect::<Vec<_>>().join(", "))
        }
        CoreState::Panicked => {
            let place = progress.panic.as_ref().map(|place| format!("at {}:{}", place.file, place.line));
            Some(place.unwrap_or_default() + &exception)
        }
        CoreState::Held if progress.boots > 0 => Some("was stopped".to_owned()),
        CoreState::Held => Some("was never started".to_owned()),
        CoreState::Booting(_) => Some(format!("has reached {reached}, is at {}{exception}", at())),
        CoreState::Stopped | CoreState::ShutDown | CoreState::Hung => {
            Some(format!("after {reached}, at {}{exception}", at()))
        }
    }
}

fn phase_times(session: &Session) -> Vec<PhaseTimes> {
    let mut table: Vec<(BootPhase, Vec<(f64, u64)>)> = Vec::new();
    for core in session.observer.cores().iter() {
        let period = session.machine.fabric().tile_period(core.tile());
        for (phase, cycles) in &session.observer.watch.progress(core).phases {
            let time = (microseconds(Time::from_cycles(*cycles, period)), *cycles);
            match table.iter_mut().find(|(known, _)| known == phase) {
                Some((_, times)) => times.push(time),
                None => table.push((*phase, vec![time])),
            }
        }
    }
    let summary = |(phase, mut times): (BootPhase, Vec<(f64, u64)>)| {
        times.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
        let ((min_us, min_cycles), (max_us, max_cycles)) = (*times.first()?, *times.last()?);
        let (median_us, median_cycles) = times[times.len() / 2];
        let cores = times.len();
        Some(PhaseTimes { phase, cores, min_us, median_us, max_us, min_cycles, median_cycles, max_cycles })
    };
    let mut phases: Vec<_> = table.into_iter().filter_map(summary).collect();
    phases.sort_by(|a, b| a.median_us.total_cmp(&b.median_us));
    phases
}

/// When the last core polled its first task: what a core has counted since it read the chip's clock, on top of that.
fn all_up(session: &Session) -> Option<f64> {
    let up = |core: CoreId| {
        let progress = session.observer.watch.progress(core);
        let (anchored, ticks) = progress.anchor?;
        let since = progress.cycles_to(BootPhase::FirstTask)?.checked_sub(anchored)?;
        let read = Time::from_picoseconds(ticks * 1_000_000 / TIMESTAMP_MEGAHERTZ);
        Some(read.saturating_add(Time::from_cycles(since, session.machine.fabric().tile_period(core.tile()))))
    };
    let last = session.observer.cores().iter().map(up).collect::<Option<Vec<_>>>()?.into_iter().max()?;
    Some(microseconds(last))
}

fn describe(session: &Session, outcome: &Outcome) -> String {
    let end = end_of(session, outcome);
    match (session.observer.awaited_text(), outcome) {
        (_, Outcome::TextSeen(..)) | (None, _) => end,
        (Some(text), _) => format!("{end}; no core has written `{text}`, which --until waits for"),
    }
}

fn end_of(session: &Session, outcome: &Outcome) -> String {
    match outcome {
        Outcome::AllReported => "every core has reported".to_owned(),
        Outcome::AllStopped => "no core can run any more".to_owned(),
        Outcome::WallReached(wall) => format!("limit of {} s reached (--wall)", wall.as_secs_f64()),
        Outcome::TimeReached(time) => format!("{:.3} ms have passed", microseconds(*time) / 1_000.0),
        Outcome::TextSeen(core, text) => format!("core {core} has written `{text}`"),
        Outcome::RecordingFailed(error) => error.clone(),
        Outcome::Interrupted => "ended by the user".to_owned(),
        Outcome::Killed => "killed by gdb".to_owned(),
        Outcome::SessionFailed(error) => format!("the session failed: {error}"),
        Outcome::Finding(report) => format!("{report} [{}]", session.observer.place(report.linear)),
    }
}

/// What is worth a line about a guest.
fn guest_line(guest: &GuestResult) -> String {
    let mut text = format!("core {:02} guest {}: ", guest.core, guest.name);
    text.push_str(guest.end.as_deref().unwrap_or("still runs"));
    if let (Some(started), Some(ended)) = (guest.started_us, guest.ended_us) {
        let (from, span) = (started / 1_000.0, (ended - started) / 1_000.0);
        write!(text, ", from {from:.3} ms on for {span:.3} ms").expect("strings take any text");
    }
    for (name, count) in &guest.counts {
        write!(text, ", {name} {count}").expect("strings take any text");
    }
    text
}

/// 0: every core and guest did as it should; 1: some did not; 3: a limit or the user came first; 4: a finding of the strict
/// model; 5: a core shut down. As far as they mean the same, these are the statuses of scc-emu.
fn status(cores: &[CoreResult], guests: &[GuestResult], outcome: &Outcome) -> u8 {
    let any = |state| cores.iter().any(|core| core.final_state == state);
    match outcome {
        Outcome::Finding(_) => 4,
        _ if any(CoreState::ShutDown) => 5,
        _ if any(CoreState::Hung) => 4,
        Outcome::RecordingFailed(_) | Outcome::SessionFailed(_) => 1,
        Outcome::AllReported | Outcome::TimeReached(_) | Outcome::TextSeen(..)
            if cores.iter().any(|core| core.final_state.is_bad())
                || guests.iter().any(|guest| guest.end.is_some() && !guest.ended_well()) =>
        {
            1
        }
        Outcome::AllReported | Outcome::TimeReached(_) | Outcome::TextSeen(..) => 0,
        Outcome::AllStopped => 1,
        Outcome::WallReached(_) | Outcome::Interrupted | Outcome::Killed => 3,
    }
}

fn outcome_word(outcome: TestOutcome) -> &'static str {
    match outcome {
        TestOutcome::Passed => "passed",
        TestOutcome::Failed => "failed",
        TestOutcome::Skipped => "skipped",
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn microseconds(time: Time) -> f64 {
    time.as_picoseconds() as f64 / 1e6
}

/// Millions of instructions per second.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn rate(instructions: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { instructions as f64 / seconds / 1e6 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scc_emu::Machine;
    use scc_emu::loader::SymbolTable;

    use super::*;
    use crate::{Goal, Observer, RunUntil, Watch};

    fn session(cores: &str) -> Session {
        let cores = cores.parse().unwrap();
        let observer = Observer::new(Watch::new(None), cores, Goal::SelfTests, SymbolTable::default());
        Session::new(Machine::builder().build(), observer)
    }

    fn result(state: CoreState) -> CoreResult {
        CoreResult {
            core: 0,
            state: state.word(),
            phases: vec![("first-task", 12.5)],
            tests: vec![("heap".to_owned(), "passed")],
            trouble: None,
            interrupts: 0,
            mail_sent: 0,
            mail_received: 0,
            records: 3,
            lost: 0,
            final_state: state,
        }
    }

    #[test]
    fn status_says_who_failed() {
        let passed = || result(CoreState::Passed);
        let with = |state| [passed(), result(state)];
        assert_eq!(status(&[passed()], &[], &Outcome::AllReported), 0);
        assert_eq!(status(&with(CoreState::Failed), &[], &Outcome::AllReported), 1);
        assert_eq!(status(&with(CoreState::Panicked), &[], &Outcome::AllReported), 1);
        assert_eq!(status(&[passed()], &[], &Outcome::AllStopped), 1);
        assert_eq!(status(&[passed()], &[], &Outcome::Interrupted), 3);
        assert_eq!(status(&with(CoreState::Hung), &[], &Outcome::AllReported), 4);
        assert_eq!(status(&with(CoreState::ShutDown), &[], &Outcome::AllReported), 5);
    }

    #[test]
    fn guest_that_did_not_end_by_itself_fails_the_run() {
        let guest = |end: &str| GuestResult {
            core: 0,
            name: "g".to_owned(),
            started_us: Some(1_000.0),
            ended_us: Some(3_500.0),
            end: Some(end.to_owned()),
            counts: vec![("exits".to_owned(), 3), ("faults".to_owned(), 5)],
        };
        let cores = [result(CoreState::Passed)];
        let good = guest("by itself reason=power-off detail=0x0");
        assert_eq!(status(&cores, std::slice::from_ref(&good), &Outcome::AllReported), 0);
        for end in ["by itself reason=panic detail=0x7", "page fault address=0x0", "not started: no memory"] {
            assert_eq!(status(&cores, &[good.clone(), guest(end)], &Outcome::AllReported), 1, "{end}");
        }
        let line = "core 00 guest g: by itself reason=power-off detail=0x0, from 1.000 ms on for 2.500 ms, \
                    exits 3, faults 5";
        assert_eq!(guest_line(&good), line);
    }

    #[test]
    fn cores_that_never_started_are_named_in_table_and_json() {
        let results = Results::new(&session("0,5"), &Outcome::AllStopped);
        let table = results.table();
        assert!(table.contains("core 05 reset: was never started"), "{table}");
        assert!(table.contains("0 of 2 cores up, no self-test was run"), "{table}");
        let json: serde_json::Value = serde_json::from_str(&results.json().unwrap()).unwrap();
        assert_eq!(json["cores"][1]["core"], 5);
        assert_eq!(json["status"], 1);
        assert_eq!(json["ended"], "no core can run any more");
    }

    #[test]
    fn text_that_never_came_is_told_with_what_ended_the_run() {
        let mut session = session("0");
        session.observer.run_until(Some(RunUntil::Text("ready".to_owned())));
        let wall = Results::new(&session, &Outcome::WallReached(Duration::from_secs(2)));
        let never = "limit of 2 s reached (--wall); no core has written `ready`, which --until waits for";
        assert_eq!((wall.ended.as_str(), wall.status), (never, 3));
        let stopped = Results::new(&session, &Outcome::AllStopped);
        assert!(stopped.ended.contains("no core has written `ready`") && stopped.status == 1);
        let core = CoreId::new(0).unwrap();
        let seen = Results::new(&session, &Outcome::TextSeen(core, "ready".to_owned()));
        assert_eq!(seen.ended, "core 0 has written `ready`");
    }

    #[test]
    fn rate_of_no_time_is_zero() {
        assert!(rate(5, 0.0) == 0.0 && (rate(3_000_000, 1.5) - 2.0).abs() < 1e-9);
    }
}
