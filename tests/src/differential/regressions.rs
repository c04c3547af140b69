//! Cases on which the emulator once differed from the host.
//!
//! Each entry is a sequence of instructions that run one after the other at the same place, each from the same
//! state: ESI and EDI point into the scratch memory, which holds ascending bytes.

use native_runner::{CODE_BYTES, Case, Mode, SCRATCH_BYTES};

/// A kept sequence.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// What went wrong.
    pub what: &'static str,
    mode: Mode,
    code: &'static [&'static [u8]],
    /// EAX, ECX, EDX, EBX.
    registers: [u32; 4],
}

/// All kept sequences.
pub const KEPT: &[Kept] = &[
    Kept {
        what: "an invalid instruction was remembered by its first byte alone",
        mode: Mode::Flat,
        code: &[&[0xF0, 0x89, 0x06], &[0xF0, 0x01, 0x06], &[0x66, 0x0F, 0x0B], &[0x66, 0x95]],
        registers: [0x1234_5678, 2, 3, 4],
    },
    Kept {
        what: "a repeated string instruction made no progress when its own fetch left the caches",
        mode: Mode::Flat,
        code: &[&[0xF3, 0xA4], &[0xF3, 0xAF]],
        registers: [0x0403_0201, 9, 0, 0],
    },
    Kept {
        what: "SHR by 1 set OF by the two top bits instead of the top one",
        mode: Mode::Flat,
        code: &[&[0xD1, 0xE8], &[0xD0, 0xE9], &[0x66, 0xD1, 0xEA], &[0xD1, 0xEB]],
        registers: [0xC000_0000, 0x40, 0x8000, 0x8000_0001],
    },
    Kept {
        what: "an instruction of 16 bytes raised #UD instead of #GP",
        mode: Mode::Flat,
        code: &[&[
            0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x0F, 0xBE, 0xC1,
        ]],
        registers: [1, 0x80, 3, 4],
    },
    Kept {
        what: "EIP wrapped after the last byte of a 16-bit segment",
        mode: Mode::Code16,
        code: &[&[0x66, 0xFF, 0xE3]],
        registers: [1, 2, 3, 0xFFFF],
    },
];

impl Kept {
    /// The sequence as cases.
    pub fn cases(&self) -> Vec<Case> {
        self.code.iter().map(|code| self.case(code)).collect()
    }

    fn case(&self, instruction: &[u8]) -> Case {
        let mut code = [0; CODE_BYTES];
        code[..instruction.len()].copy_from_slice(instruction);
        let [eax, ecx, edx, ebx] = self.registers;
        let scratch = self.mode.scratch();
        let mut memory = [0; SCRATCH_BYTES];
        (0..=u8::MAX).cycle().zip(&mut memory).for_each(|(value, byte)| *byte = value);
        Case {
            mode: self.mode,
            length: u8::try_from(instruction.len()).expect("an instruction is short"),
            entry: 0x4000,
            code,
            registers: [eax, ecx, edx, ebx, scratch + 256, scratch, scratch + 64, scratch + 128],
            flags: 0x202,
            memory,
        }
    }
}
