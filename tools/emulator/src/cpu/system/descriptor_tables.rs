//! LGDT LIDT SGDT SIDT LLDT LTR SLDT STR.
//!
//! Source: Pentium manual vol. 3, the instructions' pages.

use super::code_segment::selector_word;
use super::descriptor::{Entry, Origin};
use super::eflags::check_alignment;
use crate::chip::Fabric;
use crate::cpu::execute::branch::Target;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::segment::Segment;
use crate::cpu::state::{Core, TableRegister};
use crate::cpu::width::Width;
use crate::mmu::walk::low_word;
use i586::exception::Exception;
use i586::segment::{Selector, SystemKind};
use std::marker::PhantomData;

/// Bytes of a table register in memory: limit, then base.
const IMAGE_BYTES: u32 = 6;

/// Which table register.
pub(crate) trait Table: 'static {
    fn register(core: &mut Core) -> &mut TableRegister;
}

/// GDTR
pub(crate) struct Global;
/// IDTR
pub(crate) struct Interrupts;

impl Table for Global {
    fn register(core: &mut Core) -> &mut TableRegister {
        &mut core.gdtr
    }
}

impl Table for Interrupts {
    fn register(core: &mut Core) -> &mut TableRegister {
        &mut core.idtr
    }
}

/// `lgdt`, `lidt`; with a 16-bit operand size W the base has 24 bits.
pub(crate) struct LoadTable<T, W>(PhantomData<(T, W)>);
/// `sgdt`, `sidt`; with a 16-bit operand size W the top byte of the base is stored as 0.
pub(crate) struct StoreTable<T, W>(PhantomData<(T, W)>);

/// The base bits of an operand size.
fn base_mask<W: Width>() -> u32 {
    if W::BITS == 16 { u32::MAX >> 8 } else { u32::MAX }
}

impl<T: Table, W: Width> Step for LoadTable<T, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        let linear = core.readable(usize::from(op.segment), core.effective_offset(op), IMAGE_BYTES)?;
        let mode = core.mode();
        let image = core.load_slow::<M>(fabric, op, linear, IMAGE_BYTES, mode)?;
        let limit = selector_word(low_word(image)).into_bits();
        let base = low_word(image >> 16) & base_mask::<W>();
        *T::register(core) = TableRegister { base, limit };
        Ok(())
    }
}

impl<T: Table, W: Width> Step for StoreTable<T, W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let linear = core.writable(usize::from(op.segment), core.effective_offset(op), IMAGE_BYTES)?;
        let TableRegister { base, limit } = *T::register(core);
        let image = u64::from(base & base_mask::<W>()) << 16 | u64::from(limit);
        let mode = core.mode();
        if core.alignment_checks_on() {
            // A word and a doubleword; aligned if the address is 2 modulo 4. Page faults come first.
            core.probe_write_slow::<M>(fabric, op, linear, IMAGE_BYTES, mode)?;
            check_alignment(core, linear, 2)?;
            check_alignment(core, linear.wrapping_add(2), 4)?;
        }
        core.store_slow::<M>(fabric, op, linear, IMAGE_BYTES, image, mode)
    }
}

/// `lldt`: the selector comes from `source` or memory. Closing.
pub(crate) struct Lldt<T>(PhantomData<T>);
/// `ltr`: the selector comes from `source` or memory. Closing.
pub(crate) struct Ltr<T>(PhantomData<T>);

impl Core {
    /// #UD in real and V86 mode.
    pub(crate) fn require_protected(&self) -> Result<(), Stop> {
        if self.has_real_segments() { Err(Stop::UNDEFINED) } else { Ok(()) }
    }
}

impl<T: Target> Step for Lldt<T> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_protected()?;
        core.require_supervisor()?;
        let selector = selector_word(T::target::<M, u16>(core, fabric, op)?);
        if selector.is_null() {
            core.ldtr = Segment { selector: selector.into_bits(), usable: false, ..core.ldtr };
            return Ok(());
        }
        let entry = system_entry::<M>(core, fabric, op, selector, |kind| kind == SystemKind::Ldt)?;
        core.ldtr = entry.segment();
        Ok(())
    }
}

impl<T: Target> Step for Ltr<T> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_protected()?;
        core.require_supervisor()?;
        let selector = selector_word(T::target::<M, u16>(core, fabric, op)?);
        if selector.is_null() {
            return Err(Stop::PROTECTION);
        }
        let available = |kind| matches!(kind, SystemKind::AvailableTss16 | SystemKind::AvailableTss32);
        let mut entry = system_entry::<M>(core, fabric, op, selector, available)?;
        entry.mark_busy::<M>(core, fabric, op, true)?;
        core.tr = entry.segment();
        Ok(())
    }
}

/// Fetches a present system segment of the GDT whose kind is `accepted`.
fn system_entry<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    selector: Selector,
    accepted: impl Fn(SystemKind) -> bool,
) -> Result<Entry, Stop> {
    let (violation, origin) = (Exception::GeneralProtection, Origin::Program);
    if selector.table_indicator() {
        return Err(origin.fault(violation, selector));
    }
    let entry = Entry::fetch::<M>(core, fabric, op, selector, violation, origin)?;
    if !entry.descriptor.system_kind().is_some_and(accepted) {
        return Err(origin.fault(violation, selector));
    }
    if !entry.descriptor.present() {
        return Err(origin.fault(Exception::SegmentNotPresent, selector));
    }
    Ok(entry)
}

/// Which selector SLDT and STR store.
pub(crate) trait SystemRegister: 'static {
    fn selector(core: &Core) -> u16;
}

/// LDTR
pub(crate) struct LocalTable;
/// TR
pub(crate) struct Task;

impl SystemRegister for LocalTable {
    fn selector(core: &Core) -> u16 {
        core.ldtr.selector
    }
}

impl SystemRegister for Task {
    fn selector(core: &Core) -> u16 {
        core.tr.selector
    }
}

/// `sldt register`, `str register` of width W: `destination`.
pub(crate) struct StoreSystemReg<R, W>(PhantomData<(R, W)>);
/// `sldt word [memory]`, `str word [memory]`
pub(crate) struct StoreSystemMem<R>(PhantomData<R>);

impl<R: SystemRegister, W: Width> Step for StoreSystemReg<R, W> {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_protected()?;
        let selector = u32::from(R::selector(core));
        W::set(core, op.destination, selector);
        Ok(())
    }
}

impl<R: SystemRegister> Step for StoreSystemMem<R> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_protected()?;
        let selector = u32::from(R::selector(core));
        core.store_operand::<M, u16>(fabric, op, selector)
    }
}
