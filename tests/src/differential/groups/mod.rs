//! The groups of instructions that are compared, each with what makes a random member of it.

mod arithmetic;
mod bits;
mod control;
mod data;
mod segments;
mod sequences;
mod stack;
mod strings;
mod system;

use super::draft::Draft;
use super::random::Random;
use native_runner::Case;

/// Instructions that are tested together.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Distinguishes the groups' random streams.
    seed: u64,
    draft: fn(&mut Draft<'_>),
}

impl Group {
    /// The group's random cases, always the same ones.
    pub fn cases(&self, count: usize) -> Vec<Case> {
        let mut random = Random::new(self.seed);
        (0..count).map(|_| self.case(&mut random)).collect()
    }

    fn case(&self, random: &mut Random) -> Case {
        let mut draft = Draft::new(random);
        (self.draft)(&mut draft);
        draft.finish()
    }

    /// The seed of the group's random stream.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident = $seed:literal: $draft:path;)*) => {$(
        $(#[$doc])*
        pub const $name: Group = Group { seed: $seed, draft: $draft };
    )*
        /// All groups, by name.
        pub const ALL: &[(&str, Group)] = &[$((stringify!($name), $name)),*];
    };
}

groups! {
    /// ADD OR ADC SBB AND SUB XOR CMP.
    TWO_OPERANDS = 1: arithmetic::two_operands;
    /// TEST NOT NEG INC DEC.
    TEST_AND_ONE_OPERAND = 2: arithmetic::test_and_one_operand;
    /// MUL IMUL.
    MULTIPLICATION = 3: arithmetic::multiplication;
    /// DIV IDIV.
    DIVISION = 4: arithmetic::division;
    /// DAA DAS AAA AAS AAM AAD.
    DECIMAL_ADJUSTMENT = 5: arithmetic::decimal_adjustment;
    /// Flag instructions, CBW and relatives.
    FLAGS_AND_CONVERSIONS = 6: arithmetic::flags_and_conversions;
    /// ROL ROR RCL RCR SHL SHR SAR.
    SHIFTS_AND_ROTATES = 7: bits::shifts_and_rotates;
    /// SHLD SHRD.
    DOUBLE_SHIFTS = 8: bits::double_shifts;
    /// BT BTS BTR BTC.
    BIT_TESTS = 9: bits::bit_tests;
    /// BSF BSR.
    BIT_SCANS = 10: bits::bit_scans;
    /// BSWAP.
    BYTE_SWAP = 11: bits::byte_swap;
    /// MOV.
    MOVES = 12: data::moves;
    /// MOVZX MOVSX.
    EXTENSIONS = 13: data::extensions;
    /// LEA.
    EFFECTIVE_ADDRESSES = 14: data::effective_addresses;
    /// XCHG.
    EXCHANGES = 15: data::exchanges;
    /// XADD CMPXCHG CMPXCHG8B.
    READ_MODIFY_WRITE = 16: data::read_modify_write;
    /// SETcc.
    CONDITIONAL_BYTES = 17: data::conditional_bytes;
    /// XLAT.
    TABLE_LOOK_UP = 18: data::table_look_up;
    /// String instructions without a repeat prefix.
    STRINGS = 19: strings::single;
    /// String instructions with a repeat prefix.
    REPEATED_STRINGS = 20: strings::repeated;
    /// PUSH POP.
    PUSHES_AND_POPS = 21: stack::pushes_and_pops;
    /// PUSHA POPA PUSHF POPF.
    ALL_REGISTERS_AND_FLAGS = 22: stack::all_registers_and_flags;
    /// ENTER LEAVE.
    FRAMES = 23: stack::frames;
    /// Jcc JCXZ LOOP.
    CONDITIONAL_JUMPS = 24: control::conditional_jumps;
    /// Near JMP CALL RET.
    NEAR_TRANSFERS = 25: control::near_transfers;
    /// Far JMP CALL RET, IRET.
    FAR_TRANSFERS = 26: control::far_transfers;
    /// MOV to and from segment registers, LDS and relatives, PUSH and POP of them.
    SEGMENT_REGISTERS = 27: segments::segment_registers;
    /// LAR LSL VERR VERW ARPL.
    DESCRIPTOR_QUERIES = 28: segments::descriptor_queries;
    /// Accesses that cross or lie beyond a segment's limit.
    LIMIT_VIOLATIONS = 29: segments::limit_violations;
    /// INT INTO BOUND.
    SOFTWARE_INTERRUPTS = 30: system::software_interrupts;
    /// Instructions that a program may not execute.
    PRIVILEGED = 31: system::privileged;
    /// Encodings that are no instruction.
    UNDEFINED = 32: system::undefined;
    /// Excess prefixes, up to encodings that are too long.
    PREFIXES = 33: system::prefixes;
    /// Aligned and unaligned operands of all kinds with AC set.
    ALIGNMENT_CHECKS = 34: system::alignment_checks;
    /// A dozen instructions in a row.
    SEQUENCES = 35: sequences::sequence;
}
