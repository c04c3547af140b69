//! What calls, transfers, lent blocks, barriers, broadcasts and locks take among `cores`.
//!
//! All of them do the same steps, with a barrier by doorbells between them; whoever has no part in a step sleeps there. The
//! lowest core, the leader, takes the times and prints a line for each figure, in its cycles:
//!
//! ```text
//! [00 0.031934] info measure: name=call way=doorbell to=1 cores=2 shortest=20150 median=20211 longest=24016
//! [00 0.061004] info measure: name=send way=polled to=46 bytes=512 shortest=4120 median=4190 longest=5012
//! ```

mod callers;
mod crew;
mod lend;
mod pairs;
mod sets;
mod urgent;

use alloc::vec::Vec;
use core::pin::pin;

use executor::Spawner;
use futures_util::future::{Either, select};
use ipi::barrier::{BarrierError, FlagBarrier};
use ipi::collective::CollectiveError;
use ipi::group::{Group, GroupError};
use ipi::layout::BarrierId;
use ipi::lend::{AccessError, BlockError, BorrowError, LendError, NoRoom};
use ipi::lock::LockError;
use ipi::mailbox::{Mode, OpenError, PeerError};
use ipi::mesh::{CoreSet, Cycles, Deadline, Mesh as _};
use ipi::rpc::CallError;
use ipi::transfer::{ReceiveError, TransferError};
use scc::id::CoreId;

use crate::command_line::{Cores, Together};
use crate::mail::{self, Mailbox};
use crate::platform::Absent;
use crate::runtime;

/// Numbers of members that take part, as far as there are so many.
const SIZES: [usize; 6] = [2, 4, 8, 16, 32, 48];
/// Time that the whole measurement may take.
const PATIENCE_MILLISECONDS: u32 = 10_000;

/// Why figures are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum GroupFigureError {
    #[error(transparent)]
    Absent(#[from] Absent),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error(transparent)]
    Barrier(#[from] BarrierError),
    #[error("counting barrier: {0}")]
    Counter(#[from] PeerError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Send(#[from] TransferError),
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    #[error(transparent)]
    Block(#[from] BlockError),
    #[error(transparent)]
    Lend(#[from] LendError),
    #[error(transparent)]
    Borrow(#[from] BorrowError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Collective(#[from] CollectiveError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("what takes letters in has ended")]
    Unserved,
}

/// Measures `what` among `cores`, all of which must do the same. No mailbox may have been started.
pub(super) async fn measure(spawner: Spawner, cores: Cores, what: Together) {
    if let Err(error) = all(spawner, cores, what).await {
        log::error!(target: "measure", "failed name={}: {error}", what.name());
    }
}

async fn all(spawner: Spawner, cores: Cores, what: Together) -> Result<(), GroupFigureError> {
    let mut field = Field::new(spawner, mail::start(spawner)?, cores)?;
    field.align().await?;
    match what {
        Together::Pairs => pairs::measure(&mut field).await,
        Together::Callers => {
            callers::measure(&mut field).await?;
            urgent::measure(&mut field).await
        }
        Together::Sets => sets::measure(&mut field).await,
    }
}

/// One core's view of the group.
struct Field {
    spawner: Spawner,
    mailbox: &'static Mailbox,
    group: Group,
    rank: usize,
    deadline: Deadline,
    aligning: FlagBarrier,
}

impl Field {
    fn new(spawner: Spawner, mailbox: &'static Mailbox, cores: Cores) -> Result<Self, GroupFigureError> {
        let members: Vec<_> = CoreId::all().filter(|core| cores.contains(*core)).collect();
        let group = Group::new(&members)?;
        let own = mailbox.mesh().core();
        let patience = Cycles::new(runtime::frequency().milliseconds(PATIENCE_MILLISECONDS).ticks());
        Ok(Self {
            spawner,
            mailbox,
            group,
            rank: group.rank_of(own)?,
            deadline: Deadline::At(mailbox.mesh().now() + patience),
            aligning: FlagBarrier::new(group, barrier(0), 1, Mode::Interrupt),
        })
    }

    /// Waits until all have come here, asleep.
    async fn align(&mut self) -> Result<(), GroupFigureError> {
        Ok(self.aligning.wait(self.mailbox, self.deadline).await?)
    }

    /// Prints times, if this core leads.
    fn print(&self, times: Times, words: core::fmt::Arguments<'_>) {
        if self.rank == 0 {
            times.print(words);
        }
    }

    /// The first members, if this core is one of them.
    fn first(&self, size: usize) -> Result<Option<Group>, GroupFigureError> {
        if self.rank >= size { Ok(None) } else { Ok(Some(Group::new(&self.group.members()[..size])?)) }
    }
}

/// Does the work while a service, which does not end, takes in what comes.
async fn with_service<T>(
    work: impl Future<Output = Result<(), GroupFigureError>>,
    service: impl Future<Output = T>,
) -> Result<(), GroupFigureError> {
    match select(pin!(work), pin!(service)).await {
        Either::Left((ended, _)) => ended,
        Either::Right(_) => Err(GroupFigureError::Unserved),
    }
}

const fn barrier(number: u8) -> BarrierId {
    BarrierId::new(number).expect("barriers are 0 to 4")
}

/// Looking for what one core writes.
const fn polling(peer: CoreId) -> Mode {
    Mode::Polled(CoreSet::of(peer))
}

/// The word for a mode.
const fn way(mode: Mode) -> &'static str {
    match mode {
        Mode::Polled(_) => "polled",
        Mode::Interrupt | Mode::Hybrid(..) => "doorbell",
    }
}

/// Times, as a line shows them.
struct Times(Vec<u64>);

impl Times {
    const fn new() -> Self {
        Self(Vec::new())
    }

    fn add(&mut self, cycles: u64) {
        self.0.push(cycles);
    }

    /// Prints a line that begins with `words`; nothing without times.
    fn print(mut self, words: core::fmt::Arguments<'_>) {
        self.0.sort_unstable();
        if let (Some(shortest), Some(longest)) = (self.0.first(), self.0.last()) {
            let median = self.0[self.0.len() / 2];
            log::info!(target: "measure", "{words} shortest={shortest} median={median} longest={longest}");
        }
    }
}
