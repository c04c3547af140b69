//! What is the same for all instructions of one encoding, looked up in `iced-x86` once per encoding.

use iced_x86::{Code, CpuidFeature, Instruction};
use std::sync::LazyLock;

/// What the core has (the `INTEL*_ONLY` features, MMX, CMOV, multi-byte NOP and all later ones are absent).
const ALLOWED: &[CpuidFeature] = &[
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
    CpuidFeature::SMM,
    CpuidFeature::CL1INVMB,
];

bitflags::bitflags! {
    /// Properties of an encoding.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Traits: u8 {
        /// Everything it needs is in [`ALLOWED`].
        const ALLOWED = 1;
        /// It has 16-bit addresses.
        const ADDRESS16 = 2;
        /// It has 16-bit operands.
        const OPERAND16 = 4;
    }
}

static TRAITS: LazyLock<Vec<Traits>> = LazyLock::new(|| Code::values().map(of_code).collect());

fn of_code(code: Code) -> Traits {
    let mut traits = Traits::empty();
    let information = code.op_code();
    traits.set(Traits::ALLOWED, code.cpuid_features().iter().all(|feature| ALLOWED.contains(feature)));
    traits.set(Traits::ADDRESS16, information.address_size() == 16);
    traits.set(Traits::OPERAND16, information.operand_size() == 16);
    traits
}

/// The properties of an instruction's encoding.
pub(super) fn of(instruction: &Instruction) -> Traits {
    TRAITS[instruction.code() as usize]
}
