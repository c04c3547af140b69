//! The smallest programs: reset vector to console and HLT, on every combination of models.

use super::{Limits, Machine, MemoryModel, RunEnd, TimingModel};
use iced_x86::code_asm::{CodeAssembler, ax, cl, dx};
use iced_x86::{BlockEncoder, BlockEncoderOptions, Instruction, InstructionBlock};
use scc::address::PhysAddr;
use scc::host::Uart;
use scc::id::CoreId;

/// Real-mode code that prints a character and halts, and the reset vector that jumps to it.
fn print_and_halt(character: u8) -> (Vec<u8>, Vec<u8>) {
    let mut code = CodeAssembler::new(16).unwrap();
    code.mov(dx, 0x3F8u32).unwrap();
    code.mov(ax, u32::from(character)).unwrap();
    code.out(dx, iced_x86::code_asm::al).unwrap();
    code.mov(cl, 0x55u32).unwrap();
    code.cli().unwrap();
    code.hlt().unwrap();
    let code = code.assemble(0xF000).unwrap();
    let jump = [Instruction::with_branch(iced_x86::Code::Jmp_rel16, 0xF000).unwrap()];
    let block = InstructionBlock::new(&jump, 0xFFF0);
    let jump = BlockEncoder::encode(16, block, BlockEncoderOptions::NONE).unwrap().code_buffer;
    (code, jump)
}

fn boot(model: MemoryModel, timing: TimingModel, cores: &[u8]) -> Machine {
    let mut machine = Machine::builder().model(model).timing(timing).build();
    machine.default_luts(false);
    for &number in cores {
        let core = CoreId::new(number).unwrap();
        let (code, jump) = print_and_halt(b'0' + number);
        machine.write_core_memory(core, PhysAddr::new(0xFFFF_F000), &code).unwrap();
        machine.write_core_memory(core, PhysAddr::new(0xFFFF_FFF0), &jump).unwrap();
        machine.release(core);
    }
    machine
}

#[test]
fn cores_boot_from_the_reset_vector_and_print() {
    for model in [MemoryModel::Strict, MemoryModel::Fast] {
        for timing in [TimingModel::Scc, TimingModel::Flat] {
            let mut machine = boot(model, timing, &[0, 5, 47]);
            assert_eq!(machine.run(&Limits::default()), RunEnd::AllStopped, "{model:?} {timing:?}");
            for number in [0u8, 5, 47] {
                let core = CoreId::new(number).unwrap();
                assert_eq!(machine.console(core, Uart::Com1), [b'0' + number]);
                assert_eq!(machine.registers(core).general[1], 0x55);
            }
            assert_eq!(machine.instructions(), 3 * 7);
        }
    }
}

#[test]
fn the_same_run_gives_the_same_counts() {
    let run = || {
        let mut machine = boot(MemoryModel::Strict, TimingModel::Scc, &[0, 1, 2, 3]);
        machine.run(&Limits::default());
        serde_json::to_string(&machine.statistics()).unwrap()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_block_of_long_instructions_ends_where_the_window_does() {
    use super::{Registers, SegmentRegister};
    // 80 instructions of 10 bytes each, then HLT.
    let mut code = Vec::new();
    for value in 0..80u32 {
        code.extend([0xC7, 0x05, 0x00, 0x20, 0x00, 0x00]);
        code.extend(value.to_le_bytes());
    }
    code.extend([0xFA, 0xF4]);
    for model in [MemoryModel::Strict, MemoryModel::Fast] {
        let mut machine = Machine::builder().model(model).timing(TimingModel::Flat).build();
        machine.default_luts(false);
        let core = CoreId::new(0).unwrap();
        machine.write_core_memory(core, PhysAddr::new(0x1000), &code).unwrap();
        machine.release(core);
        let mut segments = [SegmentRegister::flat(16, false); 6];
        segments[1] = SegmentRegister::flat(8, true);
        let control = [1, 0, 0, 0];
        machine
            .set_registers(core, &Registers { general: [0; 8], eip: 0x1000, eflags: 2, segments, control });
        assert_eq!(machine.run(&Limits::default()), RunEnd::AllStopped);
        let mut word = [0; 4];
        machine.read_core_memory(core, PhysAddr::new(0x2000), &mut word).unwrap();
        assert_eq!((machine.instructions(), u32::from_le_bytes(word)), (82, 79), "{model:?}");
    }
}

#[test]
fn a_seed_shifts_the_cores_starts_and_repeats_them() {
    let run = |seed| {
        let mut machine = Machine::builder().seed(seed).build();
        machine.default_luts(false);
        for number in [0, 1, 2] {
            let core = CoreId::new(number).unwrap();
            let (code, jump) = print_and_halt(b'x');
            machine.write_core_memory(core, PhysAddr::new(0xFFFF_F000), &code).unwrap();
            machine.write_core_memory(core, PhysAddr::new(0xFFFF_FFF0), &jump).unwrap();
            machine.release(core);
        }
        assert_eq!(machine.run(&Limits::default()), RunEnd::AllStopped);
        machine.time()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    assert_ne!(run(0), run(7));
}
