//! scc-emu as a library: the ROM in core 0's boot slot, below 4 GB.
//!
//! Findings are off: cases use ports that the board does not have.

use super::{Outcome, Transcript};
use crate::judged::volume::Rom;
use i586::reset;
use scc::address::PhysAddr;
use scc::host::Uart;
use scc::id::CoreId;
use scc::timing::Time;
use scc_emu::{Activity, Diagnostics, Limits, Machine, MemoryModel, RunEnd, TimingModel};

/// Emulated time within which something must be printed.
const PATIENCE: Time = Time::from_microseconds(100_000);

/// Runs `rom` to its end: strict with the chip's timing, fast with flat timing.
pub(super) fn run(rom: &Rom, model: MemoryModel) -> Transcript {
    let timing = if model == MemoryModel::Strict { TimingModel::Scc } else { TimingModel::Flat };
    let mut machine = Machine::builder().model(model).timing(timing).diagnostics(Diagnostics::Off).build();
    machine.default_luts(false);
    let core = CoreId::new(0).expect("there is a core 0");
    machine
        .write_core_memory(core, PhysAddr::new(reset::CODE_BASE), &rom.bytes)
        .expect("the default LUT maps the boot slot to memory");
    machine.release(core);
    let mut printed = usize::MAX;
    let mut end = RunEnd::TimeReached;
    while end == RunEnd::TimeReached && machine.console(core, Uart::Com1).len() != printed {
        printed = machine.console(core, Uart::Com1).len();
        end = machine.run(&Limits { until: Some(machine.time() + PATIENCE), ..Limits::default() });
    }
    let registers = machine.registers(core);
    let otherwise = match machine.activity(core) {
        Activity::Shutdown => Outcome::Shutdown,
        activity => {
            let (cs, eip) = (registers.segments[1].selector, registers.eip);
            Outcome::Stuck(format!("{end:?}; {activity:?} at {cs:#x}:{eip:#x}"))
        }
    };
    Transcript::new(machine.console(core, Uart::Com1), otherwise)
}
