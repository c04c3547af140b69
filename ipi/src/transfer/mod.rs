//! Bulk data: messages of any length, and one-sided put and get.
//!
//! ```text
//! sender                                                receiver
//! Offered ── offer mail ──────────────────────────────▶ matches sender and tag
//!    ◀────────────────────────────── accept mail ─────── takes a flow slot
//! Flowing: fills a block of its own buffer,
//!          writes its flow word ──────────────────────▶ copies the block out,
//!    ◀──────────────────────────────── flow word ─────── makes sure it was not given up meanwhile
//! all blocks emptied: done                              all blocks copied, sender in the same life: done
//! ```
//!
//! Data stays in the sender's buffer and the receiver fetches it, so no space is granted across cores. A
//! transfer owns one or two of the sender's six blocks while it flows, none before; transfers wait for blocks,
//! so any number may be outstanding and those that flow always come to an end. Whoever gives up says so; the
//! other side fails. [`Transfers::run`] must be polled by some task on both sides. The protocol with its
//! failures is in `docs/protocols/transfer.md`.

mod receive;
mod send;
mod table;
mod window;

use core::cell::RefCell;

use scc::id::CoreId;

pub use self::receive::ReceiveError;
pub use self::send::TransferError;
use self::table::Table;
pub use self::window::{WindowError, get, put};
use crate::layout::{self, FlowSlot, QUADWORD};
use crate::mailbox::{Mailbox, Mode, OpenError, Receiver};
use crate::mesh::{Cycles, Deadline, Invalidate, Mesh, Push};
use crate::pause::either;
use crate::waiters::Waiters;
use crate::wire::{Attention, Channel, FlowWord, Progress, TransferId, TransferMail};

/// Time that telling a sender may take that its message is not wanted.
const DECLINE_PATIENCE: Cycles = Cycles::new(200_000);

/// One core's bulk transfers. Belongs to the tasks of that core.
pub struct Transfers<'m, 'd, M: Mesh> {
    mailbox: &'m Mailbox<'d, M>,
    offers: Receiver<'m, 'd, M>,
    accepts: Receiver<'m, 'd, M>,
    table: RefCell<Table>,
    changes: Waiters,
    mode: Mode,
}

impl<'m, 'd, M: Mesh> Transfers<'m, 'd, M> {
    /// Opens the channels of transfers in `mode`, which is also how flow words are waited for.
    pub fn new(mailbox: &'m Mailbox<'d, M>, mode: Mode) -> Result<Self, OpenError> {
        Ok(Self {
            mailbox,
            offers: mailbox.open(Channel::TRANSFER, mode)?,
            accepts: mailbox.open(Channel::ACCEPT, mode)?,
            table: RefCell::new(Table::new(mailbox.epoch())),
            changes: Waiters::new(),
            mode,
        })
    }

    /// The mailbox that carries offers.
    pub const fn mailbox(&self) -> &'m Mailbox<'d, M> {
        self.mailbox
    }

    /// Takes offers and acceptances in. Never completes; one task polls it.
    ///
    /// *Cancel safety*: nothing is lost.
    pub async fn run(&self) {
        either(self.take_offers(), either(self.take_accepts(), self.send_declines())).await;
    }

    async fn take_offers(&self) {
        loop {
            self.changes.until(|| self.table.borrow().has_room_for_offer().then_some(())).await;
            let received = self.offers.recv().await;
            if let Ok(TransferMail::Offer(offer)) = TransferMail::parse(&received.mail) {
                self.table.borrow_mut().add_offer(received.from, received.life, offer);
                self.changed();
            }
        }
    }

    async fn take_accepts(&self) {
        loop {
            let received = self.accepts.recv().await;
            match TransferMail::parse(&received.mail) {
                Ok(TransferMail::Accept { transfer, slot, attention }) => {
                    let is_known = self.table.borrow_mut().accept(received.from, transfer, slot, attention);
                    if !is_known {
                        let word = self.word(transfer, Progress::GivenUp);
                        self.write_word(received.from, slot, word, attention);
                    }
                }
                Ok(TransferMail::Decline { transfer }) => {
                    self.table.borrow_mut().decline(received.from, transfer);
                }
                Ok(TransferMail::Offer(_)) | Err(_) => {}
            }
            self.changed();
        }
    }

    async fn send_declines(&self) {
        loop {
            let (to, life, transfer) = self.changes.until(|| self.table.borrow_mut().next_to_decline()).await;
            let mail = TransferMail::Decline { transfer }.emit();
            let patience = Deadline::At(self.mailbox.mesh().now() + DECLINE_PATIENCE);
            if self.mailbox.send_to_life(to, life, mail, patience).await.is_err() {
                // A peer that cannot be told is gone, or runs into its own deadline.
                continue;
            }
        }
    }

    /// Wakes those who wait for the table, and those who wait for flow words or an end.
    fn changed(&self) {
        self.changes.wake_all();
        self.mailbox.tell_watchers();
    }

    const fn attention(&self) -> Attention {
        match self.mode {
            Mode::Polled(_) => Attention::Poll,
            Mode::Interrupt | Mode::Hybrid(..) => Attention::Ring,
        }
    }

    fn word(&self, transfer: TransferId, progress: Progress) -> FlowWord {
        FlowWord { transfer, writer: self.mailbox.mesh().core(), life: self.mailbox.epoch(), progress }
    }

    /// Writes a flow word of a peer, after everything that was written before. No flow word of another core is
    /// ever read, so its line is not cached.
    fn write_word(&self, peer: CoreId, slot: FlowSlot, word: FlowWord, attention: Attention) {
        let mesh = self.mailbox.mesh();
        mesh.write(layout::flow(peer, slot), &word.emit());
        mesh.push(Push::Flow);
        if attention == Attention::Ring {
            mesh.ring(peer);
        }
    }

    /// Reads an own flow word afresh. Until the next await, no line of a message buffer but its own is cached.
    fn read_word(&self, slot: FlowSlot) -> Option<FlowWord> {
        let mesh = self.mailbox.mesh();
        let mut bytes = [0; QUADWORD];
        mesh.invalidate(Invalidate::FlowRead);
        mesh.read(layout::flow(mesh.core(), slot), &mut bytes);
        FlowWord::parse(&bytes).ok()
    }
}
