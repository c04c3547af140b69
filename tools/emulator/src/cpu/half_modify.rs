//! Read-modify-writes that leave the core: the write waits for earlier cores, the read is not made again.
//!
//! The mesh knows no locked transactions: between the read and the write of one core any other core may
//! access the word (SCC reference §2.9, U19). So when the read has left and another core is earlier than the
//! write, the instruction is abandoned with the value it has read, and goes on with that value when it is its
//! turn again. An interrupt in between throws the value away; the instruction then begins anew.

use super::fault::Stop;
use super::op::Op;
use super::state::Core;

/// A read whose write is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HalfModify {
    /// Instructions completed before this one.
    instructions: u64,
    eip: u32,
    linear: u32,
    value: u64,
}

impl Core {
    /// The value that `op` wants to modify at `linear`: read by `load`, or already read before `op` was made
    /// to wait.
    #[inline(always)]
    pub(crate) fn read_to_modify(
        &mut self,
        op: &Op,
        linear: u32,
        load: impl FnOnce(&mut Self) -> Result<u64, Stop>,
    ) -> Result<u64, Stop> {
        if let Some(value) = self.half_modify.is_some().then(|| self.second_half(op, linear)).flatten() {
            return Ok(value);
        }
        let value = load(self)?;
        if self.in_order && self.cycle_at(op) > self.horizon {
            self.half_modify = Some(self.half(op, linear, value));
            return Err(Stop::NotYet);
        }
        Ok(value)
    }

    #[cold]
    fn second_half(&mut self, op: &Op, linear: u32) -> Option<u64> {
        let half = self.half_modify?;
        if half != self.half(op, linear, half.value) {
            self.half_modify = None;
            return None;
        }
        if self.cycle_at(op) <= self.horizon {
            self.half_modify = None;
        }
        Some(half.value)
    }

    fn half(&self, op: &Op, linear: u32, value: u64) -> HalfModify {
        HalfModify {
            instructions: self.instructions + u64::from(op.number),
            eip: self.offset_in_block(op.start),
            linear,
            value,
        }
    }
}
