//! Points and spans of time in ticks of the platform's clock.
//!
//! A tick is what the platform says, on a chip a cycle of its counter: 64 bits of it last for centuries. Conversion
//! to seconds needs the frequency and divides, so it is done where values enter and leave, not on the way.

use core::ops::{Add, AddAssign, Sub};

/// A point in time: ticks since the platform's clock started.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(u64);

/// A span of time in ticks.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Duration(u64);

/// Ticks per second of a clock, at least one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Frequency(u32);

impl Instant {
    /// The start of the clock.
    pub const START: Self = Self(0);
    /// The end of time: a deadline that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The point `ticks` after the start of the clock.
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// Ticks since the start of the clock.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// Time since `earlier`; zero if that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// The longest span.
    pub const MAX: Self = Self(u64::MAX);

    /// A span of `ticks`.
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// The span in ticks.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }
}

impl Frequency {
    /// A clock of `hertz` ticks per second; a clock of zero counts as one.
    #[must_use]
    pub const fn from_hertz(hertz: u32) -> Self {
        Self(if hertz == 0 { 1 } else { hertz })
    }

    /// Ticks per second.
    #[must_use]
    pub const fn hertz(self) -> u32 {
        self.0
    }

    /// Ticks of so many seconds.
    #[must_use]
    pub const fn seconds(self, seconds: u32) -> Duration {
        Duration(widen(seconds) * widen(self.0))
    }

    /// Ticks of so many milliseconds, rounded up.
    #[must_use]
    pub const fn milliseconds(self, milliseconds: u32) -> Duration {
        Duration((widen(milliseconds) * widen(self.0)).div_ceil(1_000))
    }

    /// Ticks of so many microseconds, rounded up.
    #[must_use]
    pub const fn microseconds(self, microseconds: u32) -> Duration {
        Duration((widen(microseconds) * widen(self.0)).div_ceil(1_000_000))
    }

    /// Whole microseconds of a span; `u64::MAX` if there are more.
    #[must_use]
    pub const fn to_microseconds(self, span: Duration) -> u64 {
        let hertz = widen(self.0);
        let (seconds, rest) = (span.0 / hertz, span.0 % hertz);
        seconds.saturating_mul(1_000_000).saturating_add(rest * 1_000_000 / hertz)
    }
}

/// `u64::from` in constants.
const fn widen(value: u32) -> u64 {
    value as u64
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// The later point; [`Instant::NEVER`] if there is none.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Time since `earlier`; zero if that is later.
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl Add for Duration {
    type Output = Self;

    /// The longer span; [`Duration::MAX`] if it is too long.
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn spans_round_up_to_whole_ticks() {
        let clock = Frequency::from_hertz(533_333_333);
        assert_eq!(clock.seconds(2).ticks(), 1_066_666_666);
        assert_eq!(clock.milliseconds(1).ticks(), 533_334);
        assert_eq!(clock.microseconds(1).ticks(), 534);
    }

    #[test]
    fn microseconds_of_a_span_do_not_overflow() {
        let clock = Frequency::from_hertz(1_000_000);
        assert_eq!(clock.to_microseconds(Duration::from_ticks(1_500)), 1_500);
        assert_eq!(Frequency::from_hertz(3).to_microseconds(Duration::MAX), u64::MAX);
    }

    #[test]
    fn time_saturates_at_its_ends() {
        assert_eq!(Instant::NEVER + Duration::from_ticks(1), Instant::NEVER);
        assert_eq!(Instant::START - Instant::from_ticks(5), Duration::ZERO);
    }
}
