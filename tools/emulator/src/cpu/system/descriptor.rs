//! Reading descriptors, the accessed bit, and faults that name a selector.
//!
//! Tables are read with supervisor rights, through paging and the core's own caches. A descriptor is read as
//! two doublewords, the lower address first; the accessed and busy bits are written back as one byte, which
//! waits for earlier cores as the write of a read-modify-write does (SCC reference §2.9).
//!
//! Source: Pentium manual vol. 3 §11.2 (descriptors), §14.8 (error codes).

use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::segment::{Flat, Segment};
use crate::cpu::state::Core;
use crate::mmu::walk::Mode;
use i586::exception::{Exception, SelectorErrorCode};
use i586::segment::{DESCRIPTOR_BYTES, Descriptor, Selector};

/// Offset of the access byte in a descriptor.
const ACCESS_BYTE: u32 = 5;

/// Who is behind an access to a descriptor: the EXT bit of error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An instruction of the program.
    Program,
    /// A hardware interrupt, or an exception under delivery.
    External,
}

impl Origin {
    /// The error code without a selector.
    pub(crate) const fn code(self) -> u16 {
        SelectorErrorCode::new().with_external(matches!(self, Origin::External)).into_bits()
    }

    /// An exception whose error code names a selector.
    pub(crate) const fn fault(self, exception: Exception, selector: Selector) -> Stop {
        Stop::coded(exception, selector.with_rpl(0).into_bits() | self.code())
    }

    /// An exception whose error code names no selector.
    pub(crate) const fn bare(self, exception: Exception) -> Stop {
        Stop::coded(exception, self.code())
    }

    /// An exception whose error code names a gate of the IDT.
    pub(crate) fn gate(self, exception: Exception, vector: u8) -> Stop {
        let code = SelectorErrorCode::new().with_interrupt_table(true).with_index(u16::from(vector));
        Stop::coded(exception, code.into_bits() | self.code())
    }
}

/// A descriptor and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) selector: Selector,
    pub(crate) descriptor: Descriptor,
    linear: u32,
    /// Reading it was the instruction's first access that left the core: it may be read again.
    may_wait: bool,
}

impl Entry {
    /// Reads the descriptor that `selector` names; `None` if it lies outside its table. The null selector
    /// reads GDT entry 0.
    #[inline(always)]
    pub(crate) fn find<M: Model>(
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        selector: Selector,
    ) -> Result<Option<Entry>, Stop> {
        let (base, limit) = if !selector.table_indicator() {
            (core.gdtr.base, u32::from(core.gdtr.limit))
        } else if core.ldtr.usable {
            (core.ldtr.base, core.ldtr.limit)
        } else {
            return Ok(None);
        };
        let offset = selector.table_offset();
        if offset + (DESCRIPTOR_BYTES - 1) > limit {
            return Ok(None);
        }
        let linear = base.wrapping_add(offset);
        if let Some(bits) = core.read_descriptor(op, linear) {
            let descriptor = Descriptor::from_bits(bits);
            return Ok(Some(Entry { selector, descriptor, linear, may_wait: false }));
        }
        let may_wait = !core.in_order;
        let descriptor = load_descriptor::<M>(core, fabric, op, linear)?;
        Ok(Some(Entry { selector, descriptor, linear, may_wait }))
    }

    /// Reads the descriptor that `selector` names.
    ///
    /// # Errors
    /// `violation` with the selector, if it lies outside its table.
    #[inline(always)]
    pub(crate) fn fetch<M: Model>(
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        selector: Selector,
        violation: Exception,
        origin: Origin,
    ) -> Result<Entry, Stop> {
        Entry::find::<M>(core, fabric, op, selector)?.ok_or_else(|| origin.fault(violation, selector))
    }

    /// Sets the accessed bit of a code or data segment in its table.
    #[inline(always)]
    pub(crate) fn mark_accessed<M: Model>(
        &mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
    ) -> Result<(), Stop> {
        if self.descriptor.accessed() {
            return Ok(());
        }
        self.replace::<M>(core, fabric, op, self.descriptor.with_accessed())
    }

    /// Sets or clears the busy bit of a task-state segment in its table.
    pub(crate) fn mark_busy<M: Model>(
        &mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        busy: bool,
    ) -> Result<(), Stop> {
        let descriptor = if busy { self.descriptor.with_busy() } else { self.descriptor.with_available() };
        self.replace::<M>(core, fabric, op, descriptor)
    }

    /// Makes sure that writing the access byte will not fault.
    pub(crate) fn probe<M: Model>(&self, core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let at = self.linear.wrapping_add(ACCESS_BYTE);
        core.probe_write_slow::<M>(fabric, op, at, 1, Mode::Supervisor)
    }

    fn replace<M: Model>(
        &mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        descriptor: Descriptor,
    ) -> Result<(), Stop> {
        let access = u32::from(descriptor.access());
        if self.may_wait && core.must_wait_between(op) {
            return core.wait_with_descriptor(op, self.linear, self.descriptor.into_bits());
        }
        core.store_system::<M, u8>(fabric, op, self.linear.wrapping_add(ACCESS_BYTE), access)?;
        core.half_descriptor = None;
        self.descriptor = descriptor;
        Ok(())
    }

    /// The segment register's contents after loading this descriptor, with the selector's RPL as given.
    #[inline(always)]
    pub(crate) fn segment(&self) -> Segment {
        cached(self.selector, self.descriptor)
    }

    /// The same with another RPL: CS and SS hold the current privilege level there.
    #[inline(always)]
    pub(crate) fn segment_with_rpl(&self, rpl: u8) -> Segment {
        cached(self.selector.with_rpl(rpl & 3), self.descriptor)
    }
}

/// Reads the descriptor or gate at a linear address.
#[inline(always)]
pub(crate) fn load_descriptor<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    linear: u32,
) -> Result<Descriptor, Stop> {
    if let Some([low, high]) = core.quick_words::<M, 2>(fabric, linear, Mode::Supervisor) {
        return Ok(Descriptor::from_words(low, high));
    }
    let low = core.load_system::<M, u32>(fabric, op, linear)?;
    let high = core.load_system::<M, u32>(fabric, op, linear.wrapping_add(4))?;
    Ok(Descriptor::from_words(low, high))
}

#[inline(always)]
fn cached(selector: Selector, descriptor: Descriptor) -> Segment {
    Segment {
        selector: selector.into_bits(),
        base: descriptor.base(),
        limit: descriptor.limit(),
        access: descriptor.access(),
        big: descriptor.default_big(),
        usable: true,
        flat: Flat::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(stop: &Stop) -> Option<u16> {
        match stop {
            Stop::Fault(fault) => fault.code,
            _ => None,
        }
    }

    #[test]
    fn error_codes_drop_the_rpl_and_carry_table_and_origin() {
        let selector = Selector::from_bits(0x002F);
        let stop = Origin::Program.fault(Exception::GeneralProtection, selector);
        assert_eq!(code(&stop), Some(0x002C));
        let stop = Origin::External.fault(Exception::SegmentNotPresent, selector);
        assert_eq!(code(&stop), Some(0x002D));
        let stop = Origin::External.gate(Exception::GeneralProtection, 0x21);
        assert_eq!(code(&stop), Some(0x21 * 8 + 3));
    }
}
