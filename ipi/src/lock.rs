//! Locks between cores: a test-and-set register, with a note of who holds it.
//!
//! ```text
//! free ── test-and-set reads 1 ──▶ taken ── note written, pushed ──▶ held
//!  ▲                                                                  │
//!  └─── register written ◀── note cleared, pushed ◀── guard dropped ──┘
//! ```
//!
//! The register alone decides; it knows no owner and stays taken when its owner crashes (SCC reference §4.8).
//! The note lets a waiter find that out: an owner in reset or in another life will not come back, and
//! [`Lock::seize`] takes the lock over. A core that dies between register and note leaves a lock without a
//! note, which a waiter sees as [`LockError::TimedOut`].
//!
//! Who takes a lock over must be one core, and the register cannot choose it, because it is taken. A core raises a
//! claim in its own buffer, then looks for claims of others to the same lock, and goes on only if there is none. Of
//! two, each raises before it looks, so at most one sees none. A claim names a life and counts while its core lives
//! it: a core that dies anywhere in between stops nobody.
//!
//! Spinning on a remote register floods the mesh, so waiters sleep between attempts, longer each time and for
//! lengths that differ from core to core.

use scc::id::CoreId;

use crate::layout::{self, QUADWORD};
use crate::mailbox::Mailbox;
use crate::mesh::{Cycles, Deadline, Invalidate, Mesh, Push};
use crate::wire::{LockClaim, LockNote};

/// A lock, named by the core whose register it is. Uses that register and the note line in the core's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lock {
    register: CoreId,
}

/// Why a lock was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody held it until the deadline.
    #[error("the lock was not free before the deadline")]
    TimedOut,
    /// Its owner is in reset or was restarted and will not release it.
    #[error("the owner, core {} in life {}, is gone", .0.owner, .0.life.get())]
    OwnerDead(LockNote),
    /// The note names another owner than the one to be replaced, or another core tries to replace it.
    #[error("the lock has another owner by now, or another core is about to take it over")]
    NotSeized,
}

const FIRST_WAIT: Cycles = Cycles::new(300);
const LAST_WAIT: Cycles = Cycles::new(20_000);
/// Attempts between two looks at the note.
const ATTEMPTS_PER_LOOK: u32 = 4;

impl Lock {
    /// Lock on the register of `register`. All users must mean the same thing by it.
    pub const fn new(register: CoreId) -> Self {
        Self { register }
    }

    /// Takes the lock if it is free. One register read, and a quadword write if it succeeds.
    pub fn try_acquire<'m, 'd, M: Mesh>(self, mailbox: &'m Mailbox<'d, M>) -> Option<LockGuard<'m, 'd, M>> {
        mailbox.mesh().test_and_set(self.register).then(|| self.note_and_guard(mailbox))
    }

    /// Waits for the lock, with back-off. Waiters are not served in order.
    ///
    /// *Cancel safety*: nothing is held before the future completes.
    pub async fn acquire<'m, 'd, M: Mesh>(
        self,
        mailbox: &'m Mailbox<'d, M>,
        deadline: Deadline,
    ) -> Result<LockGuard<'m, 'd, M>, LockError> {
        let mesh = mailbox.mesh();
        // Cores that begin together do not stay in step.
        let stagger = Cycles::new(u64::from(mesh.core().number()) * 16);
        let mut wait = FIRST_WAIT;
        let mut attempts = 0;
        loop {
            if let Some(guard) = self.try_acquire(mailbox) {
                return Ok(guard);
            }
            let now = mesh.now();
            if deadline.is_over(now) {
                return Err(LockError::TimedOut);
            }
            attempts += 1;
            if attempts % ATTEMPTS_PER_LOOK == 0 {
                self.check_owner(mailbox)?;
            }
            mesh.sleep_until(deadline.or_at(now + wait + stagger)).await;
            wait = wait.doubled_up_to(LAST_WAIT);
        }
    }

    /// Takes the lock over from an owner that [`acquire`](Self::acquire) found dead. What the lock protects is
    /// in whatever state the owner left it.
    ///
    /// At most one of several cores succeeds; if they try at the same moment, perhaps none, and [`acquire`] shows
    /// each what to do next. A core that dies inside this function is a dead owner or nobody. All users of a lock must
    /// be among each other's [`peers`](crate::mailbox::Settings::peers). One line read for each of them, two more for
    /// each that claims the lock, and three pushes.
    ///
    /// [`acquire`]: Self::acquire
    pub fn seize<'m, 'd, M: Mesh>(
        self,
        mailbox: &'m Mailbox<'d, M>,
        dead: LockNote,
    ) -> Result<LockGuard<'m, 'd, M>, LockError> {
        let claim = LockClaim { register: self.register, life: mailbox.epoch() };
        write_claim(mailbox, claim.emit());
        let guard = if !has_rival(mailbox, self) && self.note(mailbox) == Some(dead) {
            Ok(self.note_and_guard(mailbox))
        } else {
            Err(LockError::NotSeized)
        };
        write_claim(mailbox, [0; QUADWORD]);
        guard
    }

    fn note_and_guard<'m, 'd, M: Mesh>(self, mailbox: &'m Mailbox<'d, M>) -> LockGuard<'m, 'd, M> {
        let mesh = mailbox.mesh();
        let note = LockNote { owner: mesh.core(), life: mailbox.epoch() };
        mesh.invalidate(Invalidate::NoteWrite);
        mesh.write(layout::lock_note(self.register), &note.emit());
        mesh.push(Push::Note);
        LockGuard { lock: self, mailbox }
    }

    /// Reads the note afresh.
    fn note<M: Mesh>(self, mailbox: &Mailbox<'_, M>) -> Option<LockNote> {
        let mut bytes = [0; QUADWORD];
        mailbox.mesh().invalidate(Invalidate::NoteRead);
        mailbox.mesh().read(layout::lock_note(self.register), &mut bytes);
        LockNote::parse(&bytes).ok()
    }

    fn check_owner<M: Mesh>(self, mailbox: &Mailbox<'_, M>) -> Result<(), LockError> {
        let Some(note) = self.note(mailbox) else { return Ok(()) };
        // The hello line cannot be cached: the note was read after an invalidate, and nothing since.
        let life = mailbox.read_hello(note.owner);
        let is_dead = mailbox.mesh().is_in_reset(note.owner) || life.is_some_and(|life| life != note.life);
        if is_dead { Err(LockError::OwnerDead(note)) } else { Ok(()) }
    }
}

/// Writes the own claim. No line of message buffers is cached afterwards.
fn write_claim<M: Mesh>(mailbox: &Mailbox<'_, M>, claim: [u8; QUADWORD]) {
    let mesh = mailbox.mesh();
    mesh.invalidate(Invalidate::ClaimWrite);
    mesh.write(layout::lock_claim(mesh.core()), &claim);
    mesh.push(Push::Claim);
}

/// Whether another living core claims the lock. The own claim has just been written.
fn has_rival<M: Mesh>(mailbox: &Mailbox<'_, M>, lock: Lock) -> bool {
    let mesh = mailbox.mesh();
    let others = mailbox.settings().peers.without(mesh.core());
    others.iter().any(|core| {
        let mut bytes = [0; QUADWORD];
        mesh.read(layout::lock_claim(core), &mut bytes);
        let claim = LockClaim::parse(&bytes).ok().filter(|claim| claim.register == lock.register);
        // A core claims only after it has said which life it lives.
        claim.is_some_and(|claim| !mesh.is_in_reset(core) && mailbox.read_hello(core) == Some(claim.life))
    })
}

/// Holds a lock; dropping it releases.
///
/// What the holder has stored to message buffers is pushed before the release.
pub struct LockGuard<'m, 'd, M: Mesh> {
    lock: Lock,
    mailbox: &'m Mailbox<'d, M>,
}

impl<M: Mesh> Drop for LockGuard<'_, '_, M> {
    fn drop(&mut self) {
        let mesh = self.mailbox.mesh();
        let register = self.lock.register;
        mesh.invalidate(Invalidate::NoteClear);
        mesh.write(layout::lock_note(register), &[0; QUADWORD]);
        mesh.push(Push::NoteCleared);
        mesh.clear(register);
    }
}
