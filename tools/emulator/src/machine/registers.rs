//! A core's registers as debuggers and tests see them.

use super::Machine;
use crate::cpu::segment::{Segment, SegmentName};
use i586::flags::Eflags;
use scc::id::CoreId;

/// P of an access byte.
const PRESENT: u8 = 0x80;

/// A segment register with its cached descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentRegister {
    /// The selector.
    pub selector: u16,
    /// Linear address of offset 0.
    pub base: u32,
    /// Highest valid offset.
    pub limit: u32,
    /// The descriptor's access byte; one that is not present stands for a null selector.
    pub access: u8,
    /// The D/B bit.
    pub big: bool,
}

impl SegmentRegister {
    /// Base 0, limit 4 GB, 32 bits, privilege 0: a code segment if `code`, else a data segment.
    #[must_use]
    pub const fn flat(selector: u16, code: bool) -> Self {
        SegmentRegister {
            selector,
            base: 0,
            limit: u32::MAX,
            access: if code { 0x9B } else { 0x93 },
            big: true,
        }
    }
}

/// The registers of one core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI.
    pub general: [u32; 8],
    /// EIP.
    pub eip: u32,
    /// EFLAGS.
    pub eflags: u32,
    /// ES, CS, SS, DS, FS, GS.
    pub segments: [SegmentRegister; 6],
    /// CR0, CR2, CR3, CR4.
    pub control: [u32; 4],
}

impl Machine {
    /// A core's registers.
    #[must_use]
    pub fn registers(&self, core: CoreId) -> Registers {
        let core = &self.units[core.index()].core;
        let mut general = [0; 8];
        general.copy_from_slice(&core.regs[..8]);
        Registers {
            general,
            eip: core.eip,
            eflags: core.flags.get().bits(),
            segments: SegmentName::ALL.map(|name| view(core.segment(name))),
            control: [core.cr0, core.cr2, core.cr3, core.cr4],
        }
    }

    /// Replaces a core's registers, including the hidden parts of segment registers. CPL becomes the RPL of
    /// CS; CR0 to CR4 are taken as they are, and translations are dropped.
    pub fn set_registers(&mut self, core: CoreId, registers: &Registers) {
        let core = &mut self.units[core.index()].core;
        core.midway = None;
        core.regs[..8].copy_from_slice(&registers.general);
        core.eip = registers.eip;
        let flags = Eflags::from_bits_truncate(registers.eflags);
        core.flags.set(flags, Eflags::all());
        let [cr0, cr2, cr3, cr4] = registers.control;
        (core.cr0, core.cr2, core.cr3, core.cr4) = (cr0, cr2, cr3, cr4);
        core.set_cpl(registers.segments[SegmentName::Cs.index()].selector.to_le_bytes()[0] & 3);
        for name in SegmentName::ALL {
            core.set_segment(name, cached(&registers.segments[name.index()]));
        }
        core.refresh_cache_control();
        core.flush_translations();
    }

    /// Replaces a core's general registers, EIP and EFLAGS; everything else stays, translations included.
    pub fn set_visible_registers(&mut self, core: CoreId, registers: &Registers) {
        let core = &mut self.units[core.index()].core;
        core.midway = None;
        core.regs[..8].copy_from_slice(&registers.general);
        core.eip = registers.eip;
        core.set_eflags(Eflags::from_bits_truncate(registers.eflags), Eflags::all());
    }

    /// A core's FPU.
    #[must_use]
    pub fn fpu(&self, core: CoreId) -> &crate::cpu::fpu::Fpu {
        &self.units[core.index()].core.fpu
    }
}

fn view(segment: &Segment) -> SegmentRegister {
    SegmentRegister {
        selector: segment.selector,
        base: segment.base,
        limit: segment.limit,
        access: segment.access,
        big: segment.big,
    }
}

fn cached(register: &SegmentRegister) -> Segment {
    Segment {
        selector: register.selector,
        base: register.base,
        limit: register.limit,
        access: register.access,
        big: register.big,
        usable: register.access & PRESENT != 0,
        ..Segment::real(0, 0)
    }
}
