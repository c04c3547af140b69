//! Requests through the callee's call queue: a ring of four lines in its buffer, appended to under its lock.
//!
//! The callee reads one place whoever calls, but callers contend for the lock, and three to four remote accesses
//! go into every request. The queue acknowledges nothing: that a request was lost with its callee, the caller
//! learns from the callee's life. An owner of the lock that died is replaced: the count of entries is written
//! last, so what it left behind is consistent.

use scc::id::CoreId;

use super::{CallError, Class, Rpc};
use crate::layout::{self, HALF_LINE, LINE, QUADWORD, QUEUE_ENTRIES};
use crate::lock::{Lock, LockError};
use crate::mailbox::{PeerError, Received};
use crate::mesh::{Cycles, Deadline, Invalidate, Mesh, Push};
use crate::wire::{Bell, Channel, Envelope, Epoch, Letter, Mail, QueueEntry, QueueHead, Reply, Sequence};

const FIRST_WAIT: Cycles = Cycles::new(1_000);
const LAST_WAIT: Cycles = Cycles::new(50_000);

impl<M: Mesh> Rpc<'_, '_, M> {
    /// Appends a request to the queue of core `to`, waiting for the lock and for room.
    pub(super) async fn append(
        &self,
        to: CoreId,
        life: Epoch,
        mail: Mail,
        deadline: Deadline,
    ) -> Result<(), CallError> {
        let mesh = self.mailbox.mesh();
        let envelope =
            Envelope { to: life, from: self.mailbox.epoch(), sequence: Sequence::new(0), bell: Bell::new(0) };
        let letter = Letter { envelope, reply: Reply::Silent, mail };
        let entry = QueueEntry { sender: mesh.core(), letter };
        let mut wait = FIRST_WAIT;
        loop {
            let lock = Lock::new(to);
            let guard = match lock.acquire(self.mailbox, deadline).await {
                Err(LockError::OwnerDead(note)) => lock.seize(self.mailbox, note),
                other => other,
            };
            match guard {
                Ok(_guard) if self.try_append(to, &entry) => break,
                // The doorbells for what fills the queue may be lost.
                Ok(_) => mesh.ring(to),
                Err(LockError::NotSeized | LockError::OwnerDead(_)) => {}
                Err(LockError::TimedOut) => return Err(PeerError::TimedOut.into()),
            }
            if deadline.is_over(mesh.now()) {
                return Err(PeerError::TimedOut.into());
            }
            if mesh.is_in_reset(to) {
                return Err(PeerError::Reset.into());
            }
            if self.mailbox.life_of(to).is_some_and(|now| now != life) {
                return Err(PeerError::Restarted.into());
            }
            mesh.sleep_until(deadline.or_at(mesh.now() + wait)).await;
            wait = wait.doubled_up_to(LAST_WAIT);
        }
        mesh.ring(to);
        Ok(())
    }

    /// Appends an entry if there is room. The caller holds the lock: taking it has invalidated, and releasing it
    /// pushes what is written here.
    fn try_append(&self, to: CoreId, entry: &QueueEntry) -> bool {
        let mesh = self.mailbox.mesh();
        let mut head = [0; HALF_LINE];
        mesh.read(layout::queue_taken(to), &mut head);
        let head = QueueHead::parse(&head);
        if head.waiting() >= QUEUE_ENTRIES {
            return false;
        }
        mesh.invalidate(Invalidate::QueueAppend);
        mesh.write(layout::queue_entry(to, head.appended), &entry.emit());
        let mut count = [0; QUADWORD];
        count[..4].copy_from_slice(&head.appended.wrapping_add(1).to_le_bytes());
        mesh.write(layout::queue_appended(to), &count);
        true
    }

    /// Takes all requests out of the own queue.
    pub(super) async fn take_queue(&self) {
        loop {
            self.answering.until(|| self.answers.borrow().has_room().then_some(())).await;
            let Some(entry) = self.take_entry() else { break };
            self.take_queued(entry);
        }
    }

    /// The first request in the own queue. Its lines are not cached since the last ring, which had the mailbox look at
    /// the lines of whoever rang.
    fn take_entry(&self) -> Option<[u8; LINE]> {
        let mesh = self.mailbox.mesh();
        let me = mesh.core();
        let (mut head, mut line) = ([0; HALF_LINE], [0; LINE]);
        mesh.read(layout::queue_taken(me), &mut head);
        let head = QueueHead::parse(&head);
        if head.waiting() == 0 {
            return None;
        }
        // More than fit are the count of somebody who knew the former life.
        let next = if head.waiting() > QUEUE_ENTRIES { head.appended.wrapping_sub(1) } else { head.taken };
        mesh.read(layout::queue_entry(me, next), &mut line);
        let mut count = [0; QUADWORD];
        count[..4].copy_from_slice(&next.wrapping_add(1).to_le_bytes());
        mesh.invalidate(Invalidate::QueueTaken);
        mesh.write(layout::queue_taken(me), &count);
        mesh.push(Push::QueueTaken);
        Some(line)
    }

    fn take_queued(&self, line: [u8; LINE]) {
        let Ok(QueueEntry { sender, letter }) = QueueEntry::parse(&line) else { return };
        let class = match letter.mail.channel() {
            Channel::URGENT => Class::Urgent,
            Channel::CALL => Class::Ordinary,
            _ => return,
        };
        if letter.envelope.to == self.mailbox.epoch() {
            let received = Received { from: sender, life: letter.envelope.from, mail: letter.mail };
            self.take_request(&received, class);
        }
    }
}
