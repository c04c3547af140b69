//! MOV, PUSH and POP of segment registers; LDS LES LFS LGS LSS.
//!
//! Loads of SS hold off interrupts and debug traps until the next instruction is over (not those by LSS).
//!
//! Source: Pentium manual vol. 3, the instructions' pages.

use super::code_segment::selector_word;
use super::data_segment::load_data_segment;
use super::debug;
use super::far_jump::load_far_pointer;
use crate::chip::Fabric;
use crate::cpu::execute::branch::Target;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use std::marker::PhantomData;

/// `mov segment, r/m16`: segment number in `destination`, selector from `source` or memory. #UD for CS.
/// Closing.
pub(crate) struct MovToSegment<T>(PhantomData<T>);
/// `mov register, segment` of width W: `destination`, segment number in `source`. The upper half becomes 0.
pub(crate) struct MovFromSegmentReg<W>(PhantomData<W>);
/// `mov word [memory], segment`: segment number in `source`.
pub(crate) struct MovFromSegmentMem;
/// `push segment` of operand size W: segment number in `source`.
pub(crate) struct PushSegment<W>(PhantomData<W>);
/// `pop segment` of operand size W: segment number in `destination`. Closing.
pub(crate) struct PopSegment<W>(PhantomData<W>);
/// LDS LES LFS LGS LSS: register of width W in `destination`, segment number in `source`. Closing.
pub(crate) struct LoadFarPointer<W>(PhantomData<W>);

/// The segment register that an instruction loads.
fn name(number: u8) -> Result<SegmentName, Stop> {
    match SegmentName::ALL.get(usize::from(number)) {
        Some(SegmentName::Cs) | None => Err(Stop::UNDEFINED),
        Some(name) => Ok(*name),
    }
}

fn selector(core: &Core, op: &Op) -> u32 {
    u32::from(core.segments[usize::from(op.source & 7)].selector)
}

impl<T: Target> Step for MovToSegment<T> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let name = name(op.destination)?;
        let selector = selector_word(T::target::<M, u16>(core, fabric, op)?);
        load_data_segment::<M>(core, fabric, op, name, selector)?;
        if name == SegmentName::Ss {
            debug::stack_segment_loaded(core);
        }
        Ok(())
    }
}

impl<W: Width> Step for MovFromSegmentReg<W> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = selector(core, op);
        W::set(core, op.destination, value);
        Ok(())
    }
}

impl Step for MovFromSegmentMem {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = selector(core, op);
        core.store_operand::<M, u16>(fabric, op, value)
    }
}

impl<W: Width> Step for PushSegment<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = selector(core, op);
        core.push::<M, W>(fabric, op, value)
    }
}

impl<W: Width> Step for PopSegment<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let name = name(op.destination)?;
        let selector = selector_word(core.peek_stack::<M, W>(fabric, op, 0)?);
        let pointer = core.stack_pointer().wrapping_add(W::BYTES);
        let old_mask = core.stack_mask;
        load_data_segment::<M>(core, fabric, op, name, selector)?;
        // The pop was made with the old stack segment's size, also by POP SS.
        core.regs[4] = (core.regs[4] & !old_mask) | (pointer & old_mask);
        if name == SegmentName::Ss {
            debug::stack_segment_loaded(core);
        }
        Ok(())
    }
}

impl<W: Width> Step for LoadFarPointer<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let name = name(op.source)?;
        let (selector, offset) = load_far_pointer::<M, W>(core, fabric, op)?;
        load_data_segment::<M>(core, fabric, op, name, selector)?;
        W::set(core, op.destination, offset);
        Ok(())
    }
}
