//! A machine on its way: runs in steps until every core has reported or something ends it.
//!
//! A step is a fixed amount of emulated work, so that rings are read at the same points in every run; only the
//! limit of host time and the user's wishes know the host's clock.

use std::time::{Duration, Instant};

use scc::id::CoreId;
use scc::timing::Time;
use scc_emu::diagnostics::FindingKind;
use scc_emu::loader::SymbolTable;
use scc_emu::{Limits, Machine, Report, RunEnd};
use scc_image::CoreList;
use trace_format::phase::BootPhase;

use crate::guests::GuestLog;
use crate::{CoreState, GuestResult, News, Pace, Recording, Watch};

/// Slices of a step. Of a busy core that is a few tens of thousands of cycles.
const SLICES: u64 = 64;
/// Emulated time that a step lasts at most, so that a core which works alone does not fill its ring in between.
const STEP: Time = Time::from_microseconds(100);

/// Emulated time in which cores say what they have to say after they have reported.
const LAST_WORDS: Time = Time::from_microseconds(2_000);

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Goal {
    /// Every core has run its self-tests.
    #[default]
    SelfTests,
    /// Every core has polled its first task.
    FirstTask,
    /// No core can go on by itself.
    Quiet,
}

/// What ends a run instead of its [`Goal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunUntil {
    /// The chip has come to a time since power-on.
    Time(Time),
    /// A core has written a line with this text.
    Text(String),
}

/// Why a run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every core has reached the goal or cannot get further.
    AllReported,
    /// No core can run any more, although not all have reported.
    AllStopped,
    /// The limit of host time.
    WallReached(Duration),
    /// The chip has come to the time that was asked for.
    TimeReached(Time),
    /// A core has written the text that was waited for.
    TextSeen(CoreId, String),
    /// The trace cannot be written.
    RecordingFailed(String),
    /// The user.
    Interrupted,
    /// The debugger's user.
    Killed,
    /// A guest did not answer as the script wants it, or not at all.
    SessionFailed(String),
    /// Software did what the chip would answer with a hang or corruption.
    Finding(Box<Report>),
}

/// A machine and the one who observes it.
pub struct Session {
    /// The machine.
    pub machine: Machine,
    /// What is known of its cores, and when the run is over.
    pub observer: Observer,
    stopped: bool,
}

/// What is known of the cores of a machine, and when its run is over.
pub struct Observer {
    /// What the cores have told.
    pub watch: Watch,
    cores: CoreList,
    guests: GuestLog,
    goal: Goal,
    until: Option<RunUntil>,
    recording: Option<Recording>,
    symbols: SymbolTable,
    wall: Option<Duration>,
    started: Instant,
    paused: Duration,
}

impl Session {
    /// A session with a loaded machine.
    pub const fn new(machine: Machine, observer: Observer) -> Self {
        Self { machine, observer, stopped: false }
    }

    /// Releases cores from reset and starts the host's clock.
    pub fn release(&mut self, cores: impl IntoIterator<Item = CoreId>) {
        cores.into_iter().for_each(|core| self.machine.release(core));
        self.observer.started = Instant::now();
    }

    /// Whether no core can run any more, as far as the last step showed.
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// How a core stands.
    pub fn state(&self, core: CoreId) -> CoreState {
        self.observer.watch.state(&self.machine, core)
    }

    /// Whether a core executes.
    pub fn pace(&self, core: CoreId) -> Pace {
        self.observer.watch.pace(&self.machine, core)
    }

    /// Runs on for a moment after the end, so that lines on their way come out, and tells what is new.
    pub fn settle(&mut self) -> News {
        let until = Some(self.machine.time().saturating_add(LAST_WORDS));
        self.machine.run(&Limits { until, slices: None });
        self.observer.look(&self.machine).0
    }

    /// Runs one step and tells what is new.
    pub fn step(&mut self) -> (News, Option<Outcome>) {
        let until = Some(self.machine.time().saturating_add(STEP));
        let end = self.machine.run(&Limits { until, slices: Some(SLICES) });
        self.stopped = end == RunEnd::AllStopped;
        let (news, looked) = self.observer.look(&self.machine);
        let is_quiet = self.stopped && self.observer.goal == Goal::Quiet;
        let outcome = match (over(end), looked) {
            (Some(Outcome::AllStopped), None) if is_quiet => Some(Outcome::AllReported),
            (Some(finding @ Outcome::Finding(_)), _) => Some(finding),
            (_, Some(Outcome::AllReported)) => Some(Outcome::AllReported),
            (stopped, looked) => stopped.or(looked),
        };
        (news, outcome)
    }
}

impl Observer {
    /// An observer of `cores`, from which a report is expected. `symbols` names places in their kernel.
    pub fn new(watch: Watch, cores: CoreList, goal: Goal, symbols: SymbolTable) -> Self {
        let started = Instant::now();
        Self {
            watch,
            cores,
            guests: GuestLog::default(),
            goal,
            until: None,
            recording: None,
            symbols,
            wall: None,
            started,
            paused: Duration::ZERO,
        }
    }

    /// Ends the run after this much host time.
    pub fn limit_wall(&mut self, wall: Option<Duration>) {
        self.wall = wall;
    }

    /// Ends the run at this instead of the goal.
    pub fn run_until(&mut self, until: Option<RunUntil>) {
        self.until = until;
    }

    /// Has every record written into a recording from now on.
    pub fn record(&mut self, recording: Recording) {
        self.recording = Some(recording);
    }

    /// The recording, if there is one, which gets no further records.
    pub fn take_recording(&mut self) -> Option<Recording> {
        self.recording.take()
    }

    /// Cores that take part.
    pub const fn cores(&self) -> &CoreList {
        &self.cores
    }

    /// The guests that kernels have spoken of.
    pub fn guests(&self) -> &[GuestResult] {
        self.guests.guests()
    }

    /// Whether all guests of a core have ended.
    pub fn guests_have_ended(&self, core: CoreId) -> bool {
        self.guests.is_done(core)
    }

    /// Host time spent so far, without pauses.
    pub fn host_time(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.paused)
    }

    /// Leaves a pause out of the host time.
    pub fn add_pause(&mut self, pause: Duration) {
        self.paused += pause;
    }

    /// An address of the kernel, with the name of its function.
    pub fn place(&self, address: u32) -> String {
        match self.symbols.lookup(address) {
            Some(place) => format!("{address:#010x} ({place})"),
            None => format!("{address:#010x}"),
        }
    }

    /// Tells what is new, and whether the run is over by what the cores say or by the host's clock.
    pub fn look(&mut self, machine: &Machine) -> (News, Option<Outcome>) {
        let news = self.watch.visit(machine, self.recording.as_mut());
        news.lines.iter().for_each(|line| self.guests.take(line, machine.time()));
        if let Some(failure) = self.recording.as_ref().and_then(Recording::failure) {
            return (news, Some(Outcome::RecordingFailed(failure.to_string())));
        }
        if let Some(until) = &self.until {
            let outcome = reached(until, machine, &news).or_else(|| self.wall_reached());
            return (news, outcome);
        }
        if self.cores.iter().all(|core| self.has_reported(machine, core)) {
            return (news, Some(Outcome::AllReported));
        }
        let wall = self.wall_reached();
        (news, wall)
    }

    /// The text that the run waits for, if it waits for one.
    pub(crate) fn awaited_text(&self) -> Option<&str> {
        match &self.until {
            Some(RunUntil::Text(text)) => Some(text),
            Some(RunUntil::Time(_)) | None => None,
        }
    }

    fn wall_reached(&self) -> Option<Outcome> {
        self.wall.filter(|wall| self.host_time() >= *wall).map(Outcome::WallReached)
    }

    fn has_reported(&self, machine: &Machine, core: CoreId) -> bool {
        let progress = self.watch.progress(core);
        let reached = match self.goal {
            Goal::SelfTests => progress.tested.is_some(),
            Goal::FirstTask => progress.cycles_to(BootPhase::FirstTask).is_some(),
            Goal::Quiet => false,
        };
        reached || self.watch.state(machine, core).is_final()
    }
}

/// Whether what a run waits for has come.
fn reached(until: &RunUntil, machine: &Machine, news: &News) -> Option<Outcome> {
    match until {
        RunUntil::Time(time) => (machine.time() >= *time).then_some(Outcome::TimeReached(*time)),
        RunUntil::Text(text) => {
            let line = news.lines.iter().find(|line| line.text.contains(text.as_str()))?;
            Some(Outcome::TextSeen(line.core, text.clone()))
        }
    }
}

/// Whether the machine's own end of a step ends the run.
fn over(end: RunEnd) -> Option<Outcome> {
    match end {
        RunEnd::AllStopped => Some(Outcome::AllStopped),
        RunEnd::Finding(report) if ends_the_run(&report) => Some(Outcome::Finding(report)),
        RunEnd::Finding(_)
        | RunEnd::Paused
        | RunEnd::TimeReached
        | RunEnd::Observed(_)
        | RunEnd::Watchpoint(_) => None,
    }
}

/// Whether a finding ends a run. Ports without a device read as ones, which is no reason to stop.
pub fn ends_the_run(report: &Report) -> bool {
    !matches!(report.finding.kind, FindingKind::UnknownPort { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConsoleLine;

    fn session(goal: Goal) -> Session {
        let machine = Machine::builder().build();
        let observer = Observer::new(Watch::new(None), CoreList::all(), goal, SymbolTable::default());
        Session::new(machine, observer)
    }

    #[test]
    fn machine_without_running_cores_ends_the_run() {
        let mut session = session(Goal::SelfTests);
        assert_eq!(session.step(), (News::default(), Some(Outcome::AllStopped)));
        assert!(session.is_stopped());
    }

    #[test]
    fn quiet_machine_has_reached_its_goal_if_that_is_quiet() {
        let mut session = session(Goal::Quiet);
        assert_eq!(session.step(), (News::default(), Some(Outcome::AllReported)));
    }

    #[test]
    fn limit_of_host_time_leaves_pauses_out() {
        let mut session = session(Goal::FirstTask);
        session.observer.limit_wall(Some(Duration::ZERO));
        let (_, outcome) = session.observer.look(&session.machine);
        assert_eq!(outcome, Some(Outcome::WallReached(Duration::ZERO)));
        session.observer.limit_wall(Some(Duration::from_secs(3600)));
        assert_eq!(session.observer.look(&session.machine).1, None);
        session.observer.add_pause(Duration::from_secs(5));
        assert_eq!(session.observer.host_time(), Duration::ZERO);
    }

    #[test]
    fn run_ends_at_the_time_or_the_text_that_was_asked_for() {
        let mut session = session(Goal::SelfTests);
        session.observer.run_until(Some(RunUntil::Time(Time::ZERO)));
        assert_eq!(session.observer.look(&session.machine).1, Some(Outcome::TimeReached(Time::ZERO)));
        let core = CoreId::new(5).unwrap();
        let until = RunUntil::Text("ready".to_owned());
        let news =
            |text: &str| News { lines: vec![ConsoleLine { core, text: text.to_owned() }], ..News::default() };
        assert_eq!(reached(&until, &session.machine, &news("boot: not yet")), None);
        let seen = Some(Outcome::TextSeen(core, "ready".to_owned()));
        assert_eq!(reached(&until, &session.machine, &news("boot: ready memory=640M")), seen);
    }
}
