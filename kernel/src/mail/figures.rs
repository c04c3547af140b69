//! Figures of a pair of cores: what a letter takes by each way, shortest and median of some.

use core::fmt;

use executor::{Class, JoinError, Spawner};
use ipi::mesh::Cycles;
use scc::id::CoreId;

use super::Mailbox;
use super::ping_pong::{self, PingPongError, Way};
use crate::runtime;

/// Letters of each way that count.
const SAMPLES: usize = 32;
/// Letters before them, which fill the caches.
const WARM_UP: usize = 8;
/// Time after which a peer counts as missing: more than starting 48 cores from one takes.
const PATIENCE_MILLISECONDS: u32 = 1_000;

/// Cycles of a letter, one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Shortest.
    pub shortest: u64,
    /// Half took no longer.
    pub median: u64,
}

/// Cycles of a letter by each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    polled: Span,
    direct: Span,
    doorbell: Span,
}

/// Why there are no figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FiguresError {
    /// The letters did not go to and fro.
    #[error("ping-pong with core {peer}: {error}")]
    PingPong {
        /// The other core.
        peer: CoreId,
        /// What went wrong.
        error: PingPongError,
    },
    /// The task that plays ended without a result.
    #[error("ping-pong: {0}")]
    Task(#[from] JoinError),
    /// The peer did not play.
    #[error("no ping-pong with core {0} within {PATIENCE_MILLISECONDS} ms")]
    Silence(CoreId),
    /// No memory for the task that plays.
    #[error("no memory for a task")]
    NoMemory,
}

/// Plays with `peer`, which must do the same, in a task of the most urgent class.
///
/// # Errors
/// [`FiguresError`].
pub async fn measure(
    spawner: Spawner,
    mailbox: &'static Mailbox,
    peer: CoreId,
) -> Result<Figures, FiguresError> {
    let patience = runtime::frequency().milliseconds(PATIENCE_MILLISECONDS);
    let play = async move {
        let mut figures = Figures::default();
        for way in Way::ALL {
            let span = span(mailbox, peer, way).await?;
            match way {
                Way::Polled => figures.polled = span,
                Way::Direct => figures.direct = span,
                Way::Doorbell => figures.doorbell = span,
            }
        }
        Ok(figures)
    };
    let task = runtime::spawn(spawner, "ping-pong", Class::FollowUp, play);
    let task = task.map_err(|_| FiguresError::NoMemory)?;
    let played = spawner.timers().timeout(patience, task).await.map_err(|_| FiguresError::Silence(peer))?;
    played?.map_err(|error| FiguresError::PingPong { peer, error })
}

async fn span(mailbox: &'static Mailbox, peer: CoreId, way: Way) -> Result<Span, PingPongError> {
    let mut samples = [u64::MAX; SAMPLES];
    let mut count = 0;
    // One more, because the higher core has one sample less.
    let rounds = u32::try_from(WARM_UP + SAMPLES + 1).expect("a small number");
    ping_pong::run(mailbox, peer, way, rounds, |cycles: Cycles| {
        samples[count % SAMPLES] = cycles.get();
        count += 1;
    })
    .await?;
    samples.sort_unstable();
    Ok(Span { shortest: samples[0], median: samples[SAMPLES / 2] })
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways = [("polled", self.polled), ("direct", self.direct), ("doorbell", self.doorbell)];
        for (way, Span { shortest, median }) in ways {
            write!(formatter, " mail_{way}={shortest} mail_{way}_median={median}")?;
        }
        Ok(())
    }
}
