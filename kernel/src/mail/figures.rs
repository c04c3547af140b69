//! Figures of a pair of cores: what a letter takes by each way, shortest and median of some.

use core::fmt;

use executor::{Class, JoinError, Spawner};
use scc::id::CoreId;

use super::Mailbox;
use super::ping_pong::{self, PingPongError, Span};
use crate::command_line::Letters;
use crate::runtime;

/// Letters of each way that count.
const SAMPLES: usize = 32;
/// All letters: before those that count, eight fill the caches, and the higher core has one sample less.
const ROUNDS: usize = 8 + SAMPLES + 1;
/// Time after which a peer counts as missing: more than starting 48 cores from one takes.
const PATIENCE_MILLISECONDS: u32 = 1_000;

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
        for letters in Letters::ALL {
            let span = ping_pong::span::<SAMPLES>(mailbox, peer, letters, ROUNDS).await?;
            match letters {
                Letters::Polled => figures.polled = span,
                Letters::Direct => figures.direct = span,
                Letters::Doorbell => figures.doorbell = span,
            }
        }
        Ok(figures)
    };
    let task = spawner.spawn("ping-pong", Class::FollowUp, play);
    let task = task.map_err(|_| FiguresError::NoMemory)?;
    let played = spawner.timers().timeout(patience, task).await.map_err(|_| FiguresError::Silence(peer))?;
    played?.map_err(|error| FiguresError::PingPong { peer, error })
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways = [("polled", self.polled), ("direct", self.direct), ("doorbell", self.doorbell)];
        for (way, Span { shortest, median, .. }) in ways {
            write!(formatter, " mail_{way}={shortest} mail_{way}_median={median}")?;
        }
        Ok(())
    }
}
