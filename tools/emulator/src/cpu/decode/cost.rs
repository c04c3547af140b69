//! Instruction costs in core cycles with all operands in L1 (SCC reference §10.4).
//!
//! One pipe: pairing is not modelled, so a simple instruction costs one cycle. Costs of repeated string
//! instructions, memory and port accesses come on top when they happen.

use iced_x86::{Instruction, Mnemonic, OpKind};

/// Whether a byte is a prefix other than 0F; each costs one cycle.
pub(super) const fn is_prefix(byte: u8) -> bool {
    matches!(byte, 0x26 | 0x2E | 0x36 | 0x3E | 0x64..=0x67 | 0xF0 | 0xF2 | 0xF3)
}

/// Cost of an instruction whose encoding starts at `bytes`.
pub(crate) fn cost(instruction: &Instruction, bytes: &[u8]) -> u16 {
    let prefixes = bytes.iter().take_while(|byte| is_prefix(**byte)).count();
    base(instruction) + u16::try_from(prefixes).unwrap_or(0)
}

fn base(instruction: &Instruction) -> u16 {
    use Mnemonic as Is;
    let operands = 0..instruction.op_count();
    let memory = operands.clone().any(|operand| instruction.op_kind(operand) == OpKind::Memory);
    let to_memory = instruction.op_count() > 0 && instruction.op0_kind() == OpKind::Memory;
    let byte = instruction.op_count() > 0
        && instruction.op0_kind() == OpKind::Register
        && instruction.op0_register().size() == 1;
    match instruction.mnemonic() {
        Is::Add
        | Is::Or
        | Is::And
        | Is::Sub
        | Is::Xor
        | Is::Adc
        | Is::Sbb
        | Is::Inc
        | Is::Dec
        | Is::Neg
        | Is::Not
            if to_memory =>
        {
            3
        }
        Is::Add | Is::Or | Is::And | Is::Sub | Is::Xor | Is::Adc | Is::Sbb | Is::Cmp | Is::Test if memory => {
            2
        }
        Is::Shl | Is::Shr | Is::Sar | Is::Sal | Is::Rol | Is::Ror if memory => 3,
        Is::Rcl | Is::Rcr => 8,
        Is::Shld | Is::Shrd => 4,
        Is::Mul => {
            if byte {
                11
            } else {
                10
            }
        }
        Is::Imul => {
            if memory {
                11
            } else {
                10
            }
        }
        Is::Div => {
            if byte {
                17
            } else {
                41
            }
        }
        Is::Idiv => {
            if byte {
                22
            } else {
                46
            }
        }
        Is::Movzx | Is::Movsx => 3,
        Is::Pushad | Is::Pusha | Is::Popad | Is::Popa => 5,
        Is::Pushf | Is::Pushfd => 4,
        Is::Popf | Is::Popfd => 6,
        Is::Enter => 11,
        Is::Leave => 3,
        Is::Ret => 2,
        Is::Xchg | Is::Xadd => 3,
        Is::Cmpxchg => 6,
        Is::Cmpxchg8b => 10,
        Is::Bt => 4,
        Is::Bts | Is::Btr | Is::Btc => 7,
        Is::Bsf | Is::Bsr => 7,
        Is::Bound => 8,
        Is::Loop | Is::Loope | Is::Loopne => 5,
        Is::Movsb | Is::Movsw | Is::Movsd => {
            if instruction.has_rep_prefix() {
                13
            } else {
                4
            }
        }
        Is::Stosb | Is::Stosw | Is::Stosd => {
            if instruction.has_rep_prefix() {
                9
            } else {
                3
            }
        }
        Is::Cmpsb | Is::Cmpsw | Is::Cmpsd => 5,
        Is::Scasb | Is::Scasw | Is::Scasd => 4,
        Is::Cpuid => 14,
        Is::Rdtsc => 6,
        Is::Rdmsr => 20,
        Is::Wrmsr => 30,
        Is::Into => 4,
        // Interrupts charge their way to the handler themselves.
        Is::Int | Is::Int3 | Is::Int1 => 1,
        Is::Iret | Is::Iretd => 8,
        Is::Cli | Is::Sti => 7,
        Is::In => 7,
        Is::Out => 12,
        Is::Wbinvd => 2000,
        Is::Invd => 15,
        Is::Invlpg => 25,
        Is::Daa | Is::Das | Is::Aaa | Is::Aas => 3,
        Is::Aam => 18,
        Is::Aad => 10,
        Is::Fdiv | Is::Fdivp | Is::Fdivr | Is::Fdivrp | Is::Fidiv | Is::Fidivr => 39,
        Is::Fsqrt => 70,
        Is::Fadd | Is::Faddp | Is::Fsub | Is::Fsubp | Is::Fsubr | Is::Fsubrp | Is::Fmul | Is::Fmulp => 3,
        Is::Fst | Is::Fstp => 2,
        Is::Fsin | Is::Fcos => 70,
        Is::Fsincos | Is::Fptan | Is::Fpatan => 100,
        Is::F2xm1 | Is::Fyl2x | Is::Fyl2xp1 => 60,
        Is::Fsave | Is::Fnsave => 124,
        Is::Frstor => 75,
        Is::Fstenv | Is::Fnstenv => 48,
        Is::Fldenv => 37,
        Is::Mov => control_register(instruction),
        _ => 1,
    }
}

fn control_register(instruction: &Instruction) -> u16 {
    use iced_x86::Register;
    if instruction.op0_kind() != OpKind::Register {
        return 1;
    }
    match instruction.op0_register() {
        Register::CR0 => 22,
        Register::CR3 => 21,
        Register::CR4 => 14,
        register if register.is_segment_register() => 2,
        register if register.is_dr() => 11,
        _ => 1,
    }
}
