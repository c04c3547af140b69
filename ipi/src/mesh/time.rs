//! Time as a core counts it: cycles of its own clock.

use core::fmt;
use core::ops::{Add, Sub};

/// Length of time in core cycles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cycles(u64);

impl Cycles {
    /// `count` cycles.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// Number of cycles.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Twice as long, but never more than `most`: the next step of a back-off.
    pub const fn doubled_up_to(self, most: Self) -> Self {
        let doubled = self.0.saturating_mul(2);
        if doubled < most.0 { Self(doubled) } else { most }
    }
}

impl fmt::Display for Cycles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cycles", self.0)
    }
}

/// Moment on one core's clock. Moments of two cores cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(u64);

impl Instant {
    /// Moment `cycles` after the clock's zero.
    pub const fn from_cycles(cycles: u64) -> Self {
        Self(cycles)
    }

    /// Cycles since the clock's zero.
    pub const fn as_cycles(self) -> u64 {
        self.0
    }
}

impl Add<Cycles> for Instant {
    type Output = Self;

    /// Later moment; stays at the end of time instead of wrapping.
    fn add(self, length: Cycles) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Sub for Instant {
    type Output = Cycles;

    /// Time since `earlier`; zero if that is later.
    fn sub(self, earlier: Self) -> Cycles {
        Cycles(self.0.saturating_sub(earlier.0))
    }
}

/// When an operation gives up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deadline {
    /// At this moment.
    At(Instant),
    /// Not by itself: it ends by success, by an error of the other side, or by being dropped.
    Never,
}

impl Deadline {
    /// Whether the deadline has passed at `now`.
    pub fn is_over(self, now: Instant) -> bool {
        match self {
            Self::At(moment) => now >= moment,
            Self::Never => false,
        }
    }

    /// The earlier of the deadline and `moment`.
    pub fn or_at(self, moment: Instant) -> Instant {
        match self {
            Self::At(deadline) => deadline.min(moment),
            Self::Never => moment,
        }
    }
}
