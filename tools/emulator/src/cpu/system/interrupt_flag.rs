//! CLI STI PUSHF POPF, with the virtual interrupt flag of VME and PVI.
//!
//! ```text
//!                        IOPL >= CPL   IOPL < CPL, VME (V86) or PVI (CPL 3)   otherwise
//! CLI, STI               IF            VIF; STI with VIP: #GP(0)              #GP(0)
//! PUSHF, POPF in V86     IF            VIF in place of IF, 16-bit form only   #GP(0)
//! ```
//!
//! Source: Pentium manual vol. 3, the instructions' pages, appendix H (VME, PVI).

use super::eflags::{ALWAYS, ALWAYS_HIGH, LOW};
use crate::chip::Fabric;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::{Attention, Core};
use crate::cpu::width::Width;
use i586::control::Cr4;
use i586::flags::Eflags;
use std::marker::PhantomData;

/// `cli`. Closing.
pub(crate) struct Cli;
/// `sti`: no interrupt before the next instruction is over. Closing.
pub(crate) struct Sti;
/// PUSHF and PUSHFD by operand size W.
pub(crate) struct PushFlags<W>(PhantomData<W>);
/// POPF and POPFD by operand size W. Closing.
pub(crate) struct PopFlags<W>(PhantomData<W>);

/// Which flag stands for "interrupts enabled" in the running program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InterruptFlag {
    Real,
    Virtual,
}

/// The flag that CLI and STI change.
///
/// # Errors
/// #GP(0) if neither is theirs.
fn flag_of_program(core: &Core) -> Result<InterruptFlag, Stop> {
    if core.cpl <= core.flags.io_privilege() {
        return Ok(InterruptFlag::Real);
    }
    let extension =
        if core.is_virtual_8086() { Cr4::VIRTUAL_8086_EXTENSIONS } else { Cr4::PROTECTED_VIRTUAL_INTERRUPTS };
    if core.cpl == 3 && core.cr4 & extension.bits() != 0 {
        Ok(InterruptFlag::Virtual)
    } else {
        Err(Stop::PROTECTION)
    }
}

impl Step for Cli {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, _: &Op) -> Result<(), Stop> {
        match flag_of_program(core)? {
            InterruptFlag::Real => core.flags.assign(Eflags::INTERRUPT, false),
            InterruptFlag::Virtual => core.flags.assign(Eflags::VIRTUAL_INTERRUPT, false),
        }
        Ok(())
    }
}

impl Step for Sti {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, _: &Op) -> Result<(), Stop> {
        match flag_of_program(core)? {
            InterruptFlag::Real => {
                if !core.flags.has(Eflags::INTERRUPT) {
                    core.attention |= Attention::SHADOW | Attention::INTERRUPT;
                }
                core.flags.assign(Eflags::INTERRUPT, true);
            }
            InterruptFlag::Virtual => {
                if core.flags.has(Eflags::VIRTUAL_INTERRUPT_PENDING) {
                    return Err(Stop::PROTECTION);
                }
                core.flags.assign(Eflags::VIRTUAL_INTERRUPT, true);
            }
        }
        Ok(())
    }
}

/// Which flag PUSHF and POPF of width W show as IF.
///
/// # Errors
/// #GP(0) in V86 mode with IOPL below 3, unless VME lets the 16-bit forms through.
fn shown_flag<W: Width>(core: &Core) -> Result<InterruptFlag, Stop> {
    if !core.is_virtual_8086() || core.flags.io_privilege() == 3 {
        return Ok(InterruptFlag::Real);
    }
    if W::BITS == 16 && core.cr4 & Cr4::VIRTUAL_8086_EXTENSIONS.bits() != 0 {
        Ok(InterruptFlag::Virtual)
    } else {
        Err(Stop::PROTECTION)
    }
}

impl<W: Width> Step for PushFlags<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let flags = match shown_flag::<W>(core)? {
            InterruptFlag::Real => core.flags.get() - Eflags::VIRTUAL_8086 - Eflags::RESUME,
            InterruptFlag::Virtual => core.virtual_flags(),
        };
        core.push::<M, W>(fabric, op, flags.bits())
    }
}

impl<W: Width> Step for PopFlags<W> {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        let shown = shown_flag::<W>(core)?;
        let value = Eflags::from_bits_retain(core.peek_stack::<M, W>(fabric, op, 0)?);
        let mut mask = ALWAYS | ALWAYS_HIGH;
        if shown == InterruptFlag::Virtual {
            core.check_virtual_enable(value)?;
        } else {
            mask |= core.privileged_flags();
        }
        if core.cpl == 0 {
            // Written, but always with 0.
            mask |= Eflags::VIRTUAL_INTERRUPT | Eflags::VIRTUAL_INTERRUPT_PENDING;
        }
        core.set_stack_pointer(core.stack_pointer().wrapping_add(W::BYTES));
        let virtual_interrupts = Eflags::VIRTUAL_INTERRUPT | Eflags::VIRTUAL_INTERRUPT_PENDING;
        core.set_eflags(value - virtual_interrupts, if W::BITS == 16 { mask & LOW } else { mask });
        if shown == InterruptFlag::Virtual {
            core.flags.assign(Eflags::VIRTUAL_INTERRUPT, value.contains(Eflags::INTERRUPT));
        }
        Ok(())
    }
}

impl Core {
    /// The low half of EFLAGS as a V86 program sees it under VME: VIF in place of IF, IOPL 3.
    pub(crate) fn virtual_flags(&self) -> Eflags {
        let mut flags = self.flags.get() & LOW;
        flags.set(Eflags::INTERRUPT, self.flags.has(Eflags::VIRTUAL_INTERRUPT));
        flags.with_io_privilege_level(3)
    }

    /// #GP(0) if a V86 program under VME loads flags that its monitor has to see: TF, or IF with VIP set.
    pub(crate) fn check_virtual_enable(&self, value: Eflags) -> Result<(), Stop> {
        let due = value.contains(Eflags::INTERRUPT) && self.flags.has(Eflags::VIRTUAL_INTERRUPT_PENDING);
        if due || value.contains(Eflags::TRAP) { Err(Stop::PROTECTION) } else { Ok(()) }
    }
}
