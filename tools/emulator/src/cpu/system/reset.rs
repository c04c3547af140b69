//! RESET and INIT.
//!
//! Source: SCC reference §2.2; the values are in [`i586::reset`].

use super::debug::Debugging;
use crate::cpu::flags::Flags;
use crate::cpu::fpu::Fpu;
use crate::cpu::segment::{Segment, SegmentName};
use crate::cpu::state::{Attention, Core, TableRegister};
use i586::control::Cr0;
use i586::cpuid::SIGNATURE;
use i586::debug::{Dr6, Dr7};
use i586::reset::{
    CODE_BASE, CODE_SELECTOR, CR0_KEPT_BY_INIT, INSTRUCTION_POINTER, SELF_TEST_CYCLES, TABLE_LIMIT,
};
use i586::segment::SystemKind;

/// The present bit of an access byte.
const PRESENT: u8 = 0x80;

impl Core {
    /// RESET, with the built-in self test if `bist` (it passes: EAX 0, U04). The activity, the local APIC and
    /// the cache hierarchy are the caller's to reset.
    pub(crate) fn reset(&mut self, bist: bool) {
        self.cr0 = Cr0::RESET.bits();
        self.fpu = Fpu::new();
        self.counters.reset();
        self.reset_registers();
        self.tsc_base = 0u64.wrapping_sub(self.cycles);
        if bist && !self.flat_timing {
            self.cycles += SELF_TEST_CYCLES;
        }
    }

    /// INIT: caches, FPU, time stamp, model-specific registers and CR0.CD/NW keep their values.
    pub(crate) fn init_reset(&mut self) {
        let kept = self.cr0 & CR0_KEPT_BY_INIT.bits();
        self.cr0 = Cr0::RESET.difference(CR0_KEPT_BY_INIT).bits() | kept;
        self.apic.init();
        self.reset_registers();
    }

    fn reset_registers(&mut self) {
        self.regs = [0; 16];
        self.regs[2] = SIGNATURE.into_bits();
        self.flags = Flags::reset();
        self.cr2 = 0;
        self.cr3 = 0;
        self.cr4 = 0;
        self.dr = [0; 8];
        self.dr[6] = Dr6::RESET.into_bits();
        self.dr[7] = Dr7::RESET.into_bits();
        self.debugging = Debugging::new();
        self.nmi_blocked = false;
        self.gdtr = TableRegister { base: 0, limit: TABLE_LIMIT };
        self.idtr = TableRegister { base: 0, limit: TABLE_LIMIT };
        self.ldtr = system_segment(SystemKind::Ldt);
        self.tr = system_segment(SystemKind::BusyTss32);
        for name in SegmentName::ALL {
            self.set_segment(name, Segment::real(0, 0));
        }
        self.set_segment(SegmentName::Cs, Segment::real(CODE_SELECTOR.into_bits(), CODE_BASE));
        self.set_cpl(0);
        self.eip = INSTRUCTION_POINTER;
        self.flush_translations();
        let transient = Attention::NMI
            | Attention::SHADOW
            | Attention::STEPPING
            | Attention::DEBUG_TRAP
            | Attention::INIT;
        self.attention.remove(transient);
        self.stop = None;
        self.half_modify = None;
        self.half_walk = None;
        self.half_descriptor = None;
        self.midway = None;
    }
}

/// LDTR and TR after RESET: selector 0, base 0, limit 64 KB.
fn system_segment(kind: SystemKind) -> Segment {
    Segment { access: PRESENT | kind.into_bits(), ..Segment::real(0, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::id::CoreId;
    use scc::timing::Time;

    fn core() -> Core {
        Core::new(CoreId::all().next().expect("48 cores"), true, false, Time::from_picoseconds(1875))
    }

    #[test]
    fn reset_leaves_the_documented_state() {
        let core = core();
        let cs = *core.segment(SegmentName::Cs);
        assert_eq!((cs.selector, cs.base, cs.limit, core.eip), (0xF000, 0xFFFF_0000, 0xFFFF, 0xFFF0));
        assert_eq!((core.cr0, core.flags.get().bits()), (0x6000_0010, 2));
        assert_eq!((core.regs[0], core.regs[2]), (0, 0x52C));
        assert_eq!((core.dr[6], core.dr[7]), (0xFFFF_0FF0, 0x400));
        assert_eq!((core.gdtr.limit, core.idtr.limit, core.tr.limit), (0xFFFF, 0xFFFF, 0xFFFF));
    }

    #[test]
    fn init_keeps_cache_control_and_drops_the_rest_of_cr0() {
        let mut core = core();
        core.cr0 = 0x2005_003B;
        core.regs[0] = 7;
        core.init_reset();
        assert_eq!(core.cr0, 0x2000_0010);
        assert_eq!(core.regs[0], 0);
        assert_eq!(core.eip, 0xFFF0);
    }
}
