//! The first step of a transfer: the sender's letter, and what becomes of it.
//!
//! If flow words are polled and the line for letters is free, the letter is written in the poll that begins the transfer, and
//! blocks are filled while the receiver takes it in; an answer counts as an acknowledgement. Else it goes by mail as others
//! do.

use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use super::Transfers;
use super::send::{Sending, TransferError, first_blocks};
use crate::layout::Block;
use crate::mailbox::{Fate, Notice, Sent};
use crate::mesh::{Deadline, Mesh};
use crate::wire::{Early, Epoch, Offer, Run, TransferMail};

/// What became of an offer.
enum Answer {
    /// The receiver says how many blocks it has emptied.
    Emptied(u16),
    /// It is in the receiver's queue.
    Arrived,
    /// There was no room for it.
    Refused,
}

impl<M: Mesh> Transfers<'_, '_, M> {
    /// Brings an offer to the receiver and fills the rest of the early blocks meanwhile; completes when it has arrived,
    /// which an answer shows as well as an acknowledgement. Whether the answer says that all is emptied.
    pub(super) async fn offer(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        (life, message): (Option<Epoch>, &[u8]),
        offer: Offer,
        deadline: Deadline,
    ) -> Result<bool, TransferError> {
        let mail = TransferMail::Offer(offer).emit();
        let met = life.or_else(|| self.mailbox.known_life_of(sending.to));
        let sent = match (met, offer.early) {
            (Some(life), Some(early)) if self.mode.is_polled() => {
                let sent = self.mailbox.send_now((sending.to, life), &mail, Notice::Doorbell);
                sent.map(|sent| (sent, life, early))
            }
            _ => None,
        };
        let Some((sent, life, early)) = sent else {
            return self.offer_by_mail(sending, (life, message), offer, deadline).await;
        };
        self.fill_early(sending, early, message, Some(life));
        match self.look_for_answer(sending, (life, early.run), sent, deadline).await? {
            Answer::Emptied(emptied) => Ok(sending.is_all(early, emptied)),
            Answer::Arrived => Ok(false),
            Answer::Refused => self.offer_by_mail(sending, (Some(life), message), offer, deadline).await,
        }
    }

    /// Waits for the answer to an offer whose letter is in its line, or until the letter has been taken from there.
    async fn look_for_answer(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        (life, run): (Epoch, Run),
        sent: Sent<'_, '_, M>,
        deadline: Deadline,
    ) -> Result<Answer, TransferError> {
        let seen = Cell::new(None);
        let look = || {
            let answer =
                (0..self.looks()).find_map(|_| self.emptied(sending, (run, Some(life)), &seen).transpose());
            if let Some(answer) = answer {
                return Some(answer.map(Answer::Emptied));
            }
            // Nobody rings for what became of the letter.
            self.mailbox.look_after(sending.to, false);
            match sent.fate() {
                Fate::Unknown => None,
                Fate::Accepted => Some(Ok(Answer::Arrived)),
                Fate::Refused => Some(Ok(Answer::Refused)),
                Fate::Failed(error) => Some(Err(error.into())),
            }
        };
        let mut watch = self.mailbox.watch((sending.to, Some(life)), deadline);
        let answer = loop {
            match watch.step(self.mode, look).await? {
                Some(answer) => break answer?,
                // The receiver may not look into the line any more without being rung for.
                None => self.mailbox.look_after(sending.to, true),
            }
        };
        if matches!(answer, Answer::Emptied(_)) {
            // Whoever answers has read the letter.
            sent.answered();
        }
        Ok(answer)
    }

    /// Mails an offer as [`offer`](Self::offer) does, when its line is free.
    async fn offer_by_mail(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        (life, message): (Option<Epoch>, &[u8]),
        offer: Offer,
        deadline: Deadline,
    ) -> Result<bool, TransferError> {
        let mail = TransferMail::Offer(offer).emit();
        let mut offering = pin!(self.mailbox.send_with(sending.to, life, mail, Notice::Doorbell, deadline));
        let seen = Cell::new(None);
        let answer = |early: Early| {
            let life = life.or_else(|| self.mailbox.known_life_of(sending.to));
            let look = |_| match self.emptied(sending, (early.run, life), &seen) {
                Ok(None) => None,
                Ok(Some(emptied)) => Some(sending.is_all(early, emptied)),
                // Whoever waits next is told again.
                Err(_) => Some(false),
            };
            (0..self.looks()).find_map(look)
        };
        poll_fn(|context| {
            let polled = offering.as_mut().poll(context).map_ok(|()| false);
            let Some(early) = offer.early else { return polled };
            self.fill_early(sending, early, message, None);
            match polled {
                Poll::Pending => answer(early).map_or(Poll::Pending, |ended| Poll::Ready(Ok(ended))),
                ready => ready,
            }
        })
        .await
        .map_err(Into::into)
    }

    /// Fills what is left of early blocks, step by step; in between a receiver of whom `life` is known is told, if it waits
    /// already.
    fn fill_early(
        &self,
        sending: &Sending<'_, '_, '_, M>,
        Early { run, .. }: Early,
        message: &[u8],
        life: Option<Epoch>,
    ) {
        let seen = Cell::new(None);
        while let filled = sending.filled.get()
            && filled < usize::from(run.count())
            && let Some(rest) = message.get(filled * Block::BYTES..).filter(|rest| !rest.is_empty())
        {
            self.fill(sending, run, first_blocks(rest, run.step().min(run.blocks_from(filled))));
            if self.emptied(sending, (run, life), &seen).is_err() {
                // Whoever waits next is told again.
                return;
            }
        }
    }
}
