//! The receiver's side of a transfer.

use core::cell::Cell;

use scc::id::CoreId;

use super::send::modulo;
use super::table::Offered;
use super::{Seen, Transfers};
use crate::layout::{self, Block, FlowSlot};
use crate::mailbox::{Mode, PeerError, SendError, Watch};
use crate::mesh::{Deadline, Mesh};
use crate::wire::{Early, Epoch, Progress, Run, Tag, TransferMail, stamp_word};

/// Why a message was not received.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The sender did not come, or stopped.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The acceptance did not arrive.
    #[error(transparent)]
    Accept(#[from] SendError),
    /// The sender gave up.
    #[error("the sender gave up")]
    GivenUp,
    /// No transfer leads from a core to itself.
    #[error("the sender is this core")]
    FromItself,
    /// The message has this many bytes, more than the buffer; it was declined.
    #[error("the message of {0} bytes is longer than the buffer")]
    TooLong(u32),
}

/// A message that a core wants to send here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// Its sender.
    pub from: CoreId,
    /// Life of the sender.
    pub life: Epoch,
    /// Bytes.
    pub length: u32,
}

impl<M: Mesh> Transfers<'_, '_, M> {
    /// Waits for a message with this tag of any core; a [`recv`](Self::recv) that follows at once receives it.
    ///
    /// *Cancel safety*: nothing is taken.
    pub async fn next_waiting(&self, tag: Tag) -> Waiting {
        let Offered { from, life, offer } = self.changes.until(|| self.table.borrow().first_offer(tag)).await;
        Waiting { from, life, length: offer.length }
    }

    /// Receives the next message of core `from` with this tag into `buffer`; its length.
    ///
    /// Cost per line: a read of the sender's buffer and the store to memory, before which the line is touched,
    /// because no cache of the chip allocates on a write miss.
    ///
    /// *Cancel safety*: the sender fails with [`Declined`](super::TransferError::Declined) if its message was
    /// matched already; the buffer holds any part of it.
    pub async fn recv(
        &self,
        from: CoreId,
        tag: Tag,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<usize, ReceiveError> {
        if from == self.mailbox.mesh().core() {
            return Err(ReceiveError::FromItself);
        }
        let met = self.mailbox.known_life_of(from);
        let matched = || (0..self.searches()).find_map(|_| self.match_offer(from, tag));
        let offered = self.mailbox.watch((from, met), deadline).until(self.mode, matched).await?;
        let mut receiving = Receiving { transfers: self, offered, slot: None, is_over: false };
        let length = offered.offer.length;
        let message = usize::try_from(length).ok().and_then(|length| buffer.get_mut(..length));
        let message = message.ok_or(ReceiveError::TooLong(length))?;
        match offered.offer.early {
            Some(early) if early.holds(message.len()) => {
                self.copy_early(&offered, early, message);
                self.check_stamp(&offered, early)?;
                let emptied = modulo(message.len().div_ceil(Block::BYTES));
                self.tell(&offered, early.run, Progress::Emptied(emptied, None));
            }
            _ => self.fetch(&mut receiving, message, deadline).await?,
        }
        receiving.is_over = true;
        Ok(message.len())
    }

    /// Receives a message of which not all lies in the sender's blocks.
    async fn fetch(
        &self,
        receiving: &mut Receiving<'_, '_, '_, M>,
        message: &mut [u8],
        deadline: Deadline,
    ) -> Result<(), ReceiveError> {
        let offered = receiving.offered;
        let Offered { from, life, offer } = offered;
        let mut watch = self.mailbox.watch((from, Some(life)), deadline);
        let slot = watch.until(Mode::Interrupt, || self.table.borrow_mut().take_slot()).await?;
        receiving.slot = Some(slot);
        if offer.early.is_none() {
            let accept = TransferMail::Accept { transfer: offer.transfer, slot, attention: self.attention() };
            self.mailbox.send_to_life(from, life, accept.emit(), deadline).await?;
        }
        let mut known = offer.early.map(|early| (modulo(early.filled()), early.run));
        if let Some((0, run)) = known {
            self.tell_waiting(&offered, run, slot, 0);
        }
        let (mut emptied, mut rest) = (0, message);
        let (mut turn, seen) = (self.turn(), Cell::new(None));
        while !rest.is_empty() {
            let is_more = |known: &(u16, Run)| known.0 != modulo(emptied);
            let more = match known.filter(is_more) {
                None => self.look(receiving, slot, &seen)?.filter(is_more),
                more => more,
            };
            let (filled, used) = match more {
                Some(more) => more,
                None => self.wait_for_block(receiving, &mut watch, slot, emptied, known).await?,
            };
            known = Some((filled, used));
            let ready = usize::from(filled.wrapping_sub(modulo(emptied)));
            let blocks = ready.min(used.step()).min(used.blocks_from(emptied));
            let (part, later) = rest.split_at_mut(rest.len().min(blocks * Block::BYTES));
            self.mailbox.mesh().read_lines(layout::bulk(from, used.block(emptied)), part);
            emptied += blocks;
            rest = later;
            if rest.is_empty() {
                // What was copied was whole only if the sender has given no block up by now. A new life of it begins
                // with its hello line and may use the blocks only after that.
                self.wait_for_block(receiving, &mut watch, slot, emptied - 1, known).await?;
                if self.mailbox.life_of(from) != Some(life) {
                    return Err(PeerError::Restarted.into());
                }
            }
            self.tell_waiting(&offered, used, slot, emptied);
            turn.pause_after(blocks * Block::BYTES).await;
        }
        Ok(())
    }

    /// Copies what the sender had filled before anybody asked. None of it is cached: the offer was read after it had been
    /// written, and whatever else was copied from these blocks, an invalidate has followed at once.
    fn copy_early(&self, offered: &Offered, early: Early, part: &mut [u8]) {
        self.mailbox.mesh().read_lines(layout::bulk(offered.from, early.run.first()), part);
    }

    /// Whether early blocks have held the message until now. A new life's hello line begins without stamps.
    fn check_stamp(&self, offered: &Offered, early: Early) -> Result<(), ReceiveError> {
        if self.mailbox.life_of(offered.from) != Some(offered.life) {
            return Err(PeerError::Restarted.into());
        }
        // In the line that was just read.
        let word = self.mailbox.mesh().read_word(layout::stamp(offered.from, early.stamp));
        if word == stamp_word(Some(offered.offer.transfer)) { Ok(()) } else { Err(ReceiveError::GivenUp) }
    }

    /// Waits until more than `emptied` blocks are filled; how many, and which ones are used. Writes the own flow word
    /// again now and then, in case a stray write of an earlier transfer has replaced it, and looks at the stamp: a sender
    /// that gives up before it knows where this core waits says so nowhere else.
    async fn wait_for_block(
        &self,
        receiving: &Receiving<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        slot: FlowSlot,
        emptied: usize,
        known: Option<(u16, Run)>,
    ) -> Result<(u16, Run), ReceiveError> {
        let seen = Cell::new(None);
        let once = || match self.look(receiving, slot, &seen) {
            Err(error) => Some(Err(error)),
            Ok(Some(seen)) if seen.0 != modulo(emptied) => Some(Ok(seen)),
            Ok(_) => None,
        };
        let look = || (0..self.looks()).find_map(|_| once());
        if let Some(end) = once() {
            return end;
        }
        loop {
            seen.set(None);
            if let Some(end) = watch.step(self.mode, look).await? {
                return end;
            }
            let offered = &receiving.offered;
            if let Some(early) = offered.offer.early {
                self.check_stamp(offered, early)?;
            }
            if let Some((_, run)) = known {
                self.tell_waiting(offered, run, slot, emptied);
            }
        }
    }

    /// What the sender's flow word says now, if it says something new.
    #[inline]
    fn look(
        &self,
        receiving: &Receiving<'_, '_, '_, M>,
        slot: FlowSlot,
        seen: &Cell<Seen>,
    ) -> Result<Option<(u16, Run)>, ReceiveError> {
        let Offered { from, life, offer } = receiving.offered;
        match self.read_word(slot, seen, (offer.transfer, from, life)) {
            Some(Progress::GivenUp) => Err(ReceiveError::GivenUp),
            Some(Progress::Filled(filled, run)) => Ok(Some((filled, run))),
            Some(Progress::Emptied(..)) | None => Ok(None),
        }
    }

    fn tell(&self, offered: &Offered, run: Run, progress: Progress) {
        let word = self.word(offered.offer.transfer, progress);
        self.write_word(offered.from, FlowSlot::outgoing(run.first()), word, offered.offer.attention);
    }

    #[inline]
    fn tell_waiting(&self, offered: &Offered, run: Run, slot: FlowSlot, emptied: usize) {
        self.tell(offered, run, Progress::Emptied(modulo(emptied), Some((slot, self.attention()))));
    }
}

/// A matched offer; declines it if dropped before its end.
struct Receiving<'t, 'm, 'd, M: Mesh> {
    transfers: &'t Transfers<'m, 'd, M>,
    offered: Offered,
    slot: Option<FlowSlot>,
    is_over: bool,
}

impl<M: Mesh> Drop for Receiving<'_, '_, '_, M> {
    fn drop(&mut self) {
        let Offered { from, life, offer } = self.offered;
        if self.is_over && self.slot.is_none() {
            return;
        }
        let mut table = self.transfers.table.borrow_mut();
        if let Some(slot) = self.slot {
            table.free_slot(slot);
        }
        if !self.is_over {
            table.add_decline(from, life, offer.transfer);
        }
        drop(table);
        self.transfers.changed();
    }
}
