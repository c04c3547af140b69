//! Integer instructions of the emulator against the host CPU, group by group.

use boot_tests::differential::comparison::Comparison;
use boot_tests::differential::groups::{self, Group};
use boot_tests::differential::regressions;
use boot_tests::native;
use native_runner::Case;

/// Random cases of each group.
const CASES: usize = 4000;
/// Differences that are printed in full.
const SHOWN: usize = 6;

/// Asserts that host and emulator agree on a group's random cases.
fn agree(group: Group) {
    compare(&group.cases(CASES), &format!("seed {}", group.seed()));
}

fn compare(cases: &[Case], origin: &str) {
    if !native::is_wanted() {
        return;
    }
    let mut comparison = Comparison::start().unwrap_or_else(|error| panic!("{error}"));
    let differences = comparison.differences(cases).unwrap_or_else(|error| panic!("{error}"));
    let shown: String = differences.iter().take(SHOWN).map(|difference| format!("\n{difference}")).collect();
    assert!(differences.is_empty(), "{} differences ({origin}){shown}", differences.len());
}

macro_rules! groups_agree {
    ($($name:ident: $group:ident;)*) => {$(
        #[test]
        fn $name() {
            agree(groups::$group);
        }
    )*};
}

groups_agree! {
    two_operand_arithmetic_agrees_with_the_host: TWO_OPERANDS;
    test_and_one_operand_arithmetic_agree_with_the_host: TEST_AND_ONE_OPERAND;
    multiplication_agrees_with_the_host: MULTIPLICATION;
    division_agrees_with_the_host_and_faults_alike: DIVISION;
    decimal_adjustment_agrees_with_the_host: DECIMAL_ADJUSTMENT;
    flag_instructions_and_conversions_agree_with_the_host: FLAGS_AND_CONVERSIONS;
    shifts_and_rotates_agree_with_the_host: SHIFTS_AND_ROTATES;
    double_shifts_agree_with_the_host: DOUBLE_SHIFTS;
    bit_tests_agree_with_the_host_far_from_their_operand: BIT_TESTS;
    bit_scans_agree_with_the_host: BIT_SCANS;
    byte_swap_agrees_with_the_host: BYTE_SWAP;
    moves_agree_with_the_host: MOVES;
    extensions_agree_with_the_host: EXTENSIONS;
    effective_addresses_agree_with_the_host: EFFECTIVE_ADDRESSES;
    exchanges_agree_with_the_host: EXCHANGES;
    read_modify_write_agrees_with_the_host: READ_MODIFY_WRITE;
    conditional_bytes_agree_with_the_host: CONDITIONAL_BYTES;
    table_look_up_agrees_with_the_host: TABLE_LOOK_UP;
    strings_agree_with_the_host_in_both_directions: STRINGS;
    repeated_strings_agree_with_the_host: REPEATED_STRINGS;
    pushes_and_pops_agree_with_the_host: PUSHES_AND_POPS;
    all_registers_and_flags_agree_with_the_host: ALL_REGISTERS_AND_FLAGS;
    frames_agree_with_the_host: FRAMES;
    conditional_jumps_go_where_the_host_goes: CONDITIONAL_JUMPS;
    near_transfers_go_where_the_host_goes: NEAR_TRANSFERS;
    far_transfers_go_where_the_host_goes: FAR_TRANSFERS;
    segment_registers_load_and_fault_as_on_the_host: SEGMENT_REGISTERS;
    descriptor_queries_agree_with_the_host: DESCRIPTOR_QUERIES;
    accesses_beyond_a_limit_fault_as_on_the_host: LIMIT_VIOLATIONS;
    software_interrupts_report_as_on_the_host: SOFTWARE_INTERRUPTS;
    privileged_instructions_fault_as_on_the_host: PRIVILEGED;
    undefined_encodings_fault_as_on_the_host: UNDEFINED;
    excess_prefixes_are_taken_as_on_the_host: PREFIXES;
    unaligned_operands_fault_as_on_the_host: ALIGNMENT_CHECKS;
    sequences_agree_with_the_host: SEQUENCES;
}

/// Cases that once differed.
#[test]
fn regressions_agree_with_the_host() {
    for kept in regressions::KEPT {
        compare(&kept.cases(), kept.what);
    }
}
