//! Read-modify-writes that leave the core: the write waits for earlier cores, the read is not made again.
//!
//! The mesh knows no locked transactions: between the read and the write of one core any other core may
//! access the word (SCC reference §2.9, U19). So when the read has left and another core is earlier than the
//! write, the instruction is abandoned with the value it has read, and goes on with that value when it is its
//! turn again. An interrupt in between throws the value away; the instruction then begins anew.
//!
//! The same holds for what a core changes by itself: accessed and dirty bits of page tables, accessed and busy
//! bits of descriptors. There the wait is left out if the instruction had made an access before, which must not
//! be made twice, or has claimed its turn as a whole; then the write follows at once.

use super::fault::Stop;
use super::op::Op;
use super::state::Core;
use crate::mmu::walk::{Intent, Mode, low_word};

/// A page walk that has read an entry and waits for its turn to set bits in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HalfWalk {
    half: HalfModify,
    place: WalkPlace,
}

/// What a page walk is for and how far it has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WalkPlace {
    pub(crate) intent: Intent,
    pub(crate) mode: Mode,
    /// The directory entry, marked if that was due.
    pub(crate) directory: u32,
    /// The entry that maps the page, if it is not the one to change.
    pub(crate) raw: u32,
    /// Core-physical address of the entry to change.
    pub(crate) at: u32,
}

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

    /// Whether a write that `op` makes after a read must wait for other cores.
    pub(crate) fn must_wait_between(&self, op: &Op) -> bool {
        self.in_order && !self.claimed && self.cycle_at(op) > self.horizon
    }

    /// Remembers a descriptor that was read and is to be changed, and waits; once for each instruction and
    /// descriptor.
    #[cold]
    pub(crate) fn wait_with_descriptor(&mut self, op: &Op, linear: u32, bits: u64) -> Result<(), Stop> {
        self.half_descriptor = Some(self.half(op, linear, bits));
        Err(Stop::NotYet)
    }

    /// The descriptor at `linear` if `op` has read it already.
    #[inline(always)]
    pub(crate) fn read_descriptor(&self, op: &Op, linear: u32) -> Option<u64> {
        let half = self.half_descriptor?;
        (half == self.half(op, linear, half.value)).then_some(half.value)
    }

    /// Remembers a walk that waits.
    pub(crate) fn wait_in_walk(&mut self, op: &Op, linear: u32, value: u32, place: WalkPlace) -> Stop {
        let half = self.half(op, linear, u64::from(value));
        self.half_walk = Some(HalfWalk { half, place });
        Stop::NotYet
    }

    /// The walk that `op` has begun for `linear`, with the value of the entry it read last.
    #[inline(always)]
    pub(crate) fn begun_walk(
        &self,
        op: &Op,
        linear: u32,
        intent: Intent,
        mode: Mode,
    ) -> Option<(WalkPlace, u32)> {
        let HalfWalk { half, place } = self.half_walk?;
        let same = half == self.half(op, linear, half.value) && place.intent == intent && place.mode == mode;
        same.then(|| (place, low_word(half.value)))
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
