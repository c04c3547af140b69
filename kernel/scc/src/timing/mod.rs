//! Time and clocks of the chip.
//!
//! All clocks divide a 1600 MHz grid, so every period is a whole number of 625 ps ticks and picoseconds in
//! integers are exact. [`LatencyParameters`] says how long each kind of access takes.
//! Facts: SCC reference §1.5, §10.4, §10.5.

use core::fmt;
use core::ops::{Add, AddAssign, Sub, SubAssign};

mod latency;

pub use latency::LatencyParameters;

/// Point in time or duration, in picoseconds; spans 213 days.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(u64);

impl Time {
    /// Start of time, or no duration.
    pub const ZERO: Self = Self(0);
    /// Later than everything.
    pub const MAX: Self = Self(u64::MAX);

    /// Wraps a number of picoseconds.
    pub const fn from_picoseconds(picoseconds: u64) -> Self {
        Self(picoseconds)
    }

    /// Wraps a number of nanoseconds; panics beyond 213 days.
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(nanoseconds * 1_000)
    }

    /// Wraps a number of microseconds; panics beyond 213 days.
    pub const fn from_microseconds(microseconds: u64) -> Self {
        Self(microseconds * 1_000_000)
    }

    /// Number of picoseconds.
    pub const fn as_picoseconds(self) -> u64 {
        self.0
    }

    /// Duration of `cycles` cycles of a clock with the given period; panics beyond 213 days.
    pub const fn from_cycles(cycles: u64, period: Self) -> Self {
        Self(cycles * period.0)
    }

    /// Cycles of a clock with the given period that cover this duration, rounded up. A zero period is a
    /// caller's bug and panics.
    pub const fn cycles_ceil(self, period: Self) -> u64 {
        self.0.div_ceil(period.0)
    }

    /// Whole cycles of a clock with the given period within this duration. A zero period is a caller's bug
    /// and panics.
    pub const fn cycles_floor(self, period: Self) -> u64 {
        self.0 / period.0
    }

    /// Difference, or [`Time::ZERO`] if `other` is later.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Sum, or [`Time::MAX`] if it does not fit.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    const fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    const fn later(self, other: Self) -> Self {
        if self.0 > other.0 { self } else { other }
    }
}

impl Add for Time {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.plus(other)
    }
}

impl AddAssign for Time {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Time {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Time {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// Nanoseconds with the fraction that matters, for example `1.875 ns`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ns", self.0 / 1_000, self.0 % 1_000)
    }
}

/// One tick of the global 1600 MHz clock grid.
pub const GRID_TICK: Time = Time(625);

/// Rate of the global clock grid in MHz, as the FPGA's fast-clock register reports it.
pub const GRID_MEGAHERTZ: u16 = 1600;

/// One cycle of the FPGA's 125 MHz clock, in which the global timestamp counts.
pub const FPGA_PERIOD: Time = Time(8_000);

/// Clock period of a tile with divider field `divider` (GCBCFG bits 11 to 8): `divider + 1` grid ticks.
///
/// Of `divider` the low 4 bits count. The vendor's tables start at 1 (800 MHz); 0 is 1600 MHz on paper only.
pub const fn tile_period(divider: u8) -> Time {
    Time(((divider & 0xF) as u64 + 1) * GRID_TICK.0)
}

/// Clock of all routers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum MeshClock {
    /// 800 MHz, grid divided by 2; the usual preset.
    #[default]
    Mhz800,
    /// 1600 MHz, the grid itself.
    Mhz1600,
}

impl MeshClock {
    /// Grid ticks per mesh cycle: 2 or 1.
    pub const fn divider(self) -> u8 {
        match self {
            Self::Mhz800 => 2,
            Self::Mhz1600 => 1,
        }
    }

    /// Duration of one mesh cycle.
    pub const fn period(self) -> Time {
        Time(self.divider() as u64 * GRID_TICK.0)
    }
}

/// Clock of the DRAM behind all four memory controllers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum MemoryClock {
    /// DDR3-800; the usual preset.
    #[default]
    Ddr800,
    /// DDR3-1066; needs routers at 1600 MHz.
    Ddr1066,
}

impl MemoryClock {
    /// What takes `at_ddr800` with DDR3-800. Unverified: that everything in a controller and its DRAM goes with
    /// the memory clock, in the ratio 3 to 4; a read measured on a board at DDR3-1066 would show it.
    pub const fn scale(self, at_ddr800: Time) -> Time {
        match self {
            Self::Ddr800 => at_ddr800,
            Self::Ddr1066 => Time(at_ddr800.0 / 4 * 3),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::{MeshClock, Time, tile_period};

    #[test]
    fn clock_periods_match_the_clock_table() {
        let periods =
            [1250, 1875, 2500, 3125, 3750, 4375, 5000, 5625, 6250, 6875, 7500, 8125, 8750, 9375, 10_000];
        for (divider, period) in (1..).zip(periods) {
            assert_eq!(tile_period(divider), Time::from_picoseconds(period));
        }
        assert_eq!(MeshClock::Mhz800.period(), Time::from_picoseconds(1250));
        assert_eq!(MeshClock::Mhz1600.period(), Time::from_picoseconds(625));
    }

    #[test]
    fn cycles_round_up_when_time_is_converted() {
        let period = tile_period(2);
        assert_eq!(Time::from_cycles(3, period).cycles_ceil(period), 3);
        assert_eq!((Time::from_cycles(3, period) + Time::from_picoseconds(1)).cycles_ceil(period), 4);
        assert_eq!((Time::from_cycles(4, period) - Time::from_picoseconds(1)).cycles_floor(period), 3);
        assert_eq!(Time::ZERO.saturating_sub(period), Time::ZERO);
        assert_eq!(format!("{period}"), "1.875 ns");
    }
}
