//! RETF, to the same level and outwards, and the outward half of IRET.
//!
//! Source: Pentium manual vol. 3 RET instruction.

use super::code_segment::{check_offset, return_target, selector_word};
use super::cost;
use super::data_segment::stack_entry;
use super::descriptor::{Entry, Origin};
use super::far_jump::enter_paragraph;
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::exception::Exception;
use std::marker::PhantomData;

/// `retf` and `retf n`: bytes to release in `immediate`. W is the operand size. Closing.
pub(crate) struct RetFar<W>(PhantomData<W>);

impl<W: Width> Step for RetFar<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let released = op.immediate & 0xFFFF;
        let eip = core.peek_stack::<M, W>(fabric, op, 0)?;
        let selector = selector_word(core.peek_stack::<M, W>(fabric, op, W::BYTES)?);
        let depth = 2 * W::BYTES + released;
        if core.has_real_segments() {
            let pointer = core.stack_pointer().wrapping_add(depth);
            enter_paragraph(core, selector, eip)?;
            core.set_stack_pointer(pointer);
            return Ok(());
        }
        let mut target = return_target::<M>(core, fabric, op, selector)?;
        if selector.rpl() == core.cpl {
            check_offset(&target, eip, Origin::Program)?;
            target.mark_accessed::<M>(core, fabric, op)?;
            core.enter_code(target.segment(), core.cpl, eip);
            core.set_stack_pointer(core.stack_pointer().wrapping_add(depth));
            core.charge(cost::FAR_RETURN);
            return Ok(());
        }
        let outer = Outer::pop::<M, W>(core, fabric, op, depth, &target)?;
        check_offset(&target, eip, Origin::Program)?;
        target.mark_accessed::<M>(core, fabric, op)?;
        outer.enter(core, target, eip, released);
        core.charge(cost::OUTER_RETURN);
        Ok(())
    }
}

/// The stack of a less privileged level, popped and checked.
pub(crate) struct Outer {
    stack: Entry,
    pointer: u32,
}

impl Outer {
    /// Pops SS:ESP, `depth` bytes above the current top, for a return to `target`.
    #[inline(always)]
    pub(crate) fn pop<M: Model, W: Width>(
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        depth: u32,
        target: &Entry,
    ) -> Result<Outer, Stop> {
        let quick = if W::BITS == 32 { core.quick_stack_words::<M, 2>(fabric, depth) } else { None };
        let [pointer, selector] = match quick {
            Some(words) => words,
            None => {
                let pointer = core.peek_stack::<M, W>(fabric, op, depth)?;
                [pointer, core.peek_stack::<M, W>(fabric, op, depth + W::BYTES)?]
            }
        };
        let selector = selector_word(selector);
        let level = target.selector.rpl();
        let violation = Exception::GeneralProtection;
        let stack = stack_entry::<M>(core, fabric, op, selector, level, violation, Origin::Program)?;
        Ok(Outer { stack, pointer })
    }

    /// Goes on at the outer level, with `released` more bytes taken from its stack.
    #[inline(always)]
    pub(crate) fn enter(self, core: &mut Core, target: Entry, eip: u32, released: u32) {
        core.enter_code(target.segment(), target.selector.rpl(), eip);
        core.set_segment(SegmentName::Ss, self.stack.segment());
        core.set_stack_pointer(self.pointer.wrapping_add(released));
        core.drop_inner_segments();
    }
}
