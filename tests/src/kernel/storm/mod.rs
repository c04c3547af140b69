//! The storm of guests: Linux on several cores, each pinging the next as fast as it answers and comparing sums, while the
//! host stops one of them every now and then, wherever it is, and starts it again.
//!
//! The guests do the work (`guests/linux/user/storm`) and say of each round how it went; the kernels say what each guest has
//! given back. The `judge` reads both as they come:
//!
//! - no kernel has anything to complain about, and no guest's kernel either;
//! - all sums are right, and each guest that is never stopped comes to the end of a round now and then;
//! - each order to stop and to start was carried out;
//! - a guest that was stopped has given back the frames that it had, and its core has as many as the time before;
//! - the heap of its core does not grow in the second half of the storm.

mod judge;

use std::time::{Duration, Instant};

use guest_abi::terminal::Order;
use scc::host::Uart;
use scc::id::{CoreId, TileId};
use scc::timing::Time;
use scc_boot::TerminalLink;
use scc_emu::chip::clocks::Clocks;
use scc_emu::{Limits, Machine, RunEnd};
use scc_image::{GuestImage, Recipe};

use self::judge::Record;
pub use self::judge::{Complaint, GuestRecord};
use super::random::Random;
use super::{KernelBoard, elf};

/// Emulated time between two looks at the consoles.
const STEP: Time = Time::from_microseconds(1_000);
/// Emulated time between two words about the progress.
const TELL: Time = Time::from_microseconds(20_000);
/// Emulated time within which a guest that runs boots, and comes to the end of each round, with the usual clock.
const ROUND: Time = Time::from_microseconds(20_000_000);
/// Emulated time within which a guest is stopped with the usual clock: others of the core, and what it has to give back,
/// come first.
const STOP: Time = Time::from_microseconds(200_000);

/// What is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Cores with a guest each, by ascending numbers; at least two. The guest of the last one is stopped and started.
    pub cores: Vec<CoreId>,
    /// Linux, with its command line but for what the storm adds.
    pub guest: GuestImage,
    /// Emulated time.
    pub span: Time,
    /// Divider of the tiles' clock, 1 to 15; 2 is 533 MHz.
    pub tile_divider: u8,
    /// When the guest is stopped, and what ends the storm.
    pub course: Course,
    /// Host time after which the storm ends early.
    pub wall: Option<Duration>,
}

/// How a storm goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Stops at any moment, until the time is over.
    Long {
        /// Emulated time between two stops, on the average.
        period: Time,
        /// Chooses when the guest is stopped.
        seed: u64,
    },
    /// Small rounds: one of each guest, with answers to its pings; then a stop, and one of the guest that was stopped. The
    /// time must be enough for that.
    Short,
}

/// How far a storm is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Emulated time that is over.
    pub emulated: Time,
    /// How often the guest was stopped.
    pub stops: u32,
    /// Rounds of all guests.
    pub rounds: u64,
}

/// What has happened.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Each core with what its guest has done.
    pub guests: Vec<(CoreId, GuestRecord)>,
    /// How often the last one was stopped and started.
    pub stops: u32,
    /// Emulated time.
    pub emulated: Time,
    /// Host time.
    pub host: Duration,
    /// Instructions of all cores.
    pub instructions: u64,
    /// Whether the limit of host time came first.
    pub is_cut_short: bool,
}

/// Why the storm is not passed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StormError {
    /// The emulator found something that the chip answers with a hang or corruption.
    #[error("{0}")]
    Finding(String),
    /// Something that a core has said, or has not.
    #[error("core {core}: {complaint}")]
    Complaint {
        /// The core.
        core: CoreId,
        /// What is wrong.
        complaint: Complaint,
    },
    /// No core can run any more.
    #[error("no core can run any more")]
    Stopped,
}

/// Runs a storm and judges it; `progress` is told now and then. The same plan without a limit of host time makes the same run.
///
/// # Errors
/// [`StormError`], with the board for a closer look.
///
/// # Panics
/// With fewer than two cores, if tiles have no such divider, and if the guest does not fit a core.
pub fn run(
    plan: &Plan,
    mut progress: impl FnMut(&Progress),
) -> Result<Summary, (StormError, Box<KernelBoard>)> {
    assert!(plan.cores.len() >= 2, "a guest needs another one to ping");
    let began = Instant::now();
    let mut storm = Storm::begin(plan);
    match storm.rage(plan, began, &mut progress).and_then(|is_cut_short| {
        storm.calm()?;
        Ok(is_cut_short)
    }) {
        Ok(is_cut_short) => Ok(Summary {
            stops: storm.stops,
            emulated: storm.board.machine().time(),
            host: began.elapsed(),
            instructions: storm.board.machine().instructions(),
            is_cut_short,
            guests: storm.cores.into_iter().map(|core| (core.core, core.record.guest)).collect(),
        }),
        Err(error) => Err((error, storm.board)),
    }
}

/// A core with its guest.
struct Core {
    core: CoreId,
    link: TerminalLink,
    /// Bytes of its console that were read.
    read: usize,
    record: Record,
}

/// How the board stands after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Board {
    Runs,
    /// No core can go on by itself.
    Silent,
}

/// When the guest is stopped next.
enum Stops {
    /// At that time, and then at others.
    At { next: Time, random: Random, period: Time },
    /// When each guest has come round.
    Once,
}

/// What is done between two steps.
enum Next {
    GoOn,
    Stop,
    End,
}

impl Stops {
    fn of(course: Course) -> Self {
        match course {
            Course::Short => Self::Once,
            Course::Long { period, seed } => {
                let mut random = Random(seed);
                Self::At { next: pause(&mut random, period), random, period }
            }
        }
    }

    fn now(&mut self, storm: &Storm) -> Next {
        match self {
            Self::At { next, random, period } => {
                if storm.board.machine().time() < *next {
                    return Next::GoOn;
                }
                *next += pause(random, *period);
                Next::Stop
            }
            Self::Once if !storm.cores.iter().all(|core| core.record.has_come_round()) => Next::GoOn,
            Self::Once => {
                if storm.stops == 0 {
                    Next::Stop
                } else {
                    Next::End
                }
            }
        }
    }
}

/// Emulated time to the next stop.
fn pause(random: &mut Random, period: Time) -> Time {
    Time::from_picoseconds(random.between(period.as_picoseconds()))
}

struct Storm {
    board: Box<KernelBoard>,
    cores: Vec<Core>,
    clocks: Clocks,
    stops: u32,
}

impl Storm {
    fn begin(plan: &Plan) -> Self {
        let numbers: Vec<_> = plan.cores.iter().map(|core| core.number().to_string()).collect();
        let mut guest = plan.guest.clone();
        guest.command_line.push_str(&format!(" run=storm peers={}", numbers.join(",")));
        if plan.course == Course::Short {
            guest.command_line.push_str(" rounds=small");
        }
        let recipe = Recipe {
            command_line: Some(format!("cores={}", numbers.join("+"))),
            guests: vec![guest],
            ..Recipe::default()
        };
        let mut clocks = Clocks::default();
        for tile in TileId::all() {
            clocks.set_divider(tile, plan.tile_divider).expect("the plan's divider is one of a tile");
        }
        let settings = Machine::builder().clocks(clocks);
        let board = KernelBoard::boot_image(elf(), settings, plan.cores.iter().copied(), recipe);
        let core = |core: &CoreId| Core {
            core: *core,
            link: board.terminal(*core),
            read: 0,
            record: Record::default(),
        };
        let cores = plan.cores.iter().map(core).collect();
        Self { board: Box::new(board), cores, clocks, stops: 0 }
    }

    /// Runs as planned; the answer says whether the limit of host time came first.
    fn rage(
        &mut self,
        plan: &Plan,
        began: Instant,
        progress: &mut impl FnMut(&Progress),
    ) -> Result<bool, StormError> {
        let mut stops = Stops::of(plan.course);
        let mut tell_at = TELL;
        while self.board.machine().time() < plan.span {
            let now = self.board.machine().time();
            if now >= tell_at {
                tell_at = now + TELL;
                progress(&self.progress());
            }
            if plan.wall.is_some_and(|wall| began.elapsed() >= wall) {
                return Ok(true);
            }
            match stops.now(self) {
                Next::GoOn => {}
                Next::Stop => self.stop_and_start(),
                Next::End => return Ok(false),
            }
            if self.step()? == Board::Silent {
                return Err(StormError::Stopped);
            }
            self.look_for_silence()?;
        }
        progress(&self.progress());
        match plan.course {
            Course::Long { .. } => Ok(false),
            Course::Short => Err(self.cores.iter().find(|core| !core.record.has_come_round()).map_or(
                StormError::Stopped,
                |core| StormError::Complaint { core: core.core, complaint: Complaint::Silent },
            )),
        }
    }

    /// What takes `usual` with the usual clock takes so long with this one, at most.
    fn scaled(&self, usual: Time) -> Time {
        let tile = TileId::all().next().expect("there are tiles");
        let [period, usual_period] =
            [self.clocks, Clocks::default()].map(|clocks| clocks.period(tile).as_picoseconds());
        Time::from_picoseconds(usual.as_picoseconds() / usual_period * period)
    }

    /// Stops all guests and checks what is left.
    fn calm(&mut self) -> Result<(), StormError> {
        for core in &mut self.cores {
            core.record.ordered_to_stop();
            core.link.order(Order::Stop, 0);
        }
        let patience = self.board.machine().time() + self.scaled(STOP);
        while self.cores.iter().any(|core| core.record.has_orders()) {
            let board = self.step()?;
            if board == Board::Silent || self.board.machine().time() >= patience {
                break;
            }
        }
        self.cores.iter_mut().try_for_each(|core| {
            let judged = core.record.finish();
            judged.map_err(|complaint| StormError::Complaint { core: core.core, complaint })
        })
    }

    fn stop_and_start(&mut self) {
        let now = self.board.machine().time();
        let victim = self.cores.last_mut().expect("at least two cores");
        victim.record.ordered_to_stop();
        victim.link.order(Order::Stop, 0);
        victim.record.ordered_to_start(now);
        victim.link.order(Order::Start, 0);
        self.stops += 1;
    }

    /// Runs on and reads what is new.
    fn step(&mut self) -> Result<Board, StormError> {
        let machine = self.board.machine_mut();
        for core in &mut self.cores {
            core.link.pump(machine).expect("the page is memory of the core");
        }
        let until = machine.time() + STEP;
        let mut board = Board::Runs;
        while machine.time() < until && board == Board::Runs {
            match machine.run(&Limits { until: Some(until), ..Limits::default() }) {
                RunEnd::Finding(report) => return Err(StormError::Finding(report.to_string())),
                RunEnd::AllStopped => board = Board::Silent,
                _ => {}
            }
        }
        let now = machine.time();
        for core in &mut self.cores {
            let console = machine.console(core.core, Uart::Com1);
            let new = &console[core.read..];
            let Some(end) = new.iter().rposition(|byte| *byte == b'\n') else { continue };
            core.read += end + 1;
            for line in String::from_utf8_lossy(&new[..end]).lines() {
                let judged = core.record.take(line, now);
                judged.map_err(|complaint| StormError::Complaint { core: core.core, complaint })?;
            }
        }
        Ok(board)
    }

    /// A guest that is never stopped must come to the end of a round now and then.
    fn look_for_silence(&self) -> Result<(), StormError> {
        let now = self.board.machine().time();
        let (_, steady) = self.cores.split_last().expect("at least two cores");
        let round = self.scaled(ROUND);
        let silent = steady.iter().find(|core| now >= core.record.last_round + round);
        silent.map_or(Ok(()), |core| {
            Err(StormError::Complaint { core: core.core, complaint: Complaint::Silent })
        })
    }

    fn progress(&self) -> Progress {
        Progress {
            emulated: self.board.machine().time(),
            stops: self.stops,
            rounds: self.cores.iter().map(|core| core.record.guest.rounds).sum(),
        }
    }
}
