//! What a letter takes between every two of `cores`, one pair after the other.
//!
//! Each core in turn plays [`ping_pong`] with every core above it, while all others sleep, so pairs do not disturb each
//! other. It first invites the other core by doorbell: nobody polls before it is its turn. Then it prints one line, with
//! shortest, median and longest one-way time to each core, in cycles, and before them the median to the beginning of the
//! poll that finds the letter:
//!
//! ```text
//! [02 0.031934] info measure: name=pairs way=direct from=2 woken=3:912,4:915 to=3:1112/1118/1125,4:1134/1140/1147
//! ```

use alloc::vec::Vec;
use core::fmt;

use executor::{Class, JoinError, Spawner};
use ipi::barrier::{BarrierError, FlagBarrier};
use ipi::group::{Group, GroupError};
use ipi::layout::BarrierId;
use ipi::mailbox::{Mode, OpenError, Receiver, SendError};
use ipi::mesh::{Cycles, Deadline, Mesh as _};
use ipi::wire::{Channel, Flow, Kind, Mail};
use scc::id::CoreId;

use crate::command_line::{Cores, Letters};
use crate::mail::ping_pong::{self, PingPongError, Span};
use crate::mail::{self, Mailbox};
use crate::platform::Absent;
use crate::platform::machine::mesh::ChipMesh;

/// Letters of a pair that count.
const SAMPLES: usize = 16;
/// All letters: before those that count, the others fill the caches. Both ends have gone through their trace rings by then,
/// whose lines are in L2 only from the second time on.
const ROUNDS: usize = 112 + SAMPLES;
/// Carries invitations.
const INVITATIONS: Channel = Channel::new(4).expect("channels are 0 to 14");
/// The barrier at the end.
const END: BarrierId = BarrierId::new(0).expect("barriers are 0 to 4");
/// Cycles between two looks whether a core has started its mailbox.
const BETWEEN_LOOKS: Cycles = Cycles::new(100_000);

/// Why pairs were not measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum PairsError {
    #[error(transparent)]
    Absent(#[from] Absent),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error("invitation to core {to}: {error}")]
    Invitation { to: CoreId, error: SendError },
    #[error("ping-pong with core {peer}: {error}")]
    PingPong { peer: CoreId, error: PingPongError },
    #[error("the others did not end: {0}")]
    End(#[from] BarrierError),
    #[error("the task that measures: {0}")]
    Task(#[from] JoinError),
    #[error("no memory for the task that measures")]
    NoMemory,
}

/// Measures all pairs of `cores` by one way, and prints a line for each core but the highest. All of `cores` must do
/// the same, and no mailbox may have been started.
pub(super) async fn measure(spawner: Spawner, cores: Cores, letters: Letters) {
    if let Err(error) = in_a_task(spawner, cores, letters).await {
        log::error!(target: "measure", "failed name=pairs: {error}");
    }
}

/// Letters are awaited in a task of the most urgent class, as services await them.
async fn in_a_task(spawner: Spawner, cores: Cores, letters: Letters) -> Result<(), PairsError> {
    let mailbox = mail::start(spawner)?;
    let all = async move { Field::new(mailbox, cores, letters)?.measure().await };
    let task = spawner.spawn("pairs", Class::FollowUp, all).map_err(|_| PairsError::NoMemory)?;
    task.await?
}

struct Field {
    mailbox: &'static Mailbox,
    cores: Vec<CoreId>,
    own: CoreId,
    letters: Letters,
    invitations: Receiver<'static, 'static, ChipMesh>,
}

impl Field {
    fn new(mailbox: &'static Mailbox, cores: Cores, letters: Letters) -> Result<Self, PairsError> {
        let cores = CoreId::all().filter(|core| cores.contains(*core)).collect();
        let invitations = mailbox.open(INVITATIONS, Mode::Interrupt)?;
        Ok(Self { mailbox, cores, own: mailbox.mesh().core(), letters, invitations })
    }

    async fn measure(&self) -> Result<(), PairsError> {
        let mut end = FlagBarrier::new(Group::new(&self.cores)?, END, 0, Mode::Interrupt);
        self.all_started().await;
        for leader in self.cores.iter().copied().filter(|leader| *leader < self.own) {
            self.invitations.recv_from(leader).await;
            self.play(leader).await?;
        }
        let mut spans = Vec::new();
        for peer in self.cores.iter().copied().filter(|peer| *peer > self.own) {
            self.invite(peer).await?;
            spans.push((peer, self.play(peer).await?));
        }
        if !spans.is_empty() {
            let line = Line { letters: self.letters, own: self.own, spans: &spans };
            log::info!(target: "measure", "{line}");
        }
        // Until then nobody does anything that could disturb the others.
        Ok(end.wait(self.mailbox, Deadline::Never).await?)
    }

    /// A core that starts its mailbox clears its buffer, so nobody writes to it before.
    async fn all_started(&self) {
        let mesh = self.mailbox.mesh();
        for core in &self.cores {
            while self.mailbox.life_of(*core).is_none() {
                mesh.sleep_until(mesh.now() + BETWEEN_LOOKS).await;
            }
        }
    }

    /// A core whose mailbox is new does not listen yet.
    async fn invite(&self, peer: CoreId) -> Result<(), PairsError> {
        let mesh = self.mailbox.mesh();
        loop {
            match self.mailbox.send(peer, INVITATION, Deadline::Never).await {
                Ok(()) => return Ok(()),
                Err(SendError::NotListening) => mesh.sleep_until(mesh.now() + BETWEEN_LOOKS).await,
                Err(error) => return Err(PairsError::Invitation { to: peer, error }),
            }
        }
    }

    async fn play(&self, peer: CoreId) -> Result<Span, PairsError> {
        let played = ping_pong::span::<SAMPLES>(self.mailbox, peer, self.letters, ROUNDS);
        played.await.map_err(|error| PairsError::PingPong { peer, error })
    }
}

/// It is the receiver's turn.
const INVITATION: Mail = Mail::empty(INVITATIONS, Kind(0), Flow(0));

struct Line<'a> {
    letters: Letters,
    own: CoreId,
    spans: &'a [(CoreId, Span)],
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "name=pairs way={} from={} woken=", self.letters.name(), self.own)?;
        for (index, (peer, Span { woken, .. })) in self.spans.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(formatter, "{comma}{peer}:{woken}")?;
        }
        formatter.write_str(" to=")?;
        for (index, (peer, Span { shortest, median, longest, .. })) in self.spans.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(formatter, "{comma}{peer}:{shortest}/{median}/{longest}")?;
        }
        Ok(())
    }
}
