//! The sender's side of a transfer.

use scc::id::CoreId;

use super::Transfers;
use super::table::Reaction;
use crate::layout::{self, Block, FlowSlot, LINE};
use crate::mailbox::{Mode, PeerError, SendError, Watch};
use crate::mesh::{Deadline, Mesh};
use crate::pause::pause;
use crate::wire::{Attention, Epoch, Offer, Progress, Run, Tag, TransferId, TransferMail, words_of};

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
    /// sends may be outstanding: sixteen are offered at a time, three to six flow.
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
        let length = u32::try_from(message.len()).map_err(|_| TransferError::TooLong(message.len()))?;
        if to == self.mailbox.mesh().core() {
            return Err(TransferError::ToItself);
        }
        let transfer = self.changes.until(|| self.table.borrow_mut().begin(to)).await;
        let mut sending = Sending { transfers: self, to, transfer, flowing: None, run: None };
        let offer = Offer { transfer, tag, length, attention: self.attention() };
        self.mailbox.send(to, TransferMail::Offer(offer).emit(), deadline).await?;
        let life = self.mailbox.known_life_of(to);
        let mut watch = self.mailbox.watch((to, life), deadline);
        let reaction = || match self.table.borrow().reaction(transfer) {
            Reaction::None => None,
            Reaction::Accepted(slot, attention) => Some(Ok((slot, attention))),
            Reaction::Declined => Some(Err(TransferError::Declined)),
        };
        let (slot, attention) = watch.until(Mode::Interrupt, reaction).await??;
        sending.flowing = Some((slot, attention));
        let blocks = message.len().div_ceil(Block::BYTES);
        if blocks > 0 {
            let take = || self.table.borrow_mut().take_blocks(blocks);
            let run = watch.until(Mode::Interrupt, take).await?;
            sending.run = Some(run);
            self.flow(&sending, &mut watch, run, life, message).await?;
        }
        sending.flowing = None;
        Ok(())
    }

    async fn flow(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        run: Run,
        life: Option<Epoch>,
        message: &[u8],
    ) -> Result<(), TransferError> {
        let mut filled = 0;
        for block in message.chunks(Block::BYTES) {
            self.wait_for_room(sending, watch, (run, life), filled, u16::from(run.count()) - 1).await?;
            self.fill(run.block(filled), block);
            filled += 1;
            sending.tell(Progress::Blocks(modulo(filled), run));
            // Blocks can be emptied as fast as they are filled; other tasks have their turn in between.
            pause().await;
        }
        self.wait_for_room(sending, watch, (run, life), filled, 0).await
    }

    /// Waits until at most `most` filled blocks are not emptied. Writes the own flow word again now and then, in case a
    /// stray write of an earlier transfer has replaced it.
    async fn wait_for_room(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        (run, life): (Run, Option<Epoch>),
        filled: usize,
        most: u16,
    ) -> Result<(), TransferError> {
        let slot = FlowSlot::outgoing(run.first());
        let look = || {
            if self.table.borrow().reaction(sending.transfer) == Reaction::Declined {
                return Some(Err(TransferError::Declined));
            }
            let emptied = match self.read_word(slot) {
                Some(word)
                    if word.transfer == sending.transfer
                        && word.writer == sending.to
                        && Some(word.life) == life =>
                {
                    match word.progress {
                        Progress::GivenUp => return Some(Err(TransferError::Declined)),
                        Progress::Blocks(emptied, _) => emptied,
                    }
                }
                _ => 0,
            };
            (modulo(filled).wrapping_sub(emptied) <= most).then_some(Ok(()))
        };
        loop {
            if let Some(end) = watch.step(self.mode, look).await? {
                return end;
            }
            sending.tell(Progress::Blocks(modulo(filled), run));
        }
    }

    /// Writes a block of the own buffer. The flow word that follows pushes its last line out. Own
    /// blocks are never read, so they are not cached.
    fn fill(&self, block: Block, content: &[u8]) {
        let mesh = self.mailbox.mesh();
        for (index, line) in content.chunks(LINE).enumerate() {
            let at =
                layout::bulk(mesh.core(), block, index * LINE).expect("content is no longer than a block");
            match line.as_array() {
                Some(whole) => mesh.write_line(at, words_of(whole)),
                None => mesh.write(at, line),
            }
        }
    }
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
    /// Where the receiver waits, while it does.
    flowing: Option<(FlowSlot, Attention)>,
    run: Option<Run>,
}

impl<M: Mesh> Sending<'_, '_, '_, M> {
    fn tell(&self, progress: Progress) {
        if let Some((slot, attention)) = self.flowing {
            let word = self.transfers.word(self.transfer, progress);
            self.transfers.write_word(self.to, slot, word, attention);
        }
    }
}

impl<M: Mesh> Drop for Sending<'_, '_, '_, M> {
    fn drop(&mut self) {
        // Told before the blocks are used again: the receiver looks once more after it has copied one.
        self.tell(Progress::GivenUp);
        let mut table = self.transfers.table.borrow_mut();
        table.end(self.transfer);
        if let Some(run) = self.run {
            table.free_blocks(run);
        }
        drop(table);
        self.transfers.changed();
    }
}
