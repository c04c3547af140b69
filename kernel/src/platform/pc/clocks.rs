//! Time: the core's own cycle counter, whose rate is measured against the 8254.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use super::calendar;
use super::chipset::{PIT_HERTZ, wait};
use crate::arch::i586::cpu;
use crate::drivers::local_apic;
use crate::platform::{Absent, Feature};

/// What sleeps may last longer, in microseconds: an emulated PC shares its host.
pub const LATE_MICROSECONDS: u64 = 50_000;

/// Ticks of the 8254 in 10 ms.
const MEASURED_TICKS: u16 = 11_932;
/// Measurements, of which the shortest counts: whatever else a host does makes them longer.
const ROUNDS: usize = 3;

/// Cycles per millisecond; before [`learn`] a guess for the times of lines.
static KILOHERTZ: AtomicU32 = AtomicU32::new(1_000_000);
/// Ticks of the local controller's timer per millisecond.
static TIMER_KILOHERTZ: AtomicU32 = AtomicU32::new(1_000_000);

/// Measures the cycle counter and the local controller's timer.
pub(super) fn learn() {
    let (mut cycles, mut ticks) = (u64::MAX, u32::MAX);
    for _ in 0..ROUNDS {
        let begin = Cell::new(0);
        wait(MEASURED_TICKS, || {
            local_apic::start_timer(u32::MAX);
            begin.set(cpu::time_stamp());
        });
        cycles = cycles.min(cpu::time_stamp() - begin.get());
        ticks = ticks.min(u32::MAX - local_apic::timer_remaining());
    }
    local_apic::stop_timer();
    let kilohertz = |count: u64| {
        let rate = count * u64::from(PIT_HERTZ) / (u64::from(MEASURED_TICKS) * 1_000);
        u32::try_from(rate.max(1)).unwrap_or(u32::MAX)
    };
    KILOHERTZ.store(kilohertz(cycles), Ordering::Relaxed);
    TIMER_KILOHERTZ.store(kilohertz(u64::from(ticks)), Ordering::Relaxed);
}

/// Cycles of [`time_stamp`](crate::arch::i586::cpu::time_stamp) per millisecond.
#[must_use]
pub fn cycles_per_millisecond() -> u32 {
    KILOHERTZ.load(Ordering::Relaxed)
}

/// Ticks of the local controller's timer per millisecond.
pub(super) fn timer_ticks_per_millisecond() -> u32 {
    TIMER_KILOHERTZ.load(Ordering::Relaxed)
}

/// Seconds since 1970; `None` if the clock is broken.
#[must_use]
pub fn time_of_day() -> Option<u32> {
    calendar::seconds()
}

/// The chip's time.
///
/// # Errors
/// Always [`Absent`]: there is no clock that other cores see as well.
pub const fn chip_time() -> Result<u64, Absent> {
    Err(Absent(Feature::ChipTime))
}

/// Microseconds that `ticks` of [`chip_time`] last.
#[must_use]
pub const fn chip_microseconds(ticks: u64) -> u64 {
    ticks
}
