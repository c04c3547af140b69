//! Checks and loads of CS that all far transfers share.
//!
//! Source: Pentium manual vol. 3 §12.4 to §12.6.

use super::data_segment::stack_entry;
use super::descriptor::{Entry, Origin};
use super::frame::Stack;
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::segment::{Segment, SegmentName};
use crate::cpu::state::Core;
use crate::mmu::walk::Mode;
use i586::exception::Exception;
use i586::segment::{Gate, Selector};
use i586::tss::{bits16, bits32};

const PROTECTION: Exception = Exception::GeneralProtection;

/// Checks the code segment of a direct far jump or call.
pub(crate) fn check_direct(core: &Core, entry: &Entry) -> Result<(), Stop> {
    let descriptor = entry.descriptor;
    let permitted = if descriptor.is_conforming() {
        descriptor.dpl() <= core.cpl
    } else {
        descriptor.dpl() == core.cpl && entry.selector.rpl() <= core.cpl
    };
    if !permitted {
        return Err(Origin::Program.fault(PROTECTION, entry.selector));
    }
    check_present(entry, Origin::Program)
}

/// Fetches the code segment that a call, interrupt or trap gate names, and checks that it is not less
/// privileged than the current level.
#[inline(always)]
pub(crate) fn gate_target<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    selector: Selector,
    origin: Origin,
) -> Result<Entry, Stop> {
    if selector.is_null() {
        return Err(origin.bare(PROTECTION));
    }
    let entry = Entry::fetch::<M>(core, fabric, op, selector, PROTECTION, origin)?;
    if !entry.descriptor.is_code() || entry.descriptor.dpl() > core.cpl {
        return Err(origin.fault(PROTECTION, selector));
    }
    Ok(entry)
}

/// Checks that the program may use a gate that it named by a selector, and that the gate is present.
pub(crate) fn check_gate(core: &Core, selector: Selector, gate: Gate) -> Result<(), Stop> {
    if gate.dpl() < core.cpl.max(selector.rpl()) {
        return Err(Origin::Program.fault(PROTECTION, selector));
    }
    if !gate.present() {
        return Err(Origin::Program.fault(Exception::SegmentNotPresent, selector));
    }
    Ok(())
}

/// Fetches and checks the code segment that RETF or IRET returns to.
#[inline(always)]
pub(crate) fn return_target<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    selector: Selector,
) -> Result<Entry, Stop> {
    if selector.is_null() {
        return Err(Origin::Program.bare(PROTECTION));
    }
    let entry = Entry::fetch::<M>(core, fabric, op, selector, PROTECTION, Origin::Program)?;
    let descriptor = entry.descriptor;
    let level = selector.rpl();
    let matches =
        if descriptor.is_conforming() { descriptor.dpl() <= level } else { descriptor.dpl() == level };
    if !descriptor.is_code() || level < core.cpl || !matches {
        return Err(Origin::Program.fault(PROTECTION, selector));
    }
    check_present(&entry, Origin::Program)?;
    Ok(entry)
}

/// #NP unless the code segment is present.
pub(crate) fn check_present(entry: &Entry, origin: Origin) -> Result<(), Stop> {
    if entry.descriptor.present() {
        Ok(())
    } else {
        Err(origin.fault(Exception::SegmentNotPresent, entry.selector))
    }
}

/// #GP unless `offset` lies inside the code segment.
pub(crate) fn check_offset(entry: &Entry, offset: u32, origin: Origin) -> Result<(), Stop> {
    if offset > entry.descriptor.limit() { Err(origin.bare(PROTECTION)) } else { Ok(()) }
}

/// Reads and checks the stack of the more privileged `level`, as the task-state segment names it.
#[inline(always)]
pub(crate) fn inner_stack<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    level: u8,
    origin: Origin,
) -> Result<Stack, Stop> {
    let wide = core.has_wide_task();
    let (first, stride, selector_offset) = if wide {
        (bits32::ESP0, bits32::STACK_STRIDE, bits32::SS0 - bits32::ESP0)
    } else {
        (bits16::SP0, bits16::STACK_STRIDE, bits16::SS0 - bits16::SP0)
    };
    let offset = first + stride * u32::from(level);
    if offset + selector_offset + 1 > core.tr.limit {
        return Err(origin.fault(Exception::InvalidTss, Selector::from_bits(core.tr.selector)));
    }
    let linear = core.tr.base.wrapping_add(offset);
    let quick = if wide { core.quick_words::<M, 2>(fabric, linear, Mode::Supervisor) } else { None };
    let [pointer, selector] = match quick {
        Some(words) => words,
        None => {
            let at = linear.wrapping_add(selector_offset);
            let pointer = if wide {
                core.load_system::<M, u32>(fabric, op, linear)?
            } else {
                core.load_system::<M, u16>(fabric, op, linear)?
            };
            [pointer, core.load_system::<M, u16>(fabric, op, at)?]
        }
    };
    let selector = selector_word(selector);
    let entry = stack_entry::<M>(core, fabric, op, selector, level, Exception::InvalidTss, origin)?;
    let mut segment = entry.segment();
    segment.refresh();
    let pointer = if segment.big { pointer } else { pointer & 0xFFFF };
    let code = selector.with_rpl(0).into_bits() | origin.code();
    Ok(Stack { segment, pointer, mode: Mode::Supervisor, code })
}

/// The selector in a zero-extended word, or in the low half of a stack slot.
pub(crate) fn selector_word(value: u32) -> Selector {
    let [low, high, ..] = value.to_le_bytes();
    Selector::from_bits(u16::from_le_bytes([low, high]))
}

impl Core {
    /// Whether the current task-state segment has the 32-bit form.
    pub(crate) fn has_wide_task(&self) -> bool {
        self.tr.access & 8 != 0
    }

    /// Switches to an inner stack, with its pointer at `pointer`.
    #[inline(always)]
    pub(crate) fn enter_stack(&mut self, stack: &Stack, pointer: u32) {
        self.set_segment(SegmentName::Ss, stack.segment);
        self.set_stack_pointer(pointer);
    }

    /// Loads CS and EIP, changing the privilege level to `level`.
    #[inline(always)]
    pub(crate) fn enter_code(&mut self, segment: Segment, level: u8, eip: u32) {
        self.set_cpl(level);
        self.set_segment(SegmentName::Cs, segment);
        self.eip = eip;
    }
}
