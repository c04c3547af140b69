//! The time of day, for guests: when this core's time stamp was 0.
//!
//! The SCC has no clock that tells the date, so whoever loads a core says on its command line when that is. A core that
//! another core starts later finds the same word, and is late by that. A PC has a clock of its own.

use core::sync::atomic::{AtomicU32, Ordering};

/// Seconds from 1970 to when the time stamp was 0; 0 if nobody knows.
static START: AtomicU32 = AtomicU32::new(0);

/// Notes when the time stamp was 0: as `told`, or else by the platform's clock.
#[cfg(bare_metal)]
pub fn learn(told: Option<u32>) {
    use crate::arch::i586::cpu;
    use crate::platform::machine::clocks;

    let by_clock = || {
        let since = cpu::time_stamp() / (u64::from(clocks::cycles_per_millisecond()) * 1_000);
        clocks::time_of_day()?.checked_sub(u32::try_from(since).ok()?)
    };
    START.store(told.or_else(by_clock).unwrap_or(0), Ordering::Relaxed);
}

/// Seconds from 1970 to when the time stamp was 0; 0 if nobody knows. They end in 2106.
#[must_use]
pub fn start_seconds() -> u32 {
    START.load(Ordering::Relaxed)
}

/// A date and a time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Year, from 1970 on.
    pub year: u32,
    /// Month, from 1 on.
    pub month: u32,
    /// Day of the month, from 1 on.
    pub day: u32,
    /// Hour, below 24.
    pub hour: u32,
    /// Minute.
    pub minute: u32,
    /// Second.
    pub second: u32,
}

impl Date {
    /// Seconds since 1970; `None` if a field is out of its range, or after 2106.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        let Self { year, month, day, hour, minute, second } = *self;
        let in_order = (1970..=2106).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !in_order {
            return None;
        }
        // Years and months from March on: the day that some years have and others not is the last one.
        let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let leap_days = years / 4 - years / 100 + years / 400;
        // 153 days in each five months from March on. 719,469 of the days counted here are before 1970.
        let days = 365 * years + leap_days + (153 * months + 2) / 5 + day - 719_469;
        days.checked_mul(86_400)?.checked_add(3_600 * hour + 60 * minute + second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(year: u32, month: u32, day: u32) -> Option<u32> {
        Date { year, month, day, hour: 0, minute: 0, second: 0 }.seconds()
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(seconds(1970, 1, 1), Some(0));
        assert_eq!(seconds(1970, 3, 1), Some(59 * 86_400));
        assert_eq!(seconds(2000, 2, 29), Some(951_782_400));
        assert_eq!(seconds(2026, 1, 1), Some(1_767_225_600));
        let last = Date { year: 2106, month: 2, day: 7, hour: 6, minute: 28, second: 15 };
        assert_eq!(last.seconds(), Some(u32::MAX));
        assert_eq!(Date { second: 16, ..last }.seconds(), None);
    }

    #[test]
    fn what_is_no_date_is_none() {
        for (year, month, day) in [(1969, 12, 31), (2107, 1, 1), (2026, 0, 1), (2026, 13, 1), (2026, 1, 32)] {
            assert_eq!(seconds(year, month, day), None);
        }
    }
}
