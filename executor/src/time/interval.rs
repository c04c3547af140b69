//! Ticking at a fixed period.

use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;

use crate::time::{Duration, Instant, Sleep, Timers};

/// What happens to ticks for which nobody came in time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MissedTicks {
    /// Each comes, at once, until the rhythm is caught up with.
    Burst,
    /// They are left out; the next comes when the old rhythm has it.
    Skip,
    /// They are left out; the next comes a period after the late one, and the rhythm starts there.
    Delay,
}

pin_project_lite::pin_project! {
    /// A stream of ticks, each with the time for which it was due; see [`Timers::interval`]. Never ends.
    ///
    /// *Cancel safety*: a tick is taken by the poll that returns it; waiting for one may be given up and taken up
    /// again.
    #[derive(Debug)]
    #[must_use = "a stream ticks only when it is polled"]
    pub struct Interval {
        #[pin]
        sleep: Sleep,
        timers: Timers,
        due: Instant,
        period: Duration,
        missed: MissedTicks,
    }
}

impl Interval {
    pub(crate) fn new(timers: Timers, first: Instant, period: Duration, missed: MissedTicks) -> Self {
        assert!(period > Duration::ZERO, "an interval has a period");
        Self { sleep: timers.sleep_until(first), timers, due: first, period, missed }
    }

    /// Waits for the next tick; returns when it was due.
    pub fn tick(self: Pin<&mut Self>) -> impl Future<Output = Instant> {
        let mut this = self;
        core::future::poll_fn(move |context| this.as_mut().poll_tick(context))
    }

    fn poll_tick(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Instant> {
        let mut this = self.project();
        core::task::ready!(this.sleep.as_mut().poll(context));
        let due = *this.due;
        *this.due = following(due, *this.period, this.timers.now(), *this.missed);
        this.sleep.reset(*this.due);
        Poll::Ready(due)
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(context).map(Some)
    }
}

/// When the tick after that of `due` comes, if that one was taken at `now`.
fn following(due: Instant, period: Duration, now: Instant, missed: MissedTicks) -> Instant {
    let next = due + period;
    if next > now {
        return next;
    }
    match missed {
        MissedTicks::Burst => next,
        MissedTicks::Delay => now + period,
        MissedTicks::Skip => {
            // Rare, so the division does not matter.
            let periods = (now - due).ticks() / period.ticks() + 1;
            due + Duration::from_ticks(periods.saturating_mul(period.ticks()))
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn late_tick_is_followed_as_the_policy_says() {
        let at = Instant::from_ticks;
        for (now, missed, next) in [
            (105, MissedTicks::Burst, 110),
            (105, MissedTicks::Skip, 110),
            (105, MissedTicks::Delay, 110),
            (110, MissedTicks::Skip, 120),
            (137, MissedTicks::Burst, 110),
            (137, MissedTicks::Skip, 140),
            (137, MissedTicks::Delay, 147),
        ] {
            let found = following(at(100), Duration::from_ticks(10), at(now), missed);
            assert_eq!(found, at(next), "{missed:?}, taken at {now}");
        }
    }
}
