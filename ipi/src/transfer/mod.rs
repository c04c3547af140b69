//! Bulk data: messages of any length, and one-sided put and get.
//!
//! ```text
//! sender                                                receiver
//! stamps some of its blocks, fills them before or after
//! Offered ── offer mail ──────────────────────────────▶ matches sender and tag, copies the blocks,
//!    ◀──────────────────────────────── flow word ─────── makes sure that the stamp is still there
//! Flowing: fills empty blocks,                          more to come: has taken a flow slot
//!          writes its flow word ──────────────────────▶ copies the blocks,
//!    ◀──────────────────────────────── flow word ─────── at the end makes sure it was not given up
//! all blocks emptied: done                              all blocks copied, sender in the same life: done
//! ```
//!
//! Data stays in the sender's buffer and the receiver fetches it, so no space is granted across cores. A transfer owns
//! up to four of the sender's six blocks. Four at most are used before anybody has asked; if there are none left, the
//! receiver accepts by mail and blocks are taken then. Two are kept for transfers that both sides want, so these always
//! come to an end, and any number may be outstanding. Whoever gives up says so; the other side fails. [`Transfers::run`]
//! must be polled by some task on both sides. The protocol with its failures is in `docs/protocols/transfer.md`.

mod offer;
mod receive;
mod send;
mod table;
mod window;

use core::cell::{Cell, RefCell};

use futures_util::FutureExt;
use scc::id::CoreId;

pub use self::receive::{ReceiveError, Waiting};
pub use self::send::TransferError;
use self::table::{Offered, Table};
pub use self::window::{WindowError, get, put};
use crate::layout::{self, FlowSlot};
use crate::mailbox::{Mailbox, Mode, OpenError, Received, Receiver};
use crate::mesh::{Cycles, Deadline, Invalidate, Mesh, Push};
use crate::pause::{either, pause};
use crate::waiters::Waiters;
use crate::wire::{Attention, Channel, Epoch, FlowWord, Progress, Quadword, Tag, TransferId, TransferMail};

/// Time that telling a sender may take that its message is not wanted.
const DECLINE_PATIENCE: Cycles = Cycles::new(200_000);

/// Looks at a flow word, about 90 cycles each, before other tasks get a turn, if flow words are polled.
const LOOKS_PER_POLL: u32 = 96;

/// Looks for an offer before other tasks get a turn, in units of what a receiver of letters does in a poll.
const SEARCHES_PER_POLL: u32 = 3;

/// Bytes that are copied between two turns of other tasks, if flow words are polled: 20,000 to 40,000 cycles.
const TURN: usize = 8 << 10;

/// A flow word as it was at the last look.
type Seen = Option<Quadword>;

/// When other tasks get a turn.
struct Turn {
    left: usize,
    length: usize,
}

impl Turn {
    async fn pause_after(&mut self, bytes: usize) {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                self.left = self.length;
                pause().await;
            }
        }
    }
}

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
        // A look for acceptances may find an offer.
        either(self.take_accepts(), either(self.take_offers(), self.send_declines())).await;
    }

    async fn take_offers(&self) {
        loop {
            self.changes.until(|| self.table.borrow_mut().has_room_for_offer().then_some(())).await;
            if let Some(offered) = offered(&self.offers.recv().await) {
                self.add_offer(offered);
            }
        }
    }

    /// Takes an offer with this tag, of those that were taken in, or polled ones of core `from` that come just now.
    fn match_offer(&self, from: CoreId, tag: Tag) -> Option<Offered> {
        loop {
            let found = self.table.borrow_mut().match_offer(from, tag);
            if found.is_some() {
                // Those that wait for memory for another offer have it.
                self.changes.wake_all();
            }
            if found.is_some() || !self.mode.is_polled() || !self.table.borrow_mut().has_room_for_offer() {
                return found;
            }
            let Some(offered) = offered(&self.offers.recv_from(from).now_or_never()?) else { continue };
            if offered.offer.tag == tag {
                self.table.borrow_mut().forget_other_lives(from, offered.life);
                return Some(offered);
            }
            self.add_offer(offered);
        }
    }

    fn add_offer(&self, offered: Offered) {
        self.table.borrow_mut().add_offer(offered);
        self.changed();
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

    /// How often a flow word is looked at before other tasks get a turn.
    const fn looks(&self) -> u32 {
        if self.mode.is_polled() { LOOKS_PER_POLL } else { 1 }
    }

    /// How often an offer is looked for before other tasks get a turn.
    const fn searches(&self) -> u32 {
        if self.mode.is_polled() { SEARCHES_PER_POLL } else { 1 }
    }

    /// Counts bytes until other tasks get a turn: after each part, or after a [`TURN`] if flow words are polled.
    const fn turn(&self) -> Turn {
        let length = if self.mode.is_polled() { TURN } else { 0 };
        Turn { left: length, length }
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
    #[inline]
    fn write_word(&self, peer: CoreId, slot: FlowSlot, word: FlowWord, attention: Attention) {
        let mesh = self.mailbox.mesh();
        mesh.write_quadword(layout::flow(peer, slot), word.emit());
        mesh.push(Push::Flow);
        if attention == Attention::Ring {
            mesh.ring(peer);
        }
    }

    /// Reads an own flow word afresh: what a life of a core says in it about a transfer; nothing if it is the one that was
    /// `seen` last, or of somebody else. Until the next await, no line of a message buffer but its own is cached.
    #[inline]
    fn read_word(
        &self,
        slot: FlowSlot,
        seen: &Cell<Seen>,
        (transfer, writer, life): (TransferId, CoreId, Epoch),
    ) -> Option<Progress> {
        let mesh = self.mailbox.mesh();
        let [first, last] = [layout::flow, layout::flow_end].map(|half| half(mesh.core(), slot));
        mesh.invalidate(Invalidate::FlowRead);
        let halves = [mesh.read_word(first), mesh.read_word(last)];
        if seen.replace(Some(halves)) == Some(halves) {
            return None;
        }
        // A handler may have had the line evicted between both; if the half that names the transfer is still the same,
        // the other one is of that transfer too.
        if mesh.read_word(first) != halves[0] {
            seen.set(None);
            return None;
        }
        if halves[0] != FlowWord::about(transfer, life) {
            return None;
        }
        FlowWord::parse(halves).ok().filter(|word| word.writer == writer).map(|word| word.progress)
    }
}

/// What a letter offers, if it offers something.
fn offered(received: &Received) -> Option<Offered> {
    let Ok(TransferMail::Offer(offer)) = TransferMail::parse(&received.mail) else { return None };
    Some(Offered { from: received.from, life: received.life, offer })
}
