//! MOV to and from CR0, CR2, CR3, CR4 and DR0 to DR7; CLTS, LMSW, SMSW.
//!
//! Source: Pentium manual vol. 3 §10.1 (control registers), §17.2 (debug registers), MOV instruction.

use super::debug;
use crate::chip::Fabric;
use crate::cpu::execute::branch::Target;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::cpu::width::Width;
use i586::control::{Cr0, Cr3, Cr4};
use i586::debug::{Dr6, Dr7};
use std::marker::PhantomData;

/// `mov r32, crN`: `destination` and `source`.
pub(crate) struct MovFromControl;
/// `mov crN, r32`: `destination` and `source`. Closing.
pub(crate) struct MovToControl;
/// `mov r32, drN`: `destination` and `source`. Closing.
pub(crate) struct MovFromDebug;
/// `mov drN, r32`: `destination` and `source`. Closing.
pub(crate) struct MovToDebug;
/// `clts`
pub(crate) struct Clts;
/// `lmsw`: the word comes from `source` or memory. Closing.
pub(crate) struct Lmsw<T>(PhantomData<T>);
/// `smsw register` of width W: `destination`.
pub(crate) struct SmswReg<W>(PhantomData<W>);
/// `smsw word [memory]`
pub(crate) struct SmswMem;

impl Core {
    /// #GP(0) unless at privilege level 0.
    pub(crate) fn require_supervisor(&self) -> Result<(), Stop> {
        if self.cpl == 0 { Ok(()) } else { Err(Stop::PROTECTION) }
    }
}

impl Step for MovFromControl {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let number = op.source;
        check_number(number)?;
        core.require_supervisor()?;
        let value = match number {
            0 => core.cr0,
            2 => core.cr2,
            3 => core.cr3,
            _ => core.cr4,
        };
        u32::set(core, op.destination, value);
        Ok(())
    }
}

impl Step for MovToControl {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        check_number(op.destination)?;
        core.require_supervisor()?;
        let value = u32::get(core, op.source);
        match op.destination {
            0 => return set_cr0(core, value),
            2 => core.cr2 = value,
            3 => {
                core.cr3 = Cr3::from_bits_truncate(value).bits();
                core.flush_translations();
            }
            _ => return set_cr4(core, value),
        }
        Ok(())
    }
}

/// CR1 and everything above CR4 do not exist.
fn check_number(number: u8) -> Result<(), Stop> {
    if matches!(number, 0 | 2..=4) { Ok(()) } else { Err(Stop::UNDEFINED) }
}

/// Writes CR0; reserved bits are ignored.
///
/// # Errors
/// #GP(0) for paging without protection and for NW without CD.
fn set_cr0(core: &mut Core, value: u32) -> Result<(), Stop> {
    let new = Cr0::from_bits_truncate(value) | Cr0::EXTENSION_TYPE;
    let contradicts = new.contains(Cr0::PAGING) && !new.contains(Cr0::PROTECTION)
        || new.contains(Cr0::NOT_WRITE_THROUGH) && !new.contains(Cr0::CACHE_DISABLE);
    if contradicts {
        return Err(Stop::PROTECTION);
    }
    let changed = Cr0::from_bits_retain(core.cr0 ^ new.bits());
    core.cr0 = new.bits();
    if changed.intersects(Cr0::PAGING | Cr0::PROTECTION) {
        core.flush_translations();
    } else if changed.intersects(Cr0::WRITE_PROTECT | Cr0::ALIGNMENT_MASK) {
        core.forget_hot_translations();
    }
    if changed.intersects(Cr0::CACHE_DISABLE | Cr0::NOT_WRITE_THROUGH) {
        core.refresh_cache_control();
    }
    Ok(())
}

/// Writes CR4.
///
/// # Errors
/// #GP(0) for bits that this core does not have.
fn set_cr4(core: &mut Core, value: u32) -> Result<(), Stop> {
    if Cr4::from_bits(value).is_none() {
        return Err(Stop::PROTECTION);
    }
    let changed = Cr4::from_bits_retain(core.cr4 ^ value);
    core.cr4 = value;
    if changed.contains(Cr4::PAGE_SIZE) {
        core.flush_translations();
    } else if changed.contains(Cr4::MESSAGE_PASSING) {
        core.forget_hot_translations();
    }
    if changed.contains(Cr4::DEBUGGING_EXTENSIONS) {
        debug::breakpoints_changed(core);
    }
    Ok(())
}

impl Core {
    /// Passes CR0.CD, CR0.NW and TR12.CI on to the caches.
    pub(crate) fn refresh_cache_control(&mut self) {
        let mut control = self.hierarchy.control();
        control.cache_disable = self.cr0 & Cr0::CACHE_DISABLE.bits() != 0;
        control.not_write_through = self.cr0 & Cr0::NOT_WRITE_THROUGH.bits() != 0;
        control.l1_fill_inhibit = self.counters.inhibits_cache();
        self.hierarchy.set_control(control);
    }
}

/// The register that number 0..=7 names: DR4 and DR5 are DR6 and DR7 unless CR4.DE is set.
fn debug_register(core: &mut Core, number: u8) -> Result<usize, Stop> {
    core.require_supervisor()?;
    let number = match number & 7 {
        alias @ (4 | 5) => {
            if core.cr4 & Cr4::DEBUGGING_EXTENSIONS.bits() != 0 {
                return Err(Stop::UNDEFINED);
            }
            alias + 2
        }
        number => number,
    };
    debug::register_access(core)?;
    Ok(usize::from(number))
}

impl Step for MovFromDebug {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let number = debug_register(core, op.source)?;
        let value = core.dr[number];
        u32::set(core, op.destination, value);
        Ok(())
    }
}

impl Step for MovToDebug {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let number = debug_register(core, op.destination)?;
        let value = u32::get(core, op.source);
        core.dr[number] = match number {
            6 => value & Dr6::WRITABLE | Dr6::ONES,
            7 => value & Dr7::WRITABLE | Dr7::ONES,
            _ => value,
        };
        if number != 6 {
            debug::breakpoints_changed(core);
        }
        Ok(())
    }
}

impl Step for Clts {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, _: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        core.cr0 &= !Cr0::TASK_SWITCHED.bits();
        Ok(())
    }
}

/// The bits LMSW loads.
const MACHINE_STATUS: u32 =
    Cr0::PROTECTION.union(Cr0::MONITOR_COPROCESSOR).union(Cr0::EMULATION).union(Cr0::TASK_SWITCHED).bits();

impl<T: Target> Step for Lmsw<T> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        let value = T::target::<M, u16>(core, fabric, op)?;
        // PE can be set but not cleared.
        let kept = core.cr0 & !(MACHINE_STATUS & !Cr0::PROTECTION.bits());
        set_cr0(core, kept | value & MACHINE_STATUS)
    }
}

impl<W: Width> Step for SmswReg<W> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let value = core.cr0;
        W::set(core, op.destination, value);
        Ok(())
    }
}

impl Step for SmswMem {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.store_operand::<M, u16>(fabric, op, core.cr0 & 0xFFFF)
    }
}
