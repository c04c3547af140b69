//! CPUID RDTSC RDMSR WRMSR.
//!
//! Source: SCC reference §2.1.

use crate::chip::Fabric;
use crate::cpu::counters::{MsrError, Sources};
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::Core;
use crate::mmu::walk::low_word;
use i586::control::Cr4;
use i586::cpuid::{self, Features, Leaf};
use i586::msr::Msr;

/// `cpuid`
pub(crate) struct Cpuid;
/// `rdtsc`
pub(crate) struct Rdtsc;
/// `rdmsr`: register number in ECX.
pub(crate) struct Rdmsr;
/// `wrmsr`: register number in ECX. Closing.
pub(crate) struct Wrmsr;

/// Register numbers.
const EAX: usize = 0;
const ECX: usize = 1;
const EDX: usize = 2;
const EBX: usize = 3;

impl Step for Cpuid {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, _: &Op) -> Result<(), Stop> {
        let mut features = Features::all();
        features.set(Features::LOCAL_APIC, core.apic.is_enabled_by_pin());
        let Leaf { eax, ebx, ecx, edx } = cpuid::leaf(core.regs[EAX], features);
        core.regs[EAX] = eax;
        core.regs[EBX] = ebx;
        core.regs[ECX] = ecx;
        core.regs[EDX] = edx;
        Ok(())
    }
}

impl Step for Rdtsc {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        if core.cpl != 0 && core.cr4 & Cr4::TIME_STAMP_DISABLE.bits() != 0 {
            return Err(Stop::PROTECTION);
        }
        let value = core.time_stamp(op);
        set_pair(core, value);
        Ok(())
    }
}

impl Step for Rdmsr {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        let index = core.regs[ECX];
        let sources = sources(&core.hierarchy, core.instructions, op);
        let value = match core.counters.read_msr(index, &sources) {
            Ok(value) => value,
            Err(MsrError::TimeStamp) => core.time_stamp(op),
            Err(MsrError::Undefined(_)) => return Err(Stop::PROTECTION),
        };
        set_pair(core, value);
        Ok(())
    }
}

impl Step for Wrmsr {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        let index = core.regs[ECX];
        let value = u64::from(core.regs[EDX]) << 32 | u64::from(core.regs[EAX]);
        let sources = sources(&core.hierarchy, core.instructions, op);
        match core.counters.write_msr(index, value, &sources) {
            Ok(()) if index == Msr::FeatureControl.index() => core.refresh_cache_control(),
            Ok(()) => {}
            Err(MsrError::TimeStamp) => core.tsc_base = value.wrapping_sub(core.cycle_at(op)),
            Err(MsrError::Undefined(_)) => return Err(Stop::PROTECTION),
        }
        Ok(())
    }
}

/// What the performance counters count, up to the start of `op`.
fn sources<'a>(hierarchy: &'a crate::cache::Hierarchy, instructions: u64, op: &Op) -> Sources<'a> {
    Sources { instructions: instructions + u64::from(op.number), memory: hierarchy.statistics() }
}

/// Loads EDX:EAX.
fn set_pair(core: &mut Core, value: u64) {
    core.regs[EAX] = low_word(value);
    core.regs[EDX] = low_word(value >> 32);
}
