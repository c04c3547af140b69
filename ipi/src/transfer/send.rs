//! The sender's side of a transfer.

use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use scc::id::CoreId;

use super::table::Reaction;
use super::{Seen, Transfers};
use crate::layout::{self, Block, FlowSlot, Stamp};
use crate::mailbox::{Mode, Notice, PeerError, SendError, Watch};
use crate::mesh::{Deadline, Invalidate, Mesh, Push};
use crate::wire::{
    Attention, Early, Epoch, Extent, Offer, Progress, Run, Tag, TransferId, TransferMail, stamp_word,
};

/// Why a message was not sent, or not wholly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TransferError {
    /// The offer did not arrive.
    #[error(transparent)]
    Offer(#[from] SendError),
    /// The receiver stopped answering.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The receiver gave up, or its buffer is too short.
    #[error("the receiver declined")]
    Declined,
    /// No transfer leads from a core to itself.
    #[error("the receiver is this core")]
    ToItself,
    /// Messages have less than 4 GB.
    #[error("{0} bytes are too many")]
    TooLong(usize),
}

impl<M: Mesh> Transfers<'_, '_, M> {
    /// Sends a message to the task that receives with this tag on core `to`; completes when it has all of it.
    ///
    /// Messages that one task sends one after the other with one tag are received in that order. Any number of
    /// sends may be outstanding: sixteen are offered at a time, two to six flow.
    ///
    /// *Cancel safety*: the receiver fails with
    /// [`GivenUp`](super::ReceiveError::GivenUp) unless it has all of the message already.
    pub async fn send(
        &self,
        to: CoreId,
        tag: Tag,
        message: &[u8],
        deadline: Deadline,
    ) -> Result<(), TransferError> {
        self.send_with((to, None), tag, message, deadline).await
    }

    /// Sends a message as [`send`](Self::send) does, but only to this life of the receiver.
    ///
    /// *Cancel safety*: as for `send`.
    pub async fn send_to_life(
        &self,
        to: CoreId,
        life: Epoch,
        tag: Tag,
        message: &[u8],
        deadline: Deadline,
    ) -> Result<(), TransferError> {
        self.send_with((to, Some(life)), tag, message, deadline).await
    }

    async fn send_with(
        &self,
        (to, life): (CoreId, Option<Epoch>),
        tag: Tag,
        message: &[u8],
        deadline: Deadline,
    ) -> Result<(), TransferError> {
        let length = u32::try_from(message.len()).map_err(|_| TransferError::TooLong(message.len()))?;
        if to == self.mailbox.mesh().core() {
            return Err(TransferError::ToItself);
        }
        let transfer = self.changes.until(|| self.table.borrow_mut().begin(to)).await;
        let blocks = message.len().div_ceil(Block::BYTES);
        let mut sending = Sending::new(self, to, transfer);
        sending.early = if blocks == 0 { None } else { self.table.borrow_mut().take_early(blocks) };
        if let Some(early) = sending.early {
            // Stores leave in order: the stamp before the message, and the message before the offer.
            self.write_stamp(early.stamp, Some(transfer));
            self.fill(early.run.first(), first_blocks(message, early.filled()));
        }
        let offer = Offer { transfer, tag, length, attention: self.attention(), early: sending.early };
        if self.offer(&sending, (life, message), offer, deadline).await? {
            sending.is_over = true;
            return Ok(());
        }
        let life = life.or_else(|| self.mailbox.known_life_of(to));
        let mut watch = self.mailbox.watch((to, life), deadline);
        let (run, filled) = match sending.early {
            Some(early) => (early.run, blocks.min(early.run.count().into())),
            None => {
                let reaction = || match self.table.borrow().reaction(transfer) {
                    Reaction::None => None,
                    Reaction::Accepted(slot, attention) => Some(Ok((slot, attention))),
                    Reaction::Declined => Some(Err(TransferError::Declined)),
                };
                let waiting = watch.until(Mode::Interrupt, reaction).await??;
                sending.flowing.set(Some(waiting));
                if blocks == 0 {
                    sending.is_over = true;
                    return Ok(());
                }
                let take = || self.table.borrow_mut().take_blocks(blocks);
                let run = watch.until(Mode::Interrupt, take).await?;
                sending.run = Some(run);
                (run, 0)
            }
        };
        self.flow(&sending, &mut watch, (run, life), filled, message).await?;
        sending.is_over = true;
        Ok(())
    }

    /// Sends what follows the first `filled` blocks, and waits until all are emptied.
    async fn flow(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        (run, life): (Run, Option<Epoch>),
        mut filled: usize,
        message: &[u8],
    ) -> Result<(), TransferError> {
        let mut rest = message.get(filled * Block::BYTES..).unwrap_or_default();
        let mut turn = self.turn();
        let mut is_told = sending.early.is_none_or(|early| early.extent == Extent::Whole);
        while !rest.is_empty() {
            let most = u16::from(run.count()) - 1;
            let room = self.wait_for_room(sending, watch, (run, life), filled, most).await?;
            if !is_told {
                // What was filled while the offer was under way.
                sending.tell(Progress::Filled(modulo(filled), run));
                is_told = sending.flowing.get().is_some();
            }
            let part = first_blocks(rest, room.min(run.step()).min(run.blocks_from(filled)));
            self.fill(run.block(filled), part);
            filled += part.len().div_ceil(Block::BYTES);
            sending.tell(Progress::Filled(modulo(filled), run));
            rest = &rest[part.len()..];
            // Blocks can be emptied as fast as they are filled; other tasks have their turn in between.
            turn.pause_after(part.len()).await;
        }
        self.wait_for_room(sending, watch, (run, life), filled, 0).await.map(|_| ())
    }

    /// Waits until at most `most` filled blocks are not emptied; how many blocks are empty then. Writes the own flow word
    /// again now and then, in case a stray write of an earlier transfer has replaced it.
    async fn wait_for_room(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        (run, life): (Run, Option<Epoch>),
        filled: usize,
        most: u16,
    ) -> Result<usize, TransferError> {
        let seen = Cell::new(None);
        let once = || {
            let emptied = match self.emptied(sending, (run, life), &seen) {
                Err(error) => return Some(Err(error)),
                Ok(Some(emptied)) => emptied,
                Ok(None) if filled < run.count().into() => 0,
                Ok(None) => return None,
            };
            let under_way = modulo(filled).wrapping_sub(emptied);
            (under_way <= most).then(|| Ok(usize::from(u16::from(run.count()) - under_way)))
        };
        let look = || match self.table.borrow().reaction(sending.transfer) {
            Reaction::Declined => Some(Err(TransferError::Declined)),
            Reaction::None | Reaction::Accepted(..) => (0..self.looks()).find_map(|_| once()),
        };
        if let Some(end) = once() {
            return end;
        }
        loop {
            seen.set(None);
            if let Some(end) = watch.step(self.mode, look).await? {
                return end;
            }
            sending.tell(Progress::Filled(modulo(filled), run));
        }
    }

    /// How many blocks the receiver has emptied, if its flow word says so and something new.
    fn emptied(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        (run, life): (Run, Option<Epoch>),
        seen: &Cell<Seen>,
    ) -> Result<Option<u16>, TransferError> {
        let word = self.read_word(FlowSlot::outgoing(run.first()), seen).filter(|word| {
            word.transfer == sending.transfer && word.writer == sending.to && Some(word.life) == life
        });
        match word.map(|word| word.progress) {
            Some(Progress::GivenUp) => Err(TransferError::Declined),
            Some(Progress::Emptied(emptied, waiting)) => {
                sending.flowing.set(sending.flowing.get().or(waiting));
                Ok(Some(emptied))
            }
            Some(Progress::Filled(..)) | None => Ok(None),
        }
    }

    /// Mails an offer, and fills the rest of the early blocks meanwhile; completes when it has arrived, which an answer
    /// shows as well as an acknowledgement. Whether the answer says that all is emptied.
    async fn offer(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        (life, message): (Option<Epoch>, &[u8]),
        offer: Offer,
        deadline: Deadline,
    ) -> Result<bool, SendError> {
        let mail = TransferMail::Offer(offer).emit();
        let mut offering = pin!(self.mailbox.send_with(sending.to, life, mail, Notice::Doorbell, deadline));
        let all = offer.early.filter(|early| early.holds(message.len()));
        let all = all.map(|_| modulo(message.len().div_ceil(Block::BYTES)));
        let seen = Cell::new(None);
        let answer = |run: Run| {
            let life = life.or_else(|| self.mailbox.known_life_of(sending.to));
            let look = |_| match self.emptied(sending, (run, life), &seen) {
                Ok(None) => None,
                Ok(Some(emptied)) => Some(Some(emptied) == all),
                // Whoever waits next is told again.
                Err(_) => Some(false),
            };
            (0..self.looks()).find_map(look)
        };
        let mut unfilled = offer.early.filter(|early| early.extent == Extent::FirstStep);
        poll_fn(|context| {
            let polled = offering.as_mut().poll(context).map_ok(|()| false);
            if let Some(early) = unfilled.take() {
                let (filled, run) = (early.filled(), early.run);
                let rest = message.get(filled * Block::BYTES..).unwrap_or_default();
                self.fill(run.block(filled), first_blocks(rest, usize::from(run.count()) - filled));
            }
            match (polled, offer.early) {
                (Poll::Pending, Some(early)) => {
                    answer(early.run).map_or(Poll::Pending, |ended| Poll::Ready(Ok(ended)))
                }
                (polled, _) => polled,
            }
        })
        .await
    }

    /// Writes some of the own blocks. The flow word that follows pushes the last line out. Own blocks are never read, so
    /// they are not cached.
    fn fill(&self, first: Block, content: &[u8]) {
        let mesh = self.mailbox.mesh();
        mesh.write_lines(layout::bulk(mesh.core(), first), content);
    }

    /// Says which transfer's message lies in early blocks. The own hello line may be cached.
    fn write_stamp(&self, stamp: Stamp, transfer: Option<TransferId>) {
        let mesh = self.mailbox.mesh();
        mesh.invalidate(Invalidate::StampWrite);
        mesh.write_word(layout::stamp(mesh.core(), stamp), stamp_word(transfer));
    }
}

/// As much of a message as lies in so many blocks.
fn first_blocks(message: &[u8], blocks: usize) -> &[u8] {
    message.get(..blocks * Block::BYTES).unwrap_or(message)
}

/// A count of blocks as flow words hold it: so few are under way that 16 bits tell how many.
pub(super) fn modulo(blocks: usize) -> u16 {
    let [low, high, ..] = blocks.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// A transfer that is offered or flows; tells the receiver if it is dropped before its end.
struct Sending<'t, 'm, 'd, M: Mesh> {
    transfers: &'t Transfers<'m, 'd, M>,
    to: CoreId,
    transfer: TransferId,
    /// Where the receiver waits, once it has said so.
    flowing: Cell<Option<(FlowSlot, Attention)>>,
    /// Blocks taken after the receiver had accepted.
    run: Option<Run>,
    /// Blocks taken before.
    early: Option<Early>,
    is_over: bool,
}

impl<'t, 'm, 'd, M: Mesh> Sending<'t, 'm, 'd, M> {
    const fn new(transfers: &'t Transfers<'m, 'd, M>, to: CoreId, transfer: TransferId) -> Self {
        Self { transfers, to, transfer, flowing: Cell::new(None), run: None, early: None, is_over: false }
    }

    fn tell(&self, progress: Progress) {
        if let Some((slot, attention)) = self.flowing.get() {
            let word = self.transfers.word(self.transfer, progress);
            self.transfers.write_word(self.to, slot, word, attention);
        }
    }

    /// Has the receiver know, before the blocks are used again: it looks once more after it has copied them.
    fn give_up(&self) {
        self.tell(Progress::GivenUp);
        if let Some(early) = self.early {
            self.transfers.write_stamp(early.stamp, None);
            self.transfers.mailbox.mesh().push(Push::StampCleared);
        }
    }
}

impl<M: Mesh> Drop for Sending<'_, '_, '_, M> {
    fn drop(&mut self) {
        if !self.is_over {
            self.give_up();
        }
        let mut table = self.transfers.table.borrow_mut();
        table.end(self.transfer);
        if let Some(run) = self.run {
            table.free_blocks(run);
        }
        if let Some(early) = self.early {
            table.free_early(early);
        }
        drop(table);
        self.transfers.changed();
    }
}
