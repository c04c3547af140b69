//! Which instructions a P54C has.
//!
//! A list of what is allowed, by the feature that brought an instruction: whatever a decoder knows beyond it is
//! foreign, without anybody having named it. QEMU is no judge of this: as a Pentium it refuses CMOV and SSE, but
//! executes ENDBR32 and the long forms of NOP.

use iced_x86::{CpuidFeature, Instruction, Mnemonic};

/// What brought the instructions of a P54C. CL1INVMB is the SCC's own; it is written as bytes and decoded, with
/// `DecoderOptions::CL1INVMB`, as what it is.
const KNOWN: [CpuidFeature; 14] = [
    CpuidFeature::INTEL8086,
    CpuidFeature::INTEL186,
    CpuidFeature::INTEL286,
    CpuidFeature::INTEL386,
    CpuidFeature::INTEL486,
    CpuidFeature::FPU,
    CpuidFeature::FPU287,
    CpuidFeature::FPU387,
    CpuidFeature::CPUID,
    CpuidFeature::TSC,
    CpuidFeature::CX8,
    CpuidFeature::MSR,
    CpuidFeature::PAUSE,
    CpuidFeature::CL1INVMB,
];

/// Tells whether a P54C executes `instruction`; bytes that decode to nothing are not known.
#[must_use]
pub fn is_known_to_p54c(instruction: &Instruction) -> bool {
    // F3 0F BC is BSF with a prefix that a P54C ignores; compilers use it for counting zeros, where both agree.
    instruction.mnemonic() == Mnemonic::Tzcnt
        || (!instruction.is_invalid()
            && instruction.cpuid_features().iter().all(|feature| KNOWN.contains(feature)))
}

#[cfg(test)]
mod tests {
    use iced_x86::{Decoder, DecoderOptions};

    use super::*;

    fn is_known(bytes: &[u8]) -> bool {
        is_known_to_p54c(&Decoder::new(32, bytes, DecoderOptions::CL1INVMB).decode())
    }

    #[test]
    fn instructions_of_a_p54c_are_known() {
        for (name, bytes) in [
            ("cmpxchg8b [eax]", [0x0F, 0xC7, 0x08].as_slice()),
            ("rdtsc", &[0x0F, 0x31]),
            ("wrmsr", &[0x0F, 0x30]),
            ("cl1invmb", &[0x0F, 0x0A]),
            ("rep bsf eax, eax", &[0xF3, 0x0F, 0xBC, 0xC0]),
            ("rep nop", &[0xF3, 0x90]),
            ("fsqrt", &[0xD9, 0xFA]),
        ] {
            assert!(is_known(bytes), "{name}");
        }
    }

    #[test]
    fn later_instructions_are_foreign_even_where_qemu_executes_them() {
        for (name, bytes) in [
            ("endbr32", [0xF3, 0x0F, 0x1E, 0xFB].as_slice()),
            ("nop [eax]", &[0x0F, 0x1F, 0x00]),
            ("cmove eax, eax", &[0x0F, 0x44, 0xC0]),
            ("emms", &[0x0F, 0x77]),
            ("movaps xmm0, xmm0", &[0x0F, 0x28, 0xC0]),
            ("fcomi st0, st0", &[0xDB, 0xF0]),
            ("sysenter", &[0x0F, 0x34]),
            ("half an instruction", &[0x0F]),
        ] {
            assert!(!is_known(bytes), "{name}");
        }
    }
}
