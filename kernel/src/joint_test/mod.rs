//! Cores check together what crate `ipi` offers on the chip: lock, barriers, calls, transfers, lending, collectives.
//!
//! ```text
//! every core            looks whether the lowest core, the leader, still gathers the group
//! all of the group      lock, barriers, calls, transfers, lending, collectives, with a barrier before each
//! leader, highest core  the leader puts it into reset, calls it in vain, starts it again and calls it
//! ```
//!
//! A core that starts when the group has begun is the highest one in its second life: it serves calls until the leader
//! dismisses it. A check that fails ends the test of that core; those that wait for it run into their deadlines.

mod barriers;
mod calls;
mod collectives;
mod contents;
mod gathering;
mod leases;
mod lending;
mod lock;
mod restart;
mod transfers;

use alloc::vec;
use alloc::vec::Vec;
use core::pin::pin;

use executor::Spawner;
use executor::sync::Event;
use executor::time::Timers;
use futures_util::future::select;
use ipi::barrier::{BarrierError, FlagBarrier};
use ipi::group::{Group, GroupError};
use ipi::layout::BarrierId;
use ipi::lend::{AccessError, BlockError, BorrowError, LendError, NoRoom};
use ipi::lock::LockError;
use ipi::mailbox::{Mode, OpenError, PeerError};
use ipi::mesh::{CoreSet, Cycles, Deadline, Mesh as _};
use ipi::rpc::CallError;
use ipi::transfer::{ReceiveError, TransferError};
use scc::id::CoreId;
use service::Plan;

use self::contents::Contents;
use self::gathering::Stage;
use crate::command_line::Cores;
use crate::mail::Mailbox;
use crate::platform::machine::core_start;
use crate::runtime;
use crate::services::{self, Services};

/// Time within which all cores have started: more than starting 48 cores from one takes.
const START_MILLISECONDS: u32 = 1_000;
/// Time that any other single operation may take.
const PATIENCE_MILLISECONDS: u32 = 100;

const ALIGNING: BarrierId = barrier_id(0);

const fn barrier_id(number: u8) -> BarrierId {
    BarrierId::new(number).expect("barriers are 0 to 4")
}

/// Something that did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JointError {
    /// The cores are no group with this one in it.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// Services run already.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The leader did not say whether it gathers the group.
    #[error("core {0} does not gather")]
    NoLeader(CoreId),
    /// A lock was not taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// What the lock protects was changed by two at once.
    #[error("{members} cores counted to {found} under the lock instead of {expected}")]
    Count {
        /// Cores that counted.
        members: u32,
        /// Sum they should have come to.
        expected: u32,
        /// Sum they came to.
        found: u32,
    },
    /// A barrier was not passed.
    #[error(transparent)]
    Barrier(#[from] BarrierError),
    /// A counting barrier was not passed.
    #[error("counting barrier: {0}")]
    Counter(#[from] PeerError),
    /// A barrier let this core pass before a member had arrived.
    #[error("passed a barrier before core {0} arrived")]
    Early(CoreId),
    /// A call was not answered.
    #[error("call of core {to}: {error}")]
    Call {
        /// Callee.
        to: CoreId,
        /// Why.
        error: CallError,
    },
    /// A call was answered with something else than its result.
    #[error("core {0} answered with a wrong result")]
    Reply(CoreId),
    /// A call of a core in reset succeeded.
    #[error("core {0} answered although it is held in reset")]
    Answered(CoreId),
    /// A call outlived its deadline.
    #[error("a call of core {to} took {cycles} cycles, longer than its deadline")]
    Late {
        /// Callee.
        to: CoreId,
        /// What it took.
        cycles: u64,
    },
    /// The core that is to be reset is still at the last barrier.
    #[error("core {0} has not passed the last barrier")]
    NotReady(CoreId),
    /// The leader did not put this core into reset.
    #[error("not put into reset within {START_MILLISECONDS} ms")]
    NotReset,
    /// A core was not stopped or started.
    #[error(transparent)]
    Start(#[from] core_start::CoreError),
    /// A message was not sent.
    #[error("{length} bytes to core {to}: {error}")]
    Send {
        /// Receiver.
        to: CoreId,
        /// Bytes of the message.
        length: usize,
        /// Why.
        error: TransferError,
    },
    /// A message was not received.
    #[error("{length} bytes from core {from}: {error}")]
    Receive {
        /// Sender.
        from: CoreId,
        /// Bytes of the message.
        length: usize,
        /// Why.
        error: ReceiveError,
    },
    /// A byte of a message or of a collective's result is another one than it should be.
    #[error("byte {at} of {length} is wrong")]
    Content {
        /// Index of the byte.
        at: usize,
        /// Bytes in all.
        length: usize,
    },
    /// There was no memory to lend.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// An own block was not read or written.
    #[error("own block: {0}")]
    Block(#[from] BlockError),
    /// A block was not lent, or not returned.
    #[error("block for core {to}: {error}")]
    Lend {
        /// Borrower.
        to: CoreId,
        /// Why.
        error: LendError,
    },
    /// A block was not borrowed.
    #[error("block of core {from}: {error}")]
    Borrow {
        /// Lender.
        from: CoreId,
        /// Why.
        error: BorrowError,
    },
    /// A lease outlived the life of the core on its other end.
    #[error("a lease outlived a life of core {0}")]
    Outlived(CoreId),
    /// A borrowed block was not read or written.
    #[error("borrowed block: {0}")]
    Access(#[from] AccessError),
    /// A collective operation failed.
    #[error(transparent)]
    Collective(#[from] ipi::collective::CollectiveError),
}

/// One core's view of the group.
struct Team {
    services: Services,
    timers: Timers,
    group: Group,
    own: CoreId,
    rank: usize,
    aligning: FlagBarrier,
}

/// What a check is called in the self-test, and how it ended.
pub type Results = Vec<(&'static str, Result<(), JointError>)>;

/// Runs the checks of this core with the other ones of `cores`, which all do the same. Starts services.
pub async fn run(spawner: Spawner, mailbox: &'static Mailbox, cores: Cores) -> Results {
    let mut team = match Team::new(spawner, mailbox, cores) {
        Ok(team) => team,
        Err(error) => return vec![("group", Err(error))],
    };
    let calls = team.services.calls;
    let dismissed = Event::new();
    let mut results = Results::new();
    {
        let serving = pin!(calls::serve(calls, &dismissed));
        let work = pin!(async {
            let end = check(&mut team, &dismissed, &mut results).await;
            results.extend(end.err().map(|(name, error)| (name, Err(error))));
        });
        select(work, serving).await;
    }
    results
}

/// Does one check after the other; ends with the first that fails.
async fn check(
    team: &mut Team,
    dismissed: &Event,
    results: &mut Results,
) -> Result<(), (&'static str, JointError)> {
    team.prepare();
    if named("gathering", gathering::find(team).await)? == Stage::Begun {
        dismissed.wait().await;
        results.push(("serve", Ok(())));
        return Ok(());
    }
    named("align", team.align(START_MILLISECONDS).await)?;
    gathering::tell(team, Stage::Begun);
    named("lock", lock::check(team).await)?;
    results.push(("lock", Ok(())));
    named("barriers", barriers::check(team).await)?;
    results.push(("barriers", Ok(())));
    named("calls", calls::check(team).await)?;
    results.push(("calls", Ok(())));
    named("transfers", transfers::check(team).await)?;
    results.push(("transfers", Ok(())));
    named("lending", lending::check(team).await)?;
    results.push(("lending", Ok(())));
    named("collectives", collectives::check(team).await)?;
    results.push(("collectives", Ok(())));
    named("align", team.align(PATIENCE_MILLISECONDS).await)?;
    if team.rank == 0 {
        named("restart", restart::check(team).await)?;
        results.push(("restart", Ok(())));
    } else if team.rank + 1 == team.group.size() {
        return Err(("restart", restart::await_reset(team).await));
    }
    Ok(())
}

fn named<T>(name: &'static str, result: Result<T, JointError>) -> Result<T, (&'static str, JointError)> {
    log::debug!(target: "joint", "ended check={name}");
    result.map_err(|error| (name, error))
}

impl Team {
    fn new(spawner: Spawner, mailbox: &'static Mailbox, cores: Cores) -> Result<Self, JointError> {
        let members: Vec<_> = CoreId::all().filter(|core| cores.contains(*core)).collect();
        let group = Group::new(&members)?;
        let own = mailbox.mesh().core();
        let rank = group.rank_of(own)?;
        let services = services::start(spawner, mailbox, Plan::empty(CoreSet::EMPTY))?;
        let aligning = FlagBarrier::new(group, ALIGNING, 1, Mode::Interrupt);
        Ok(Self { services, timers: spawner.timers(), group, own, rank, aligning })
    }

    const fn mailbox(&self) -> &'static Mailbox {
        self.services.mailbox
    }

    const fn leader(&self) -> CoreId {
        self.group.member(0)
    }

    /// Member so many ranks after this one, round the group.
    const fn neighbour(&self, distance: usize) -> CoreId {
        self.group.member(self.rank + distance)
    }

    fn within(&self, milliseconds: u32) -> Deadline {
        let cycles = runtime::frequency().milliseconds(milliseconds).ticks();
        Deadline::At(self.mailbox().mesh().now() + Cycles::new(cycles))
    }

    fn soon(&self) -> Deadline {
        self.within(PATIENCE_MILLISECONDS)
    }

    /// Sets up what others change after the first barrier.
    fn prepare(&self) {
        gathering::tell(self, Stage::Gathering);
        lock::prepare(self);
        barriers::prepare(self);
        restart::prepare(self);
    }

    /// Waits until all members have come here.
    async fn align(&mut self, milliseconds: u32) -> Result<(), JointError> {
        let deadline = self.within(milliseconds);
        Ok(self.aligning.wait(self.services.mailbox, deadline).await?)
    }
}

/// Compares what came with what should have come.
fn same(found: &[u8], expected: &[u8]) -> Result<(), JointError> {
    let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
    let differs = differs.or_else(|| (found.len() != expected.len()).then_some(found.len()));
    differs.map_or(Ok(()), |at| Err(JointError::Content { at, length: expected.len() }))
}
