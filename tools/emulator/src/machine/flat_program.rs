//! For tests: a core that is released into a given program, in flat 32-bit protected mode with paging off.

use super::{Machine, Registers, SegmentRegister};
use i586::control::Cr0;
use i586::flags::Eflags;
use scc::address::PhysAddr;
use scc::id::CoreId;

/// Address of the program.
pub(crate) const START: u32 = 0x1000;

/// The core numbered `number`.
pub(crate) fn core(number: u8) -> CoreId {
    CoreId::new(number).unwrap()
}

/// Loads `code` at [`START`] and releases the core there, caches on, stack below the program.
pub(crate) fn start(machine: &mut Machine, core: CoreId, code: &[u8]) {
    machine.default_luts(false);
    machine.write_core_memory(core, PhysAddr::new(START), code).unwrap();
    machine.release(core);
    let data = SegmentRegister::flat(0x10, false);
    machine.set_registers(
        core,
        &Registers {
            general: [0, 0, 0, 0, START, 0, 0, 0],
            eip: START,
            eflags: Eflags::RESET.bits(),
            segments: [data, SegmentRegister::flat(8, true), data, data, data, data],
            control: [Cr0::PROTECTION.bits(), 0, 0, 0],
        },
    );
}
