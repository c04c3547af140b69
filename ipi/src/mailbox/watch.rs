//! Waiting for a change of an own line that a certain peer makes: flags, flow words, replies.

use scc::id::CoreId;

use super::{Mailbox, Mode};
use crate::mesh::{Cycles, Deadline, Instant, Mesh};
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

/// Waits for one peer, step by step, and makes sure now and then that it still lives its life: after a time that
/// doubles from one look to the next and begins anew when the peer has done something.
pub(crate) struct Watch<'m, 'd, M: Mesh> {
    mailbox: &'m Mailbox<'d, M>,
    peer: CoreId,
    /// `None` for a peer that was never met and may still be on its way: until it starts its mailbox, its hello line may
    /// be that of a life long over.
    life: Option<Epoch>,
    deadline: Deadline,
    first_wait: Cycles,
    wait: Cycles,
    /// `None` if the peer has just shown that it lives.
    next_look: Option<Instant>,
}

impl<'d, M: Mesh> Mailbox<'d, M> {
    /// A watch over `peer` in this life of it, or in any, with one deadline for all that is waited for.
    pub(crate) const fn watch(
        &self,
        (peer, life): (CoreId, Option<Epoch>),
        deadline: Deadline,
    ) -> Watch<'_, 'd, M> {
        let wait = self.settings.first_ring;
        Watch { mailbox: self, peer, life, deadline, first_wait: wait, wait, next_look: None }
    }

    /// Completes when anybody has rung since the count of rings was `seen`.
    pub(crate) async fn next_ring(&self, seen: u32) {
        self.rung_for.until(|| (self.rings.get() != seen).then_some(())).await;
    }

    /// Times that somebody rang; wraps.
    pub(crate) const fn rings(&self) -> u32 {
        self.rings.get()
    }

    /// Completes when watchers were told to look since the count of looks was `seen`.
    async fn next_look(&self, seen: u32) {
        self.watchers.until(|| (self.looks.get() != seen).then_some(())).await;
    }

    /// Has those look who watch for something.
    pub(crate) fn tell_watchers(&self) {
        self.looks.set(self.looks.get().wrapping_add(1));
        self.watchers.wake_all();
    }
}

impl<M: Mesh> Watch<'_, '_, M> {
    /// The same, but each first look comes after twice the time: for what takes the peer longer than a letter.
    pub(crate) const fn patient(self) -> Self {
        let wait = self.first_wait.doubled_up_to(self.mailbox.settings.last_ring);
        Self { first_wait: wait, wait, ..self }
    }

    /// Waits until `check` finds what it looks for. It looks when polled, when anybody has rung, and, against lost
    /// doorbells, whenever the peer is looked after.
    ///
    /// *Cancel safety*: nothing is lost that `check` did not take.
    pub(crate) async fn until<T>(
        &mut self,
        mode: Mode,
        mut check: impl FnMut() -> Option<T>,
    ) -> Result<T, PeerError> {
        loop {
            if let Some(found) = self.step(mode, &mut check).await? {
                return Ok(found);
            }
        }
    }

    /// Waits as [`until`](Self::until) does, but gives up, with nothing, whenever the peer has been looked after, so
    /// that the caller can make up for what may be lost and go on.
    ///
    /// *Cancel safety*: as for `until`.
    pub(crate) async fn step<T>(
        &mut self,
        mode: Mode,
        mut check: impl FnMut() -> Option<T>,
    ) -> Result<Option<T>, PeerError> {
        let mailbox = self.mailbox;
        let began = mailbox.mesh.now();
        let next_look = *self.next_look.get_or_insert(began + self.wait);
        loop {
            let looks = mailbox.looks.get();
            if let Some(found) = check() {
                self.wait = self.first_wait;
                self.next_look = None;
                return Ok(Some(found));
            }
            let now = mailbox.mesh.now();
            if self.deadline.is_over(now) {
                return Err(PeerError::TimedOut);
            }
            if now >= next_look {
                self.wait = self.wait.doubled_up_to(mailbox.settings.last_ring);
                self.next_look = None;
                return self.look_after().map(|()| None);
            }
            let is_polling = match mode {
                Mode::Polled(_) => true,
                Mode::Hybrid(_, spin) => now - began < spin,
                Mode::Interrupt => false,
            };
            if is_polling {
                pause().await;
            } else {
                let until = mailbox.mesh.sleep_until(self.deadline.or_at(next_look));
                either(mailbox.next_look(looks), until).await;
            }
        }
    }

    fn look_after(&self) -> Result<(), PeerError> {
        let Some(life) = self.life else { return Ok(()) };
        if self.mailbox.mesh.is_in_reset(self.peer) {
            return Err(PeerError::Reset);
        }
        match self.mailbox.life_of(self.peer) {
            Some(now) if now != life => Err(PeerError::Restarted),
            _ => Ok(()),
        }
    }
}
