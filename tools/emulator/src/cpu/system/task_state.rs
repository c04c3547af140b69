//! The part of a task-state segment that a task switch reads and writes, in both forms.
//!
//! Source: Pentium manual vol. 3 §13.1 (32-bit form), §13.6 (16-bit form).

use super::code_segment::selector_word;
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::mmu::walk::Mode;
use i586::flags::Eflags;
use i586::segment::Selector;
use i586::tss::{TRAP_BIT, bits16, bits32};

/// Which form a task-state segment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Narrow,
    Wide,
}

/// Where the saved registers of one form lie.
struct Layout {
    instruction_pointer: u32,
    flags: u32,
    general: u32,
    segments: u32,
    segment_count: u32,
    ldt: u32,
}

impl Form {
    /// The 32-bit form if `wide`.
    pub(crate) const fn of(wide: bool) -> Form {
        if wide { Form::Wide } else { Form::Narrow }
    }

    /// Smallest limit of a valid segment.
    pub(crate) const fn limit_min(self) -> u32 {
        match self {
            Form::Narrow => bits16::LIMIT_MIN,
            Form::Wide => bits32::LIMIT_MIN,
        }
    }

    const fn register_bytes(self) -> u32 {
        match self {
            Form::Narrow => 2,
            Form::Wide => 4,
        }
    }

    const fn layout(self) -> Layout {
        match self {
            Form::Narrow => Layout {
                instruction_pointer: bits16::IP,
                flags: bits16::FLAGS,
                general: bits16::GENERAL,
                segments: bits16::SEGMENTS,
                segment_count: bits16::SEGMENT_COUNT,
                ldt: bits16::LDT,
            },
            Form::Wide => Layout {
                instruction_pointer: bits32::EIP,
                flags: bits32::EFLAGS,
                general: bits32::GENERAL,
                segments: bits32::SEGMENTS,
                segment_count: bits32::SEGMENT_COUNT,
                ldt: bits32::LDT,
            },
        }
    }

    fn load<M: Model>(self, core: &mut Core, fabric: &mut Fabric, op: &Op, linear: u32) -> Result<u32, Stop> {
        match self {
            Form::Narrow => core.load_system::<M, u16>(fabric, op, linear),
            Form::Wide => core.load_system::<M, u32>(fabric, op, linear),
        }
    }

    fn store<M: Model>(
        self,
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        linear: u32,
        value: u32,
    ) -> Result<(), Stop> {
        match self {
            Form::Narrow => core.store_system::<M, u16>(fabric, op, linear, value),
            Form::Wide => core.store_system::<M, u32>(fabric, op, linear, value),
        }
    }
}

/// What a task switch loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskState {
    /// The page directory; the 16-bit form has none.
    pub(crate) cr3: Option<u32>,
    pub(crate) eip: u32,
    pub(crate) flags: Eflags,
    pub(crate) general: [u32; 8],
    /// In the order of [`SegmentName::ALL`].
    pub(crate) segments: [Selector; 6],
    pub(crate) ldt: Selector,
    /// The T bit.
    pub(crate) trap: bool,
}

impl TaskState {
    /// Reads the state of the task at `base`.
    pub(crate) fn read<M: Model>(
        core: &mut Core,
        fabric: &mut Fabric,
        op: &Op,
        form: Form,
        base: u32,
    ) -> Result<TaskState, Stop> {
        let layout = form.layout();
        let mut at = |offset: u32| form.load::<M>(core, fabric, op, base.wrapping_add(offset));
        let eip = at(layout.instruction_pointer)?;
        let flags = Eflags::from_bits_retain(at(layout.flags)?);
        let mut general = [0; 8];
        for (offset, register) in offsets(layout.general, form).zip(&mut general) {
            let value = at(offset)?;
            // The 16-bit form says nothing of the upper halves.
            *register = if form == Form::Narrow { value | 0xFFFF_0000 } else { value };
        }
        let mut segments = [Selector::NULL; 6];
        let count = layout.segment_count as usize;
        for (offset, segment) in offsets(layout.segments, form).zip(&mut segments[..count]) {
            *segment = selector_word(at(offset)?);
        }
        let ldt = selector_word(at(layout.ldt)?);
        let (cr3, trap) = match form {
            Form::Narrow => (None, false),
            Form::Wide => (Some(at(bits32::CR3)?), at(bits32::TRAP)? & u32::from(TRAP_BIT) != 0),
        };
        Ok(TaskState { cr3, eip, flags, general, segments, ldt, trap })
    }
}

/// Makes sure that [`save`] will not fault.
pub(crate) fn probe_save<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    form: Form,
    base: u32,
) -> Result<(), Stop> {
    let layout = form.layout();
    let first = layout.instruction_pointer;
    let bytes = layout.segments + layout.segment_count * form.register_bytes() - first;
    core.probe_write_slow::<M>(fabric, op, base.wrapping_add(first), bytes, Mode::Supervisor)
}

/// Writes the running task's registers, with `flags` as its EFLAGS, to its task-state segment.
pub(crate) fn save<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    form: Form,
    base: u32,
    flags: Eflags,
) -> Result<(), Stop> {
    let layout = form.layout();
    let eip = core.eip;
    form.store::<M>(core, fabric, op, base.wrapping_add(layout.instruction_pointer), eip)?;
    form.store::<M>(core, fabric, op, base.wrapping_add(layout.flags), flags.bits())?;
    for (offset, register) in offsets(layout.general, form).zip(0..8) {
        let value = core.regs[register];
        form.store::<M>(core, fabric, op, base.wrapping_add(offset), value)?;
    }
    let count = layout.segment_count as usize;
    for (offset, name) in offsets(layout.segments, form).zip(&SegmentName::ALL[..count]) {
        let selector = u32::from(core.segment(*name).selector);
        core.store_system::<M, u16>(fabric, op, base.wrapping_add(offset), selector)?;
    }
    Ok(())
}

fn offsets(first: u32, form: Form) -> impl Iterator<Item = u32> {
    (first..).step_by(form.register_bytes() as usize)
}
