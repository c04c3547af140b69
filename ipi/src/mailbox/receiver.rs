//! The receiving end of one channel.

use core::future::poll_fn;
use core::task::Poll;

use scc::id::CoreId;

use super::{Mailbox, Mode};
use crate::mesh::{CoreSet, Cycles, Mesh};
use crate::wire::{Channel, Epoch, Mail};

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
        {
            let queue = &mut self.queues.borrow_mut()[channel.index()];
            if queue.mode().is_some() {
                return Err(OpenError(channel));
            }
            queue.set_mode(Some(mode));
        }
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
    pub async fn recv(&self) -> Received {
        self.next(None).await
    }

    /// Waits for the next mail of `core`. Mail of others stays in the queue and, if it fills it, keeps mail of
    /// `core` out: cores that are received from one by one need a channel each.
    ///
    /// *Cancel safety*: a mail is taken only when the future completes.
    pub async fn recv_from(&self, core: CoreId) -> Received {
        self.next(Some(core)).await
    }

    /// Takes a mail that has already been read from its line.
    pub fn try_recv(&self) -> Option<Received> {
        self.mailbox.pop(self.channel, None)
    }

    /// Changes the mode. Senders learn of it later and may ring needlessly or, after [`Mode::Polled`], not at
    /// all for one letter, which is then found by the next look into all lines.
    pub fn set_mode(&self, mode: Mode) {
        self.mailbox.queues.borrow_mut()[self.channel.index()].set_mode(Some(mode));
        self.mailbox.announce_modes();
        self.mailbox.attend(self.mailbox.settings.peers);
        self.mailbox.receivers[self.channel.index()].wake_all();
    }

    fn mode(&self) -> Mode {
        self.mailbox.queues.borrow()[self.channel.index()]
            .mode()
            .expect("the receiver keeps its channel open")
    }

    async fn next(&self, from: Option<CoreId>) -> Received {
        let mailbox = self.mailbox;
        let began = mailbox.mesh.now();
        let watched = |cores| from.map_or(cores, CoreSet::of);
        poll_fn(|context| {
            mailbox.attend_rung();
            if let Some(letter) = mailbox.pop(self.channel, from) {
                return Poll::Ready(letter);
            }
            let is_early = |spin: Cycles| mailbox.mesh.now() - began < spin;
            let looked_into = match self.mode() {
                Mode::Polled(cores) => watched(cores),
                Mode::Hybrid(cores, spin) if is_early(spin) => watched(cores),
                Mode::Interrupt | Mode::Hybrid(..) => CoreSet::EMPTY,
            };
            mailbox.attend(looked_into);
            if let Some(letter) = mailbox.pop(self.channel, from) {
                return Poll::Ready(letter);
            }
            if looked_into.is_empty() {
                mailbox.receivers[self.channel.index()].register(context);
            } else {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }
}

impl<M: Mesh> Drop for Receiver<'_, '_, M> {
    fn drop(&mut self) {
        let refused = {
            let queue = &mut self.mailbox.queues.borrow_mut()[self.channel.index()];
            queue.set_mode(None);
            queue.clear();
            queue.welcome()
        };
        self.mailbox.reopen(self.channel, refused);
    }
}
