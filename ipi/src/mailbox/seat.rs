//! Who is woken by the handler when somebody rings.
//!
//! One task: a task that waits for mail, if there is one as urgent as the server of the mailbox, else the server. The
//! receiver looks for what it waits for, and has the server woken then, which looks after all the rest.
//!
//! ```text
//! ring ─▶ handler ─▶ receiver, if one sits ─▶ server
//!                 └▶ server, if none does
//! ```
//!
//! So a receiver that sits owes the server a wake from the ring on. Its future pays when it is polled or dropped; for a
//! task that ends without either, the kernel empties the seat and wakes the server.

use core::cell::Cell;
use core::task::Waker;

use super::Mailbox;
use crate::mesh::{Mesh, Seat};
use crate::wire::Channel;

impl<M: Mesh> Mailbox<'_, M> {
    /// Has the server woken by the next ring, or by the task that the ring wakes.
    pub(super) fn seat_server(&self, waker: &Waker) {
        let mut server = self.server.borrow_mut();
        if !server.as_ref().is_some_and(|server| server.will_wake(waker)) {
            *server = Some(waker.clone());
        }
        self.mesh.wake_when_rung(Seat::Server, waker);
    }

    /// Has the server look after what was rung for.
    #[inline]
    fn hand_over(&self) {
        if self.doorbell.rings() != self.served.get()
            && let Some(server) = &*self.server.borrow()
        {
            server.wake_by_ref();
        }
    }
}

/// The claim of a future that receives on a channel to the receiver's seat.
pub(super) struct Claim<'m, 'd, M: Mesh> {
    mailbox: &'m Mailbox<'d, M>,
    channel: Channel,
    /// Rings when it sat down.
    rings: Cell<u32>,
}

impl<'m, 'd, M: Mesh> Claim<'m, 'd, M> {
    pub(super) const fn new(mailbox: &'m Mailbox<'d, M>, channel: Channel) -> Self {
        Self { mailbox, channel, rings: Cell::new(0) }
    }

    /// Has the task woken by the next ring, in place of whoever was to be, if it is as urgent as the server; and the server
    /// for the rings so far.
    #[inline]
    pub(super) fn sit(&self, waker: &Waker) {
        let mailbox = self.mailbox;
        if mailbox.mesh.is_urgent(waker) {
            mailbox.seated.set(Some(self.channel));
            self.rings.set(mailbox.doorbell.rings());
            mailbox.mesh.wake_when_rung(Seat::Receiver, waker);
        }
        mailbox.hand_over();
    }

    /// Leaves, and has the server woken for the rings so far.
    #[inline]
    pub(super) fn leave(&self) {
        let mailbox = self.mailbox;
        if self.is_seated() {
            mailbox.seated.set(None);
            if mailbox.doorbell.rings() == self.rings.get() {
                mailbox.mesh.vacate();
            }
        }
        mailbox.hand_over();
    }

    fn is_seated(&self) -> bool {
        self.mailbox.seated.get() == Some(self.channel)
    }
}

impl<M: Mesh> Drop for Claim<'_, '_, M> {
    #[inline]
    fn drop(&mut self) {
        if self.is_seated() {
            self.leave();
        }
    }
}
