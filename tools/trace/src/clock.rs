//! One axis of time for all cores: cycles of a core's life to picoseconds of the chip.
//!
//! A core counts cycles from the moment it leaves reset, at a rate of its own. Anchors tie its count to the chip's time:
//! exact ones come with each batch of records, and without those the ones that kernels record by themselves, which name
//! the FPGA's clock in ticks of 8 ns. Between two anchors time is a straight line; before the first and behind the last
//! one the nearest two go on, or the stated rate if there is only one.

/// Cycles of a core and time of the chip at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Cycles of the core since it left reset.
    pub cycles: u64,
    /// Time of the chip.
    pub picoseconds: u64,
}

/// Rate in kHz that is taken if nobody states one: tiles at 533 MHz.
pub(crate) const USUAL_KILOHERTZ: u32 = 533_333;

/// Picoseconds of a tick of the FPGA's clock: 125 MHz.
pub(crate) const PICOSECONDS_OF_TICK: u64 = 8_000;

/// Picoseconds in a millisecond, the period of 1 kHz.
const PICOSECONDS_OF_MILLISECOND: i128 = 1_000_000_000;

/// Turns cycles of one life of a core into time of the chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Ascending in both, at least one.
    anchors: Vec<Anchor>,
    kilohertz: u32,
}

impl Clock {
    /// A clock through `anchors`, of which those that run backwards are left out. Without any the life begins at time 0.
    /// `kilohertz` is the rate stated, 0 if none is.
    pub fn new(anchors: impl IntoIterator<Item = Anchor>, kilohertz: u32) -> Self {
        let mut kept: Vec<Anchor> = Vec::new();
        for anchor in anchors {
            let is_later =
                |last: &Anchor| anchor.cycles > last.cycles && anchor.picoseconds > last.picoseconds;
            if kept.last().is_none_or(is_later) {
                kept.push(anchor);
            }
        }
        if kept.is_empty() {
            kept.push(Anchor { cycles: 0, picoseconds: 0 });
        }
        Self { anchors: kept, kilohertz: if kilohertz == 0 { USUAL_KILOHERTZ } else { kilohertz } }
    }

    /// Time of a count of cycles, which does not run backwards as cycles grow; 0 if it would be before the chip's.
    pub fn picoseconds(&self, cycles: u64) -> u64 {
        let next = self.anchors.partition_point(|anchor| anchor.cycles <= cycles);
        let (first, second) = match *self.anchors {
            [only] => {
                let gone = i128::from(cycles) - i128::from(only.cycles);
                return shifted(only, gone * PICOSECONDS_OF_MILLISECOND / i128::from(self.kilohertz));
            }
            _ => {
                let second = next.clamp(1, self.anchors.len() - 1);
                (self.anchors[second - 1], self.anchors[second])
            }
        };
        let gone = i128::from(cycles) - i128::from(first.cycles);
        let slope = i128::from(second.picoseconds - first.picoseconds);
        shifted(first, (gone * slope).div_euclid(i128::from(second.cycles - first.cycles)))
    }
}

/// The time of an anchor, moved.
fn shifted(anchor: Anchor, picoseconds: i128) -> u64 {
    u64::try_from((i128::from(anchor.picoseconds) + picoseconds).max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::*;

    fn anchor(cycles: u64, picoseconds: u64) -> Anchor {
        Anchor { cycles, picoseconds }
    }

    #[test]
    fn time_between_anchors_is_a_straight_line_and_goes_on_outside() {
        let clock = Clock::new([anchor(100, 1_000), anchor(200, 2_000), anchor(300, 4_000)], 0);
        let times = [0, 100, 150, 200, 250, 300, 400].map(|cycles| clock.picoseconds(cycles));
        assert_eq!(times, [0, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000]);
    }

    #[test]
    fn single_anchor_goes_on_at_the_stated_rate() {
        let clock = Clock::new([anchor(1_000, 5_000_000)], 500_000);
        assert_eq!(
            [0, 1_000, 1_500].map(|cycles| clock.picoseconds(cycles)),
            [3_000_000, 5_000_000, 6_000_000]
        );
        assert_eq!(Clock::new([], 1_000_000).picoseconds(3), 3_000);
    }

    proptest! {
        #[test]
        fn time_never_runs_backwards(
            anchors in proptest::collection::vec((0..1_u64 << 48, 0..1_u64 << 60), 0..6),
            mut cycles in proptest::collection::vec(any::<u64>(), 2),
        ) {
            let clock = Clock::new(anchors.into_iter().map(|(cycles, time)| anchor(cycles, time)), 0);
            cycles.sort_unstable();
            prop_assert!(clock.picoseconds(cycles[0]) <= clock.picoseconds(cycles[1]));
        }
    }
}
