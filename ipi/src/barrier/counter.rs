//! Barrier by an FPGA counter: every arrival adds 1, and all go on when the sum is a multiple of the members.

use crate::layout::{self, BarrierId};
use crate::mailbox::PeerError;
use crate::mesh::{Cycles, Deadline, Mesh};

/// A barrier by counting.
#[derive(Clone, Copy, Debug)]
pub struct CounterBarrier {
    id: BarrierId,
    members: u32,
    passages: u32,
}

const FIRST_WAIT: Cycles = Cycles::new(1_000);
const LAST_WAIT: Cycles = Cycles::new(20_000);

impl CounterBarrier {
    /// Barrier of `members` cores that all choose the same `id`; `None` for no members. One of them calls
    /// [`clear`](Self::clear) before any other arrives.
    pub const fn new(id: BarrierId, members: u32) -> Option<Self> {
        if members == 0 { None } else { Some(Self { id, members, passages: 0 }) }
    }

    /// Sets the counter to 0, which makes the barrier usable again after an error.
    pub fn clear(&mut self, mesh: &impl Mesh) {
        self.passages = 0;
        mesh.set_counter(layout::barrier_counter(self.id), 0);
    }

    /// Waits for all members: one FPGA access to arrive and one for each look, with back-off.
    ///
    /// A member that dies after it arrived counts as arrived; one that dies before makes all others time out.
    ///
    /// *Cancel safety*: the arrival has been counted; the barrier must be cleared.
    pub async fn wait(&mut self, mesh: &impl Mesh, deadline: Deadline) -> Result<(), PeerError> {
        let counter = layout::barrier_counter(self.id);
        self.passages = self.passages.wrapping_add(1);
        let complete = self.passages.wrapping_mul(self.members);
        let mut arrived = mesh.count_up(counter).wrapping_add(1);
        let mut wait = FIRST_WAIT;
        while arrived.wrapping_sub(complete).cast_signed() < 0 {
            let now = mesh.now();
            if deadline.is_over(now) {
                return Err(PeerError::TimedOut);
            }
            mesh.sleep_until(deadline.or_at(now + wait)).await;
            wait = wait.doubled_up_to(LAST_WAIT);
            arrived = mesh.counter(counter);
        }
        Ok(())
    }
}
