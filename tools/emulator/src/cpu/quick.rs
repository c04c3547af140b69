//! The fast model's shortest paths: an operand in a flat segment, on a page the hot table knows, inside one
//! page of DRAM that holds no decoded code under it.
//!
//! They either do the whole access or touch nothing, so that the caller can run the complete step instead.
//! Keeping them free of calls keeps the handlers that use them free of stack frames.

use super::op::{Attributes, Op};
use super::segment::SegmentName;
use super::state::Core;
use super::width::Width;
use crate::chip::Fabric;

impl Core {
    /// Linear address of the op's memory operand if its segment is flat and readable.
    #[inline(always)]
    fn quick_readable(&self, op: &Op) -> Option<u32> {
        let flat = self.segments[usize::from(op.segment & 7)].flat.read;
        (flat && !op.is(Attributes::ADDRESS16)).then(|| self.quick_offset(op))
    }

    /// Linear address of the op's memory operand if its segment is flat and writable.
    #[inline(always)]
    fn quick_writable(&self, op: &Op) -> Option<u32> {
        let flat = self.segments[usize::from(op.segment & 7)].flat.write;
        (flat && !op.is(Attributes::ADDRESS16)).then(|| self.quick_offset(op))
    }

    #[inline(always)]
    fn quick_offset(&self, op: &Op) -> u32 {
        let base = self.regs[usize::from(op.base & 15)];
        let index = self.regs[usize::from(op.index & 15)] << (op.scale & 3);
        base.wrapping_add(index).wrapping_add(op.displacement)
    }

    /// Loads from a linear address.
    #[inline(always)]
    pub(crate) fn quick_load_at<W: Width>(&self, fabric: &Fabric, linear: u32) -> Option<u32> {
        let entry = self.hot.entry(linear, self.privilege_slot);
        if entry.read != self.hot.tag(linear) {
            return None;
        }
        W::read(&fabric.dram.page(entry.place)?.bytes, (linear & 0xFFF) as usize)
    }

    /// Stores to a linear address.
    #[inline(always)]
    pub(crate) fn quick_store_at<W: Width>(&self, fabric: &mut Fabric, linear: u32, value: u32) -> bool {
        let entry = self.hot.entry(linear, self.privilege_slot);
        if entry.write != self.hot.tag(linear) {
            return false;
        }
        let Some(page) = fabric.dram.page_mut(entry.place) else { return false };
        let offset = (linear & 0xFFF) as usize;
        !page.holds_code(offset, W::BYTES as usize) && W::write(&mut page.bytes, offset, value)
    }

    /// Loads the op's memory operand.
    #[inline(always)]
    pub(crate) fn quick_load<W: Width>(&self, fabric: &Fabric, op: &Op) -> Option<u32> {
        self.quick_load_at::<W>(fabric, self.quick_readable(op)?)
    }

    /// Stores to the op's memory operand.
    #[inline(always)]
    pub(crate) fn quick_store<W: Width>(&self, fabric: &mut Fabric, op: &Op, value: u32) -> bool {
        self.quick_writable(op).is_some_and(|linear| self.quick_store_at::<W>(fabric, linear, value))
    }

    /// Replaces the op's memory operand by what `change` makes of it.
    #[inline(always)]
    pub(crate) fn quick_modify<W: Width>(
        &mut self,
        fabric: &mut Fabric,
        op: &Op,
        change: impl FnOnce(&mut Self, u32) -> u32,
    ) -> bool {
        let Some(linear) = self.quick_writable(op) else { return false };
        let entry = self.hot.entry(linear, self.privilege_slot);
        if entry.write != self.hot.tag(linear) {
            return false;
        }
        let Some(page) = fabric.dram.page_mut(entry.place) else { return false };
        let offset = (linear & 0xFFF) as usize;
        if page.holds_code(offset, W::BYTES as usize) {
            return false;
        }
        let Some(value) = W::read(&page.bytes, offset) else { return false };
        let value = change(self, value);
        W::write(&mut page.bytes, offset, value)
    }

    /// Pushes a value on a flat 32-bit stack.
    #[inline(always)]
    pub(crate) fn quick_push<W: Width>(&mut self, fabric: &mut Fabric, value: u32) -> bool {
        let stack = self.segment(SegmentName::Ss);
        if !stack.flat.write || self.stack_mask != u32::MAX {
            return false;
        }
        let top = self.regs[4].wrapping_sub(W::BYTES);
        let done = self.quick_store_at::<W>(fabric, top, value);
        if done {
            self.regs[4] = top;
        }
        done
    }

    /// Reads the top of a flat 32-bit stack without moving it.
    #[inline(always)]
    pub(crate) fn quick_top<W: Width>(&self, fabric: &Fabric) -> Option<u32> {
        let stack = self.segment(SegmentName::Ss);
        if !stack.flat.read || self.stack_mask != u32::MAX {
            return None;
        }
        self.quick_load_at::<W>(fabric, self.regs[4])
    }
}
