//! Rows for calls and leases of one core: each has the first row that is free when it begins.

use scc::id::CoreId;

use super::drawing::Row;
use crate::dealing::Dealing;

/// Rows of what is under way on a core.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// The core that they are of.
    pub(super) core: Option<CoreId>,
    open: Vec<Option<Dealing>>,
}

impl Lanes {
    fn row(&self, lane: usize) -> Option<Row> {
        Some(Row::Dealings(self.core?, u8::try_from(lane).ok()?))
    }

    /// The row of what begins; `None` with more than 256 under way.
    pub(super) fn begin(&mut self, dealing: Dealing) -> Option<Row> {
        let lane = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        let row = self.row(lane)?;
        if lane == self.open.len() {
            self.open.push(None);
        }
        self.open[lane] = Some(dealing);
        Some(row)
    }

    /// The row of what ends; `None` if its beginning is not known.
    pub(super) fn end(&mut self, dealing: Dealing) -> Option<Row> {
        let lane = self.open.iter().position(|open| *open == Some(dealing))?;
        self.open[lane] = None;
        self.row(lane)
    }

    /// Rows of all that is under way, which ends.
    pub(super) fn drain(&mut self) -> Vec<Row> {
        let open = std::mem::take(&mut self.open);
        let lanes = open.iter().enumerate().filter(|(_, open)| open.is_some());
        lanes.filter_map(|(lane, _)| self.row(lane)).collect()
    }
}

#[cfg(test)]
mod tests {
    use trace_format::record::{Lease, RemoteCall};

    use super::*;
    use crate::dealing::{Side, Subject};

    #[test]
    fn what_begins_takes_the_first_row_that_is_free() {
        let core = CoreId::new(3).unwrap();
        let mut lanes = Lanes { core: Some(core), open: Vec::new() };
        let with = |subject| Dealing { side: Side::Opener, peer: 5, subject };
        let call = |number| with(Subject::Call(RemoteCall { life: 1, number, procedure: 0 }));
        let lease = with(Subject::Lease(Lease { life: 1, number: 1, bytes: 4_096 }));
        let row = |lane| Some(Row::Dealings(core, lane));
        assert_eq!([lanes.begin(call(1)), lanes.begin(lease)], [row(0), row(1)]);
        assert_eq!((lanes.end(call(1)), lanes.end(call(7))), (row(0), None));
        assert_eq!(lanes.begin(call(3)), row(0));
        assert_eq!(lanes.drain(), [Row::Dealings(core, 0), Row::Dealings(core, 1)]);
        assert_eq!((lanes.drain(), lanes.begin(call(4))), (Vec::new(), row(0)));
    }
}
