//! The sender's side of a transfer.

use core::cell::Cell;

use scc::id::CoreId;

use super::table::Reaction;
use super::{Seen, Transfers};
use crate::layout::{self, Block, FlowSlot, Stamp};
use crate::mailbox::{Mode, PeerError, SendError, Watch};
use crate::mesh::{Deadline, Invalidate, Mesh, Push};
use crate::wire::{Attention, Early, Epoch, Extent, Offer, Progress, Run, Tag, TransferId, stamp_word};

/// Blocks of a message that are filled before it is offered even if flow words are polled: to fill more takes longer than
/// to say later that they are.
const FILLED_WHEN_POLLED: usize = 2;

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
        let mut sending = Sending::new(self, to, transfer, message.len());
        if blocks > 0 {
            sending.early = self.table.borrow_mut().take_early(blocks, |run| self.extent(blocks, run));
        }
        if let Some(early) = sending.early {
            // Stores leave in order: the stamp before the message, and the message before the offer.
            self.write_stamp(early.stamp, Some(transfer));
            self.fill(&sending, early.run, first_blocks(message, early.filled()));
        }
        let offer = Offer { transfer, tag, length, attention: self.attention(), early: sending.early };
        if self.offer(&sending, (life, message), offer, deadline).await? {
            sending.is_over = true;
            return Ok(());
        }
        let life = life.or_else(|| self.mailbox.known_life_of(to));
        let mut watch = self.mailbox.watch((to, life), deadline);
        let run = match sending.early {
            Some(early) => early.run,
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
                run
            }
        };
        self.flow(&sending, &mut watch, (run, life), message).await?;
        sending.is_over = true;
        Ok(())
    }

    /// How much of so many blocks of a message lies in early blocks before it is offered. Whoever is rung for flow words
    /// had better find something when the offer has come; if they are polled, the offer comes sooner than the blocks are
    /// filled.
    fn extent(&self, blocks: usize, run: Run) -> Extent {
        match self.attention() {
            Attention::Poll if blocks > FILLED_WHEN_POLLED => Extent::Nothing,
            _ if blocks <= usize::from(run.count()) => Extent::Whole,
            _ => Extent::FirstStep,
        }
    }

    /// Sends what is not in blocks yet, and waits until all are emptied.
    async fn flow(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        (run, life): (Run, Option<Epoch>),
        message: &[u8],
    ) -> Result<(), TransferError> {
        let mut rest = message.get(sending.filled.get() * Block::BYTES..).unwrap_or_default();
        let mut turn = self.turn();
        while !rest.is_empty() {
            let most = u16::from(run.count()) - 1;
            let room = self.wait_for_room(sending, watch, (run, life), most).await?;
            let blocks = room.min(run.step()).min(run.blocks_from(sending.filled.get()));
            let part = first_blocks(rest, blocks);
            self.fill(sending, run, part);
            rest = &rest[part.len()..];
            // Blocks can be emptied as fast as they are filled; other tasks have their turn in between.
            turn.pause_after(part.len()).await;
        }
        self.wait_for_room(sending, watch, (run, life), 0).await.map(|_| ())
    }

    /// Waits until at most `most` filled blocks are not emptied; how many blocks are empty then. Writes the own flow word
    /// again now and then, in case a stray write of an earlier transfer has replaced it.
    async fn wait_for_room(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        (run, life): (Run, Option<Epoch>),
        most: u16,
    ) -> Result<usize, TransferError> {
        let (seen, filled) = (Cell::new(None), sending.filled.get());
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
            sending.tell_filled(run);
        }
    }

    /// How many blocks the receiver has emptied, if its flow word says so and something new. The first one that says where
    /// it waits is answered.
    pub(super) fn emptied(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        (run, life): (Run, Option<Epoch>),
        seen: &Cell<Seen>,
    ) -> Result<Option<u16>, TransferError> {
        let Some(life) = life else { return Ok(None) };
        let slot = FlowSlot::outgoing(run.first());
        match self.read_word(slot, seen, (sending.transfer, sending.to, life)) {
            Some(Progress::GivenUp) => Err(TransferError::Declined),
            Some(Progress::Emptied(emptied, waiting)) => {
                if waiting.is_some() && sending.flowing.get().is_none() {
                    sending.flowing.set(waiting);
                    sending.tell_filled(run);
                }
                Ok(Some(emptied))
            }
            Some(Progress::Filled(..)) | None => Ok(None),
        }
    }

    /// Writes what comes next of a message into the own blocks, and says so if it is known where the receiver waits. That
    /// pushes the last line out. Own blocks are never read, so they are not cached.
    pub(super) fn fill(&self, sending: &Sending<'_, '_, '_, M>, run: Run, content: &[u8]) {
        let (mesh, filled) = (self.mailbox.mesh(), sending.filled.get());
        mesh.write_lines(layout::bulk(mesh.core(), run.block(filled)), content);
        sending.filled.set(filled + content.len().div_ceil(Block::BYTES));
        sending.tell_filled(run);
    }

    /// Says which transfer's message lies in early blocks. The own hello line may be cached.
    fn write_stamp(&self, stamp: Stamp, transfer: Option<TransferId>) {
        let mesh = self.mailbox.mesh();
        mesh.invalidate(Invalidate::StampWrite);
        mesh.write_word(layout::stamp(mesh.core(), stamp), stamp_word(transfer));
    }
}

/// As much of a message as lies in so many blocks.
pub(super) fn first_blocks(message: &[u8], blocks: usize) -> &[u8] {
    message.get(..blocks * Block::BYTES).unwrap_or(message)
}

/// A count of blocks as flow words hold it: so few are under way that 16 bits tell how many.
pub(super) fn modulo(blocks: usize) -> u16 {
    let [low, high, ..] = blocks.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// A transfer that is offered or flows; tells the receiver if it is dropped before its end.
pub(super) struct Sending<'t, 'm, 'd, M: Mesh> {
    transfers: &'t Transfers<'m, 'd, M>,
    pub(super) to: CoreId,
    transfer: TransferId,
    /// Bytes of the message.
    length: usize,
    /// Blocks filled until now.
    pub(super) filled: Cell<usize>,
    /// Where the receiver waits, once it has said so.
    flowing: Cell<Option<(FlowSlot, Attention)>>,
    /// Blocks taken after the receiver had accepted.
    run: Option<Run>,
    /// Blocks taken before.
    early: Option<Early>,
    is_over: bool,
}

impl<'t, 'm, 'd, M: Mesh> Sending<'t, 'm, 'd, M> {
    const fn new(
        transfers: &'t Transfers<'m, 'd, M>,
        to: CoreId,
        transfer: TransferId,
        length: usize,
    ) -> Self {
        let (filled, flowing) = (Cell::new(0), Cell::new(None));
        Self { transfers, to, transfer, length, filled, flowing, run: None, early: None, is_over: false }
    }

    fn filled_modulo(&self) -> u16 {
        modulo(self.filled.get())
    }

    /// Whether the message was in early blocks as a whole, and so many emptied blocks are all of it.
    pub(super) fn is_all(&self, early: Early, emptied: u16) -> bool {
        early.holds(self.length) && emptied == self.filled_modulo()
    }

    fn tell_filled(&self, run: Run) {
        self.tell(Progress::Filled(self.filled_modulo(), run));
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
