//! Interrupts from the timer.

use super::*;

impl Bench {
    /// Starts the timer at the present cycle.
    fn start(&mut self, entry: LocalVector, divide: u32, count: u32) {
        self.entry(ApicRegister::LvtTimer, entry);
        self.write(ApicRegister::TimerDivide, divide);
        self.write(ApicRegister::TimerInitialCount, count);
    }

    /// Cycles of the interrupts up to `end`, each ended at once, looking at every event only.
    fn interrupts_until(&mut self, end: u64) -> Vec<u64> {
        let mut cycles = Vec::new();
        while let Some(at) = self.apic.next_event(self.now).filter(|at| *at <= end) {
            self.now = at;
            self.apic.advance(at);
            while self.take().is_some() {
                cycles.push(at);
                self.end();
            }
        }
        cycles
    }
}

const PERIODIC: LocalVector = LocalVector::new().with_vector(0x20).with_periodic(true);
const DIVIDE_BY_1: u32 = 0b1011;

#[test]
fn a_periodic_timer_interrupts_exactly_once_per_count() {
    let mut bench = Bench::new();
    bench.now = 77;
    bench.start(PERIODIC, DIVIDE_BY_1, 1000);
    let expected: Vec<u64> = (1..=10_000).map(|number| 77 + number * 1000).collect();
    assert_eq!(bench.interrupts_until(77 + 10_000_000), expected);
}

#[test]
fn a_one_shot_timer_interrupts_once_and_stops_at_zero() {
    let mut bench = Bench::new();
    bench.start(fixed(0x20), DIVIDE_BY_1, 500);
    assert_eq!(bench.interrupts_until(1_000_000), [500]);
    assert_eq!(bench.read(ApicRegister::TimerCurrentCount), 0);
    assert_eq!(bench.read(ApicRegister::TimerInitialCount), 500);
    assert_eq!(bench.apic.next_event(bench.now), None);
    bench.write(ApicRegister::TimerInitialCount, 3);
    assert_eq!(bench.interrupts_until(1_000_000), [503]);
}

#[test]
fn the_divide_register_multiplies_the_period() {
    for (divide, divisor) in
        [(0b0000, 2), (0b0001, 4), (0b0010, 8), (0b0011, 16), (0b1000, 32), (0b1001, 64), (0b1010, 128)]
    {
        let mut bench = Bench::new();
        bench.start(PERIODIC, divide, 10);
        assert_eq!(bench.interrupts_until(30 * divisor), [10 * divisor, 20 * divisor, 30 * divisor]);
        assert_eq!(bench.read(ApicRegister::TimerDivide), divide);
    }
}

#[test]
fn a_late_look_makes_one_request_and_keeps_the_phase() {
    let mut bench = Bench::new();
    bench.start(PERIODIC, DIVIDE_BY_1, 100);
    bench.apic.advance(1234);
    bench.now = 1234;
    assert_eq!(bench.take(), Some(0x20));
    bench.end();
    assert_eq!(bench.take(), None);
    assert_eq!(bench.apic.next_event(1234), Some(1300));
    assert_eq!(bench.read(ApicRegister::TimerCurrentCount), 66);
}

#[test]
fn the_current_count_falls_once_per_divided_cycle() {
    let mut bench = Bench::new();
    bench.start(PERIODIC, 0b0010, 5);
    for (now, count) in [(0, 5), (7, 5), (8, 4), (39, 1), (40, 5), (47, 5), (48, 4)] {
        bench.now = now;
        assert_eq!(bench.read(ApicRegister::TimerCurrentCount), count, "cycle {now}");
    }
}

#[test]
fn writing_zero_stops_the_timer() {
    let mut bench = Bench::new();
    bench.start(PERIODIC, DIVIDE_BY_1, 100);
    bench.now = 50;
    bench.write(ApicRegister::TimerInitialCount, 0);
    assert_eq!(bench.apic.next_event(50), None);
    bench.apic.advance(1000);
    assert_eq!(bench.take(), None);
}

#[test]
fn expiries_while_masked_are_lost_and_the_phase_goes_on() {
    let mut bench = Bench::new();
    bench.start(PERIODIC.with_mask(true), DIVIDE_BY_1, 100);
    assert_eq!(bench.apic.next_event(0), None);
    bench.now = 250;
    bench.entry(ApicRegister::LvtTimer, PERIODIC);
    assert_eq!(bench.take(), None);
    assert_eq!(bench.interrupts_until(400), [300, 400]);
}

#[test]
fn a_new_divisor_applies_to_the_rest_of_the_count() {
    let mut bench = Bench::new();
    bench.start(fixed(0x20), DIVIDE_BY_1, 100);
    bench.now = 60;
    bench.write(ApicRegister::TimerDivide, 0b0001);
    assert_eq!(bench.interrupts_until(1000), [60 + 40 * 4]);
}

#[test]
fn the_longest_count_does_not_overflow() {
    let mut bench = Bench::new();
    bench.start(PERIODIC, 0b1010, u32::MAX);
    let period = u64::from(u32::MAX) * 128;
    assert_eq!(bench.interrupts_until(2 * period), [period, 2 * period]);
}

#[test]
fn leaving_periodic_mode_finishes_the_count_and_stops() {
    let mut bench = Bench::new();
    bench.start(PERIODIC, DIVIDE_BY_1, 100);
    bench.now = 150;
    bench.entry(ApicRegister::LvtTimer, fixed(0x21));
    assert_eq!(bench.take(), Some(0x20), "the expiry at 100 had the old entry");
    bench.end();
    assert_eq!(bench.interrupts_until(1000), [200]);
}

#[test]
fn reset_and_init_stop_the_timer() {
    let mut bench = Bench::new();
    bench.start(PERIODIC, DIVIDE_BY_1, 100);
    bench.apic.init();
    bench.apic.advance(1000);
    assert_eq!((bench.apic.next_event(1000), bench.take()), (None, None));
}

#[test]
fn numbering_cycles_anew_keeps_the_phase() {
    let mut bench = Bench::new();
    bench.start(PERIODIC, 0b0010, 100);
    bench.apic.rebase(1003);
    assert_eq!(bench.take(), Some(0x20), "the expiry at 800");
    bench.end();
    bench.now = 0;
    assert_eq!(bench.read(ApicRegister::TimerCurrentCount), 75);
    assert_eq!(bench.interrupts_until(2000), [597, 1397]);
}
