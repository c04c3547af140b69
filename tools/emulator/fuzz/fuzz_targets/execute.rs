//! Any bytes as code: the machine must neither panic nor hang, whatever they are.
//!
//! The first byte chooses memory model and mode; the rest is code at 0x1000 of each of 16 cores, of which core n
//! starts at its byte n. Building the board takes longer than running it, so one board runs many starts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::timing::Time;
use scc_emu::{Diagnostics, Limits, Machine, MemoryModel, Registers, SegmentRegister, TimingModel};

/// Cores that run.
const STARTS: usize = 16;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, code)) = data.split_first() else { return };
    let model = if choice & 1 == 0 { MemoryModel::Fast } else { MemoryModel::Strict };
    let mut machine =
        Machine::builder().model(model).timing(TimingModel::Flat).diagnostics(Diagnostics::Off).build();
    machine.default_luts(true);
    let code = &code[..code.len().min(0x1000)];
    let protected = choice & 2 == 0;
    let mut segments = [SegmentRegister::flat(16, false); 6];
    segments[1] = SegmentRegister::flat(8, true);
    if !protected {
        for segment in &mut segments {
            *segment = SegmentRegister { selector: 0, limit: 0xFFFF, big: false, ..*segment };
        }
    }
    for core in CoreId::all().take(STARTS) {
        machine.write_core_memory(core, PhysAddr::new(0x1000), code).expect("private memory");
        machine.release(core);
        let registers = Registers {
            general: [0, 3, 0x3F8, 0x2000, 0x8000, 0x3000, 0x4000, 0x5000],
            eip: 0x1000 + u32::from(core.number()),
            eflags: 0x202,
            segments,
            control: [u32::from(protected) | 0x10, 0, 0, 0],
        };
        machine.set_registers(core, &registers);
    }
    machine.run(&Limits { until: Some(Time::from_microseconds(5)), slices: Some(20_000) });
});
