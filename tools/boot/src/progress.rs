//! What one core has told so far: boot phases, tests, how it ended.

use scc_emu::Activity;
use trace_format::phase::BootPhase;
use trace_format::record::{Event, PollOutcome, Stamped, TestOutcome, TextPlace};

use crate::Vitals;

/// A self-test that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: TestOutcome,
}

/// Where the kernel panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanicPlace {
    /// Source file.
    pub file: String,
    /// Line in it.
    pub line: u32,
}

/// Whether a core executes, for those who watch it live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// In reset.
    Reset,
    /// It executes, or waits for an answer of the mesh.
    Running,
    /// Its executor has nothing to do, and the next interrupt wakes it.
    Idle,
    /// It does not execute, for good.
    Halted,
}

/// How a core stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoreState {
    /// In reset.
    Held,
    /// On its way; with the phase it has reached, if it said so.
    Booting(Option<BootPhase>),
    /// Its executor runs tasks.
    Up,
    /// Its executor runs and nothing is ready.
    Idle,
    /// All its self-tests passed.
    Passed,
    /// A self-test failed.
    Failed,
    /// The kernel panicked.
    Panicked,
    /// Halted with interrupts off after an exception, or before it was done with its self-tests.
    Stopped,
    /// Shut down by a triple fault.
    ShutDown,
    /// Waits for an answer that never comes.
    Hung,
}

impl CoreState {
    /// Whether the core will not get further by itself.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Passed | Self::Failed | Self::Panicked | Self::Stopped | Self::ShutDown | Self::Hung
        )
    }

    /// Whether something went wrong.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Panicked | Self::Stopped | Self::ShutDown | Self::Hung)
    }

    /// One word for tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Held => "reset",
            Self::Booting(Some(phase)) => phase.name(),
            Self::Booting(None) => "started",
            Self::Up => "up",
            Self::Idle => "idle",
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::Panicked => "PANIC",
            Self::Stopped => "STOPPED",
            Self::ShutDown => "SHUTDOWN",
            Self::Hung => "HUNG",
        }
    }
}

/// What one core has told so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CoreProgress {
    /// Phases in the order of their records, with the cycles since the core left reset.
    pub phases: Vec<(BootPhase, u64)>,
    /// Self-tests that ended.
    pub tests: Vec<TestResult>,
    /// Passed and failed self-tests, once all have ended.
    pub tested: Option<(u32, u32)>,
    /// Where the kernel panicked, if it did; not so panics that ended a task only.
    pub panic: Option<PanicPlace>,
    /// Vector and EIP of the last exception.
    pub exception: Option<(u8, u32)>,
    /// Cycles of the core and ticks of the chip's clock at one moment.
    pub anchor: Option<(u64, u64)>,
    /// Records read.
    pub records: u64,
    /// How often the core booted.
    pub boots: u32,
    /// What it has been doing.
    pub vitals: Vitals,
}

impl CoreProgress {
    /// Cycles from reset to a phase.
    pub fn cycles_to(&self, phase: BootPhase) -> Option<u64> {
        self.phases.iter().find(|(reached, _)| *reached == phase).map(|(_, cycles)| *cycles)
    }

    /// The phase reached last.
    pub fn last_phase(&self) -> Option<BootPhase> {
        self.phases.last().map(|(phase, _)| *phase)
    }

    /// Takes a record. `text` reads a constant text of the kernel.
    pub fn take(&mut self, record: &Stamped, text: impl Fn(TextPlace) -> String) {
        if record.event == Event::BootPhase(BootPhase::Reset) {
            *self = Self { boots: self.boots + 1, records: self.records, ..Self::default() };
        }
        self.records += 1;
        self.vitals.take(record, &text);
        match record.event {
            Event::BootPhase(phase) => self.phases.push((phase, record.cycles)),
            Event::SelfTest { name, outcome } => self.tests.push(TestResult { name: text(name), outcome }),
            Event::SelfTestsDone { passed, failed } => self.tested = Some((passed, failed)),
            Event::Panic { file, line } => self.panic = Some(PanicPlace { file: text(file), line }),
            // The executor has ended the task; the core lives.
            Event::PollEnd { outcome: PollOutcome::Panicked, .. } => self.panic = None,
            Event::Exception { vector, eip, .. } => self.exception = Some((vector, eip)),
            Event::ClockAnchor(ticks) => self.anchor = Some((record.cycles, ticks)),
            Event::Idle
            | Event::TaskSpawn { .. }
            | Event::TaskReady(_)
            | Event::PollBegin { .. }
            | Event::PollEnd { .. }
            | Event::TaskDrop(_)
            | Event::TimerArmed(_)
            | Event::TimerFired(_)
            | Event::IrqEnter { .. }
            | Event::IrqExit(_)
            | Event::CoreStarted(_)
            | Event::CoreStopped(_)
            | Event::MailSent(_)
            | Event::MailReceived(_)
            | Event::DoorbellRung(_)
            | Event::DoorbellTaken(_)
            | Event::LetterWritten { .. }
            | Event::LetterRead { .. }
            | Event::CallBegin { .. }
            | Event::CallEnd { .. }
            | Event::ServeBegin { .. }
            | Event::ServeEnd { .. }
            | Event::GuestEnter { .. }
            | Event::GuestExit { .. }
            | Event::DirectRaised(_)
            | Event::LendBegin { .. }
            | Event::LendEnd { .. }
            | Event::BorrowBegin { .. }
            | Event::BorrowEnd { .. }
            | Event::Log(_) => {}
        }
    }

    /// Whether the core executes, given what the emulator sees it do and whether interrupts are permitted.
    pub fn pace(&self, activity: &Activity, interruptible: bool) -> Pace {
        match activity {
            Activity::Reset => Pace::Reset,
            Activity::Shutdown | Activity::Hung(_) => Pace::Halted,
            Activity::Halted if !interruptible => Pace::Halted,
            _ if self.vitals.is_idle() => Pace::Idle,
            _ => Pace::Running,
        }
    }

    /// How the core stands, given what the emulator sees it do and whether it is halted for good.
    pub fn state(&self, activity: &Activity, interruptible: bool) -> CoreState {
        match activity {
            Activity::Reset => return CoreState::Held,
            Activity::Shutdown => return CoreState::ShutDown,
            Activity::Hung(_) => return CoreState::Hung,
            _ => {}
        }
        let stopped = matches!(activity, Activity::Halted) && !interruptible;
        match self.tested {
            _ if stopped && self.panic.is_some() => CoreState::Panicked,
            _ if stopped && self.exception.is_some() => CoreState::Stopped,
            Some((_, 0)) => CoreState::Passed,
            Some(_) => CoreState::Failed,
            None if stopped => CoreState::Stopped,
            None if self.cycles_to(BootPhase::FirstTask).is_none() => CoreState::Booting(self.last_phase()),
            None if self.vitals.is_idle() => CoreState::Idle,
            None => CoreState::Up,
        }
    }
}

#[cfg(test)]
mod tests {
    use trace_format::record::TaskNumber;

    use super::*;

    fn progress(events: &[Event]) -> CoreProgress {
        let mut progress = CoreProgress::default();
        for (cycles, event) in (0..).zip(events) {
            progress.take(&Stamped { cycles, event: *event }, |place| format!("text {}", place.address));
        }
        progress
    }

    const FIRST_TASK: Event = Event::BootPhase(BootPhase::FirstTask);

    #[test]
    fn state_follows_the_records() {
        let halted = Activity::Halted;
        let panic = Event::Panic { file: TextPlace { address: 7, length: 1 }, line: 9 };
        for (events, state) in [
            (&[][..], CoreState::Booting(None)),
            (&[Event::BootPhase(BootPhase::Traps)], CoreState::Booting(Some(BootPhase::Traps))),
            (&[FIRST_TASK], CoreState::Up),
            (&[FIRST_TASK, Event::Idle], CoreState::Idle),
            (&[FIRST_TASK, Event::Idle, Event::TimerFired(1)], CoreState::Up),
            (&[FIRST_TASK, Event::SelfTestsDone { passed: 3, failed: 0 }], CoreState::Passed),
            (&[FIRST_TASK, Event::SelfTestsDone { passed: 3, failed: 1 }], CoreState::Failed),
            (&[FIRST_TASK, panic], CoreState::Up),
        ] {
            assert_eq!(progress(events).state(&halted, true), state);
        }
        let (done, page_fault) = (
            Event::SelfTestsDone { passed: 3, failed: 0 },
            Event::Exception { vector: 14, eip: 0, error_code: 2 },
        );
        assert_eq!(progress(&[FIRST_TASK]).state(&halted, false), CoreState::Stopped);
        assert_eq!(progress(&[FIRST_TASK, done]).state(&halted, false), CoreState::Passed);
        assert_eq!(progress(&[FIRST_TASK, panic]).state(&halted, false), CoreState::Panicked);
        let contained = Event::PollEnd { task: TaskNumber(2), outcome: PollOutcome::Panicked };
        assert_eq!(progress(&[FIRST_TASK, panic, contained, done]).state(&halted, false), CoreState::Passed);
        assert_eq!(progress(&[FIRST_TASK, done, page_fault]).state(&halted, false), CoreState::Stopped);
        assert_eq!(progress(&[FIRST_TASK]).state(&Activity::Shutdown, true), CoreState::ShutDown);
        assert_eq!(progress(&[]).state(&Activity::Reset, true), CoreState::Held);
    }

    #[test]
    fn pace_tells_halted_for_good_from_idle() {
        let idle = progress(&[FIRST_TASK, Event::Idle]);
        assert_eq!(idle.pace(&Activity::Halted, true), Pace::Idle);
        assert_eq!(idle.pace(&Activity::Halted, false), Pace::Halted);
        assert_eq!(progress(&[FIRST_TASK]).pace(&Activity::Running, true), Pace::Running);
        assert_eq!(idle.pace(&Activity::Shutdown, true), Pace::Halted);
        assert_eq!(idle.pace(&Activity::Reset, false), Pace::Reset);
    }

    #[test]
    fn texts_are_read_and_times_kept() {
        let name = TextPlace { address: 7, length: 1 };
        let outcome = TestOutcome::Skipped;
        let progress = progress(&[
            Event::BootPhase(BootPhase::Reset),
            Event::BootPhase(BootPhase::Paging),
            Event::SelfTest { name, outcome },
            Event::Panic { file: name, line: 9 },
        ]);
        assert_eq!(progress.cycles_to(BootPhase::Paging), Some(1));
        assert_eq!(progress.tests, [TestResult { name: "text 7".into(), outcome }]);
        assert_eq!(progress.panic, Some(PanicPlace { file: "text 7".into(), line: 9 }));
    }

    #[test]
    fn core_that_boots_again_starts_over() {
        let reset = Event::BootPhase(BootPhase::Reset);
        let progress = progress(&[reset, FIRST_TASK, reset]);
        assert_eq!(progress.state(&Activity::Running, true), CoreState::Booting(Some(BootPhase::Reset)));
        assert_eq!((progress.boots, progress.records), (2, 3));
    }
}
