//! Requests through the slot that a pair of cores has in the callee's buffer.
//!
//! ```text
//! caller: turn of the slot = turn taken? ─ yes ─▶ writes part with the other turn, pushes, rings
//! callee: turn of the slot ≠ turn taken? ─ yes ─▶ takes the part, writes its turn as taken, pushes
//! ```
//!
//! Nobody else writes to the slot, so there is no lock, and what was taken is told in the callee's own buffer, so
//! the callee writes to no other core. A slot holds one small part: a long request takes many turns, each with a
//! doorbell. Whoever finds its part not taken rings again. The state lies in the callee's buffer alone; a caller in a
//! new life goes on with the turn that it finds there.

use core::future::pending;

use scc::id::CoreId;

use super::{CallError, Caller, Class, Rpc};
use crate::layout::{self, HALF_LINE, QUADWORD};
use crate::mailbox::PeerError;
use crate::mesh::{CoreSet, Cycles, Deadline, Invalidate, Mesh, Push};
use crate::pause::either;
use crate::wire::{Bell, Epoch, Part, Slot, Turn, Urgency, taken_from};

/// Time between the first two looks for an empty slot; it doubles from one look to the next.
const FIRST_WAIT: Cycles = Cycles::new(1_000);
const LAST_WAIT: Cycles = Cycles::new(20_000);

impl Class {
    const fn urgency(self) -> Urgency {
        match self {
            Self::Urgent => Urgency::Urgent,
            Self::Ordinary => Urgency::Ordinary,
        }
    }
}

impl<M: Mesh> Rpc<'_, '_, M> {
    /// Writes a part into the own slot at core `to` when it is empty, and rings.
    ///
    /// *Cancel safety*: the part is written or not; no await lies between.
    pub(super) async fn fill_slot(
        &self,
        (to, life): (CoreId, Epoch),
        part: Part,
        class: Class,
        deadline: Deadline,
    ) -> Result<(), CallError> {
        let mesh = self.mailbox.mesh();
        self.meet_slot_board(to);
        let mut wait = FIRST_WAIT;
        let mut ring_wait = self.mailbox.settings().first_ring;
        let mut ring_at = mesh.now() + ring_wait;
        let turn = loop {
            let (last, taken) = self.turns(to);
            if last == taken {
                break last.next();
            }
            let now = mesh.now();
            if deadline.is_over(now) {
                return Err(PeerError::TimedOut.into());
            }
            if mesh.is_in_reset(to) {
                return Err(PeerError::Reset.into());
            }
            // The hello line cannot be cached: reading the turns has invalidated.
            if self.mailbox.read_hello(to).is_some_and(|now| now != life) {
                return Err(PeerError::Restarted.into());
            }
            if now >= ring_at {
                self.ring_for_slot(to);
                ring_wait = ring_wait.doubled_up_to(self.mailbox.settings().last_ring);
                ring_at = now + ring_wait;
            }
            mesh.sleep_until(deadline.or_at(now + wait)).await;
            wait = wait.doubled_up_to(LAST_WAIT);
        };
        let slot = Slot { part, urgency: class.urgency(), to: life, from: self.mailbox.epoch(), turn };
        let bytes = slot.emit().expect("only short parts of requests and casts are sent by slot");
        mesh.invalidate(Invalidate::SlotWrite);
        mesh.write(layout::slot(to, mesh.core()), &bytes);
        self.ring_for_slot(to);
        Ok(())
    }

    /// What `reply` completes with; until then rings core `to` again and again while it has not taken what is in the
    /// own slot.
    pub(super) async fn unless_taken_ring<T>(&self, to: CoreId, reply: impl Future<Output = T>) -> T {
        let mut replied = None;
        let reply = async { replied = Some(reply.await) };
        either(reply, self.ring_until_taken(to)).await;
        replied.expect("ringing does not complete")
    }

    /// Never completes.
    async fn ring_until_taken(&self, to: CoreId) {
        let mesh = self.mailbox.mesh();
        let mut wait = self.mailbox.settings().first_ring;
        loop {
            mesh.sleep_until(mesh.now() + wait).await;
            let (last, taken) = self.turns(to);
            if last == taken {
                return pending().await;
            }
            self.ring_for_slot(to);
            wait = wait.doubled_up_to(self.mailbox.settings().last_ring);
        }
    }

    /// Rings for the part in the own slot, which the byte of the slot board pushes out first. Nothing of the board is cached.
    fn ring_for_slot(&self, to: CoreId) {
        let mesh = self.mailbox.mesh();
        let bell = self.slot_bells[to.index()].get().next();
        self.slot_bells[to.index()].set(bell);
        mesh.write_byte(layout::slot_board(to, mesh.core()), bell.get());
        mesh.push(Push::Slot);
        mesh.ring(to);
    }

    /// Goes on with the byte that a former life has left on the slot board of core `to`, once.
    fn meet_slot_board(&self, to: CoreId) {
        if self.slot_bells[to.index()].get() == Bell::new(0) {
            let mesh = self.mailbox.mesh();
            let mut bell = [0];
            mesh.read(layout::slot_board(to, mesh.core()), &mut bell);
            let [bell] = bell.map(Bell::new);
            self.slot_bells[to.index()].set(bell);
        }
    }

    /// Turn of the own slot at core `to`, and the one that it has taken, as they are now.
    fn turns(&self, to: CoreId) -> (Turn, Turn) {
        let mesh = self.mailbox.mesh();
        mesh.invalidate(Invalidate::SlotRead);
        (self.turn_of(to, mesh.core()), Turn::taken(self.taken(to), mesh.core()))
    }

    fn turn_of(&self, owner: CoreId, caller: CoreId) -> Turn {
        let mut bytes = [0; HALF_LINE];
        self.mailbox.mesh().read(layout::slot(owner, caller), &mut bytes);
        Turn::of_slot(&bytes)
    }

    fn taken(&self, owner: CoreId) -> CoreSet {
        let mut bytes = [0; QUADWORD];
        self.mailbox.mesh().read(layout::slots_taken(owner), &mut bytes);
        taken_from(bytes)
    }

    /// Takes all parts out of the own slots.
    pub(super) async fn take_slots(&self) {
        for caller in self.new_slots().iter() {
            self.answering.until(|| self.answers.borrow().has_room().then_some(())).await;
            self.take_slot(caller);
        }
    }

    /// Peers that have changed the slot board and whose slot holds something new. Neither is cached: each change of the
    /// count of rings follows a look at the board of letters, which invalidates, and nothing has read slots since.
    fn new_slots(&self) -> CoreSet {
        let me = self.mailbox.mesh().core();
        let lines = layout::slot_board_lines(me).map(|line| self.mailbox.mesh().read_line(line));
        let mut changed = CoreSet::EMPTY;
        for (index, (known, now)) in self.slot_board.iter().zip(lines.as_flattened()).enumerate() {
            let changes = (known.replace(*now) ^ now).to_le_bytes();
            for (byte, _) in changes.iter().enumerate().filter(|(_, change)| **change != 0) {
                let caller = u8::try_from(index * 4 + byte).ok().and_then(CoreId::new);
                changed = caller.map_or(changed, |caller| changed.with(caller));
            }
        }
        if changed.is_empty() {
            return changed;
        }
        let taken = self.taken(me);
        let new = changed.iter().filter(|caller| self.turn_of(me, *caller) != Turn::taken(taken, *caller));
        new.fold(CoreSet::EMPTY, CoreSet::with)
    }

    /// Takes what is new in the slot of `caller`, which leaves it alone until it sees that.
    fn take_slot(&self, caller: CoreId) {
        let mesh = self.mailbox.mesh();
        let me = mesh.core();
        let mut bytes = [0; HALF_LINE];
        mesh.read(layout::slot(me, caller), &mut bytes);
        let taken = self.taken(me);
        let taken = if taken.contains(caller) { taken.without(caller) } else { taken.with(caller) };
        mesh.invalidate(Invalidate::SlotTaken);
        mesh.write(layout::slots_taken(me), &taken.bits().to_le_bytes());
        mesh.push(Push::SlotTaken);
        let Ok(slot) = Slot::parse(&bytes) else { return };
        if slot.to != self.mailbox.epoch() {
            return;
        }
        let class = match slot.urgency {
            Urgency::Urgent => Class::Urgent,
            Urgency::Ordinary => Class::Ordinary,
        };
        self.take_part(Caller { core: caller, life: slot.from }, class, &slot.part);
    }
}
