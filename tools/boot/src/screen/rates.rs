//! How busy cores were of late.

use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::Session;

/// Least emulated time, two rounds of greetings, over which a share is taken.
const SPAN: Time = Time::from_microseconds(100_000);

/// Shares of time out of idle, over the last span that is complete.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    since: Time,
    busy: Vec<u64>,
    shares: Vec<Option<f64>>,
}

impl Rates {
    /// Nothing known.
    pub(crate) fn new() -> Self {
        Self { since: Time::ZERO, busy: vec![0; CoreId::COUNT], shares: vec![None; CoreId::COUNT] }
    }

    /// Share of a core, 0 to 1; `None` before the first span.
    pub(crate) fn share(&self, core: CoreId) -> Option<f64> {
        self.shares[core.index()]
    }

    /// Takes shares if a span is over.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(crate) fn measure(&mut self, session: &Session) {
        let now = session.machine.time();
        let span = now.saturating_sub(self.since);
        if span < SPAN {
            return;
        }
        self.since = now;
        for core in CoreId::all() {
            let vitals = &session.observer.watch.progress(core).vitals;
            let busy = vitals.busy_cycles(session.machine.cycles(core));
            let before = std::mem::replace(&mut self.busy[core.index()], busy);
            let period = session.machine.fabric().tile_period(core.tile());
            // A core that was started again counts from its reset.
            let share = busy.checked_sub(before).unwrap_or(busy) as f64 / span.cycles_floor(period) as f64;
            self.shares[core.index()] = Some(share.min(1.0));
        }
    }
}
