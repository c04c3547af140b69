//! Decoded blocks that span several cache lines.

use super::flat_program::{START, core, start};
use super::{Limits, Machine, MemoryModel, RunEnd};
use iced_x86::code_asm::{CodeAssembler, dword_ptr, eax, ecx};

/// Additions in the block: with what is around them it reaches over 7 lines of 32 bytes, the most there can be.
const ADDITIONS: u32 = 29;
/// Bytes of `add eax, imm32` and of `xor eax, eax`.
const ADD: u32 = 5;
const XOR: u32 = 2;
/// Where the block begins: at the last byte of a line.
const BLOCK: u32 = START + 0x1F;
/// Where it leaves its sums, the first pass's at index 2.
const SUMS: u32 = 0x4000;

/// Adds 1 to 0 over and over, twice, and keeps both sums.
fn adding() -> Vec<u8> {
    let assemble = || {
        let mut code = CodeAssembler::new(32)?;
        let mut top = code.create_label();
        code.mov(ecx, 2)?;
        code.jmp(top)?;
        // MOV takes 5 bytes, the short JMP 2.
        code.db(&[0x90; 0x1F - 7])?;
        code.set_label(&mut top)?;
        code.xor(eax, eax)?;
        for _ in 0..ADDITIONS {
            code.db(&[0x05, 1, 0, 0, 0])?;
        }
        code.mov(dword_ptr(ecx * 4 + SUMS), eax)?;
        code.dec(ecx)?;
        code.jnz(top)?;
        code.hlt()?;
        code.assemble(u64::from(START))
    };
    assemble().expect("valid instructions")
}

/// Every line that a block was decoded from counts: whichever changes, the block is decoded again.
#[test]
fn a_change_in_any_line_of_a_long_block_is_noticed() {
    for model in [MemoryModel::Strict, MemoryModel::Fast] {
        for changed in 0..ADDITIONS {
            let mut machine = Machine::builder().model(model).build();
            start(&mut machine, core(0), &adding());
            while machine.registers(core(0)).general[1] != 1 {
                assert_eq!(machine.step(core(0)), RunEnd::Observed(core(0)));
            }
            let immediate = BLOCK + XOR + ADD * changed + 1;
            machine.poke_linear(core(0), immediate, &[100]).unwrap();
            assert_eq!(machine.run(&Limits::default()), RunEnd::AllStopped);
            let mut sums = [0; 8];
            machine.peek_linear(core(0), SUMS + 4, &mut sums).unwrap();
            let word = |at: usize| u32::from_le_bytes(sums[at..at + 4].try_into().unwrap());
            assert_eq!((word(4), word(0)), (ADDITIONS, ADDITIONS + 99), "{model:?}, addition {changed}");
        }
    }
}
