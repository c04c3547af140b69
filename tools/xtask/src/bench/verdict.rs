//! The speed that the emulator is to have at least, and whether this run shows it.
//!
//! Ratios are of processor time in one run on one machine; nothing is compared with figures from elsewhere.

use std::fmt;

use crate::bench::board::Board;
use crate::bench::guest::MIXED;
use crate::bench::machine::Machine;
use crate::bench::measure::Row;

/// `fast/flat` against Bochs, on the geometric mean and on mixed code.
const FAST_TO_BOCHS: f64 = 2.5;
/// `strict/scc` against Bochs on the geometric mean.
const STRICT_TO_BOCHS: f64 = 0.5;
/// `fast/flat` against QEMU on traps and device traffic.
const FAST_TO_QEMU: f64 = 1.0;
/// Largest share of a busy core's time that 47 halted ones may cost on top.
const HALTED_SHARE: f64 = 0.05;
/// Milliseconds from start to first guest instruction.
const START_MS: f64 = 50.0;
/// Mebibytes of an idle board.
const IDLE_MIB: f64 = 64.0;

/// One demand and what was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    /// The demand.
    pub(super) demand: String,
    /// What was measured; `None` if nothing was.
    pub(super) found: Option<f64>,
    /// Unit of `found`.
    pub(super) unit: &'static str,
    /// Whether the demand is met.
    pub(super) met: bool,
}

impl Verdict {
    fn at_least(demand: &str, floor: f64, found: Option<f64>) -> Self {
        let demand = format!("{demand}: at least {floor}");
        Self { demand, found, unit: "x", met: found.is_some_and(|found| found >= floor) }
    }

    fn at_most(demand: &str, ceiling: f64, found: Option<f64>, unit: &'static str) -> Self {
        let demand = format!("{demand}: at most {ceiling} {unit}");
        Self { demand, found, unit, met: found.is_some_and(|found| found <= ceiling) }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Some(found) => {
                let word = if self.met { "pass" } else { "MISS" };
                write!(formatter, "{word}  {}; found {found:.2} {}", self.demand, self.unit)
            }
            None => write!(formatter, "----  {}; not measured", self.demand),
        }
    }
}

/// Judges what was measured.
pub(super) fn judge(rows: &[Row], board: Option<&Board>) -> Vec<Verdict> {
    let (fast, strict) = (Machine::FastFlat, Machine::StrictScc);
    let ratio_of = |name: &str, machine, other| {
        rows.iter().find(|row| row.guest.name == name).and_then(|row| row.ratio(machine, other))
    };
    let mut verdicts = vec![
        Verdict::at_least(
            "fast/flat to Bochs, geometric mean",
            FAST_TO_BOCHS,
            geometric_mean(rows, fast, Machine::Bochs),
        ),
        Verdict::at_least(
            "fast/flat to Bochs, mixed code",
            FAST_TO_BOCHS,
            ratio_of(MIXED.name, fast, Machine::Bochs),
        ),
        Verdict::at_least(
            "strict/scc to Bochs, geometric mean",
            STRICT_TO_BOCHS,
            geometric_mean(rows, strict, Machine::Bochs),
        ),
    ];
    for row in rows.iter().filter(|row| row.guest.device_like) {
        let demand = format!("fast/flat to QEMU, {}", row.guest.name);
        verdicts.push(Verdict::at_least(&demand, FAST_TO_QEMU, row.ratio(fast, Machine::Qemu)));
    }
    let halted = board.map(|board| board.halted_share * 100.0);
    let start = board.map(|board| board.start.as_secs_f64() * 1e3);
    let memory = board.map(|board| mebibytes(board.idle_bytes));
    verdicts.extend([
        Verdict::at_most("47 halted cores, on top of a busy one", HALTED_SHARE * 100.0, halted, "%"),
        Verdict::at_most("start to end of a guest that halts at once", START_MS, start, "ms"),
        Verdict::at_most("memory of 48 idle cores", IDLE_MIB, memory, "MiB"),
    ]);
    verdicts
}

/// Geometric mean of the ratios of two machines over all rows that have both; `None` if none has.
pub(super) fn geometric_mean<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    machine: Machine,
    other: Machine,
) -> Option<f64> {
    let rows = rows.into_iter();
    let logarithms: Vec<f64> = rows.filter_map(|row| row.ratio(machine, other)).map(f64::ln).collect();
    let count = u32::try_from(logarithms.len()).ok().filter(|count| *count > 0)?;
    Some((logarithms.iter().sum::<f64>() / f64::from(count)).exp())
}

/// Bytes in mebibytes, to the kibibyte.
pub(super) fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::guest::GUESTS;
    use crate::bench::measure::Speed;

    fn row(name: &str, fast: f64, bochs: f64) -> Row {
        let guest = *GUESTS.iter().find(|guest| guest.name == name).expect("known");
        let speed = |rate| Speed { rounds: 1, seconds: 1.0, preparation: 0.0, rate };
        let speeds = vec![(Machine::FastFlat, speed(fast)), (Machine::Bochs, speed(bochs))];
        Row { guest, per_round: 1.0, checksum: 0, speeds }
    }

    #[test]
    fn geometric_mean_of_2_and_8_is_4() {
        let rows = [row("mixed", 200.0, 100.0), row("trap", 800.0, 100.0)];
        let mean = geometric_mean(&rows, Machine::FastFlat, Machine::Bochs).expect("both took part");
        assert!((mean - 4.0).abs() < 1e-9);
        assert_eq!(geometric_mean(&rows, Machine::FastFlat, Machine::Qemu), None);
    }

    #[test]
    fn demand_is_met_at_its_limit_missed_below_and_open_without_a_figure() {
        let texts: Vec<_> =
            judge(&[row("mixed", 240.0, 100.0)], None).iter().map(Verdict::to_string).collect();
        assert_eq!(texts[0], "MISS  fast/flat to Bochs, geometric mean: at least 2.5; found 2.40 x");
        assert_eq!(texts[2], "----  strict/scc to Bochs, geometric mean: at least 0.5; not measured");
        assert!(judge(&[row("mixed", 250.0, 100.0)], None)[1].met);
    }
}
