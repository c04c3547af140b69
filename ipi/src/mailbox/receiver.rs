//! The receiving end of one channel.

use core::future::{Future, poll_fn};
use core::task::Poll;

use scc::id::CoreId;

use super::attend::Look;
use super::seat::Claim;
use super::{Mailbox, Mode};
use crate::mesh::{CoreSet, Instant, Mesh};
use crate::wire::{Channel, Channels, Epoch, Mail};

/// Looks into lines before other tasks get a turn, some 60 cycles each. No more than one at each core while letters wait in
/// any queue: whoever gets them is to go on at once.
pub(crate) const LOOKS_PER_POLL: u32 = 32;

/// A mail and where it came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Received {
    /// Core that sent it.
    pub from: CoreId,
    /// Life of that core when it did.
    pub life: Epoch,
    /// The mail.
    pub mail: Mail,
}

/// A channel already has a receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("channel {} already has a receiver", .0.number())]
pub struct OpenError(pub Channel);

/// Receives on one channel; letters wait in a queue of eight. Dropping it closes the channel: letters still in
/// the queue are dropped, and later ones answered with [`NotListening`](super::SendError::NotListening).
pub struct Receiver<'m, 'd, M: Mesh> {
    mailbox: &'m Mailbox<'d, M>,
    channel: Channel,
}

impl<'d, M: Mesh> Mailbox<'d, M> {
    /// Opens a channel. Until then letters for it are answered with
    /// [`NotListening`](super::SendError::NotListening).
    pub fn open(&self, channel: Channel, mode: Mode) -> Result<Receiver<'_, 'd, M>, OpenError> {
        if self.queues.borrow()[channel.index()].mode().is_some() {
            return Err(OpenError(channel));
        }
        self.set_mode(channel, Some(mode));
        if mode.is_polled() {
            self.announce_modes();
        }
        Ok(Receiver { mailbox: self, channel })
    }
}

impl<M: Mesh> Receiver<'_, '_, M> {
    /// Waits for the next mail of any core.
    ///
    /// *Cancel safety*: a mail is taken only when the future completes.
    #[inline]
    pub fn recv(&self) -> impl Future<Output = Received> {
        self.next(None)
    }

    /// Waits for the next mail of `core`. Mail of others stays in the queue and, if it fills it, keeps mail of
    /// `core` out: cores that are received from one by one need a channel each.
    ///
    /// *Cancel safety*: a mail is taken only when the future completes.
    #[inline]
    pub fn recv_from(&self, core: CoreId) -> impl Future<Output = Received> {
        self.next(Some(core))
    }

    /// Takes a mail that has already been read from its line.
    pub fn try_recv(&self) -> Option<Received> {
        self.mailbox.pop(self.channel, None)
    }

    /// Changes the mode. Senders learn of it later and may ring needlessly or, after [`Mode::Polled`], not at
    /// all for one letter, which is then found by the next look into all lines.
    pub fn set_mode(&self, mode: Mode) {
        self.mailbox.set_mode(self.channel, Some(mode));
        self.mailbox.announce_modes();
        self.mailbox.attend(self.mailbox.settings.peers);
        self.mailbox.receivers[self.channel.index()].wake_all();
    }

    fn mode(&self) -> Mode {
        self.mailbox.queues.borrow()[self.channel.index()]
            .mode()
            .expect("the receiver keeps its channel open")
    }

    #[inline]
    fn next(&self, from: Option<CoreId>) -> impl Future<Output = Received> {
        let mailbox = self.mailbox;
        let mut began = None;
        let mut waiting = mailbox.receivers[self.channel.index()].place();
        let claim = Claim::new(mailbox, self.channel);
        poll_fn(move |context| {
            if let Some(letter) = mailbox.pop(self.channel, from) {
                claim.leave();
                return Poll::Ready(letter);
            }
            let is_polled = mailbox.polled.get().contains(self.channel);
            let rings = mailbox.doorbell.rings();
            let is_rung = !is_polled && mailbox.looked.replace(rings) != rings;
            let polled = if is_polled || !is_rung { self.polled_now(&mut began) } else { None };
            let found = match (from, polled) {
                // Who waits for one core knows where to look; what else was rung for, the server of the mailbox finds.
                (Some(core), _) if is_rung || polled.is_some() => {
                    let looks = if is_rung { 1 } else { self.looks() };
                    match mailbox.poll_for(Channels::of(self.channel), core, looks) {
                        Look::Letter(letter) => {
                            claim.leave();
                            return Poll::Ready(letter);
                        }
                        Look::Delivered => mailbox.pop(self.channel, from),
                        Look::Nothing => None,
                    }
                }
                (None, Some(cores)) => {
                    // If other channels are polled too, their receivers look for all.
                    let is_alone = mailbox.polled.get().without(self.channel) == Channels::NONE;
                    let looks = if is_alone { LOOKS_PER_POLL } else { 1 };
                    mailbox.seek(Channels::of(self.channel), cores, looks)
                }
                (None, None) if is_rung => mailbox.catch_rung(Channels::of(self.channel)),
                _ => None,
            };
            if let Some(letter) = found {
                claim.leave();
                return Poll::Ready(letter);
            }
            if is_polled || self.polled_now(&mut began).is_some() {
                context.waker().wake_by_ref();
            } else {
                waiting.register(context);
                claim.sit(context.waker());
            }
            Poll::Pending
        })
    }

    /// Cores to look for without having been rung, if the mode says so for a future that began to wait then.
    fn polled_now(&self, began: &mut Option<Instant>) -> Option<CoreSet> {
        match self.mode() {
            Mode::Polled(cores) => Some(cores),
            Mode::Hybrid(cores, spin) => {
                let now = self.mailbox.mesh.now();
                (now - *began.get_or_insert(now) < spin).then_some(cores)
            }
            Mode::Interrupt => None,
        }
    }

    fn looks(&self) -> u32 {
        if self.mailbox.filled.get() == Channels::NONE { LOOKS_PER_POLL } else { 1 }
    }

    /// Waits for the next mail on this or one of the `others`, which are all in the mode of this; of those that have one, on
    /// that with the highest number. A look serves all of them; in a polled mode there are as many in a poll as `looks` says.
    ///
    /// *Cancel safety*: a mail is taken only when the future completes.
    pub(crate) fn recv_of<const N: usize>(
        &self,
        others: [&Self; N],
        looks: impl Fn() -> u32,
    ) -> impl Future<Output = Received> {
        let mailbox = self.mailbox;
        let channels =
            others.iter().fold(Channels::of(self.channel), |channels, other| channels.with(other.channel));
        let mut began = None;
        let place = |receiver: &Self| mailbox.receivers[receiver.channel.index()].place();
        let mut waiting = (place(self), others.map(place));
        let claim = Claim::new(mailbox, self.channel);
        poll_fn(move |context| {
            let cores = self.polled_now(&mut began);
            let found = match cores {
                Some(cores) => mailbox.seek(channels, cores, looks()),
                None => mailbox.pop_any(channels, None).or_else(|| mailbox.catch_rung(channels)),
            };
            if let Some(letter) = found {
                claim.leave();
                return Poll::Ready(letter);
            }
            if cores.is_some() {
                context.waker().wake_by_ref();
            } else {
                waiting.0.register(context);
                waiting.1.iter_mut().for_each(|place| place.register(context));
                claim.sit(context.waker());
            }
            Poll::Pending
        })
    }
}

impl<M: Mesh> Drop for Receiver<'_, '_, M> {
    fn drop(&mut self) {
        self.mailbox.set_mode(self.channel, None);
        let refused = {
            let queue = &mut self.mailbox.queues.borrow_mut()[self.channel.index()];
            queue.clear();
            self.mailbox.filled.set(self.mailbox.filled.get().without(self.channel));
            queue.welcome()
        };
        self.mailbox.reopen(self.channel, refused);
    }
}
