//! Random bytes as code, in every mode and model: the emulator neither panics nor hangs.
//!
//! The fuzz target `execute` of the emulator does the same without end; this is its share of every test run.

use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::timing::Time;
use scc_emu::{Diagnostics, Limits, Machine, MemoryModel, Registers, SegmentRegister, TimingModel};

const SEED: u64 = 0x5CC0_0048_C0DE_F00D;
const PROGRAMS: u32 = 200;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

fn start(protected: bool, general: [u32; 8]) -> Registers {
    let mut segments = [SegmentRegister::flat(16, false); 6];
    segments[1] = SegmentRegister::flat(8, true);
    if !protected {
        for segment in &mut segments {
            *segment = SegmentRegister { selector: 0, limit: 0xFFFF, big: false, ..*segment };
        }
    }
    Registers {
        general,
        eip: 0x1000,
        eflags: 0x202,
        segments,
        control: [u32::from(protected) | 0x10, 0, 0, 0],
    }
}

#[test]
fn random_bytes_as_code_never_take_the_emulator_down() {
    let mut random = Random(SEED);
    let core = CoreId::new(0).unwrap();
    let mut executed = 0;
    for program in 0..PROGRAMS {
        let model = if program & 1 == 0 { MemoryModel::Fast } else { MemoryModel::Strict };
        let mut machine =
            Machine::builder().model(model).timing(TimingModel::Flat).diagnostics(Diagnostics::Off).build();
        machine.default_luts(true);
        let code: Vec<u8> = (0..512).flat_map(|_| random.next().to_le_bytes()).collect();
        machine.write_core_memory(core, PhysAddr::new(0x1000), &code).unwrap();
        machine.release(core);
        let general = std::array::from_fn(|_| u32::try_from(random.next() & 0x000F_FFFF).unwrap());
        machine.set_registers(core, &start(program & 2 == 0, general));
        machine.run(&Limits { until: Some(Time::from_microseconds(20)), slices: Some(100_000) });
        executed += machine.instructions();
    }
    assert!(executed > u64::from(PROGRAMS), "seed {SEED:#x}: only {executed} instructions ran");
}
