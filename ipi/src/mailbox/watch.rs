//! Waiting for a change of an own line that a certain peer makes: flags, flow words, slots.

use scc::id::CoreId;

use super::{Mailbox, Mode};
use crate::mesh::{Deadline, Mesh};
use crate::pause::{either, pause};
use crate::wire::Epoch;

/// Why a peer did not do what was waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PeerError {
    /// The deadline passed.
    #[error("nothing came before the deadline")]
    TimedOut,
    /// The peer is held in reset.
    #[error("the peer is held in reset")]
    Reset,
    /// The peer began a new life.
    #[error("the peer was restarted")]
    Restarted,
}

impl<M: Mesh> Mailbox<'_, M> {
    /// Waits until `check` finds what it looks for. It looks when polled, when anybody has rung, and, against
    /// lost doorbells, after growing times, when it also makes sure that `peer` still lives its life.
    pub(crate) async fn watch<T>(
        &self,
        mode: Mode,
        (peer, mut life): (CoreId, Option<Epoch>),
        deadline: Deadline,
        mut check: impl FnMut() -> Option<T>,
    ) -> Result<T, PeerError> {
        let began = self.mesh.now();
        let mut wait = self.settings.first_ring;
        let mut next_look = began + wait;
        loop {
            let rings = self.rings.get();
            if let Some(found) = check() {
                return Ok(found);
            }
            let now = self.mesh.now();
            if deadline.is_over(now) {
                return Err(PeerError::TimedOut);
            }
            if now >= next_look {
                wait = wait.doubled_up_to(self.settings.last_ring);
                next_look = now + wait;
                // A peer that was never met may still be on its way.
                if life.is_some() && self.mesh.is_in_reset(peer) {
                    return Err(PeerError::Reset);
                }
                let lives = self.life_of(peer);
                if life.is_some() && lives.is_some() && lives != life {
                    return Err(PeerError::Restarted);
                }
                life = life.or(lives);
                continue;
            }
            let is_polling = match mode {
                Mode::Polled(_) => true,
                Mode::Hybrid(_, spin) => now - began < spin,
                Mode::Interrupt => false,
            };
            if is_polling {
                pause().await;
            } else {
                let until = self.mesh.sleep_until(deadline.or_at(next_look));
                either(self.next_ring(rings), until).await;
            }
        }
    }

    /// Waits as [`watch`](Self::watch) does, for something that other tasks of this core report by
    /// [`tell_watchers`](Self::tell_watchers).
    pub(crate) async fn watch_rings<T>(
        &self,
        peer: (CoreId, Option<Epoch>),
        deadline: Deadline,
        check: impl FnMut() -> Option<T>,
    ) -> Result<T, PeerError> {
        self.watch(Mode::Interrupt, peer, deadline, check).await
    }

    /// Completes when anybody has rung since the count of rings was `seen`.
    pub(crate) async fn next_ring(&self, seen: u32) {
        self.watchers.until(|| (self.rings.get() != seen).then_some(())).await;
    }

    /// Times that somebody rang; wraps.
    pub(crate) const fn rings(&self) -> u32 {
        self.rings.get()
    }

    /// Tells those who watch lines that somebody rang.
    pub(crate) fn tell_watchers(&self) {
        self.rings.set(self.rings.get().wrapping_add(1));
        self.watchers.wake_all();
    }
}
