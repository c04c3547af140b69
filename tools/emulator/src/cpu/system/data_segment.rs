//! Loading DS, ES, FS, GS and SS, in every mode.
//!
//! In real mode a load replaces the base and keeps the cached limit; V86 mode gives every segment a base of
//! 16 times the selector and a limit of 64 KB.
//!
//! Source: Pentium manual vol. 3 §12.3 (checks on data segments), §22.1 (V86), vol. 3 MOV instruction.

use super::descriptor::{Entry, Origin};
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::segment::{Flat, Segment, SegmentName};
use crate::cpu::state::Core;
use i586::exception::Exception;
use i586::segment::Selector;

/// Access byte of a present, writable, accessed data segment of DPL 0.
pub(crate) const REAL_ACCESS: u8 = 0x93;
/// The same with DPL 3: every segment of V86 mode.
const VIRTUAL_ACCESS: u8 = 0xF3;

/// Loads a data or stack segment register.
///
/// # Errors
/// #GP, #NP or #SS as the manual's MOV to a segment register; nothing has changed then but an accessed bit.
pub(crate) fn load_data_segment<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    name: SegmentName,
    selector: Selector,
) -> Result<(), Stop> {
    let segment = checked_segment::<M>(core, fabric, op, name, selector)?;
    core.set_segment(name, segment);
    Ok(())
}

/// What [`load_data_segment`] would load.
pub(crate) fn checked_segment<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    name: SegmentName,
    selector: Selector,
) -> Result<Segment, Stop> {
    if core.has_real_segments() {
        return Ok(core.paragraph_segment(name, selector));
    }
    if name == SegmentName::Ss {
        let level = core.cpl;
        let entry = stack_entry::<M>(
            core,
            fabric,
            op,
            selector,
            level,
            Exception::GeneralProtection,
            Origin::Program,
        )?;
        return Ok(entry.segment());
    }
    if selector.is_null() {
        return Ok(null_segment(core, name, selector));
    }
    let violation = Exception::GeneralProtection;
    let mut entry = Entry::fetch::<M>(core, fabric, op, selector, violation, Origin::Program)?;
    check_data(&entry, core.cpl, violation, Origin::Program)?;
    entry.mark_accessed::<M>(core, fabric, op)?;
    Ok(entry.segment())
}

/// A null selector in a data segment register: any use of it faults.
pub(crate) fn null_segment(core: &Core, name: SegmentName, selector: Selector) -> Segment {
    Segment { selector: selector.into_bits(), usable: false, ..*core.segment(name) }
}

/// Checks type, privilege and presence of a descriptor for DS, ES, FS or GS. `violation` is #GP, or #TS in a
/// task switch.
pub(crate) fn check_data(entry: &Entry, cpl: u8, violation: Exception, origin: Origin) -> Result<(), Stop> {
    let descriptor = entry.descriptor;
    let reachable = descriptor.is_conforming() || descriptor.dpl() >= cpl.max(entry.selector.rpl());
    if !descriptor.is_readable() || !reachable {
        return Err(origin.fault(violation, entry.selector));
    }
    if !descriptor.present() {
        return Err(origin.fault(Exception::SegmentNotPresent, entry.selector));
    }
    Ok(())
}

/// Fetches and checks a stack segment for privilege level `level`; sets its accessed bit. `violation` is #GP
/// for loads and returns, #TS for stacks named by a task-state segment.
#[inline(always)]
pub(crate) fn stack_entry<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    selector: Selector,
    level: u8,
    violation: Exception,
    origin: Origin,
) -> Result<Entry, Stop> {
    if selector.is_null() {
        return Err(origin.bare(violation));
    }
    let mut entry = Entry::fetch::<M>(core, fabric, op, selector, violation, origin)?;
    if selector.rpl() != level || !entry.descriptor.is_writable() || entry.descriptor.dpl() != level {
        return Err(origin.fault(violation, selector));
    }
    if !entry.descriptor.present() {
        return Err(origin.fault(Exception::StackFault, selector));
    }
    entry.mark_accessed::<M>(core, fabric, op)?;
    Ok(entry)
}

/// A segment register in V86 mode.
pub(crate) fn virtual_segment(selector: Selector) -> Segment {
    Segment {
        selector: selector.into_bits(),
        base: u32::from(selector.into_bits()) << 4,
        limit: 0xFFFF,
        access: VIRTUAL_ACCESS,
        big: false,
        usable: true,
        flat: Flat::default(),
    }
}

impl Core {
    /// Whether segment registers are loaded without descriptors: real mode and V86 mode.
    pub(crate) fn has_real_segments(&self) -> bool {
        !self.is_protected() || self.is_virtual_8086()
    }

    /// What a load without descriptor makes of a segment register. Real mode keeps limit and D/B bit; a load
    /// of CS makes the segment writable again.
    pub(crate) fn paragraph_segment(&self, name: SegmentName, selector: Selector) -> Segment {
        if self.is_virtual_8086() {
            return virtual_segment(selector);
        }
        let old = *self.segment(name);
        Segment {
            selector: selector.into_bits(),
            base: u32::from(selector.into_bits()) << 4,
            access: if name == SegmentName::Cs { REAL_ACCESS } else { old.access },
            usable: true,
            ..old
        }
    }

    /// After a change to a less privileged level: data segments it may not use become null, and null selectors
    /// lose their RPL.
    pub(crate) fn drop_inner_segments(&mut self) {
        for name in [SegmentName::Es, SegmentName::Ds, SegmentName::Fs, SegmentName::Gs] {
            let segment = *self.segment(name);
            if !segment.usable || !segment.is_conforming() && segment.privilege() < self.cpl {
                let null = null_segment(self, name, Selector::NULL);
                self.set_segment(name, null);
            }
        }
    }
}
