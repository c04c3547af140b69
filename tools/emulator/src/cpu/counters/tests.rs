//! Tests of the counters and model-specific registers.

use super::*;
use crate::cache::CacheStatistics;

const CESR: u32 = 0x11;
const CTR0: u32 = 0x12;
const CTR1: u32 = 0x13;

const SUPERVISOR: u64 = 1 << 6;
const USER: u64 = 2 << 6;
const ALWAYS: u64 = 3 << 6;

/// Counters with the counts that live elsewhere.
#[derive(Default)]
struct Bench {
    counters: Counters,
    instructions: u64,
    memory: CacheStatistics,
}

impl Bench {
    fn read(&mut self, index: u32) -> u64 {
        let sources = Sources { instructions: self.instructions, memory: &self.memory };
        self.counters.read_msr(index, &sources).unwrap()
    }

    fn write(&mut self, index: u32, value: u64) {
        let sources = Sources { instructions: self.instructions, memory: &self.memory };
        self.counters.write_msr(index, value, &sources).unwrap();
    }

    fn set_cpl(&mut self, cpl: u8) {
        let sources = Sources { instructions: self.instructions, memory: &self.memory };
        self.counters.privilege_changed(cpl, &sources);
    }
}

#[test]
fn a_counter_counts_from_the_moment_it_is_selected() {
    let mut bench = Bench { instructions: 500, ..Bench::default() };
    bench.write(CESR, 0x16 | ALWAYS);
    bench.instructions += 42;
    assert_eq!(bench.read(CTR0), 42);
    bench.instructions += 1;
    assert_eq!(bench.read(CTR0), 43);
    assert_eq!(bench.read(CTR1), 0);
}

#[test]
fn a_written_counter_goes_on_from_the_written_value_and_wraps_at_40_bits() {
    let mut bench = Bench::default();
    bench.write(CESR, (0x16 | ALWAYS) << 16);
    bench.instructions += 7;
    bench.write(CTR1, u64::MAX);
    assert_eq!(bench.read(CTR1), (1 << 40) - 1);
    bench.instructions += 3;
    assert_eq!(bench.read(CTR1), 2);
}

#[test]
fn a_counter_switched_off_keeps_its_value() {
    let mut bench = Bench::default();
    bench.write(CESR, 0x16 | ALWAYS);
    bench.instructions += 10;
    bench.write(CESR, 0x16);
    bench.instructions += 10;
    assert_eq!(bench.read(CTR0), 10);
    bench.write(CESR, 0x16 | ALWAYS);
    bench.instructions += 1;
    assert_eq!(bench.read(CTR0), 11);
}

#[test]
fn changing_the_event_starts_from_the_new_tally() {
    let mut bench = Bench { instructions: 1000, ..Bench::default() };
    (0..5).for_each(|_| bench.counters.segment_load());
    bench.write(CESR, 0x0F | ALWAYS);
    bench.counters.segment_load();
    bench.write(CESR, 0x16 | ALWAYS);
    bench.instructions += 2;
    assert_eq!(bench.read(CTR0), 3);
}

#[test]
fn filters_count_their_own_privilege_levels_only() {
    let mut bench = Bench::default();
    bench.write(CESR, 0x16 | USER | (0x16 | SUPERVISOR) << 16);
    assert!(bench.counters.watches_privilege());
    for (cpl, instructions) in [(0, 1), (3, 10), (1, 100), (3, 1000), (2, 10_000), (0, 100_000)] {
        bench.set_cpl(cpl);
        bench.instructions += instructions;
    }
    assert_eq!(bench.read(CTR0), 1010);
    assert_eq!(bench.read(CTR1), 110_101);
}

#[test]
fn unfiltered_counters_need_no_news_of_privilege() {
    let mut bench = Bench::default();
    assert!(!bench.counters.watches_privilege());
    bench.write(CESR, 0x16 | ALWAYS);
    assert!(!bench.counters.watches_privilege());
    bench.write(CESR, 0x16 | SUPERVISOR);
    assert!(bench.counters.watches_privilege());
}

#[test]
fn every_tally_of_the_core_reaches_its_event_code() {
    type Step = fn(&mut Counters);
    let steps: [(u64, Step); 14] = [
        (0x02, |counters| counters.tlb_miss(Intent::Read)),
        (0x02, |counters| counters.tlb_miss(Intent::Write)),
        (0x0D, |counters| counters.tlb_miss(Intent::Fetch)),
        (0x0F, Counters::segment_load),
        (0x12, |counters| counters.branch(false)),
        (0x14, |counters| counters.branch(true)),
        (0x1C, Counters::locked_cycle),
        (0x1D, Counters::io_cycle),
        (0x22, Counters::floating_point_operation),
        (0x23, |counters| counters.breakpoint_match(0)),
        (0x24, |counters| counters.breakpoint_match(1)),
        (0x25, |counters| counters.breakpoint_match(2)),
        (0x26, |counters| counters.breakpoint_match(3)),
        (0x27, Counters::hardware_interrupt),
    ];
    for (code, step) in steps {
        let mut bench = Bench::default();
        bench.write(CESR, code | ALWAYS);
        step(&mut bench.counters);
        assert_eq!(bench.read(CTR0), 1, "event {code:#x}");
    }
}

#[test]
fn a_branch_not_taken_is_no_taken_branch() {
    let mut bench = Bench::default();
    bench.write(CESR, 0x12 | ALWAYS | (0x14 | ALWAYS) << 16);
    bench.counters.branch(true);
    bench.counters.branch(false);
    assert_eq!((bench.read(CTR0), bench.read(CTR1)), (2, 1));
}

#[test]
fn cache_events_come_from_the_cache_statistics() {
    let expected =
        [(0x00, 100), (0x01, 50), (0x03, 12), (0x04, 9), (0x05, 41), (0x06, 4), (0x0C, 30), (0x0E, 8)];
    for (code, count) in expected.into_iter().chain([(0x1E, 5), (0x28, 150), (0x29, 21)]) {
        let mut bench = Bench::default();
        bench.write(CESR, code | ALWAYS);
        bench.memory = CacheStatistics {
            data_reads: 100,
            data_read_misses: 10,
            data_reads_uncached: 2,
            data_writes: 50,
            data_write_misses: 8,
            data_writes_uncached: 1,
            code_reads: 30,
            code_misses: 5,
            code_reads_uncached: 3,
            l1_write_backs: 4,
            ..CacheStatistics::default()
        };
        assert_eq!(bench.read(CTR0), count, "event {code:#x}");
    }
}

#[test]
fn events_that_are_not_modelled_read_zero() {
    for code in [0x07, 0x08, 0x09, 0x0A, 0x10, 0x13, 0x15, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1F, 0x2A, 0x3F] {
        let mut bench = Bench::default();
        bench.write(CESR, code | ALWAYS);
        bench.instructions += 1000;
        assert_eq!(bench.read(CTR0), 0, "event {code:#x}");
    }
}

#[test]
fn only_the_reference_s_registers_exist() {
    let mut bench = Bench::default();
    for index in (0..=0x20).chain([0x1B, 0xC000_0080]) {
        let sources = Sources { instructions: 0, memory: &bench.memory };
        let result = bench.counters.read_msr(index, &sources);
        match index {
            0x10 => assert_eq!(result, Err(MsrError::TimeStamp)),
            0x00..=0x02 | 0x04..=0x09 | 0x0B..=0x0E | 0x11..=0x13 => assert_eq!(result, Ok(0)),
            _ => {
                assert_eq!(result, Err(MsrError::Undefined(index)));
                let written = bench.counters.write_msr(index, 1, &sources);
                assert_eq!(written, Err(MsrError::Undefined(index)));
            }
        }
    }
}

#[test]
fn test_registers_accept_and_keep_nothing() {
    let mut bench = Bench::default();
    bench.write(0x08, u64::MAX);
    assert_eq!(bench.read(0x08), 0);
}

#[test]
fn reading_the_machine_check_type_clears_its_valid_bit() {
    let mut bench = Bench::default();
    bench.write(0x01, 0x13);
    assert_eq!(bench.read(0x01), 0x13);
    assert_eq!(bench.read(0x01), 0x12);
}

#[test]
fn tr12_bit_3_inhibits_line_fills_until_reset() {
    let mut bench = Bench::default();
    assert!(!bench.counters.inhibits_cache());
    bench.write(0x0E, u64::MAX);
    assert_eq!(bench.read(0x0E), 0x20F);
    assert!(bench.counters.inhibits_cache());
    bench.counters.reset();
    assert!(!bench.counters.inhibits_cache());
}

#[test]
fn reset_stops_and_clears_the_counters() {
    let mut bench = Bench::default();
    bench.write(CESR, 0x16 | ALWAYS | 1 << 9);
    bench.instructions += 5;
    bench.counters.reset();
    bench.instructions += 5;
    assert_eq!((bench.read(CESR), bench.read(CTR0)), (0, 0));
}
