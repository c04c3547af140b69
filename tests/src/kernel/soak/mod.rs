//! The soak of the kernels' mail, and its judge: every core writes to every other one while interrupt requests are lost
//! and the host stops cores and starts them again.
//!
//! The kernels do the work and check contents and order (`soak=SEED:LETTERS:MESSAGES`, `kernel/src/mail/soak`). The judge
//! reads what they print and compares both ends of each flow:
//!
//! - no kernel has an error to report, and in its last life each has seen the end of all flows;
//! - sending failed towards cores only that were stopped;
//! - what is missing in the middle of a flow is a letter whose sending failed;
//! - what a core sees first of a flow that began before its life is the first letter that its life has taken by what
//!   the writer says, or one before it whose sending failed;
//! - each pair of cores that were never stopped has exchanged all letters.

mod judge;

use scc::id::CoreId;
use scc::timing::Time;
use scc_emu::chip::loss::{InterruptLoss, Share};
use scc_emu::{Limits, Machine, RunEnd};

pub use self::judge::Letter;
use super::KernelBoard;
use super::random::Random;

/// Channels that each core writes on.
const CHANNELS: u32 = 2;
/// Emulated time between two looks at the consoles.
const STEP: Time = Time::from_microseconds(200);
/// Emulated time between two words about the progress.
const TELL: Time = Time::from_microseconds(20_000);
/// Line that a core prints when it has booted.
const READY: &str = "info boot: ready";
/// Line that a core prints when all its flows have ended.
const DONE: &str = "info soak: done ";

/// What each core writes to each other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Letters on each channel.
    pub letters: u32,
    /// Messages through the message buffers.
    pub messages: u32,
}

impl Counts {
    /// Number of the end of a flow of letters, or of messages.
    const fn of(self, messages: bool) -> u32 {
        if messages { self.messages } else { self.letters }
    }
}

/// What is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Cores that take part; at least two.
    pub cores: Vec<CoreId>,
    /// What each writes to each.
    pub counts: Counts,
    /// Chooses bursts, contents, losses, and which cores stop when.
    pub seed: u32,
    /// Share of interrupt requests that is lost.
    pub lost_requests: Share,
    /// How often a core is stopped and started again.
    pub restarts: u32,
    /// Emulated time after which the kernels count as stuck.
    pub patience: Time,
}

/// A core that the host stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// Which.
    pub core: CoreId,
    /// When it was put into reset.
    pub stopped: Time,
    /// When it was released.
    pub started: Time,
}

/// What has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Cores stopped and started again, in this order.
    pub restarts: Vec<Restart>,
    /// Letters and messages that were sent and taken, by the last life of each core.
    pub sent: u64,
    /// Letters and messages that came, by the last life of each core.
    pub received: u64,
    /// Letters and messages whose sending failed, by all lives.
    pub failed: usize,
    /// Of those, the ones that did not come to a life that saw the letters around them.
    pub missing: usize,
    /// Flows that a core saw from the middle on, because it started in between.
    pub joined: usize,
    /// Doorbells rung again for want of an answer, by the last life of each core.
    pub rung_again: u64,
    /// Interrupt requests that were lost.
    pub lost_requests: u64,
    /// Emulated time.
    pub emulated: Time,
    /// Instructions of all cores.
    pub instructions: u64,
}

/// Why the soak is not passed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SoakError {
    /// The emulator found something that the chip answers with a hang or corruption.
    #[error("{0}")]
    Finding(String),
    /// Cores did not come to an end in time.
    #[error("cores {cores:?} are not done after {}", in_milliseconds(*.after))]
    Stuck {
        /// Their numbers.
        cores: Vec<u8>,
        /// Emulated time.
        after: Time,
    },
    /// A kernel reports an error.
    #[error("core {core}: {line}")]
    Complaint {
        /// Core number.
        core: CoreId,
        /// The line.
        line: String,
    },
    /// A line of a kernel is not understood.
    #[error("core {core} says {line:?}, which the judge does not know")]
    Unknown {
        /// Core number.
        core: CoreId,
        /// The line.
        line: String,
    },
    /// Sending to a core that was never stopped failed.
    #[error("{0:?} failed, and core {to} was never stopped", to = .0.to)]
    FailedToLiving(Letter),
    /// A letter was taken and did not come.
    #[error("{0:?} is lost: the writer does not say that it failed")]
    Lost(Letter),
    /// Two cores that were never stopped have not exchanged all letters.
    #[error("core {core} has sent {sent} letters to living cores and got {received} of them, not {expected}")]
    Count {
        /// Core number.
        core: CoreId,
        /// Letters sent, at least.
        sent: u64,
        /// Letters received.
        received: u64,
        /// Letters that it should have sent and received at least.
        expected: u64,
    },
}

/// Runs a soak and judges it; `progress` is told a line now and then. The same plan makes the same run.
///
/// # Errors
/// [`SoakError`], with the board for a closer look.
pub fn run(plan: &Plan, mut progress: impl FnMut(&str)) -> Result<Summary, (SoakError, Box<KernelBoard>)> {
    let mut board = Box::new(boot(plan));
    let restarts = match drive(plan, &mut board, &mut progress) {
        Ok(restarts) => restarts,
        Err(error) => return Err((error, board)),
    };
    let stopped = restarts.iter().map(|restart| restart.core).collect();
    let texts: Vec<_> = plan.cores.iter().map(|core| (*core, whole_lines(&board.text(*core)))).collect();
    match judge::judge(&texts, &stopped, plan.counts) {
        Ok(found) => Ok(Summary {
            restarts,
            lost_requests: board.machine().fabric().statistics().lost_requests,
            emulated: board.machine().time(),
            instructions: board.machine().instructions(),
            ..found
        }),
        Err(error) => Err((error, board)),
    }
}

fn boot(plan: &Plan) -> KernelBoard {
    let numbers: Vec<_> = plan.cores.iter().map(|core| core.number().to_string()).collect();
    let Counts { letters, messages } = plan.counts;
    let words = format!("cores={} soak={}:{letters}:{messages}", numbers.join("+"), plan.seed);
    let loss =
        InterruptLoss { requests: plan.lost_requests, packets: Share::NOTHING, seed: plan.seed.into() };
    KernelBoard::boot_trials_on(Machine::builder().interrupt_loss(loss), plan.cores.iter().copied(), &words)
}

fn drive(
    plan: &Plan,
    board: &mut KernelBoard,
    progress: &mut impl FnMut(&str),
) -> Result<Vec<Restart>, SoakError> {
    let mut random = Random(plan.seed.into());
    let patience = board.machine().time() + plan.patience;
    wait(plan, board, patience, |board, core| board.text(core).contains(READY), &mut |_| ())?;
    progress(&format!("all cores are up after {}", in_milliseconds(board.machine().time())));
    let mut restarts = Vec::new();
    for _ in 0..plan.restarts {
        run_for(board, 500 + random.below(4_000))?;
        let core = plan.cores[usize::try_from(random.below(plan.cores.len() as u64)).expect("a core")];
        let stopped = board.machine().time();
        board.machine_mut().hold_in_reset(core);
        run_for(board, random.below(3_000))?;
        board.start(core);
        let started = board.machine().time();
        restarts.push(Restart { core, stopped, started });
        let [stopped, started] = [stopped, started].map(in_milliseconds);
        progress(&format!("core {core} was stopped at {stopped} and started at {started}"));
    }
    wait(plan, board, patience, is_done, progress)?;
    // Lines on their way come out.
    run_for(board, 1_000)?;
    Ok(restarts)
}

/// Whether a core has seen the end of all flows in its last life.
fn is_done(board: &KernelBoard, core: CoreId) -> bool {
    let text = board.text(core);
    let last_life = text.rsplit(READY).next().unwrap_or_default();
    last_life.split_once(DONE).is_some_and(|(_, rest)| rest.contains('\n'))
}

fn run_for(board: &mut KernelBoard, microseconds: u64) -> Result<(), SoakError> {
    let until = board.machine().time() + Time::from_microseconds(microseconds);
    while board.machine().time() < until {
        let limits = Limits { until: Some(until), ..Limits::default() };
        match board.machine_mut().run(&limits) {
            RunEnd::Finding(report) => return Err(SoakError::Finding(report.to_string())),
            RunEnd::AllStopped => break,
            _ => {}
        }
    }
    Ok(())
}

fn wait(
    plan: &Plan,
    board: &mut KernelBoard,
    patience: Time,
    done: impl Fn(&KernelBoard, CoreId) -> bool,
    progress: &mut impl FnMut(&str),
) -> Result<(), SoakError> {
    let mut tell_at = board.machine().time() + TELL;
    loop {
        let waiting = || plan.cores.iter().filter(|core| !done(board, **core));
        if waiting().next().is_none() {
            return Ok(());
        }
        let after = board.machine().time();
        if after >= patience {
            return Err(SoakError::Stuck { cores: waiting().map(|core| core.number()).collect(), after });
        }
        if after >= tell_at {
            tell_at = after + TELL;
            let (waiting, all) = (waiting().count(), plan.cores.len());
            progress(&format!("{} of {all} cores are done at {}", all - waiting, in_milliseconds(after)));
        }
        run_for(board, STEP.as_picoseconds() / 1_000_000)?;
    }
}

/// A time for people.
pub fn in_milliseconds(time: Time) -> String {
    let microseconds = time.as_picoseconds() / 1_000_000;
    format!("{}.{:03} ms", microseconds / 1_000, microseconds % 1_000)
}

/// The text without a last line that is not complete.
fn whole_lines(text: &str) -> String {
    text.rfind('\n').map_or_else(String::new, |end| text[..=end].to_owned())
}
