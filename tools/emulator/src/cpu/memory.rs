//! Loads and stores: segment offset to linear address, linear to core-physical, and on to the memory model.
//!
//! The fast path is one comparison against the hot table and one access to a page (fast model) or an L1
//! line (strict model). Everything else is in [`super::slow_memory`].

use super::fault::Stop;
use super::model::Model;
use super::op::{Attributes, Op};
use super::segment::SegmentName;
use super::state::Core;
use super::width::Width;
use crate::chip::Fabric;
use crate::mmu::walk::{Mode, low_word};
use scc::address::PhysAddr;

/// Slot of the hot table for CPL 0 to 2.
const SUPERVISOR_SLOT: usize = 0;

/// Paging rights behind a slot of the hot table.
fn mode_of(slot: usize) -> Mode {
    if slot == SUPERVISOR_SLOT { Mode::Supervisor } else { Mode::User }
}

impl Core {
    /// The offset part of an op's memory operand.
    #[inline(always)]
    pub(crate) fn effective_offset(&self, op: &Op) -> u32 {
        let base = self.regs[usize::from(op.base & 15)];
        let index = self.regs[usize::from(op.index & 15)] << (op.scale & 3);
        let offset = base.wrapping_add(index).wrapping_add(op.displacement);
        if op.is(Attributes::ADDRESS16) { offset & 0xFFFF } else { offset }
    }

    /// Linear address for reading `bytes` at `offset` of segment number `segment`.
    #[inline(always)]
    pub(crate) fn readable(&self, segment: usize, offset: u32, bytes: u32) -> Result<u32, Stop> {
        let register = &self.segments[segment & 7];
        if register.flat.read { Ok(offset) } else { register.check(segment, offset, bytes, false) }
    }

    /// Linear address for writing `bytes` at `offset` of segment number `segment`.
    #[inline(always)]
    pub(crate) fn writable(&self, segment: usize, offset: u32, bytes: u32) -> Result<u32, Stop> {
        let register = &self.segments[segment & 7];
        if register.flat.write { Ok(offset) } else { register.check(segment, offset, bytes, true) }
    }

    /// Loads an op's memory operand.
    #[inline(always)]
    pub(crate) fn load_operand<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
    ) -> Result<u32, Stop> {
        let linear = self.readable(usize::from(op.segment), self.effective_offset(op), W::BYTES)?;
        self.load::<M, W>(fabric, op, linear)
    }

    /// Loads an op's memory operand that the same instruction is going to write: all write checks are made.
    /// Returns the value and the linear address for [`Core::store`].
    #[inline(always)]
    pub(crate) fn load_operand_to_modify<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
    ) -> Result<(u32, u32), Stop> {
        let linear = self.writable(usize::from(op.segment), self.effective_offset(op), W::BYTES)?;
        self.probe_write::<M>(fabric, op, linear, W::BYTES)?;
        if M::STRICT && op.is(Attributes::LOCKED) {
            self.begin_locked::<M>(fabric, op, linear, W::BYTES)?;
        }
        let value =
            self.read_to_modify(op, linear, |core| core.load::<M, W>(fabric, op, linear).map(u64::from))?;
        Ok((low_word(value), linear))
    }

    /// Stores to an op's memory operand.
    #[inline(always)]
    pub(crate) fn store_operand<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        value: u32,
    ) -> Result<(), Stop> {
        let linear = self.writable(usize::from(op.segment), self.effective_offset(op), W::BYTES)?;
        self.store::<M, W>(fabric, op, linear, value)
    }

    /// Loads from a linear address at the current privilege level.
    #[inline(always)]
    pub(crate) fn load<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
    ) -> Result<u32, Stop> {
        self.load_in_slot::<M, W>(fabric, op, linear, self.privilege_slot)
    }

    /// Loads with the rights of a privilege slot of the hot table.
    #[inline(always)]
    fn load_in_slot<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        slot: usize,
    ) -> Result<u32, Stop> {
        let entry = self.hot.entry(linear, slot);
        if entry.read == self.hot.tag(linear) {
            if M::STRICT {
                let physical = PhysAddr::new(entry.place | (linear & 0xFFF));
                if (linear & 31) + W::BYTES <= 32
                    && let Some(value) = self.hierarchy.load_hit(physical, W::BYTES)
                {
                    return Ok(low_word(value));
                }
            } else if let Some(page) = fabric.dram.page(entry.place)
                && let Some(value) = W::read(&page.bytes, (linear & 0xFFF) as usize)
            {
                return Ok(value);
            }
        }
        self.load_slow::<M>(fabric, op, linear, W::BYTES, mode_of(slot)).map(low_word)
    }

    /// Stores to a linear address at the current privilege level.
    #[inline(always)]
    pub(crate) fn store<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        value: u32,
    ) -> Result<(), Stop> {
        self.store_in_slot::<M, W>(fabric, op, linear, value, self.privilege_slot)
    }

    /// Stores with the rights of a privilege slot of the hot table.
    #[inline(always)]
    fn store_in_slot<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        value: u32,
        slot: usize,
    ) -> Result<(), Stop> {
        let entry = self.hot.entry(linear, slot);
        if entry.write == self.hot.tag(linear) {
            if M::STRICT {
                let physical = PhysAddr::new(entry.place | (linear & 0xFFF));
                if (linear & 31) + W::BYTES <= 32
                    && self.hierarchy.store_hit(physical, W::BYTES, u64::from(value))
                {
                    return Ok(());
                }
            } else if let Some(page) = fabric.dram.page_mut(entry.place)
                && !page.holds_code((linear & 0xFFF) as usize, W::BYTES as usize)
                && W::write(&mut page.bytes, (linear & 0xFFF) as usize, value)
            {
                return Ok(());
            }
        }
        self.store_slow::<M>(fabric, op, linear, W::BYTES, u64::from(value), mode_of(slot))
    }

    /// Loads a 64-bit number; a quadword inside a page the fast model knows costs two word loads.
    #[inline(always)]
    pub(crate) fn load_double<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
    ) -> Result<u64, Stop> {
        if !M::STRICT
            && (linear & 0xFFF) <= 0xFF8
            && let Some(page) = self.hot_readable(linear).and_then(|index| fabric.dram.page(index))
        {
            let offset = (linear & 0xFFF) as usize;
            let low = u32::read(&page.bytes, offset);
            let high = u32::read(&page.bytes, offset + 4);
            if let (Some(low), Some(high)) = (low, high) {
                return Ok(u64::from(high) << 32 | u64::from(low));
            }
        }
        self.load64::<M>(fabric, op, linear)
    }

    /// Stores a 64-bit number.
    #[inline(always)]
    pub(crate) fn store_double<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        value: u64,
    ) -> Result<(), Stop> {
        if !M::STRICT
            && (linear & 0xFFF) <= 0xFF8
            && let Some(page) = self.hot_writable(linear).and_then(|index| fabric.dram.page_mut(index))
        {
            let offset = (linear & 0xFFF) as usize;
            if !page.holds_code(offset, 8)
                && u32::write(&mut page.bytes, offset, low_word(value))
                && u32::write(&mut page.bytes, offset + 4, low_word(value >> 32))
            {
                return Ok(());
            }
        }
        self.store64::<M>(fabric, op, linear, value)
    }

    /// Loads 8 bytes from a linear address at the current privilege level.
    pub(crate) fn load64<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
    ) -> Result<u64, Stop> {
        self.load_slow::<M>(fabric, op, linear, 8, self.mode())
    }

    /// Stores 8 bytes to a linear address at the current privilege level.
    pub(crate) fn store64<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        value: u64,
    ) -> Result<(), Stop> {
        self.store_slow::<M>(fabric, op, linear, 8, value, self.mode())
    }

    /// Loads from a linear address with supervisor rights: descriptor tables, task state segments.
    pub(crate) fn load_system<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
    ) -> Result<u32, Stop> {
        self.load_in_slot::<M, W>(fabric, op, linear, SUPERVISOR_SLOT)
    }

    /// Stores to a linear address with supervisor rights.
    pub(crate) fn store_system<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        value: u32,
    ) -> Result<(), Stop> {
        self.store_in_slot::<M, W>(fabric, op, linear, value, SUPERVISOR_SLOT)
    }

    /// Makes sure that a write of `bytes` at `linear` will not fault, setting the dirty bit.
    #[inline(always)]
    pub(crate) fn probe_write<M: Model>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        bytes: u32,
    ) -> Result<(), Stop> {
        let entry = self.hot.entry(linear, self.privilege_slot);
        if entry.write == self.hot.tag(linear) && (linear & 0xFFF) + bytes <= 0x1000 {
            return Ok(());
        }
        self.probe_write_slow::<M>(fabric, op, linear, bytes, self.mode())
    }

    /// Paging rights of the current privilege level.
    #[inline(always)]
    pub(crate) fn mode(&self) -> Mode {
        if self.cpl == 3 { Mode::User } else { Mode::Supervisor }
    }

    /// Value of the stack pointer in the width of the stack segment.
    #[inline(always)]
    pub(crate) fn stack_pointer(&self) -> u32 {
        self.regs[4] & self.stack_mask
    }

    /// Replaces the stack pointer in the width of the stack segment.
    #[inline(always)]
    pub(crate) fn set_stack_pointer(&mut self, value: u32) {
        self.regs[4] = (self.regs[4] & !self.stack_mask) | (value & self.stack_mask);
    }

    /// Pushes a value; ESP moves only if the store succeeds.
    #[inline(always)]
    pub(crate) fn push<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        value: u32,
    ) -> Result<(), Stop> {
        let top = self.stack_pointer().wrapping_sub(W::BYTES) & self.stack_mask;
        let linear = self.writable(SegmentName::Ss.index(), top, W::BYTES)?;
        self.store::<M, W>(fabric, op, linear, value)?;
        self.set_stack_pointer(top);
        Ok(())
    }

    /// Reads the stack `depth` bytes above ESP without moving it.
    #[inline(always)]
    pub(crate) fn peek_stack<M: Model, W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        depth: u32,
    ) -> Result<u32, Stop> {
        let at = self.stack_pointer().wrapping_add(depth) & self.stack_mask;
        let linear = self.readable(SegmentName::Ss.index(), at, W::BYTES)?;
        self.load::<M, W>(fabric, op, linear)
    }

    /// Pops a value; ESP moves only if the load succeeds.
    #[inline(always)]
    pub(crate) fn pop<M: Model, W: Width>(&mut self, fabric: &mut Fabric, op: &Op) -> Result<u32, Stop> {
        let value = self.peek_stack::<M, W>(fabric, op, 0)?;
        self.set_stack_pointer(self.stack_pointer().wrapping_add(W::BYTES));
        Ok(value)
    }
}

impl Core {
    /// Fast model: the DRAM page `linear` may be read from without further checks.
    pub(crate) fn hot_readable(&self, linear: u32) -> Option<u32> {
        let entry = self.hot.entry(linear, self.privilege_slot);
        (entry.read == self.hot.tag(linear)).then_some(entry.place)
    }

    /// Fast model: the DRAM page `linear` may be written to without further checks.
    pub(crate) fn hot_writable(&self, linear: u32) -> Option<u32> {
        let entry = self.hot.entry(linear, self.privilege_slot);
        (entry.write == self.hot.tag(linear)).then_some(entry.place)
    }
}
