//! How many lines a guest may print: a burst, and so many a second.
//!
//! The console of a core is slow and shared, and a guest may write to it as fast as it can. Time is handed in.

use core::time::Duration;

/// A limit with what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRate {
    /// Time that pays for one line.
    price: Duration,
    /// Most time that is saved up.
    most: Duration,
    saved: Duration,
    last: Duration,
    suppressed: u32,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is printed, and before it that so many others were not.
    Print {
        /// Lines that were suppressed since the last one that was printed.
        suppressed: u32,
    },
    /// It is not.
    Suppress,
}

impl LineRate {
    /// A limit of `burst` lines at once, and one more each `price`; the first burst may come at time 0.
    #[must_use]
    pub const fn new(burst: u32, price: Duration) -> Self {
        let most = price.saturating_mul(burst);
        Self { price, most, saved: most, last: Duration::ZERO, suppressed: 0 }
    }

    /// Lines that were suppressed since the last one that was printed.
    #[must_use]
    pub const fn suppressed(&self) -> u32 {
        self.suppressed
    }

    /// Asks for a line at time `now`, which never goes back.
    pub fn ask(&mut self, now: Duration) -> Verdict {
        let passed = now.saturating_sub(self.last);
        self.last = now;
        self.saved = self.saved.saturating_add(passed).min(self.most);
        match self.saved.checked_sub(self.price) {
            Some(rest) => {
                self.saved = rest;
                Verdict::Print { suppressed: core::mem::take(&mut self.suppressed) }
            }
            None => {
                self.suppressed = self.suppressed.saturating_add(1);
                Verdict::Suppress
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    const PRICE: Duration = Duration::from_millis(100);
    const FREE: Verdict = Verdict::Print { suppressed: 0 };

    #[test]
    fn burst_is_printed_and_then_one_line_each_price() {
        let mut rate = LineRate::new(3, PRICE);
        let mut ask = |millis| rate.ask(Duration::from_millis(millis));
        assert_eq!(
            [ask(0), ask(0), ask(0), ask(0), ask(99)],
            [FREE, FREE, FREE, Verdict::Suppress, Verdict::Suppress]
        );
        assert_eq!(ask(100), Verdict::Print { suppressed: 2 });
        assert_eq!([ask(150), ask(200)], [Verdict::Suppress, Verdict::Print { suppressed: 1 }]);
    }

    #[test]
    fn silence_saves_up_no_more_than_a_burst() {
        let mut rate = LineRate::new(2, PRICE);
        let hour = Duration::from_secs(3600);
        let verdicts = [(); 3].map(|()| rate.ask(hour));
        assert_eq!(verdicts, [FREE, FREE, Verdict::Suppress]);
    }

    proptest! {
        /// However a guest writes: lines are printed at most at the rate, and every suppressed one is told of or counted.
        #[test]
        fn no_pattern_gets_more_than_its_share(steps in proptest::collection::vec(0_u64..300, 1..200)) {
            let mut rate = LineRate::new(5, PRICE);
            let (mut now, mut printed, mut told) = (0, 0, 0);
            for step in &steps {
                now += step;
                if let Verdict::Print { suppressed } = rate.ask(Duration::from_millis(now)) {
                    printed += 1;
                    told += u64::from(suppressed);
                }
            }
            prop_assert!(printed <= 5 + now / 100);
            prop_assert!(printed + told + u64::from(rate.suppressed()) == steps.len() as u64);
        }
    }
}
