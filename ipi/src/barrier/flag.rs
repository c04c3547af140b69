//! Dissemination barrier.
//!
//! In round r, the member of rank i tells rank i + 2^r that it has come so far, and waits for rank i − 2^r to
//! tell it the same. After ceil(log2 n) rounds everybody has heard, directly or not, of everybody. Flags count
//! passages and are never cleared, so a member that is a passage ahead cannot confuse one that lags.

use crate::group::{Group, GroupError};
use crate::layout::{self, BarrierId, QUADWORD};
use crate::mailbox::{Mailbox, Mode, PeerError};
use crate::mesh::{Deadline, Invalidate, Mesh, Push};
use crate::wire::BarrierFlag;

/// A barrier by flags in message buffers.
#[derive(Clone, Copy, Debug)]
pub struct FlagBarrier {
    group: Group,
    id: BarrierId,
    incarnation: u16,
    generation: u32,
    mode: Mode,
}

impl FlagBarrier {
    /// Barrier over `group`. All members choose the same `id`, which no other barrier uses at that time, and the
    /// same `incarnation`, which must change when the barrier is made anew, after an error for example.
    pub const fn new(group: Group, id: BarrierId, incarnation: u16, mode: Mode) -> Self {
        Self { group, id, incarnation, generation: 0, mode }
    }

    /// Waits for all members. Per round one quadword write, a doorbell unless polled, and reads of an own line.
    ///
    /// After an error the barrier is useless: members may differ about how often it was passed.
    ///
    /// *Cancel safety*: as after an error.
    pub async fn wait<M: Mesh>(
        &mut self,
        mailbox: &Mailbox<'_, M>,
        deadline: Deadline,
    ) -> Result<(), BarrierError> {
        let mesh = mailbox.mesh();
        let me = mesh.core();
        let size = self.group.size();
        let rank = self.group.rank_of(me)?;
        self.generation = self.generation.wrapping_add(1);
        let flag = BarrierFlag { incarnation: self.incarnation, generation: self.generation };
        for round in (0..layout::BARRIER_ROUNDS).take_while(|round| 1 << round < size) {
            let distance = 1 << round;
            let next = self.group.member(rank + distance);
            let previous = self.group.member(rank + size - distance);
            let life = mailbox.known_life_of(previous);
            mesh.write(layout::barrier_flag(next, self.id, round), &flag.emit());
            mesh.push(Push::BarrierFlag);
            if !matches!(self.mode, Mode::Polled(_)) {
                mesh.ring(next);
            }
            let has_come = || {
                let mut bytes = [0; QUADWORD];
                mesh.invalidate(Invalidate::BarrierRead);
                mesh.read(layout::barrier_flag(me, self.id, round), &mut bytes);
                let seen = BarrierFlag::parse(&bytes);
                let ahead = seen.generation.wrapping_sub(flag.generation).cast_signed();
                (seen.incarnation == flag.incarnation && ahead >= 0).then_some(())
            };
            mailbox.watch((previous, life), deadline).until(self.mode, has_come).await?;
        }
        Ok(())
    }
}

/// Why a barrier was not passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BarrierError {
    /// This core is not in the group.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A neighbour did not come.
    #[error(transparent)]
    Peer(#[from] PeerError),
}
