//! The receiver's side of a transfer.

use core::hint::black_box;

use scc::id::CoreId;

use super::Transfers;
use super::send::modulo;
use super::table::Offered;
use crate::layout::{self, Block, FlowSlot, LINE};
use crate::mailbox::{Mode, PeerError, SendError, Watch};
use crate::mesh::{Deadline, Mesh};
use crate::pause::pause;
use crate::wire::{Progress, Run, Tag, TransferMail, bytes_of};

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

impl<M: Mesh> Transfers<'_, '_, M> {
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
        let matched = || self.table.borrow_mut().match_offer(from, tag);
        let offered = self.mailbox.watch((from, met), deadline).until(Mode::Interrupt, matched).await?;
        self.changes.wake_all();
        let mut receiving = Receiving { transfers: self, offered, slot: None, is_over: false };
        let length = offered.offer.length;
        let message = usize::try_from(length).ok().and_then(|length| buffer.get_mut(..length));
        let message = message.ok_or(ReceiveError::TooLong(length))?;
        let mut watch = self.mailbox.watch((from, Some(offered.life)), deadline);
        let slot = watch.until(Mode::Interrupt, || self.table.borrow_mut().take_slot()).await?;
        receiving.slot = Some(slot);
        let transfer = offered.offer.transfer;
        let accept = TransferMail::Accept { transfer, slot, attention: self.attention() };
        self.mailbox.send_to_life(from, offered.life, accept.emit(), deadline).await?;
        let mut emptied = 0;
        let mut run = None;
        for block in message.chunks_mut(Block::BYTES) {
            let used = self.wait_for_block(&receiving, &mut watch, slot, emptied, run).await?;
            run = Some(used);
            copy(self.mailbox.mesh(), from, used.block(emptied), block);
            // The block was whole only if the sender had not given it up when it was copied.
            self.look(&receiving, slot)?;
            emptied += 1;
            self.tell(&offered, Progress::Blocks(modulo(emptied), used), used);
            pause().await;
        }
        // A new life of the sender begins with its hello line and may use the blocks only after that.
        if self.mailbox.life_of(from) != Some(offered.life) {
            return Err(PeerError::Restarted.into());
        }
        receiving.is_over = true;
        Ok(message.len())
    }

    /// Waits until more than `emptied` blocks are filled; which ones are used. Writes the own flow word again now and
    /// then, in case a stray write of an earlier transfer has replaced it.
    async fn wait_for_block(
        &self,
        receiving: &Receiving<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        slot: FlowSlot,
        emptied: usize,
        run: Option<Run>,
    ) -> Result<Run, ReceiveError> {
        let look = || match self.look(receiving, slot) {
            Err(error) => Some(Err(error)),
            Ok(Some((filled, run))) if filled != modulo(emptied) => Some(Ok(run)),
            Ok(_) => None,
        };
        loop {
            if let Some(end) = watch.step(self.mode, look).await? {
                return end;
            }
            if let Some(run) = run {
                self.tell(&receiving.offered, Progress::Blocks(modulo(emptied), run), run);
            }
        }
    }

    /// What the sender's flow word says now.
    fn look(
        &self,
        receiving: &Receiving<'_, '_, '_, M>,
        slot: FlowSlot,
    ) -> Result<Option<(u16, Run)>, ReceiveError> {
        let Offered { from, life, offer } = receiving.offered;
        match self.read_word(slot) {
            Some(word) if word.transfer == offer.transfer && word.writer == from && word.life == life => {
                match word.progress {
                    Progress::GivenUp => Err(ReceiveError::GivenUp),
                    Progress::Blocks(filled, run) => Ok(Some((filled, run))),
                }
            }
            _ => Ok(None),
        }
    }

    fn tell(&self, offered: &Offered, progress: Progress, run: Run) {
        let word = self.word(offered.offer.transfer, progress);
        self.write_word(offered.from, FlowSlot::outgoing(run.first()), word, offered.offer.attention);
    }
}

/// Copies a block out of a sender's buffer, whose lines are not cached.
fn copy(mesh: &impl Mesh, from: CoreId, block: Block, content: &mut [u8]) {
    for (index, line) in content.chunks_mut(LINE).enumerate() {
        black_box(line.first().copied());
        let at = layout::bulk(from, block, index * LINE).expect("content is no longer than a block");
        match line.as_mut_array() {
            Some(whole) => *whole = bytes_of(mesh.read_line(at)),
            None => mesh.read(at, line),
        }
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
