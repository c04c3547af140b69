//! Sending: writing a letter when the line is free, and learning what became of it.

use core::future::Future;

use scc::id::CoreId;

use super::link::{Begun, Outgoing, Owner, Posted, Slot};
use super::{Mailbox, Mode};
use crate::layout;
use crate::mesh::{Cycles, Deadline, Invalidate, Mesh, Push};
use crate::pause::{either, pause};
use crate::wire::{Channel, Epoch, Letter, Mail, Reply, Verdict};

/// Why a mail did not reach the queue of its receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// The deadline passed; the mail may still arrive if it was already in its line.
    #[error("no answer before the deadline")]
    TimedOut,
    /// The peer's mailbox was not started before the deadline.
    #[error("the peer has no mailbox")]
    PeerDown,
    /// The peer is held in reset.
    #[error("the peer is held in reset")]
    PeerReset,
    /// The peer began a new life; the mail may have reached the former one.
    #[error("the peer was restarted")]
    PeerRestarted,
    /// Nobody receives on the channel.
    #[error("nobody receives on the channel")]
    NotListening,
    /// The peer could not read the letter: the two run different versions, or something else wrote there.
    #[error("the peer cannot read the letter")]
    Malformed,
}

impl SendError {
    /// Error that a verdict means; `None` if the mail is accepted or only delayed.
    pub(super) const fn of(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Accepted | Verdict::Refused => None,
            Verdict::NotListening => Some(Self::NotListening),
            Verdict::WrongLife => Some(Self::PeerRestarted),
            Verdict::Malformed => Some(Self::Malformed),
        }
    }
}

/// Why a mail cannot be posted now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TrySendError {
    /// An earlier letter is unanswered, or the channel has no room; try again later.
    #[error("the way to the peer is taken")]
    Full,
    /// The peer's mailbox is not started.
    #[error("the peer has no mailbox")]
    PeerDown,
    /// An earlier posted mail failed; [`Mailbox::take_undelivered`] tells which.
    #[error("an earlier posted mail was not delivered")]
    Undelivered,
}

/// How the receiver learns of a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Request at the interrupt controller, unless the peer polls the channel.
    Doorbell,
    /// Direct write of the peer's interrupt bit; two at once may count as one.
    InterruptBit,
    /// None: the peer polls.
    Nothing,
}

/// Time between the first two looks for the answer to a letter, about what a letter by direct interrupt takes
/// (docs/benchmarks/ipi.md). It doubles from one look to the next.
const FIRST_LOOK: Cycles = Cycles::new(2_000);

impl<'d, M: Mesh> Mailbox<'d, M> {
    /// Sends a mail; completes when it is in the queue of the receiving core.
    ///
    /// Mails that one task sends one after the other stay in order within a channel. Costs one line write, a
    /// doorbell, and the wait for the acknowledgement.
    ///
    /// *Cancel safety*: if dropped, the mail may or may not arrive, at most once.
    pub async fn send(&self, to: CoreId, mail: Mail, deadline: Deadline) -> Result<(), SendError> {
        self.send_with(to, None, mail, Notice::Doorbell, deadline).await
    }

    /// Sends a mail as [`send`](Self::send) does, but only to this life of the peer.
    ///
    /// *Cancel safety*: as for `send`.
    pub async fn send_to_life(
        &self,
        to: CoreId,
        life: Epoch,
        mail: Mail,
        deadline: Deadline,
    ) -> Result<(), SendError> {
        self.send_with(to, Some(life), mail, Notice::Doorbell, deadline).await
    }

    /// Sends a mail with a chosen notice; repeated notices are doorbells.
    ///
    /// *Cancel safety*: as for `send`.
    pub(crate) async fn send_with(
        &self,
        to: CoreId,
        life: Option<Epoch>,
        mail: Mail,
        notice: Notice,
        deadline: Deadline,
    ) -> Result<(), SendError> {
        loop {
            let peer = self.meet(to, deadline).await?;
            if let Some(life) = life.filter(|life| *life != peer) {
                // The peer may have begun it since it was last sent a letter.
                if self.life_of(to) != Some(life) {
                    return Err(SendError::PeerRestarted);
                }
                continue;
            }
            self.wait_for(to, deadline, |link| {
                (link.is_open(mail.channel()) || link.peer != Some(peer)).then_some(())
            })
            .await?;
            let begun = {
                let link = &mut self.outgoing.borrow_mut()[to.index()];
                if link.peer != Some(peer) {
                    continue;
                }
                link.begin(mail.channel(), Owner::Waiting, notice)
            };
            let Some(begun) = begun else { continue };
            let last = begun.last;
            let sent = Sent { mailbox: self, to, last };
            self.write_letter(to, begun, self.reply(), &mail, notice);
            let verdict = self
                .wait_for(to, deadline, |link| match link.slot {
                    Slot::Answered(verdict) if link.last == last => Some(verdict),
                    _ => None,
                })
                .await?;
            drop(sent);
            match verdict {
                Verdict::Accepted => return Ok(()),
                Verdict::Refused => {}
                other => return Err(SendError::of(other).expect("this verdict is an error")),
            }
        }
    }

    /// Posts a mail without waiting. If its channel turns out to have no room, the mailbox sends it again, in
    /// order before later mail on the channel; if it cannot arrive, that is kept for
    /// [`take_undelivered`](Self::take_undelivered). Needs [`run`](Self::run). Costs one line write and a
    /// doorbell; for a peer never met before, or while an earlier letter is unanswered, one line read.
    pub fn try_send(&self, to: CoreId, mail: &Mail) -> Result<(), TrySendError> {
        self.try_send_with(to, mail, Notice::Doorbell)
    }

    /// Posts a mail as [`try_send`](Self::try_send) does, with a chosen notice; repeated notices are doorbells.
    #[inline]
    pub fn try_send_with(&self, to: CoreId, mail: &Mail, notice: Notice) -> Result<(), TrySendError> {
        // The answer to an earlier letter lies there, as a rule, before there is another one to send.
        self.look_at_answer_now(to);
        let begun = self.outgoing.borrow_mut()[to.index()].begin_post(mail.channel(), Owner::Poster, notice);
        match begun {
            Some(begun) => {
                self.post(to, begun, mail, notice);
                Ok(())
            }
            None => self.try_send_again(to, mail, notice),
        }
    }

    /// Writes a posted letter, then notes what was in it, for as long as it is not accepted.
    #[inline(always)]
    fn post(&self, to: CoreId, begun: Begun, mail: &Mail, notice: Notice) {
        self.put_letter(to, begun, Reply::Silent, mail);
        self.notify(to, begun, notice);
        self.outgoing.borrow_mut()[to.index()].mail = *mail;
    }

    /// Looks at what stands in the way of a mail, and posts it if that is gone.
    #[cold]
    fn try_send_again(&self, to: CoreId, mail: &Mail, notice: Notice) -> Result<(), TrySendError> {
        self.known_life_of(to).or_else(|| self.life_of(to)).ok_or(TrySendError::PeerDown)?;
        let begun = {
            let link = &mut self.outgoing.borrow_mut()[to.index()];
            if matches!(link.posted, Posted::Undelivered(_)) {
                return Err(TrySendError::Undelivered);
            }
            link.begin_post(mail.channel(), Owner::Poster, notice).ok_or(TrySendError::Full)?
        };
        self.post(to, begun, mail, notice);
        Ok(())
    }

    /// Posts a mail to this life of the peer if that can be done at once, and tells nobody if it cannot arrive; whether it
    /// was posted.
    pub(crate) fn post_to_life(&self, to: CoreId, life: Epoch, mail: &Mail) -> bool {
        let begin = |link: &mut Outgoing| link.begin_post(mail.channel(), Owner::Service, Notice::Doorbell);
        let begun = self.begin_to_life((to, life), begin);
        begun.map(|begun| self.post(to, begun, mail, Notice::Doorbell)).is_some()
    }

    /// Takes the line to this life of a peer, after a look at the answer to what lies in it.
    #[inline(always)]
    fn begin_to_life(
        &self,
        (to, life): (CoreId, Epoch),
        begin: impl Fn(&mut Outgoing) -> Option<Begun>,
    ) -> Option<Begun> {
        self.look_at_answer_now(to);
        let link = &mut self.outgoing.borrow_mut()[to.index()];
        if link.peer == Some(life) { begin(link) } else { None }
    }

    /// Writes a mail to this life of the peer if its line is free. What becomes of it, whoever holds the result may ask;
    /// nobody rings for that.
    pub(crate) fn send_now(
        &self,
        (to, life): (CoreId, Epoch),
        mail: &Mail,
        notice: Notice,
    ) -> Option<Sent<'_, 'd, M>> {
        let begin = |link: &mut Outgoing| link.begin(mail.channel(), Owner::Waiting, notice);
        let begun = self.begin_to_life((to, life), begin)?;
        let last = begun.last;
        self.write_letter(to, begun, Reply::Silent, mail, notice);
        Some(Sent { mailbox: self, to, last })
    }

    /// Posts a mail that may be lost: if the way is taken, the channel has no room, or the peer is gone.
    pub(crate) fn hint(&self, to: CoreId, mail: Mail) {
        let begun =
            self.outgoing.borrow_mut()[to.index()].begin(mail.channel(), Owner::Nobody, Notice::Doorbell);
        if let Some(begun) = begun {
            self.write_letter(to, begun, self.reply(), &mail, Notice::Doorbell);
        }
    }

    /// Posted mail to `peer` that did not arrive, and why.
    pub fn take_undelivered(&self, peer: CoreId) -> Option<(Mail, SendError)> {
        self.outgoing.borrow_mut()[peer.index()].take_undelivered()
    }

    /// Rings again for posted letters that are unanswered, and finds out about peers that restarted.
    pub(super) fn ring_for_posted(&self) {
        let is_posting = |peer: CoreId| self.outgoing.borrow()[peer.index()].is_posting();
        for peer in CoreId::all().filter(|peer| is_posting(*peer)) {
            // A life that was not known has nothing of it.
            if self.life_of(peer).is_some() && is_posting(peer) {
                self.ring_again(peer);
                self.attend_one(peer);
            }
        }
    }

    /// How a letter is to be acknowledged that somebody waits for. Nobody waits for the answer to a posted one: whoever
    /// needs the line next looks.
    fn reply(&self) -> Reply {
        if self.acknowledge.get().is_polled() { Reply::Silent } else { Reply::Ring }
    }

    /// Writes a letter and has it noticed.
    #[inline(never)]
    pub(super) fn write_letter(&self, to: CoreId, begun: Begun, reply: Reply, mail: &Mail, notice: Notice) {
        self.put_letter(to, begun, reply, mail);
        self.notify(to, begun, notice);
    }

    #[inline(always)]
    fn put_letter(&self, to: CoreId, begun: Begun, reply: Reply, mail: &Mail) {
        let Begun { peer, last, bell, is_rung_for } = begun;
        self.mesh.invalidate(Invalidate::LetterWrite);
        if is_rung_for {
            // The letter pushes it out. Until that is there, the receiver keeps looking for it.
            self.mesh.write_byte(layout::board(to, self.mesh.core()), bell.get());
        }
        let end = || Letter::end(peer, bell, reply, mail, last);
        self.mesh.write_line_in_parts(layout::mail(to, self.mesh.core()), Letter::beginning(mail), end);
        self.mesh.push(Push::Letter);
    }

    #[inline(always)]
    fn notify(&self, to: CoreId, begun: Begun, notice: Notice) {
        if begun.is_rung_for {
            match notice {
                Notice::InterruptBit => self.mesh.interrupt(to),
                Notice::Doorbell | Notice::Nothing => self.mesh.ring(to),
            }
        }
        self.awaited.set(self.awaited.get().with(to));
    }

    /// Looks whether something came from a peer, rung for or not, and rings again if it still has a letter to answer.
    pub(crate) fn look_after(&self, peer: CoreId, has_letter: bool) {
        self.attend_one(peer);
        if has_letter && self.outgoing.borrow()[peer.index()].is_sent() {
            self.life_of(peer);
            self.count(|statistics| statistics.rung_again += 1);
            self.ring_again(peer);
        }
    }

    /// Rings for a letter that is not answered, with another byte on the board, in case something else was written there.
    /// The caller has just read the hello line of a life that it knows: no line of the board is cached.
    fn ring_again(&self, peer: CoreId) {
        let bell = {
            let link = &mut self.outgoing.borrow_mut()[peer.index()];
            link.bell = link.bell.next();
            link.bell
        };
        self.mesh.write_byte(layout::board(peer, self.mesh.core()), bell.get());
        self.mesh.push(Push::Bell);
        self.mesh.ring(peer);
    }

    /// Life of a peer, once it has one: it has started its mailbox.
    ///
    /// # Errors
    /// [`SendError::PeerDown`] if it has none at the deadline.
    ///
    /// *Cancel safety*: nothing is lost.
    pub async fn meet(&self, peer: CoreId, deadline: Deadline) -> Result<Epoch, SendError> {
        let known = self.outgoing.borrow()[peer.index()].peer;
        if let Some(life) = known {
            return Ok(life);
        }
        let mut wait = self.settings.first_ring;
        loop {
            if let Some(life) = self.life_of(peer) {
                return Ok(life);
            }
            let now = self.mesh.now();
            if deadline.is_over(now) {
                return Err(SendError::PeerDown);
            }
            self.mesh.sleep_until(deadline.or_at(now + wait)).await;
            wait = wait.doubled_up_to(self.settings.last_ring);
        }
    }

    /// Waits until `check` finds what it looks for in the link to `peer`, rings with back-off, and gives up at
    /// the deadline, or when the peer is held in reset or its life ended.
    fn wait_for<T>(
        &self,
        peer: CoreId,
        deadline: Deadline,
        mut check: impl FnMut(&Outgoing) -> Option<T>,
    ) -> impl Future<Output = Result<T, SendError>> {
        let mut look = move || check(&self.outgoing.borrow()[peer.index()]);
        async move {
            let began = self.mesh.now();
            let mut wait = self.settings.first_ring;
            let mut next_ring = began + wait;
            // What lies in the line may have asked nobody to ring.
            let mut look_wait = FIRST_LOOK;
            loop {
                if let Some(found) = look() {
                    return Ok(found);
                }
                let now = self.mesh.now();
                let is_polling = match self.acknowledge.get() {
                    Mode::Polled(_) => true,
                    Mode::Hybrid(_, spin) => now - began < spin,
                    Mode::Interrupt => false,
                };
                if is_polling {
                    self.attend_one(peer);
                    if let Some(found) = look() {
                        return Ok(found);
                    }
                }
                if deadline.is_over(now) {
                    self.attend_one(peer);
                    return look().ok_or(SendError::TimedOut);
                }
                if now >= next_ring {
                    wait = wait.doubled_up_to(self.settings.last_ring);
                    next_ring = now + wait;
                    self.attend_one(peer);
                    if let Some(found) = look() {
                        return Ok(found);
                    }
                    if self.mesh.is_in_reset(peer) {
                        return Err(SendError::PeerReset);
                    }
                    self.life_of(peer);
                    if let Some(found) = look() {
                        return Ok(found);
                    }
                    self.count(|statistics| statistics.rung_again += 1);
                    self.ring_again(peer);
                } else if is_polling {
                    pause().await;
                } else {
                    let until = deadline.or_at(next_ring.min(now + look_wait));
                    either(self.senders[peer.index()].changed(), self.mesh.sleep_until(until)).await;
                    if look().is_none() {
                        self.attend_one(peer);
                        look_wait = look_wait.doubled_up_to(self.settings.last_ring);
                    }
                }
            }
        }
    }

    /// Whether a mail on `channel` could be written to `peer` at once. No hardware access.
    pub fn is_open_to(&self, peer: CoreId, channel: Channel) -> bool {
        self.outgoing.borrow()[peer.index()].is_open(channel)
    }
}

/// A letter in its line; gives the line up when dropped, answered or not.
pub(crate) struct Sent<'m, 'd, M: Mesh> {
    mailbox: &'m Mailbox<'d, M>,
    to: CoreId,
    /// Its last word.
    last: u32,
}

impl<M: Mesh> Sent<'_, '_, M> {
    /// Gives the line up: the peer has shown in another way that it has read the letter.
    #[inline]
    pub(crate) fn answered(self) {
        let link = &mut self.mailbox.outgoing.borrow_mut()[self.to.index()];
        if link.last == self.last {
            link.slot = Slot::Free;
        }
        // The rest is done by the drop.
    }

    /// What is known of its fate.
    #[inline]
    pub(crate) fn fate(&self) -> Fate {
        let link = &self.mailbox.outgoing.borrow()[self.to.index()];
        match link.slot {
            Slot::Answered(Verdict::Refused) if link.last == self.last => Fate::Refused,
            Slot::Answered(verdict) if link.last == self.last => {
                SendError::of(verdict).map_or(Fate::Accepted, Fate::Failed)
            }
            _ => Fate::Unknown,
        }
    }
}

/// What became of a mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It is not answered.
    Unknown,
    /// It is in the queue of the receiver.
    Accepted,
    /// There was no room for it.
    Refused,
    /// It will not arrive.
    Failed(SendError),
}

impl Fate {
    /// Whether it has not arrived, and will not without further help.
    #[inline]
    pub(crate) const fn is_bad(self) -> bool {
        matches!(self, Self::Refused | Self::Failed(_))
    }
}

impl<M: Mesh> Drop for Sent<'_, '_, M> {
    fn drop(&mut self) {
        {
            let link = &mut self.mailbox.outgoing.borrow_mut()[self.to.index()];
            if link.last != self.last {
                return;
            }
            link.slot = match link.slot {
                Slot::Sent(_) => Slot::Sent(Owner::Nobody),
                Slot::Answered(_) | Slot::Free => Slot::Free,
            };
        }
        self.mailbox.senders[self.to.index()].wake_all();
    }
}
