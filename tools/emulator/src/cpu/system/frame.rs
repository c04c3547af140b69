//! Building a stack frame: every push is checked against the stack segment before the first one is stored.
//!
//! The stack pointer register is not touched; whoever commits the transfer sets it.

use super::descriptor::Origin;
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::segment::{Segment, SegmentName};
use crate::cpu::state::Core;
use crate::mmu::walk::Mode;
use i586::exception::Exception;

/// A frame of an interrupt, exception or direct call: at most GS FS DS ES SS ESP EFLAGS CS EIP and an error
/// code.
pub(crate) type ReturnFrame = Frame<10>;
/// A frame of a call gate: at most SS ESP, 31 parameters, CS EIP.
pub(crate) type GateFrame = Frame<35>;

/// Size of one stack slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Word,
    Doubleword,
}

impl Slot {
    /// A doubleword if `wide`.
    pub(crate) const fn of(wide: bool) -> Slot {
        if wide { Slot::Doubleword } else { Slot::Word }
    }

    pub(crate) const fn bytes(self) -> u32 {
        match self {
            Slot::Word => 2,
            Slot::Doubleword => 4,
        }
    }
}

/// A stack to push to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stack {
    pub(crate) segment: Segment,
    /// Offset of the top.
    pub(crate) pointer: u32,
    /// Paging rights of the level that the stack belongs to.
    pub(crate) mode: Mode,
    /// Error code of #SS: 0 for the current stack, the selector for another, with EXT.
    pub(crate) code: u16,
}

impl Stack {
    /// The stack in use.
    pub(crate) fn current(core: &Core, origin: Origin) -> Stack {
        Stack {
            segment: *core.segment(SegmentName::Ss),
            pointer: core.stack_pointer(),
            mode: core.mode(),
            code: origin.code(),
        }
    }

    fn mask(&self) -> u32 {
        if self.segment.big { u32::MAX } else { 0xFFFF }
    }
}

/// Values to push, in order.
#[derive(Debug, Clone)]
pub(crate) struct Frame<const SIZE: usize> {
    slot: Slot,
    values: [u32; SIZE],
    count: usize,
}

impl<const SIZE: usize> Frame<SIZE> {
    pub(crate) fn new(slot: Slot) -> Self {
        Frame { slot, values: [0; SIZE], count: 0 }
    }

    /// Adds a value; 16-bit frames store its low word.
    pub(crate) fn push(&mut self, value: u32) {
        self.values[self.count] = value;
        self.count += 1;
    }

    /// Values pushed so far.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Whether `stack` has room for `slots` pushes.
    ///
    /// # Errors
    /// #SS with the stack's code.
    #[inline(always)]
    pub(crate) fn check_room(&self, stack: &Stack, slots: usize) -> Result<(), Stop> {
        if stack.segment.flat.write {
            return Ok(());
        }
        let bytes = self.slot.bytes();
        let mut at = stack.pointer;
        let permitted = stack.segment.usable && stack.segment.is_writable();
        for _ in 0..slots {
            at = at.wrapping_sub(bytes) & stack.mask();
            if !permitted || !stack.segment.contains(at, bytes) {
                return Err(Stop::coded(Exception::StackFault, stack.code));
            }
        }
        Ok(())
    }

    /// Stores the frame; returns the stack pointer below it.
    ///
    /// # Errors
    /// #SS before anything is stored; #PF or whatever the memory answers, with only bytes below the stack's
    /// top overwritten.
    #[inline(always)]
    pub(crate) fn store<M: Model>(
        &self,
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        stack: &Stack,
    ) -> Result<u32, Stop> {
        self.check_room(stack, self.len())?;
        let bytes = self.slot.bytes();
        let mut at = stack.pointer;
        if self.slot == Slot::Doubleword && stack.segment.flat.write && stack.segment.big {
            let bottom = (0..self.count).fold(at, |at, _| at.wrapping_sub(bytes));
            if core.quick_push_words::<M>(fabric, bottom, &self.values[..self.count], stack.mode) {
                return Ok(bottom);
            }
        }
        for &value in &self.values[..self.count] {
            at = at.wrapping_sub(bytes) & stack.mask();
            let linear = stack.segment.base.wrapping_add(at);
            match (stack.mode, self.slot) {
                (Mode::User, Slot::Word) => core.store::<M, u16>(fabric, op, linear, value)?,
                (Mode::User, Slot::Doubleword) => core.store::<M, u32>(fabric, op, linear, value)?,
                (Mode::Supervisor, Slot::Word) => core.store_system::<M, u16>(fabric, op, linear, value)?,
                (Mode::Supervisor, Slot::Doubleword) => {
                    core.store_system::<M, u32>(fabric, op, linear, value)?;
                }
            }
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(limit: u32, pointer: u32) -> Stack {
        let mut segment = Segment::real(0, 0);
        segment.limit = limit;
        Stack { segment, pointer, mode: Mode::Supervisor, code: 0x20 }
    }

    #[test]
    fn room_is_counted_in_slots_of_the_frame() {
        let frame = ReturnFrame::new(Slot::Doubleword);
        assert_eq!(frame.check_room(&stack(0xFFFF, 12), 3), Ok(()));
        // The fourth push wraps to the top of the 64 KB segment and still fits.
        assert_eq!(frame.check_room(&stack(0xFFFF, 12), 4), Ok(()));
        assert_eq!(frame.check_room(&stack(0x0FFF, 12), 4), Err(Stop::coded(Exception::StackFault, 0x20)));
    }

    #[test]
    fn a_doubleword_may_not_straddle_the_end_of_a_small_stack() {
        let frame = ReturnFrame::new(Slot::Doubleword);
        assert!(frame.check_room(&stack(0xFFFF, 2), 1).is_err());
        assert_eq!(ReturnFrame::new(Slot::Word).check_room(&stack(0xFFFF, 2), 1), Ok(()));
    }
}
