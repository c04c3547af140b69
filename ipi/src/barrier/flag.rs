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
use crate::layout::{self, BARRIER_ROUNDS, BarrierId};
use crate::mailbox::{Mailbox, Mode, PeerError};
use crate::mesh::{Deadline, Invalidate, Mesh, Push};
use crate::wire::{BarrierFlag, Epoch};

/// Looks at an own flag, about 70 cycles each, before other tasks get a turn, if the barrier is polled.
const LOOKS_PER_POLL: u32 = 32;

/// A barrier by flags in message buffers.
#[derive(Clone, Copy, Debug)]
pub struct FlagBarrier {
    group: Group,
    id: BarrierId,
    incarnation: u16,
    generation: u16,
    mode: Mode,
    /// Known from the first passage on.
    neighbours: Option<Neighbours>,
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

/// Neighbours of one member, by round.
#[derive(Clone, Copy, Debug)]
struct Neighbours {
    rounds: u8,
    next: [CoreId; BARRIER_ROUNDS as usize],
    previous: [CoreId; BARRIER_ROUNDS as usize],
}

impl Neighbours {
    fn of(core: CoreId, group: &Group) -> Result<Self, GroupError> {
        let rank = group.rank_of(core)?;
        let rounds = (0..BARRIER_ROUNDS).find(|round| 1 << round >= group.size()).unwrap_or(BARRIER_ROUNDS);
        let (mut next, mut previous) = ([core; BARRIER_ROUNDS as usize], [core; BARRIER_ROUNDS as usize]);
        for round in 0..usize::from(rounds) {
            next[round] = group.member(rank + (1 << round));
            previous[round] = group.member(rank + group.size() - (1 << round));
        }
        Ok(Self { rounds, next, previous })
    }

    fn rounds(&self) -> impl Iterator<Item = (u8, CoreId, CoreId)> {
        let neighbours = self.next.into_iter().zip(self.previous);
        (0..self.rounds).zip(neighbours).map(|(round, (next, previous))| (round, next, previous))
    }
}

impl FlagBarrier {
    /// Barrier over `group`. All members choose the same `id`, which no other barrier uses at that time, and the
    /// same `incarnation`, which must change when the barrier is made anew, after an error for example.
    pub const fn new(group: Group, id: BarrierId, incarnation: u16, mode: Mode) -> Self {
        Self { group, id, incarnation, generation: 0, mode, neighbours: None }
    }

    /// Waits for all members, some of which may not have started yet. Per round one word written, a doorbell unless
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
        self.generation = self.generation.wrapping_add(1);
        let Some(neighbours) = self.neighbours else { return self.wait_first(mailbox, deadline).await };
        for (round, next, previous) in neighbours.rounds() {
            self.tell(mailbox, next, round);
            if self.has_come(mailbox, round).is_none() {
                let mut watch = mailbox.watch((previous, mailbox.known_life_of(previous)), deadline);
                watch.until(self.mode, || self.has_come(mailbox, round)).await?;
            }
        }
        Ok(())
    }

    async fn wait_first<M: Mesh>(
        &mut self,
        mailbox: &Mailbox<'_, M>,
        deadline: Deadline,
    ) -> Result<(), BarrierError> {
        let neighbours = Neighbours::of(mailbox.mesh().core(), &self.group)?;
        self.neighbours = Some(neighbours);
        let mut told = Told::default();
        for (round, next, previous) in neighbours.rounds() {
            let life = mailbox.meet(next, deadline).await.map_err(|_| BarrierError::NotStarted(next))?;
            told[usize::from(round)] = Some(life);
            self.tell(mailbox, next, round);
            let mut watch = mailbox.watch((previous, None), deadline);
            let has_come = || self.has_come(mailbox, round);
            while watch.step(self.mode, has_come).await?.is_none() {
                self.tell_again(mailbox, &neighbours, &mut told);
            }
        }
        self.tell_again(mailbox, &neighbours, &mut told);
        // From now on their lives are known, and the end of one is noticed.
        for (_, _, previous) in neighbours.rounds() {
            mailbox.life_of(previous);
        }
        Ok(())
    }

    const fn flag(&self) -> BarrierFlag {
        BarrierFlag { incarnation: self.incarnation, generation: self.generation }
    }

    fn tell<M: Mesh>(&self, mailbox: &Mailbox<'_, M>, next: CoreId, round: u8) {
        let mesh = mailbox.mesh();
        mesh.write_word(layout::barrier_flag(next, self.id, round), self.flag().emit());
        mesh.push(Push::BarrierFlag);
        if !self.mode.is_polled() {
            mesh.ring(next);
        }
    }

    /// Tells those again that began a new life since they were told.
    fn tell_again<M: Mesh>(&self, mailbox: &Mailbox<'_, M>, neighbours: &Neighbours, told: &mut Told) {
        for ((round, next, _), told) in neighbours.rounds().zip(told) {
            let life = told.and_then(|_| mailbox.life_of(next));
            if life.is_some() && life != *told {
                *told = life;
                self.tell(mailbox, next, round);
            }
        }
    }

    fn has_come<M: Mesh>(&self, mailbox: &Mailbox<'_, M>, round: u8) -> Option<()> {
        let mesh = mailbox.mesh();
        let own = layout::barrier_flag(mesh.core(), self.id, round);
        let looks = if self.mode.is_polled() { LOOKS_PER_POLL } else { 1 };
        (0..looks).find_map(|_| {
            mesh.invalidate(Invalidate::BarrierRead);
            let seen = BarrierFlag::parse(mesh.read_word(own));
            let ahead = seen.generation.wrapping_sub(self.generation).cast_signed();
            (seen.incarnation == self.incarnation && ahead >= 0).then_some(())
        })
    }
}
