//! When a destination that serves one request at a time is taken.
//!
//! Requests come nearly, but not exactly, in the order of their times: a core whose memory unit is still busy issues
//! its next request with a later time. So the busy intervals are kept, and a request takes the first gap that it fits
//! in at or after its own time. Only the latest intervals are kept; requests far behind them see no contention.

use scc::timing::Time;

/// How many separate busy intervals are remembered.
const INTERVALS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Interval {
    start: Time,
    end: Time,
}

/// The busy intervals of one destination, in ascending order and never touching each other.
#[derive(Debug, Clone)]
pub(crate) struct Reservations {
    intervals: [Interval; INTERVALS],
    used: usize,
}

impl Reservations {
    /// A destination that was never used.
    pub(crate) const fn new() -> Self {
        let none = Interval { start: Time::ZERO, end: Time::ZERO };
        Self { intervals: [none; INTERVALS], used: 0 }
    }

    /// Takes the destination for `service`, at `now` or as soon after it as possible; returns when.
    #[inline]
    pub(crate) fn take(&mut self, now: Time, service: Time) -> Time {
        let mut position = self.used;
        while position > 0 && self.intervals[position - 1].end > now {
            position -= 1;
        }
        let mut start = now;
        while position < self.used && start + service > self.intervals[position].start {
            start = start.max(self.intervals[position].end);
            position += 1;
        }
        self.insert(position, Interval { start, end: start + service });
        start
    }

    /// Records an interval that belongs before `position`, joined with its neighbours if it touches them.
    fn insert(&mut self, position: usize, new: Interval) {
        let joins_previous = position > 0 && self.intervals[position - 1].end == new.start;
        let joins_next = position < self.used && self.intervals[position].start == new.end;
        match (joins_previous, joins_next) {
            (true, true) => {
                self.intervals[position - 1].end = self.intervals[position].end;
                self.intervals.copy_within(position + 1..self.used, position);
                self.used -= 1;
            }
            (true, false) => self.intervals[position - 1].end = new.end,
            (false, true) => self.intervals[position].start = new.start,
            (false, false) if self.used < INTERVALS => {
                self.intervals.copy_within(position..self.used, position + 1);
                self.intervals[position] = new;
                self.used += 1;
            }
            // Full: the oldest interval gives way, unless this one is older still.
            (false, false) if position > 0 => {
                self.intervals.copy_within(1..position, 0);
                self.intervals[position - 1] = new;
            }
            (false, false) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanoseconds: u64) -> Time {
        Time::from_nanoseconds(nanoseconds)
    }

    fn take(reservations: &mut Reservations, times: &[u64]) -> Vec<u64> {
        times.iter().map(|&time| reservations.take(at(time), at(10)).as_picoseconds() / 1000).collect()
    }

    #[test]
    fn requests_at_the_same_time_are_served_one_after_the_other() {
        assert_eq!(take(&mut Reservations::new(), &[5, 5, 5, 100]), [5, 15, 25, 100]);
    }

    #[test]
    fn a_request_ahead_of_its_time_does_not_hold_up_earlier_ones() {
        assert_eq!(take(&mut Reservations::new(), &[1000, 5, 6, 992]), [1000, 5, 15, 1010]);
    }

    #[test]
    fn a_gap_is_used_only_if_the_service_fits() {
        assert_eq!(take(&mut Reservations::new(), &[0, 19, 5, 21, 2]), [0, 19, 29, 39, 49]);
        assert_eq!(take(&mut Reservations::new(), &[0, 20, 5, 3]), [0, 20, 10, 30]);
    }

    #[test]
    fn old_intervals_are_forgotten_first() {
        let mut reservations = Reservations::new();
        for position in 0..20 {
            assert_eq!(take(&mut reservations, &[position * 100]), [position * 100]);
        }
        assert_eq!(take(&mut reservations, &[1900, 1200, 0]), [1910, 1210, 0]);
    }
}
