//! Changes of EFLAGS that the run loop must hear about, and the masks of what each mode may change.

use super::debug;
use crate::cpu::fault::Stop;
use crate::cpu::state::{Attention, Core};
use i586::control::Cr0;
use i586::exception::Exception;
use i586::flags::Eflags;

/// Flags that POPF and IRET change at every privilege level.
pub(crate) const ALWAYS: Eflags =
    Eflags::ARITHMETIC.union(Eflags::TRAP).union(Eflags::DIRECTION).union(Eflags::NESTED_TASK);

/// Flags in the upper half that a 32-bit POPF or IRET changes at every privilege level. IRET adds RF.
pub(crate) const ALWAYS_HIGH: Eflags = Eflags::ALIGNMENT_CHECK.union(Eflags::IDENTIFICATION);

/// The low half, which 16-bit instructions are confined to.
pub(crate) const LOW: Eflags = Eflags::from_bits_retain(0xFFFF);

impl Core {
    /// Replaces the flags selected by `mask`, and asks for the run loop's attention where they matter to it.
    pub(crate) fn set_eflags(&mut self, value: Eflags, mask: Eflags) {
        let [enabled, checked] =
            [Eflags::INTERRUPT, Eflags::ALIGNMENT_CHECK].map(|flag| self.flags.has(flag));
        self.flags.set(value, mask);
        if self.flags.has(Eflags::INTERRUPT) && !enabled {
            self.attention |= Attention::INTERRUPT;
        }
        if self.flags.has(Eflags::TRAP) || self.flags.has(Eflags::RESUME) {
            self.attention |= Attention::STEPPING;
        }
        if (value & mask).contains(Eflags::RESUME) {
            debug::resume_flag_loaded(self);
        }
        if self.alignment_checks_on() && !checked {
            self.forget_hot_translations();
        }
    }

    /// Whether misaligned accesses at CPL 3 fault.
    pub(crate) fn alignment_checks_on(&self) -> bool {
        self.cr0 & Cr0::ALIGNMENT_MASK.bits() != 0 && self.flags.has(Eflags::ALIGNMENT_CHECK)
    }

    /// Which of IF and IOPL POPF and IRET change at the current privilege level.
    pub(crate) fn privileged_flags(&self) -> Eflags {
        let mut mask = Eflags::empty();
        mask.set(Eflags::INTERRUPT, self.cpl <= self.flags.io_privilege());
        mask.set(Eflags::IO_PRIVILEGE, self.cpl == 0);
        mask
    }
}

/// #AC(0) if an access of `bytes` at `linear` by the running program is misaligned and that is checked.
///
/// Accesses with supervisor rights are not checked, even on behalf of a program at CPL 3.
pub(crate) fn check_alignment(core: &Core, linear: u32, bytes: u32) -> Result<(), Stop> {
    let misaligned = bytes.is_power_of_two() && linear & (bytes - 1) != 0;
    if misaligned && core.cpl == 3 && core.alignment_checks_on() {
        Err(Stop::coded(Exception::AlignmentCheck, 0))
    } else {
        Ok(())
    }
}
