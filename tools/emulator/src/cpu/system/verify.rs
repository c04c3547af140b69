//! LAR LSL VERR VERW ARPL: what a program may ask about selectors without faulting.
//!
//! Source: Pentium manual vol. 3 §12.7, the instructions' pages.

use super::code_segment::selector_word;
use super::descriptor::Entry;
use crate::chip::Fabric;
use crate::cpu::execute::branch::Target;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::segment::SystemKind;
use std::marker::PhantomData;

/// `lar`: selector from `source` or memory, result in `destination` of width W.
pub(crate) struct Lar<T, W>(PhantomData<(T, W)>);
/// `lsl`: selector from `source` or memory, result in `destination` of width W.
pub(crate) struct Lsl<T, W>(PhantomData<(T, W)>);
/// `verr`: selector from `source` or memory.
pub(crate) struct Verr<T>(PhantomData<T>);
/// `verw`: selector from `source` or memory.
pub(crate) struct Verw<T>(PhantomData<T>);
/// `arpl register, register`: `destination` and `source`.
pub(crate) struct ArplReg;
/// `arpl word [memory], register`: `source`.
pub(crate) struct ArplMem;

/// The access rights LAR returns: the high doubleword without base.
const RIGHTS: u32 = u32::from_le_bytes([0, 0xFF, 0xFF, 0]);

/// The descriptor that the operand selects, if there is one that this level may see. Conforming code is
/// visible to all.
fn visible<M: Model, T: Target>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
) -> Result<Option<Entry>, Stop> {
    core.require_protected()?;
    let selector = selector_word(T::target::<M, u16>(core, fabric, op)?);
    if selector.is_null() {
        return Ok(None);
    }
    let entry = Entry::find::<M>(core, fabric, op, selector)?;
    let level = core.cpl.max(selector.rpl());
    Ok(entry.filter(|entry| entry.descriptor.is_conforming() || entry.descriptor.dpl() >= level))
}

impl<T: Target, W: Width> Step for Lar<T, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let entry = visible::<M, T>(core, fabric, op)?.filter(|entry| {
            let interrupts = [
                SystemKind::InterruptGate16,
                SystemKind::TrapGate16,
                SystemKind::InterruptGate32,
                SystemKind::TrapGate32,
            ];
            match entry.descriptor.system_kind() {
                Some(kind) => !interrupts.contains(&kind),
                None => !entry.descriptor.is_system(),
            }
        });
        core.flags.set_zero(entry.is_some());
        if let Some(entry) = entry {
            let (_, high) = entry.descriptor.words();
            W::set(core, op.destination, high & RIGHTS);
        }
        Ok(())
    }
}

impl<T: Target, W: Width> Step for Lsl<T, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let entry = visible::<M, T>(core, fabric, op)?.filter(|entry| match entry.descriptor.system_kind() {
            Some(kind) => kind == SystemKind::Ldt || kind.is_tss(),
            None => !entry.descriptor.is_system(),
        });
        core.flags.set_zero(entry.is_some());
        if let Some(entry) = entry {
            W::set(core, op.destination, entry.descriptor.limit());
        }
        Ok(())
    }
}

impl<T: Target> Step for Verr<T> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let entry = visible::<M, T>(core, fabric, op)?;
        core.flags.set_zero(entry.is_some_and(|entry| entry.descriptor.is_readable()));
        Ok(())
    }
}

impl<T: Target> Step for Verw<T> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let entry = visible::<M, T>(core, fabric, op)?;
        core.flags.set_zero(entry.is_some_and(|entry| entry.descriptor.is_writable()));
        Ok(())
    }
}

/// The adjusted selector, if its RPL has to rise to that of `other`.
fn adjusted(value: u32, other: u32) -> Option<u32> {
    let (selector, other) = (selector_word(value), selector_word(other));
    let rises = selector.rpl() < other.rpl();
    rises.then(|| u32::from(selector.with_rpl(other.rpl()).into_bits()))
}

impl Step for ArplReg {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_protected()?;
        let new = adjusted(u16::get(core, op.destination), u16::get(core, op.source));
        core.flags.set_zero(new.is_some());
        if let Some(new) = new {
            u16::set(core, op.destination, new);
        }
        Ok(())
    }
}

impl Step for ArplMem {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_protected()?;
        let (old, linear) = core.load_operand_to_modify::<M, u16>(fabric, op)?;
        let new = adjusted(old, u16::get(core, op.source));
        if let Some(new) = new {
            core.store::<M, u16>(fabric, op, linear, new)?;
        }
        core.flags.set_zero(new.is_some());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privilege_is_only_ever_lowered() {
        assert_eq!(adjusted(0x0010, 0x001B), Some(0x0013));
        assert_eq!(adjusted(0x0013, 0x0010), None);
        assert_eq!(adjusted(0x0012, 0x0012), None);
    }
}
