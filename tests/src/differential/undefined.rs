//! What is not compared: flags that the architecture leaves undefined, and where the host is no P54C.
//!
//! Flags (Pentium manual vol. 3, instruction reference; a count is the one after masking to 5 bits):
//!
//! ```text
//! AND OR XOR TEST              AF
//! SHL SHR SAR                  AF; OF unless the count is 1; CF of SHL and SHR if count >= operand size
//! ROL ROR RCL RCR              OF unless the count is 1
//! SHLD SHRD                    AF; OF unless the count is 1
//! MUL IMUL                     SF ZF AF PF
//! DIV IDIV                     all six
//! BT BTS BTR BTC               OF SF AF PF
//! BSF BSR                      all but ZF
//! DAA DAS                      OF
//! AAA AAS                      OF SF ZF PF
//! AAM AAD                      OF AF CF
//! ```
//!
//! A count of 0 leaves every flag as it was. An instruction that ends in an exception leaves them all too.
//!
//! Hosts differ from a P54C in instructions that the groups therefore do not make: `F3 0F BC/BD` (TZCNT and
//! LZCNT there), `62/C4/C5` with a register operand (EVEX and VEX prefixes), BSWAP of 16-bit registers and double
//! shifts of 16 bits by more than 16 (results undefined), `8F` with a reg field other than 0 (XOP), INT1 (an AMD
//! CPU reports its own EIP). An AMD CPU also checks limit and alignment of far returns with 16-bit operands as if
//! they were wider, lets a POPA that faults load the first registers, and lets ARPL pass by a segment that it may
//! not write as long as it need not; the groups keep clear of these cases.

use super::instructions;
use iced_x86::{Instruction, Mnemonic, OpKind, RflagsBits};
use native_runner::Case;

const CARRY: u32 = 1;
const PARITY: u32 = 4;
const AUXILIARY: u32 = 0x10;
const ZERO: u32 = 0x40;
const SIGN: u32 = 0x80;
const OVERFLOW: u32 = 0x800;

/// The flags that are undefined after a case, which runs from its first instruction to its last.
pub fn flags(case: &Case) -> u32 {
    let mut unknown = 0;
    for instruction in instructions(case) {
        unknown = unknown & !defined(&instruction) | after(&instruction, case);
    }
    unknown
}

/// Whether an instruction of the case reads a flag that an earlier one left undefined.
pub fn is_read(case: &Case) -> bool {
    let mut unknown = 0;
    instructions(case).any(|instruction| {
        let reads = to_eflags(instruction.rflags_read()) & unknown != 0;
        unknown = unknown & !defined(&instruction) | after(&instruction, case);
        reads
    })
}

/// The flags an instruction gives a value, defined or not.
fn defined(instruction: &Instruction) -> u32 {
    to_eflags(instruction.rflags_written() | instruction.rflags_cleared() | instruction.rflags_set())
}

/// The decoder's flag bits as they stand in EFLAGS.
fn to_eflags(bits: u32) -> u32 {
    const TABLE: [(u32, u32); 6] = [
        (RflagsBits::OF, OVERFLOW),
        (RflagsBits::SF, SIGN),
        (RflagsBits::ZF, ZERO),
        (RflagsBits::AF, AUXILIARY),
        (RflagsBits::CF, CARRY),
        (RflagsBits::PF, PARITY),
    ];
    TABLE.iter().filter(|(theirs, _)| bits & theirs != 0).map(|(_, ours)| ours).sum()
}

/// The flags that are undefined after `instruction` ran on the case's operands.
fn after(instruction: &Instruction, case: &Case) -> u32 {
    use Mnemonic as Is;
    match instruction.mnemonic() {
        Is::And | Is::Or | Is::Xor | Is::Test => AUXILIARY,
        Is::Shl
        | Is::Shr
        | Is::Sar
        | Is::Sal
        | Is::Rol
        | Is::Ror
        | Is::Rcl
        | Is::Rcr
        | Is::Shld
        | Is::Shrd => by_count(instruction, count(instruction, case)),
        Is::Mul | Is::Imul => SIGN | ZERO | AUXILIARY | PARITY,
        Is::Div | Is::Idiv => CARRY | PARITY | AUXILIARY | ZERO | SIGN | OVERFLOW,
        Is::Bt | Is::Bts | Is::Btr | Is::Btc => OVERFLOW | SIGN | AUXILIARY | PARITY,
        Is::Bsf | Is::Bsr => CARRY | PARITY | AUXILIARY | SIGN | OVERFLOW,
        Is::Daa | Is::Das => OVERFLOW,
        Is::Aaa | Is::Aas => OVERFLOW | SIGN | ZERO | PARITY,
        Is::Aam | Is::Aad => OVERFLOW | AUXILIARY | CARRY,
        _ => 0,
    }
}

fn by_count(instruction: &Instruction, count: u32) -> u32 {
    use Mnemonic as Is;
    if count == 0 {
        return 0;
    }
    let overflow = if count == 1 { 0 } else { OVERFLOW };
    let auxiliary = match instruction.mnemonic() {
        Is::Rol | Is::Ror | Is::Rcl | Is::Rcr => 0,
        _ => AUXILIARY,
    };
    let loses_carry = matches!(instruction.mnemonic(), Is::Shl | Is::Sal | Is::Shr);
    let carry = if loses_carry && count >= operand_bits(instruction) { CARRY } else { 0 };
    overflow | auxiliary | carry
}

/// A shift count, masked as the CPU masks it.
fn count(instruction: &Instruction, case: &Case) -> u32 {
    let last = instruction.op_count() - 1;
    let count = match instruction.op_kind(last) {
        OpKind::Register => case.registers[1],
        _ => u32::from(instruction.immediate8()),
    };
    count & 31
}

fn operand_bits(instruction: &Instruction) -> u32 {
    let bytes = match instruction.op0_kind() {
        OpKind::Register => instruction.op0_register().size(),
        _ => instruction.memory_size().size(),
    };
    u32::try_from(8 * bytes).expect("an operand is small")
}

#[cfg(test)]
mod tests {
    use super::*;
    use native_runner::{CODE_BYTES, Mode, SCRATCH_BYTES};

    fn undefined(code: &[u8], cl: u32) -> u32 {
        let mut bytes = [0; CODE_BYTES];
        bytes[..code.len()].copy_from_slice(code);
        let mut case = Case {
            mode: Mode::Flat,
            length: u8::try_from(code.len()).expect("short"),
            entry: 0,
            code: bytes,
            registers: [0; 8],
            flags: 0,
            memory: [0; SCRATCH_BYTES],
        };
        case.registers[1] = cl;
        flags(&case)
    }

    #[test]
    fn shift_by_zero_leaves_every_flag_defined() {
        assert_eq!(undefined(&[0xD3, 0xE0], 32), 0);
        assert_eq!(undefined(&[0x0F, 0xA4, 0xC8, 0x20], 0), 0);
    }

    #[test]
    fn carry_is_undefined_only_when_every_bit_is_shifted_out() {
        assert_eq!(undefined(&[0xC0, 0xE0, 7], 0) & CARRY, 0);
        assert_eq!(undefined(&[0xC0, 0xE0, 8], 0) & CARRY, CARRY);
        assert_eq!(undefined(&[0xC0, 0xF8, 8], 0) & CARRY, 0);
    }

    #[test]
    fn rotate_by_one_defines_all_its_flags() {
        assert_eq!(undefined(&[0xD1, 0xD0], 0), 0);
        assert_eq!(undefined(&[0xC1, 0xD0, 2], 0), OVERFLOW);
    }
}
