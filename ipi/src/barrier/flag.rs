//! Dissemination barrier.
//!
//! In round r, the member of rank i tells rank i + 2^r that it has come so far, and waits for rank i − 2^r to
//! tell it the same. After ceil(log2 n) rounds everybody has heard, directly or not, of everybody. Flags count
//! passages and are never cleared, so a member that is a passage ahead cannot confuse one that lags.
//!
//! The start of a mailbox clears flags, and a hello line outlives its core: a member may be told in what seems to be its
//! life, and start after that. So in the first passage whoever told a member tells it again when it finds it in another
//! life. It looks when it has waited for some time, and once more at the end, when all have arrived and so have started.

use scc::id::CoreId;

use crate::group::{Group, GroupError};
use crate::layout::{self, BARRIER_ROUNDS, BarrierId, QUADWORD};
use crate::mailbox::{Mailbox, Mode, PeerError};
use crate::mesh::{Deadline, Invalidate, Mesh, Push};
use crate::wire::{BarrierFlag, Epoch};

/// A barrier by flags in message buffers.
#[derive(Clone, Copy, Debug)]
pub struct FlagBarrier {
    group: Group,
    id: BarrierId,
    incarnation: u16,
    generation: u32,
    mode: Mode,
}

/// Why a barrier was not passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BarrierError {
    /// This core is not in the group.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A member's mailbox was not started before the deadline.
    #[error("core {0} has no mailbox")]
    NotStarted(CoreId),
    /// A neighbour did not come.
    #[error(transparent)]
    Peer(#[from] PeerError),
}

/// In which life the neighbour of each round was told.
type Told = [Option<Epoch>; BARRIER_ROUNDS as usize];

impl FlagBarrier {
    /// Barrier over `group`. All members choose the same `id`, which no other barrier uses at that time, and the
    /// same `incarnation`, which must change when the barrier is made anew, after an error for example.
    pub const fn new(group: Group, id: BarrierId, incarnation: u16, mode: Mode) -> Self {
        Self { group, id, incarnation, generation: 0, mode }
    }

    /// Waits for all members, some of which may not have started yet. Per round one quadword write, a doorbell unless
    /// polled, and reads of an own line; in the first passage also two reads of a neighbour's hello line.
    ///
    /// A member that dies or starts again before it has arrived for the first time is waited for until the deadline; later,
    /// that is an error.
    ///
    /// After an error the barrier is useless: members may differ about how often it was passed.
    ///
    /// *Cancel safety*: as after an error.
    pub async fn wait<M: Mesh>(
        &mut self,
        mailbox: &Mailbox<'_, M>,
        deadline: Deadline,
    ) -> Result<(), BarrierError> {
        let rank = self.group.rank_of(mailbox.mesh().core())?;
        let is_first = self.generation == 0;
        self.generation = self.generation.wrapping_add(1);
        let mut told = Told::default();
        for round in self.rounds() {
            let next = self.next(rank, round);
            let life = mailbox.meet(next, deadline).await.map_err(|_| BarrierError::NotStarted(next))?;
            told[usize::from(round)] = Some(life);
            self.tell(mailbox, next, round);
            let previous = self.previous(rank, round);
            let life = if is_first { None } else { mailbox.known_life_of(previous) };
            let mut watch = mailbox.watch((previous, life), deadline);
            let has_come = || self.has_come(mailbox, round);
            while watch.step(self.mode, has_come).await?.is_none() {
                self.tell_again(mailbox, rank, &mut told);
            }
        }
        if is_first {
            self.tell_again(mailbox, rank, &mut told);
            // From now on their lives are known, and the end of one is noticed.
            for round in self.rounds() {
                mailbox.life_of(self.previous(rank, round));
            }
        }
        Ok(())
    }

    fn rounds(&self) -> impl Iterator<Item = u8> + use<> {
        let size = self.group.size();
        (0..BARRIER_ROUNDS).take_while(move |round| 1 << round < size)
    }

    const fn next(&self, rank: usize, round: u8) -> CoreId {
        self.group.member(rank + (1 << round))
    }

    const fn previous(&self, rank: usize, round: u8) -> CoreId {
        self.group.member(rank + self.group.size() - (1 << round))
    }

    fn flag(&self) -> BarrierFlag {
        BarrierFlag { incarnation: self.incarnation, generation: self.generation }
    }

    fn tell<M: Mesh>(&self, mailbox: &Mailbox<'_, M>, next: CoreId, round: u8) {
        let mesh = mailbox.mesh();
        mesh.write(layout::barrier_flag(next, self.id, round), &self.flag().emit());
        mesh.push(Push::BarrierFlag);
        if !matches!(self.mode, Mode::Polled(_)) {
            mesh.ring(next);
        }
    }

    /// Tells those again that began a new life since they were told.
    fn tell_again<M: Mesh>(&self, mailbox: &Mailbox<'_, M>, rank: usize, told: &mut Told) {
        for (round, told) in self.rounds().zip(told) {
            let next = self.next(rank, round);
            let life = told.and_then(|_| mailbox.life_of(next));
            if life.is_some() && life != *told {
                *told = life;
                self.tell(mailbox, next, round);
            }
        }
    }

    fn has_come<M: Mesh>(&self, mailbox: &Mailbox<'_, M>, round: u8) -> Option<()> {
        let mesh = mailbox.mesh();
        let mut bytes = [0; QUADWORD];
        mesh.invalidate(Invalidate::BarrierRead);
        mesh.read(layout::barrier_flag(mesh.core(), self.id, round), &mut bytes);
        let seen = BarrierFlag::parse(&bytes);
        let ahead = seen.generation.wrapping_sub(self.generation).cast_signed();
        (seen.incarnation == self.incarnation && ahead >= 0).then_some(())
    }
}
